/** Host arrays from plain JavaScript values: numbers, booleans, strings, nested arrays, typed arrays. */
import { DTypeError, ResourceExhaustedError, ValueError } from '../errors.js';
import { isDType, isShape } from './check-attr.js';
import { describeValue } from './describe-value.js';
import {
  arrayConstructor,
  elementsPerValue,
  isComplex,
  isInteger,
  isNumericDType,
  type DType,
  type NdArray,
} from './dtype.js';
import { fromBrainBits, fromHalfBits, toBrainBits, toHalfBits } from './half-floats.js';
import { checkedOptions } from './options.js';
import { elementCount, formatTuple, isStatic, type StaticShape } from './shape.js';
import { classOf, isTypedArray, ofTypedArray, type NumericTypedArray } from './typed-array.js';

export type NestedArray<T> = T | readonly NestedArray<T>[];
/**
 * What can stand for data: a scalar, a nested (rectangular) array, a flat typed array, an NdArray.
 * In a nested array a Uint8Array is one string, by its bytes; alone it is a flat array of numbers.
 */
export type ArrayLike =
  | NestedArray<number>
  | NestedArray<boolean>
  | NestedArray<bigint>
  | NestedArray<string | Uint8Array>
  | NumericTypedArray
  | NdArray;

export const isNdArray = (value: unknown): value is NdArray =>
  typeof value === 'object' &&
  value !== null &&
  'dtype' in value &&
  'shape' in value &&
  'data' in value &&
  !('isTensor' in value);

/**
 * An NdArray of checked parts.
 * @throws ValueError if `data` has not as many elements as `shape` says; DTypeError if it is not of
 *   the array class that `dtype` is held in.
 */
export function ndArray<D extends DType>(
  dtype: D,
  shape: StaticShape,
  data: NdArray<D>['data'],
): NdArray<D> {
  if (!isDType(dtype))
    throw new DTypeError(
      `ndArray: Expected DataType for argument 'dtype' not ${describeValue(dtype)}.`,
    );
  const held = classOf(data);
  const wanted = isNumericDType(dtype) ? arrayConstructor(dtype).name : 'Array';
  if (held !== wanted)
    throw new DTypeError(`Data of dtype ${dtype} is a ${wanted}, but a ${held} was given.`);
  if (!isShape(shape) || !isStatic(shape))
    throw new ValueError(
      `Shape ${describeValue(shape)} has a dim that is not a whole number >= 0.`,
    );
  if (dtype === 'string') checkStrings(data as readonly Uint8Array[]);
  const length = (data as { readonly length: number }).length;
  const expected = elementCount(shape) * elementsPerValue(dtype);
  if (length !== expected)
    throw new ValueError(
      `Data of ${length} elements does not fill shape ${formatTuple(shape)}, which needs ${expected}.`,
    );
  return { dtype, shape, data } as NdArray<D>;
}

/** Bytes, as an element of a nested array: those of one string. */
export const isBytes = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array || classOf(value) === 'Uint8Array';

/** @throws DTypeError at the first element that is not the bytes of a string. */
function checkStrings(data: readonly unknown[]): void {
  for (const [i, item] of data.entries())
    if (!isBytes(item))
      throw new DTypeError(
        `Data of dtype string is an array of Uint8Array, but element ${i} is ${describeValue(item)}. Encode text with new TextEncoder().encode(text), or give it as nested arrays of strings.`,
      );
}

const encoder = new TextEncoder();
/** Deepest nesting of plain arrays. */
const maxDepth = 32;

