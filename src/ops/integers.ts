/**
 * Integers that decide shapes: reading them from host arrays and writing them back. Shape
 * arithmetic is done in JavaScript numbers, so a value past 2^53 is refused rather than rounded.
 */
import { InvalidArgumentError } from '../errors.js';
import type { NdArray } from '../graph/dtype.js';
import { isInteger } from '../graph/dtype.js';

/**
 * Elements of an integer array, row-major.
 *
 * @throws InvalidArgumentError if the array is not of an integer dtype, or a 64-bit value is past
 *   the integers a number holds exactly.
 */
export function integersOf(array: NdArray): number[] {
  if (!isInteger(array.dtype)) {
    throw new InvalidArgumentError(
      `A shape, axis or index is integers, but a ${array.dtype} tensor came. Cast it to int32.`,
    );
  }
  return Array.from(array.data as ArrayLike<number | bigint>, (value) => {
    const integer = Number(value);
    if (!Number.isSafeInteger(integer)) {
      throw new InvalidArgumentError(
        `A shape, axis or index must be within 2^53 of zero, but is ${value}.`,
      );
    }
    return integer;
  });
}

/** An int32 or int64 array over `values`; a vector unless `shape` says otherwise. */
export function integerArray(
  dtype: 'int32' | 'int64',
  values: readonly number[],
  shape: readonly number[] = [values.length],
): NdArray {
  return dtype === 'int32'
    ? { dtype, shape, data: Int32Array.from(values) }
    : { dtype, shape, data: BigInt64Array.from(values, BigInt) };
}
