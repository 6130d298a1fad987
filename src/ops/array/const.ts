/** Const: data held by the graph itself. */
import { addNode } from '../../graph/add-node.js';
import { tensorValue } from '../../graph/attrs.js';
import type { DType } from '../../graph/dtype.js';
import { toNdArray, type ArrayLike } from '../../graph/nd-array.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import type { StaticShape } from '../../graph/shape.js';
import { defineOp } from '../op-def.js';

export const Const = defineOp({
  name: 'Const',
  attrs: { value: { kind: 'tensor' }, dtype: { kind: 'type' } },
  inputs: {},
  outputs: { output: 'dtype' },
  infer: ({ attrs }) => ({ output: attrs.value.shape }),
  partial: ({ attrs: { value } }) =>
    value.dtype === 'int32' || value.dtype === 'int64'
      ? Array.from(value.array().data as Iterable<number | bigint>, Number)
      : null,
  grad: { none: 'a constant does not depend on anything' },
  lower: { kind: 'constant', value: ({ attrs }) => [attrs.value.array()] },
});

export interface ConstantOptions {
  /** By default float32 for numbers, bool for booleans, string for strings, int64 for bigints. */
  readonly dtype?: DType;
  /** A scalar fills it; a list is laid out row by row. */
  readonly shape?: StaticShape;
  readonly name?: string;
}

/**
 * A tensor with a fixed value.
 *
 * @param value scalar, (nested) list, typed array or NdArray. A flat typed array of the class that
 *   `NdArray.data` has for `options.dtype` is such data: bits for float16 and bfloat16, re, im pairs
 *   for complex dtypes; other typed arrays hold numbers.
 * @returns the value, of `options.dtype` and `options.shape`.
 * @throws ValueError for ragged lists or a count that does not fill the shape; TypeError for values
 *   the dtype cannot hold.
 * @see TF op Const; tf.constant
 * @example
 * const w = tf.constant([[1, 2], [3, 4]]); // float32 [2, 2]
 * const n = tf.constant(5, { dtype: 'int32' });
 */
export function constant(value: ArrayLike, options: ConstantOptions = {}): Tensor {
  const { dtype, shape, name } = checkedOptions('constant', options, {
    dtype: 'dtype',
    shape: 'extents',
    name: 'string',
  });
  const array = toNdArray(value, { dtype, shape });
  return addNode(Const, {}, { value: tensorValue(array), dtype: array.dtype }, name).output;
}