/**
 * NdArray of a plain value.
 *
 * A flat typed array of the class that `dtype` is held in is taken as data of that dtype, as it stands
 * in `NdArray.data`: a Uint16Array for float16 or bfloat16 is raw bits, a Float32Array for complex64
 * (Float64Array for complex128) re, im pairs. Plain arrays and other typed arrays hold one number per
 * element; of a complex tensor, its real part.
 *
 * @param dtype wanted dtype; without one, numbers become `fallback`, booleans bool, strings string,
 *   bigints int64, typed arrays their own type.
 * @param shape wanted shape: a scalar is repeated, a flat array is laid out row by row.
 * @param truncate lets plain fractions become integers, toward zero, as NumPy does.
 * @throws ValueError for ragged arrays, a wrong count, or nesting deeper than 32; DTypeError for values
 *   the dtype cannot hold; ResourceExhaustedError for a shape too large for memory.
 * @example
 * toNdArray([[1, 2], [3, 4]]); // float32 [2, 2]
 * toNdArray(Float32Array.of(1, 2), { dtype: 'complex64' }); // [1 + 2i]
 * toNdArray([1, 2], { dtype: 'complex64' }); // [1, 2]
 */
export function toNdArray(
  value: ArrayLike,
  options: {
    readonly dtype?: DType | undefined;
    readonly shape?: StaticShape | undefined;
    readonly fallback?: DType | undefined;
    readonly truncate?: boolean | undefined;
  } = {},
): NdArray {
  checkedOptions('toNdArray', options, {
    dtype: 'dtype',
    shape: 'extents',
    fallback: 'dtype',
    truncate: 'bool',
  });
  if (isNdArray(value)) {
    const array = ndArray(value.dtype, value.shape, value.data as never);
    return reshaped(converted(array, options.dtype), options.shape);
  }
  if (isTypedArray(value))
    return reshaped(converted(ofTypedArray(value, options.dtype), options.dtype), options.shape);
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level); level = level[0]) {
    // The limit also ends the walk into an array that holds itself.
    if (shape.length === maxDepth)
      throw new ValueError(
        `Arrays are nested more than ${maxDepth} deep: no tensor has so many dimensions. Does the array hold itself?`,
      );
    shape.push(level.length);
  }
  const flat: unknown[] = [];
  flatten(value, shape, 0, flat);
  const dtype = options.dtype ?? dtypeOfValues(flat, options.fallback ?? 'float32');
  const data = fill(flat, dtype, options.truncate === true);
  return reshaped({ dtype, shape, data } as NdArray, options.shape);
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
  if (typeof first === 'string' || isBytes(first)) return 'string';
  return fallback;
}

function fill(values: readonly unknown[], dtype: DType, truncate: boolean): unknown {
  if (dtype === 'string')
    return values.map((v) => {
      if (typeof v === 'string') return encoder.encode(v);
      if (isBytes(v)) return new Uint8Array(v);
      throw new DTypeError(`Expected string, but got ${describeValue(v)} of type '${typeof v}'.`);
    });
  if (!isNumericDType(dtype)) throw new DTypeError(`A ${dtype} tensor cannot be made from values.`);
  return convertValues(
    values.map((v) => scalar(v, dtype, truncate)),
    dtype,
  );
}

function scalar(value: unknown, dtype: DType, truncate: boolean): number | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number')
    throw new ValueError(`Expected ${dtype}, but got ${describeValue(value)}.`);
  if (!truncate && isInteger(dtype) && !Number.isInteger(value))
    throw new DTypeError(
      `Expected ${dtype}, but got ${value}, which is not a whole number. Round it, or use cast().`,
    );
  return value;
}

function reshaped(array: NdArray, shape: StaticShape | undefined): NdArray {
  if (shape === undefined) return array;
  const have = elementCount(array.shape);
  const want = elementCount(shape);
  if (have === want) return { ...array, shape };
  if (have === 1 && array.dtype === 'string')
    return {
      ...array,
      shape,
      data: allocated(array.dtype, shape, () =>
        new Array<Uint8Array>(want).fill(array.data[0] as Uint8Array),
      ),
    };
  if (have === 1 && isNumericDType(array.dtype)) {
    const width = elementsPerValue(array.dtype);
    const Elements = arrayConstructor(array.dtype) as Float32ArrayConstructor;
    const data = allocated(array.dtype, shape, () => new Elements(want * width));
    for (let i = 0; i < data.length; i++) data[i] = array.data[i % width] as number;
    return { dtype: array.dtype, shape, data } as NdArray;
  }
  throw new ValueError(`Data of ${have} elements does not fill shape ${formatTuple(shape)}.`);
}

