/** Elements of an array one by one, as plain values and as JSON text. */
import { isComplex, isNumericDType, type NdArray } from '../graph/dtype.js';
import { elementCount } from '../graph/shape.js';
import { widened } from './convert-array.js';

/** A complex number is a pair; bytes are a string that is not UTF-8. */
export type ScalarValue =
  number | bigint | boolean | string | Uint8Array | readonly [number, number];

/** A byte order mark is part of the data. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | Uint8Array {
  try {
    return strict.decode(bytes);
  } catch {
    return bytes;
  }
}

/** Reads element `i` of an array in row-major order. */
export function elementReader(array: NdArray): (i: number) => ScalarValue {
  const { dtype, data } = widened(array);
  if (dtype === 'string') return (i) => textOf(data[i] ?? new Uint8Array());
  if (!isNumericDType(dtype)) return () => 'handle';
  if (dtype === 'bool') return (i) => data[i] !== 0;
  const numbers = data as ArrayLike<number | bigint>;
  if (isComplex(dtype)) return (i) => [Number(numbers[2 * i]), Number(numbers[2 * i + 1])];
  return (i) => numbers[i] ?? 0;
}

/** Fewest digits that give the float32 back; a double's own digits would be noise. */
export function shortestFloat32(value: number): number {
  if (Math.abs(value) < 2 ** 24 && Number.isInteger(value)) return value;
  if (!Number.isFinite(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** Whether elements have no more than single precision. */
export const isSingle = (array: NdArray): boolean =>
  ['float32', 'complex64', 'float16', 'bfloat16'].includes(array.dtype);

function numberText(value: number, single: boolean): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (Object.is(value, -0)) return '-0';
  return String(single ? shortestFloat32(value) : value);
}

/** Bytes that are not UTF-8 are `{"b64": ...}`, as TensorFlow Serving writes them. */
function jsonScalar(value: ScalarValue, single: boolean): string {
  if (typeof value === 'number') return numberText(value, single);
  if (typeof value === 'bigint') {
    const isSafe = BigInt.asIntN(54, value) === value;
    return isSafe ? String(value) : `"${value}"`;
  }
  if (value instanceof Uint8Array)
    return JSON.stringify({ b64: Buffer.from(value).toString('base64') });
  if (typeof value === 'object')
    return `[${numberText(value[0], single)},${numberText(value[1], single)}]`;
  return JSON.stringify(value);
}

const chunkElements = 8192;

/** `{"dtype":...,"shape":[...],"data":[...]}` in pieces: large arrays do not fit one string. */
function* jsonOfArray(array: NdArray): Generator<string> {
  yield `{"dtype":"${array.dtype}","shape":[${array.shape.join(',')}],"data":[`;
  const read = elementReader(array);
  const single = isSingle(array);
  const count = array.shape.includes(0) ? 0 : elementCount(array.shape);
  for (let from = 0; from < count; from += chunkElements) {
    const texts: string[] = [];
    for (let i = from; i < Math.min(count, from + chunkElements); i++)
      texts.push(jsonScalar(read(i), single));
    yield (from === 0 ? '' : ',') + texts.join(',');
  }
  yield ']}';
}

/** One JSON object of arrays by name; null for operations run for their effect. */
export function* jsonOfArrays(
  arrays: readonly (readonly [string, NdArray | null])[],
): Generator<string> {
  let separator = '{';
  for (const [name, array] of arrays) {
    yield `${separator}${JSON.stringify(name)}:`;
    if (array === null) yield 'null';
    else yield* jsonOfArray(array);
    separator = ',';
  }
  yield arrays.length === 0 ? '{}\n' : '}\n';
}
