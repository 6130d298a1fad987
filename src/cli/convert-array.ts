/** Arrays of a file as the placeholder's dtype, where no value changes but by rounding floats. */
import { InvalidArgumentError } from '../errors.js';
import { isComplex, isFloating, isInteger, type DType, type NdArray } from '../graph/dtype.js';
import { toNdArray } from '../graph/nd-array.js';
import { fromBrainBits, fromHalfBits } from '../graph/half-floats.js';

/** float16 and bfloat16 are raw bits on the host; as float32 they are numbers. */
export function widened(array: NdArray): NdArray {
  if (array.dtype !== 'float16' && array.dtype !== 'bfloat16') return array;
  const decode = array.dtype === 'float16' ? fromHalfBits : fromBrainBits;
  return { dtype: 'float32', shape: array.shape, data: Float32Array.from(array.data, decode) };
}

/**
 * The array as `dtype`: floats become any float, integers a type that holds them or a float, whole
 * floats an integer, 0 and 1 a bool, all numbers complex ones.
 * @throws InvalidArgumentError for fractions in integers, complex data in real, string data elsewhere;
 *   TypeError of the library for integers out of range.
 */
export function convertArray(array: NdArray, dtype: DType): NdArray {
  if (array.dtype === dtype) return array;
  const refuse = (why: string): never => {
    throw new InvalidArgumentError(
      `It holds ${array.dtype} ${formatData(array)}, but ${dtype} is wanted: ${why}.`,
    );
  };
  if (array.dtype === 'string' || dtype === 'string') return refuse('text and numbers do not mix');
  if (isComplex(array.dtype) && !isComplex(dtype)) return refuse('take its real part first');
  const source = widened(array);
  const values = source.data as Iterable<number | bigint>;
  if (isInteger(dtype) || dtype === 'bool')
    for (const value of values) checkWhole(value, dtype, refuse);
  if (source.dtype === dtype) return source;
  if (!isFloating(dtype) && !isInteger(dtype) && !isComplex(dtype) && dtype !== 'bool')
    return refuse('it is a quantised or opaque type');
  return toNdArray(source, { dtype });
}

const formatData = (array: NdArray): string => `data of shape [${array.shape.join(',')}]`;

function checkWhole(value: number | bigint, dtype: DType, refuse: (why: string) => never): void {
  if (dtype === 'bool' && Number(value) !== 0 && Number(value) !== 1)
    refuse(`${value} is neither 0 nor 1`);
  if (typeof value === 'number' && !Number.isInteger(value)) refuse(`${value} is not an integer`);
  const isWide = dtype === 'int64' || dtype === 'uint64';
  if (!isWide || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) return;
  const exact = BigInt(value);
  const fits = dtype === 'int64' ? BigInt.asIntN(64, exact) : BigInt.asUintN(64, exact);
  if (fits !== exact) refuse(`${value} is out of its range`);
}