/** What `make` makes, unless it is larger than an array can be. */
function allocated<R>(dtype: DType, shape: StaticShape, make: () => R): R {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ResourceExhaustedError(
      `OOM when allocating tensor with shape ${formatTuple(shape)} and type ${dtype}: ${elementCount(shape)} elements do not fit into memory.`,
      { cause },
    );
  }
}

/** A lone Uint8Array is a tensor of bytes, not one string. */
const bytesHint = " The bytes of one string are { dtype: 'string', shape: [], data: [bytes] }.";

/** The array as another dtype, by NumPy's conversion; the same object when the dtype is the same. */
function converted(array: NdArray, dtype: DType | undefined): NdArray {
  if (dtype === undefined || array.dtype === dtype) return array;
  if (array.dtype === 'string' || dtype === 'string')
    throw new ValueError(
      `could not convert ${array.dtype} data to ${dtype}.${array.dtype === 'uint8' ? bytesHint : ''}`,
    );
  if (!isNumericDType(dtype)) throw new DTypeError(`A ${dtype} tensor cannot be made from values.`);
  if (isComplex(array.dtype)) {
    if (!isComplex(dtype))
      throw new DTypeError(`${array.dtype} data cannot become ${dtype}: take its real part first.`);
    const data = new (arrayConstructor(dtype) as Float64ArrayConstructor)(array.data as never);
    return { dtype, shape: array.shape, data } as NdArray;
  }
  return { dtype, shape: array.shape, data: convertValues(valuesOf(array), dtype) } as NdArray;
}

/** Elements as numbers; half floats are held as bits. */
function valuesOf({ dtype, data }: NdArray): Iterable<number | bigint> {
  if (dtype === 'float16') return Array.from(data, fromHalfBits);
  if (dtype === 'bfloat16') return Array.from(data, fromBrainBits);
  return data as unknown as Iterable<number | bigint>;
}

function convertValues(values: Iterable<number | bigint>, dtype: DType): unknown {
  if (dtype === 'float16' || dtype === 'bfloat16')
    return Uint16Array.from(
      Array.from(values, Number),
      dtype === 'float16' ? toHalfBits : toBrainBits,
    );
  if (dtype === 'int64' || dtype === 'uint64') return bigValues(values, dtype);
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

function bigValues(
  values: Iterable<number | bigint>,
  dtype: 'int64' | 'uint64',
): BigInt64Array | BigUint64Array {
  const wrap = (v: bigint): bigint =>
    dtype === 'int64' ? BigInt.asIntN(64, v) : BigInt.asUintN(64, v);
  const toBig = (v: number | bigint): bigint => {
    if (typeof v === 'number' && !Number.isFinite(v)) throw outOfRange(v, dtype);
    const big = typeof v === 'bigint' ? v : BigInt(Math.trunc(v));
    if (wrap(big) !== big) throw outOfRange(v, dtype);
    return big;
  };
  return dtype === 'int64' ? BigInt64Array.from(values, toBig) : BigUint64Array.from(values, toBig);
}

const outOfRange = (value: number | bigint, dtype: DType): DTypeError =>
  new DTypeError(
    `Type of feed value ${value} is not compatible with Tensor type ${dtype}. Try explicitly setting the type of the feed tensor to a larger type (e.g. int64).`,
  );

function checkRange(values: Iterable<number | bigint>, stored: Int32Array, dtype: DType): void {
  let i = 0;
  for (const v of values) {
    if (stored[i] !== Math.trunc(Number(v))) throw outOfRange(v, dtype);
    i++;
  }
}
