/** Host arrays from plain JavaScript values: numbers, booleans, strings, nested arrays, typed arrays. */
import { DTypeError, ValueError } from '../errors.js';
import {
  arrayConstructor,
  elementsPerValue,
  isInteger,
  isNumericDType,
  type DType,
  type NdArray,
} from './dtype.js';
import { elementCount, formatTuple, type StaticShape } from './shape.js';

export type NestedArray<T> = T | readonly NestedArray<T>[];
export type NumericTypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;
/** What can stand for data: a scalar, a nested (rectangular) array, a flat typed array, an NdArray. */
export type ArrayLike =
  | NestedArray<number>
  | NestedArray<boolean>
  | NestedArray<bigint>
  | NestedArray<string>
  | NumericTypedArray
  | NdArray;

const typedArrayDTypes = new Map<unknown, DType>([
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Int16Array, 'int16'],
  [Int32Array, 'int32'],
  [Uint8Array, 'uint8'],
  [Uint16Array, 'uint16'],
  [Uint32Array, 'uint32'],
  [BigInt64Array, 'int64'],
  [BigUint64Array, 'uint64'],
]);

export const isTypedArray = (value: unknown): value is NumericTypedArray =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

export const isNdArray = (value: unknown): value is NdArray =>
  typeof value === 'object' &&
  value !== null &&
  'dtype' in value &&
  'shape' in value &&
  'data' in value &&
  !('isTensor' in value);

/** Checks that `data` has as many elements as `shape` says, and returns the NdArray. */
export function ndArray<D extends DType>(
  dtype: D,
  shape: StaticShape,
  data: NdArray<D>['data'],
): NdArray<D> {
  const length = (data as { readonly length: number }).length;
  const expected = elementCount(shape) * elementsPerValue(dtype);
  if (length !== expected)
    throw new ValueError(
      `Data of ${length} elements does not fill shape ${formatTuple(shape)}, which needs ${expected}.`,
    );
  return { dtype, shape, data } as NdArray<D>;
}

const encoder = new TextEncoder();

/**
 * NdArray of a plain value.
 *
 * @param dtype wanted dtype; without one, numbers become `fallback`, booleans bool, strings string,
 *   bigints int64, typed arrays their own type.
 * @param shape wanted shape: a scalar is repeated, a flat array is laid out row by row.
 * @throws ValueError for ragged arrays or a wrong count, DTypeError for values the dtype cannot hold.
 */
export function toNdArray(
  value: ArrayLike,
  options: {
    readonly dtype?: DType | undefined;
    readonly shape?: StaticShape | undefined;
    readonly fallback?: DType | undefined;
  } = {},
): NdArray {
  if (isNdArray(value)) return reshaped(converted(value, options.dtype), options.shape);
  if (isTypedArray(value)) {
    const own = typedArrayDTypes.get(value.constructor) ?? 'float32';
    return reshaped(
      converted({ dtype: own, shape: [value.length], data: value } as NdArray, options.dtype),
      options.shape,
    );
  }
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat: unknown[] = [];
  flatten(value, shape, 0, flat);
  const dtype = options.dtype ?? dtypeOfValues(flat, options.fallback ?? 'float32');
  return reshaped({ dtype, shape, data: fill(flat, dtype) } as NdArray, options.shape);
}

function flatten(value: unknown, shape: readonly number[], depth: number, out: unknown[]): void {
  if (depth === shape.length) {
    if (Array.isArray(value)) throw new ValueError('Nested arrays must be rectangular.');
    out.push(value);
    return;
  }
  if (!Array.isArray(value) || value.length !== shape[depth])
    throw new ValueError(
      `Nested arrays must be rectangular: axis ${depth} has length ${shape[depth]} in one place and ${
        Array.isArray(value) ? value.length : 'a scalar'
      } in another.`,
    );
  for (const item of value) flatten(item, shape, depth + 1, out);
}

function dtypeOfValues(values: readonly unknown[], fallback: DType): DType {
  const first = values[0];
  if (typeof first === 'boolean') return 'bool';
  if (typeof first === 'bigint') return 'int64';
  if (typeof first === 'string') return 'string';
  return fallback;
}

