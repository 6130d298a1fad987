/** InTopK and InTopKV2: whether a target class is among the k largest predictions of its row. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { withNameScope } from '../../graph/builder.js';
import type { Tensor } from '../../graph/operation.js';
import type { Shape } from '../../graph/shape.js';
import {
  and,
  cast,
  constant,
  ge,
  gt,
  int,
  like,
  lt,
  max,
  min,
  select,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { indexDTypes } from '../data-dtypes.js';
import { defineOp, type Operand, type ReducePlan } from '../op-def.js';
import { sameDim, withRank, type Fail } from '../shape-checks.js';

const T = { kind: 'type', default: 'int32', allowed: indexDTypes } as const;

function inferTopK(ctx: {
  readonly shapes: { readonly predictions: Shape; readonly targets: Shape };
  readonly fail: Fail;
}): { precision: Shape } {
  const [rows = null] = withRank(ctx.shapes.predictions, 2, ctx.fail);
  const [targets = null] = withRank(ctx.shapes.targets, 1, ctx.fail);
  return { precision: [sameDim(rows, targets, ctx.fail)] };
}

/**
 * True where fewer than k classes beat the target, so ties at the boundary count as in. False where
 * the target is no class, or any prediction of the row is not finite.
 */
function topKPlan(predictions: Operand, targets: Operand, k: Expr): ReducePlan {
  const [batch = 0, classes = 0] = predictions.shape;
  const target = (row: readonly Expr[]): Expr => targets.at(row);
  const isClass = (row: readonly Expr[]): Expr =>
    and(ge(target(row), like(target(row), 0)), lt(target(row), like(target(row), classes)));
  const targetScore = (row: readonly Expr[]): Expr => {
    const column = select(isClass(row), cast('i32', target(row)), int(0));
    return predictions.at([row[0] as Expr, max(min(column, int(classes - 1)), int(0))]);
  };
  const at = (row: readonly Expr[], inner: readonly Expr[]): Expr =>
    predictions.at([...row, ...inner]);
  return {
    rows: [batch],
    inner: [classes],
    stages: [
      {
        combine: 'sum',
        value: (row, inner) => cast('i32', gt(at(row, inner), targetScore(row))),
      },
      { combine: 'and', value: (row, inner) => unary('isFinite', at(row, inner)) },
    ],
    outputs: [
      {
        of: 'row',
        value: (row, [beaten, finite]) =>
          classes === 0
            ? constant('bool', false)
            : and(and(isClass(row), finite as Expr), lt(cast(k.type, beaten as Expr), k)),
      },
    ],
  };
}

const noGradient = { missing: 'a truth value does not change smoothly' } as const;

export const InTopK = defineOp({
  name: 'InTopK',
  attrs: { k: { kind: 'int' }, T },
  inputs: { predictions: 'float32', targets: 'T' },
  outputs: { precision: 'bool' },
  infer: inferTopK,
  grad: noGradient,
  lower: {
    kind: 'reduce',
    plan: ({ attrs, x }) =>
      topKPlan(x.predictions, x.targets, int(Math.max(Math.min(attrs.k, 2 ** 31 - 1), 0))),
  },
});

export const InTopKV2 = defineOp({
  name: 'InTopKV2',
  attrs: { T },
  inputs: { predictions: 'float32', targets: 'T', k: 'T' },
  outputs: { precision: 'bool' },
  infer: (ctx) => {
    withRank(ctx.shapes.k, 0, ctx.fail);
    return inferTopK(ctx);
  },
  grad: noGradient,
  lower: { kind: 'reduce', plan: ({ x }) => topKPlan(x.predictions, x.targets, x.k.at([])) },
});

/**
 * Whether each target class is among the `k` largest predictions of its row; ties at the boundary
 * count as in, and a row with a prediction that is not finite is false.
 *
 * @param predictions float32 `[batch, classes]`.
 * @param targets int32 or int64 `[batch]`, class numbers.
 * @returns bool `[batch]`.
 * @throws ValueError if ranks or batch sizes do not fit.
 * @see TF op InTopKV2
 * @example
 * const hits = tf.nn.inTopK(logits, labels, 5);
 * const accuracy = tf.reduceMean(tf.cast(hits, 'float32'));
 */
export const inTopK = (
  predictions: TensorLike,
  targets: TensorLike,
  k: TensorLike,
  name?: string,
): Tensor =>
  withNameScope(name, 'in_top_k', () =>
    addNode(InTopKV2, { predictions, targets, k }, {}, name === undefined ? undefined : name),
  ).precision;
