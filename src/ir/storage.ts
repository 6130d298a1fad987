/**
 * How a tensor's elements are stored for kernels, and the conversion from and to host arrays.
 * Kernels see f32, i32, u32 (and f64, i64, u64 and byte strings on the host); NdArrays have
 * TensorFlow's dtypes.
 */
import { InternalError, InvalidArgumentError, UnimplementedError } from '../errors.js';
import {
  arrayConstructor,
  elementsPerValue,
  isNumericDType,
  type DType,
  type NdArray,
} from '../graph/dtype.js';
import { fromBrainBits, fromHalfBits, toBrainBits, toHalfBits } from '../graph/half-floats.js';
import { elementCount, type StaticShape } from '../graph/shape.js';
import { bytesOf, toByteString } from './byte-strings.js';
import { unary, type Expr, type ScalarType, type UnaryFn } from './expr.js';
import type { StorageType } from './kernel.js';
import type { Place } from './program.js';

/** Storage that is bytes: what a device has, and the arena. */
export type NumericStorage =
  Float32Array | Int32Array | Uint32Array | Float64Array | BigInt64Array | BigUint64Array;
/** Byte strings are a plain array. */
export type StorageArray = NumericStorage | string[];

export const isText = (array: StorageArray): array is string[] => Array.isArray(array);

const onHost: Partial<Record<DType, StorageType>> = {
  float32: 'f32',
  float16: 'f32',
  bfloat16: 'f32',
  float64: 'f64',
  int8: 'i32',
  int16: 'i32',
  int32: 'i32',
  uint8: 'i32',
  uint16: 'i32',
  qint8: 'i32',
  quint8: 'i32',
  qint32: 'i32',
  qint16: 'i32',
  quint16: 'i32',
  uint32: 'u32',
  bool: 'u32',
  int64: 'i64',
  uint64: 'u64',
  string: 'str',
  complex64: 'f32',
  complex128: 'f64',
};

/** Storage of a dtype in a place, or undefined if kernels there cannot hold it. */
export function storageOf(dtype: DType, place: Place): StorageType | undefined {
  const host = onHost[dtype];
  if (place === 'host') return host;
  if (dtype === 'int64') return 'i32';
  return host === 'f64' || host === 'u64' || host === 'str' ? undefined : host;
}

const computedAs: Partial<Record<DType, ScalarType>> = {
  bool: 'bool',
  complex64: 'c64',
  complex128: 'c128',
};

/** Type a loaded element computes in: its storage, but for bool and for complex numbers. */
export function scalarTypeOf(dtype: DType, place: Place): ScalarType | undefined {
  const storage = storageOf(dtype, place);
  return storage === undefined ? undefined : (computedAs[dtype] ?? storage);
}

/** Stored elements of a tensor: a complex number is a real and an imaginary part, side by side. */
export const storedLength = (dtype: DType, shape: StaticShape): number =>
  elementCount(shape) * elementsPerValue(dtype);

/** Bytes of one element; of a string, those of the reference to it. */
export const storageBytes = (storage: StorageType): number =>
  storage === 'f32' || storage === 'i32' || storage === 'u32' ? 4 : 8;

/** Bytes an array takes; strings count with their references. */
export const byteLengthOf = (array: StorageArray): number =>
  isText(array)
    ? array.reduce((sum, text) => sum + text.length, array.length * storageBytes('str'))
    : array.byteLength;

const narrowing: Partial<
  Record<DType, 'wrapI8' | 'wrapI16' | 'wrapU8' | 'wrapU16' | 'roundF16' | 'roundBf16'>
> = {
  int8: 'wrapI8',
  qint8: 'wrapI8',
  uint8: 'wrapU8',
  quint8: 'wrapU8',
  int16: 'wrapI16',
  qint16: 'wrapI16',
  uint16: 'wrapU16',
  quint16: 'wrapU16',
  float16: 'roundF16',
  bfloat16: 'roundBf16',
};