function fill(values: readonly unknown[], dtype: DType): unknown {
  if (dtype === 'string')
    return values.map((v) => {
      if (typeof v === 'string') return encoder.encode(v);
      if (v instanceof Uint8Array) return v;
      throw new DTypeError(`Expected string, but got ${String(v)} of type '${typeof v}'.`);
    });
  if (!isNumericDType(dtype)) throw new DTypeError(`A ${dtype} tensor cannot be made from values.`);
  const checked = values.map((v) => scalar(v, dtype));
  return converted(
    { dtype: 'float64', shape: [values.length], data: checked } as unknown as NdArray,
    dtype,
    true,
  ).data;
}

function scalar(value: unknown, dtype: DType): number | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number')
    throw new ValueError(
      `Expected ${dtype}, but got ${JSON.stringify(value)} of type '${typeof value}'.`,
    );
  return value;
}

function reshaped(array: NdArray, shape: StaticShape | undefined): NdArray {
  if (shape === undefined) return array;
  const have = elementCount(array.shape);
  const want = elementCount(shape);
  if (have === want) return { ...array, shape };
  if (have === 1 && isNumericDType(array.dtype)) {
    const data = new (arrayConstructor(array.dtype) as Float32ArrayConstructor)(want);
    data.fill(array.data[0] as number);
    return { dtype: array.dtype, shape, data } as NdArray;
  }
  throw new ValueError(`Data of ${have} elements does not fill shape ${formatTuple(shape)}.`);
}

const float16Bits = (values: Iterable<number>, brain: boolean): Uint16Array =>
  Uint16Array.from(values, (v) => (brain ? toBrainBits(v) : toHalfBits(v)));

const scratch = new DataView(new ArrayBuffer(8));
function toBrainBits(value: number): number {
  scratch.setFloat32(0, value);
  const raw = scratch.getUint32(0);
  if ((raw & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return ((raw + 0x7fff + ((raw >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Nearest IEEE half, ties to even. */
function toHalfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const scale =
    magnitude >= 2 ** (exponent + 1)
      ? exponent + 1
      : magnitude < 2 ** exponent
        ? exponent - 1
        : exponent;
  return sign | (roundEven((magnitude / 2 ** scale - 1) * 1024) + ((scale + 15) << 10));
}
function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The array as another dtype, by NumPy's conversion; the same object when the dtype is the same. */
function converted(array: NdArray, dtype: DType | undefined, fresh = false): NdArray {
  if (dtype === undefined || (array.dtype === dtype && !fresh)) return array;
  if (array.dtype === 'string' || dtype === 'string')
    throw new ValueError(`could not convert ${array.dtype} data to ${dtype}.`);
  if (!isNumericDType(dtype)) throw new DTypeError(`A ${dtype} tensor cannot be made from values.`);
  const values = array.data as unknown as Iterable<number | bigint> & { length: number };
  const data = convertValues(values, dtype);
  return { dtype, shape: array.shape, data } as NdArray;
}

function convertValues(values: Iterable<number | bigint>, dtype: DType): unknown {
  if (dtype === 'float16' || dtype === 'bfloat16')
    return float16Bits(Array.from(values, Number), dtype === 'bfloat16');
  if (dtype === 'int64' || dtype === 'uint64') {
    const toBig = (v: number | bigint): bigint =>
      typeof v === 'bigint' ? v : BigInt(Math.trunc(v));
    return dtype === 'int64'
      ? BigInt64Array.from(values, toBig)
      : BigUint64Array.from(values, toBig);
  }
  if (dtype === 'bool') return Uint8Array.from(values, (v) => (Number(v) === 0 ? 0 : 1));
  if (dtype === 'complex64' || dtype === 'complex128') {
    const out = Array.from(values, (v) => [Number(v), 0]).flat();
    return dtype === 'complex64' ? Float32Array.from(out) : Float64Array.from(out);
  }
  if (!isNumericDType(dtype)) throw new DTypeError(`A ${dtype} tensor cannot be made from values.`);
  const constructor = arrayConstructor(dtype) as Int32ArrayConstructor;
  const out = constructor.from(values as Iterable<number>, Number);
  if (isInteger(dtype)) checkRange(values, out, dtype);
  return out;
}

function checkRange(values: Iterable<number | bigint>, stored: Int32Array, dtype: DType): void {
  let i = 0;
  for (const v of values) {
    const number = Math.trunc(Number(v));
    if (stored[i] !== number)
      throw new DTypeError(
        `Type of feed value ${v} is not compatible with Tensor type ${dtype}. Try explicitly setting the type of the feed tensor to a larger type (e.g. int64).`,
      );
    i++;
  }
}
