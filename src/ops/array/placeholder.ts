/** Placeholders: tensors whose data comes with each run. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { DType } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { formatShape, isCompatible, type Shape } from '../../graph/shape.js';
import { defineOp } from '../op-def.js';

export const Placeholder = defineOp({
  name: 'Placeholder',
  attrs: { dtype: { kind: 'type' }, shape: { kind: 'shape', default: null } },
  inputs: {},
  outputs: { output: 'dtype' },
  infer: ({ attrs, fail }) => {
    const wrong = attrs.shape?.find((dim) => dim !== null && !(Number.isInteger(dim) && dim >= 0));
    return wrong === undefined
      ? { output: attrs.shape }
      : fail(`Dimension ${wrong} must be a whole number >= 0, or null where it is unknown`);
  },
  grad: { none: 'a placeholder does not depend on anything' },
  // The compiler stops at fed tensors and rejects placeholders that are not fed.
  lower: { kind: 'none' },
});

export const PlaceholderWithDefault = defineOp({
  name: 'PlaceholderWithDefault',
  attrs: { dtype: { kind: 'type' }, shape: { kind: 'shape' } },
  inputs: { input: 'dtype' },
  outputs: { output: 'dtype' },
  infer: ({ attrs, shapes, fail }) => ({
    // A feed may have any shape that fits the attr, so the default's own shape says nothing.
    output: isCompatible(attrs.shape, shapes.input)
      ? attrs.shape
      : fail(
          `Shapes must be equal rank and dimensions, but the default is ` +
            `${formatShape(shapes.input)} and the placeholder ${formatShape(attrs.shape)}`,
        ),
  }),
  grad: ({ dy }) => ({ input: dy.output }),
  lower: { kind: 'alias', input: 'input' },
});

/**
 * A tensor to be fed at every run.
 *
 * @param shape null where a dim differs from run to run; leave it out if even the rank may.
 * @returns `dtype` and `shape`; running without a feed throws InvalidArgumentError.
 * @throws ValueError for a dim that is negative or no whole number.
 * @see TF op Placeholder; tf.placeholder
 * @example
 * const x = tf.placeholder('float32', [null, 784]);
 * await session.run(y, [[x, batch]]);
 */
export const placeholder = (dtype: DType, shape: Shape = null, name?: string): Tensor =>
  addNode(Placeholder, {}, { dtype, shape }, name).output;

/**
 * A tensor that has the value of `input` unless it is fed.
 *
 * @param shape what a feed must fit: null for any.
 * @throws InvalidArgumentError if the shape of `input` does not fit `shape`.
 * @see TF op PlaceholderWithDefault; tf.placeholder_with_default
 */
export const placeholderWithDefault = (input: TensorLike, shape: Shape, name?: string): Tensor =>
  addNode(PlaceholderWithDefault, { input }, { shape }, name).output;
