/**
 * Data types under TensorFlow's names, their wire numbers, and host arrays (NdArray).
 * Nothing here knows about graphs or devices.
 */

/** TensorFlow's DataType enum (types.proto); reference types are the base plus 100. */
export const dataTypeNumbers = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  qint8: 11,
  quint8: 12,
  qint32: 13,
  bfloat16: 14,
  qint16: 15,
  quint16: 16,
  uint16: 17,
  complex128: 18,
  float16: 19,
  resource: 20,
  variant: 21,
  uint32: 22,
  uint64: 23,
} as const;

/** Element type of a tensor, by NumPy's name: `float32`, `int32`, `bool`, ... */
export type DType = keyof typeof dataTypeNumbers;

/** Host array per dtype: bool is 0 or 1; float16 and bfloat16 are raw bits; complex is re, im pairs. */
export interface DTypeArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int32: Int32Array;
  readonly uint8: Uint8Array;
  readonly int16: Int16Array;
  readonly int8: Int8Array;
  readonly string: readonly Uint8Array[];
  readonly complex64: Float32Array;
  readonly int64: BigInt64Array;
  readonly bool: Uint8Array;
  readonly qint8: Int8Array;
  readonly quint8: Uint8Array;
  readonly qint32: Int32Array;
  readonly bfloat16: Uint16Array;
  readonly qint16: Int16Array;
  readonly quint16: Uint16Array;
  readonly uint16: Uint16Array;
  readonly complex128: Float64Array;
  readonly float16: Uint16Array;
  readonly resource: never;
  readonly variant: never;
  readonly uint32: Uint32Array;
  readonly uint64: BigUint64Array;
}

/** A dense tensor on the host: typed array in row-major order. */
export type NdArray<D extends DType = DType> = {
  readonly [K in D]: {
    readonly dtype: K;
    readonly shape: readonly number[];
    readonly data: DTypeArrays[K];
  };
}[D];

export type NumericArray = Exclude<DTypeArrays[DType], readonly Uint8Array[]>;

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int8: Int8Array,
  complex64: Float32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  qint8: Int8Array,
  quint8: Uint8Array,
  qint32: Int32Array,
  bfloat16: Uint16Array,
  qint16: Int16Array,
  quint16: Uint16Array,
  uint16: Uint16Array,
  complex128: Float64Array,
  float16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
} as const;

/** A numeric dtype: one with a typed array on the host. */
export type NumericDType = keyof typeof constructors;

export const isNumericDType = (dtype: DType): dtype is NumericDType => dtype in constructors;

/** Bytes of an array's elements; of strings, all their bytes. */
export const dataBytesOf = (array: NdArray): number =>
  array.dtype === 'string'
    ? array.data.reduce((sum, bytes) => sum + bytes.byteLength, 0)
    : array.data.byteLength;

/** An array that shares nothing with `array`. A Buffer's own `slice` would share its bytes. */
export function copyNdArray(array: NdArray): NdArray {
  const shape = [...array.shape];
  if (array.dtype === 'string')
    return { dtype: 'string', shape, data: array.data.map((bytes) => new Uint8Array(bytes)) };
  const constructor = arrayConstructor(array.dtype as NumericDType) as Float32ArrayConstructor;
  return { ...array, shape, data: new constructor(array.data as Float32Array) } as NdArray;
}

/** Typed array constructor of a numeric dtype. */
export const arrayConstructor = <D extends NumericDType>(dtype: D): (typeof constructors)[D] =>
  constructors[dtype];

/** Array elements per tensor element: 2 for complex, else 1. */
export const elementsPerValue = (dtype: DType): number =>
  dtype === 'complex64' || dtype === 'complex128' ? 2 : 1;

/** Bytes per tensor element; 0 for dtypes with no fixed size. */
export const byteSizeOf = (dtype: DType): number =>
  isNumericDType(dtype) ? constructors[dtype].BYTES_PER_ELEMENT * elementsPerValue(dtype) : 0;

const byNumber = new Map<number, DType>(
  Object.entries(dataTypeNumbers).map(([name, number]) => [number, name as DType]),
);

/** DType of a wire number (a reference type gives its base), or undefined if unknown. */
export const dtypeOfNumber = (number: number): DType | undefined =>
  byNumber.get(number > 100 ? number - 100 : number);

/** `DT_FLOAT`-style enum name, as it stands in text-format files and error messages. */
export function enumNameOf(dtype: DType): string {
  const special: Partial<Record<DType, string>> = {
    float32: 'DT_FLOAT',
    float64: 'DT_DOUBLE',
    float16: 'DT_HALF',
  };
  return special[dtype] ?? `DT_${dtype.toUpperCase()}`;
}

/** TensorFlow's C++ short name (`float`, `double`, `half`), used in its run-time messages. */
export const shortNameOf = (dtype: DType): string =>
  ({ float32: 'float', float64: 'double', float16: 'half' })[dtype as string] ?? dtype;

export const floatDTypes = ['float16', 'bfloat16', 'float32', 'float64'] as const;
export const integerDTypes = [
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
] as const;

export const complexDTypes = ['complex64', 'complex128'] as const;

export const isFloating = (dtype: DType): boolean =>
  (floatDTypes as readonly DType[]).includes(dtype);
export const isInteger = (dtype: DType): boolean =>
  (integerDTypes as readonly DType[]).includes(dtype);
export const isComplex = (dtype: DType): boolean => elementsPerValue(dtype) === 2;
