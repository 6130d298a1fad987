/** L2Loss: half the sum of squares. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { floatDTypes } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { like, mul, type Expr } from '../../ir/expr.js';
import { defineOp } from '../op-def.js';

/** y = sum(t^2) / 2; dt = t * dy. */
export const L2Loss = defineOp({
  name: 'L2Loss',
  attrs: { T: { kind: 'type', allowed: floatDTypes } },
  inputs: { t: 'T' },
  outputs: { output: 'T' },
  infer: () => ({ output: [] }),
  grad: ({ b, x, dy }) => ({ t: b.op('Mul', [x.t, dy.output], {}, 'mul') }),
  lower: {
    kind: 'reduce',
    plan: ({ x: { t } }) => ({
      rows: [],
      inner: t.shape,
      stages: [{ combine: 'sum', value: (_, inner) => mul(t.at(inner), t.at(inner)) }],
      outputs: [
        {
          of: 'row',
          value: (_, stages) => mul(stages[0] as Expr, like(stages[0] as Expr, 0.5)),
        },
      ],
    }),
  },
});

/**
 * Half the sum of squares of all elements, the usual weight penalty.
 *
 * @returns a scalar of the dtype of `t`.
 * @see TF op L2Loss
 * @example const loss = tf.add(crossEntropy, tf.mul(1e-4, tf.nn.l2Loss(weights)));
 */
export const l2Loss = (t: TensorLike, name?: string): Tensor =>
  addNode(L2Loss, { t }, {}, name).output;