/** What brings a computed value back to what `dtype` can hold; null for 32-bit and wider types. */
export const narrowingOf = (dtype: DType): UnaryFn | null => narrowing[dtype] ?? null;

/** Rounds or wraps a computed value to what `dtype` can hold; a no-op for 32-bit and wider types. */
export function narrow(dtype: DType, value: Expr): Expr {
  const fn = narrowingOf(dtype);
  return fn === null ? value : unary(fn, value);
}

const storageConstructors = {
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
} as const;

/** Zeros, or empty strings. */
export const createStorage = (storage: StorageType, length: number): StorageArray =>
  storage === 'str' ? new Array<string>(length).fill('') : new storageConstructors[storage](length);

export function storageView(
  storage: StorageType,
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
): NumericStorage {
  if (storage === 'str') throw new InternalError('Strings are not stored in bytes.');
  return new storageConstructors[storage](buffer, byteOffset, length);
}

/**
 * Host array to storage. No copy when the array already has the storage's type.
 * @throws InvalidArgumentError if an int64 value does not fit the device's i32.
 */
export function encode(array: NdArray, storage: StorageType, label: string): StorageArray {
  const { dtype, data } = array;
  if (dtype === 'string' && storage === 'str') return data.map(toByteString);
  if (dtype === 'string' || storage === 'str' || !isNumericDType(dtype))
    throw new UnimplementedError(`${label}: a ${dtype} tensor has no ${storage} storage.`, {
      node: label,
    });
  const source = data;
  if (source instanceof storageConstructors[storage]) return source;
  if (storage === 'f32' && dtype === 'float16')
    return Float32Array.from(source as Uint16Array, fromHalfBits);
  if (storage === 'f32' && dtype === 'bfloat16')
    return Float32Array.from(source as Uint16Array, fromBrainBits);
  if (storage === 'i32' && dtype === 'int64') return narrowInt64(source as BigInt64Array, label);
  if (storage === 'u32' && dtype === 'bool')
    return Uint32Array.from(source as Uint8Array, (value) => (value === 0 ? 0 : 1));
  if (storage === 'i64' || storage === 'u64')
    throw new UnimplementedError(`${label}: ${dtype} does not convert to ${storage} storage.`);
  return storageConstructors[storage].from(source as Uint8Array);
}

function narrowInt64(source: BigInt64Array, label: string): Int32Array {
  const out = new Int32Array(source.length);
  for (let i = 0; i < source.length; i++) {
    const value = source[i] as bigint;
    out[i] = Number(BigInt.asIntN(32, value));
    if (BigInt(out[i] as number) !== value)
      throw new InvalidArgumentError(
        `${label}: int64 value ${value} at element ${i} does not fit the 32-bit integers a GPU computes with. Use device 'cpu' for 64-bit values.`,
        { node: label },
      );
  }
  return out;
}

/** Storage to host array. Always a fresh array the caller may keep. */
export function decode(source: StorageArray, dtype: DType, shape: StaticShape): NdArray {
  if (isText(source)) return stringArray(source.slice(0, elementCount(shape)).map(bytesOf), shape);
  const n = storedLength(dtype, shape);
  const values = source.length === n ? source : source.subarray(0, n);
  return { dtype, shape: [...shape], data: decodeData(values, dtype) } as NdArray;
}

export const stringArray = (
  data: readonly Uint8Array[],
  shape: StaticShape,
): NdArray<'string'> => ({
  dtype: 'string',
  shape: [...shape],
  data,
});

function decodeData(values: NumericStorage, dtype: DType): unknown {
  if (dtype === 'float16') return Uint16Array.from(values as Float32Array, toHalfBits);
  if (dtype === 'bfloat16') return Uint16Array.from(values as Float32Array, toBrainBits);
  if (dtype === 'int64' && values instanceof Int32Array) return BigInt64Array.from(values, BigInt);
  if (!isNumericDType(dtype))
    throw new UnimplementedError(`A ${dtype} tensor has no numeric storage.`);
  const constructor = arrayConstructor(dtype);
  return new (constructor as Float32ArrayConstructor)(values as Float32Array);
}
