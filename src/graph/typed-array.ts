/**
 * Flat typed arrays as data. Most hold one number per element; one of the class that float16, bfloat16
 * and complex data is held in is taken for such data, as it stands in `NdArray.data`.
 */
import { DTypeError, ValueError } from '../errors.js';
import {
  arrayConstructor,
  elementsPerValue,
  isComplex,
  isNumericDType,
  type DType,
  type NdArray,
} from './dtype.js';

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

/** By class name: a subclass (Buffer) or an array of another realm keeps it, the constructor not. */
const typedArrayDTypes: Readonly<Record<string, DType>> = {
  Float16Array: 'float16',
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigInt64Array: 'int64',
  BigUint64Array: 'uint64',
};

/** Name of the built-in class of an object; of others, what `toString` says. */
export const classOf = (value: unknown): string =>
  Object.prototype.toString.call(value).slice(8, -1);

export const isTypedArray = (value: unknown): value is NumericTypedArray =>
  ArrayBuffer.isView(value) && classOf(value) !== 'DataView';

/** Dtypes whose data is not one number per element: bits, or re, im pairs. */
const isPacked = (dtype: DType): boolean =>
  dtype === 'float16' || dtype === 'bfloat16' || isComplex(dtype);

/** Whether an array given for `dtype` is its data as it stands, rather than numbers to convert. */
const isPackedData = (array: NumericTypedArray, dtype: DType): boolean =>
  isPacked(dtype) && isNumericDType(dtype) && classOf(array) === arrayConstructor(dtype).name;

/**
 * How many elements of `dtype` a flat typed array given for it holds.
 * @throws ValueError if it is half a complex number too long.
 */
export function valueCount(array: NumericTypedArray, dtype: DType): number {
  if (!isPackedData(array, dtype)) return array.length;
  const count = array.length / elementsPerValue(dtype);
  if (!Number.isInteger(count))
    throw new ValueError(
      `A ${classOf(array)} for ${dtype} holds re, im pairs, but ${array.length} numbers were given. Give real numbers as a plain array.`,
    );
  return count;
}

/** The array as data of `wanted` if that is held so, else of the array's own dtype. */
export const ofTypedArray = (array: NumericTypedArray, wanted: DType | undefined): NdArray =>
  wanted !== undefined && isPackedData(array, wanted)
    ? ({ dtype: wanted, shape: [valueCount(array, wanted)], data: array } as NdArray)
    : ofOwnDType(array);

/** The array as data of its own dtype: canvas bytes as bytes, half floats as bits. */
function ofOwnDType(array: NumericTypedArray): NdArray {
  const name = classOf(array);
  const dtype = typedArrayDTypes[name];
  if (dtype === undefined) throw new DTypeError(`No dtype corresponds to a ${name}.`);
  const { buffer, byteOffset, length } = array;
  const data =
    name === 'Uint8ClampedArray'
      ? new Uint8Array(buffer, byteOffset, length)
      : name === 'Float16Array'
        ? new Uint16Array(buffer, byteOffset, length)
        : array;
  return { dtype, shape: [length], data } as NdArray;
}
