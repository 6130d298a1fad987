/**
 * Clipping to a range: the op ClipByValue, and `clipByValue`, which builds TensorFlow 1's pair of
 * Minimum and Maximum instead.
 */
import { convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import type { Tensor } from '../../graph/operation.js';
import { formatShape, isCompatible, isStatic, type Shape } from '../../graph/shape.js';
import { lt, select } from '../../ir/expr.js';
import { reduceToOperand } from '../broadcast.js';
import { realDTypes } from '../data-dtypes.js';
import { zerosLike } from '../elementwise.js';
import { defineOp } from '../op-def.js';
import { ValueError } from '../../errors.js';

const fits = (limit: Shape, t: Shape): boolean => limit?.length === 0 || isCompatible(t, limit);

/** max(min(t, clip_value_max), clip_value_min), where a limit that is NaN does not bind. */
export const ClipByValue = defineOp({
  name: 'ClipByValue',
  attrs: { T: { kind: 'type', allowed: realDTypes } },
  inputs: { t: 'T', clip_value_min: 'T', clip_value_max: 'T' },
  outputs: { output: 'T' },
  infer: ({ shapes: { t, clip_value_min: low, clip_value_max: high }, fail }) => {
    if (isStatic(t) && !(fits(low, t) && fits(high, t)))
      fail(
        'clip_value_min and clip_value_max must be either of the same shape as input, or a scalar. ' +
          `input shape: ${formatShape(t)}, clip_value_min shape: ${formatShape(low)}, ` +
          `clip_value_max shape: ${formatShape(high)}`,
      );
    return { output: t };
  },
  grad: ({ b, dy, x: { t, clip_value_min: low, clip_value_max: high } }) => {
    const zeros = zerosLike(b, dy.output);
    const below = b.op('Less', [t, low]);
    const above = b.op('Greater', [t, high]);
    const outside = b.op('LogicalOr', [below, above]);
    return {
      t: b.op('Select', [outside, zeros, dy.output]),
      clip_value_min: reduceToOperand(b, b.op('Select', [below, dy.output, zeros]), low, t),
      clip_value_max: reduceToOperand(b, b.op('Select', [above, dy.output, zeros]), high, t),
    };
  },
  lower: {
    kind: 'elementwise',
    expr: ({ t, clip_value_min: low, clip_value_max: high }) => {
      const capped = select(lt(high, t), high, t);
      return select(lt(capped, low), low, capped);
    },
  },
});

/**
 * `t` with every element kept within [clipValueMin, clipValueMax].
 *
 * @param t  any number dtype and shape.
 * @param clipValueMin  same dtype; a scalar or a shape that broadcasts to that of `t`.
 * @param clipValueMax  likewise.
 * @returns dtype and shape of `t`. The gradient is 0 where an element was clipped.
 * @throws ValueError if a limit would broaden the shape of `t`.
 * @see TF ops Minimum and Maximum.
 * @example clipByValue([-1, 0.5, 2], 0, 1); // [0, 0.5, 1]
 */
export function clipByValue(
  t: TensorLike,
  clipValueMin: TensorLike,
  clipValueMax: TensorLike,
  name?: string,
): Tensor {
  return withNameScope(name, 'clip_by_value', (scope) => {
    const value = convertToTensor(t, { name: 't' });
    const b = graphBuilder();
    const limit = (of: TensorLike, arg: string): Tensor =>
      convertToTensor(of, { dtype: value.dtype, name: arg });
    const capped = b.op('Minimum', [value, limit(clipValueMax, 'Minimum/y')]);
    const clipped = b.op('Maximum', [capped, limit(clipValueMin, 'y')], {}, scope);
    for (const result of [capped, clipped])
      if (!isCompatible(value.shape, result.shape))
        throw new ValueError(
          `clipByValue: the limits broaden shape ${formatShape(value.shape)} of t to ${formatShape(result.shape)}. ` +
            'Give scalars, or limits of the shape of t.',
          { node: result.op.name, op: result.op.type },
        );
    return clipped;
  });
}
