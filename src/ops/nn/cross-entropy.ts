/** SoftmaxCrossEntropyWithLogits and its sparse twin: loss and backprop in one pass over each row. */
import { floatDTypes } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { broadcastShapes, mergeShapes, type Shape } from '../../graph/shape.js';
import {
  and,
  cast,
  constant,
  div,
  eq,
  ge,
  int,
  like,
  lt,
  mul,
  select,
  sub,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { defineOp, type Operand, type ReducePlan } from '../op-def.js';
import { sameDim, withRank, type Fail } from '../shape-checks.js';

const T = { kind: 'type', allowed: floatDTypes } as const;

/** Shape of both inputs together, which must come to a matrix. */
function crossEntropyShape(features: Shape, labels: Shape, fail: Fail): Shape {
  if (features === null || features.length === 2) {
    const merged = mergeShapes(features ?? [null, null], labels);
    if (merged !== undefined) return merged;
  }
  const shape = broadcastShapes(features, labels);
  if (shape === undefined)
    return fail(`Dimensions must be equal, but are ${clash(features ?? [], labels ?? [])}`);
  if (shape === null) return fail('Shape must be broadcasted with rank 2, but is rank is unknown.');
  if (shape.length !== 2)
    fail(`Shape must be broadcasted with rank 2, but is rank ${shape.length}.`);
  return shape;
}

function clash(a: NonNullable<Shape>, b: NonNullable<Shape>): string {
  for (let back = 1; back <= Math.min(a.length, b.length); back++) {
    const [x, y] = [a[a.length - back] ?? null, b[b.length - back] ?? null];
    if (x !== null && y !== null && x !== y && x !== 1 && y !== 1) return `${x} and ${y}`;
  }
  return 'of different ranks';
}

/** Element of an operand that broadcasts to a matrix. */
function broadcastAt(operand: Operand, row: Expr, col: Expr): Expr {
  const index = [row, col].slice(2 - operand.shape.length);
  return operand.at(index.map((at, axis) => (operand.shape[axis] === 1 ? int(0) : at)));
}

/** A vector times a matrix, row by row. */
function scaleRows(b: OpBuilder<Tensor>, vector: Tensor, matrix: Tensor): Tensor {
  const dim = b.constant(-1, 'int32', 'ExpandDims/dim');
  const column = b.op('ExpandDims', [vector, dim]);
  return b.op('Mul', [column, matrix], {}, 'mul');
}

/**
 * Gradient to the logits: dloss * backprop, plus, if a gradient came into backprop (dback), the
 * derivative of softmax s: (dback - dback . s) * s.
 */
function logitsGradient(
  b: OpBuilder<Tensor>,
  logits: Tensor,
  backprop: Tensor,
  loss: Tensor,
  incoming: Tensor | null,
): Tensor {
  const first = scaleRows(b, loss, backprop);
  if (incoming === null) return first;
  const softmax = b.op('Softmax', [logits]);
  const row = b.op('ExpandDims', [incoming, b.constant(1, 'int32', 'ExpandDims_1/dim')]);
  const column = b.op('ExpandDims', [softmax, b.constant(2, 'int32', 'ExpandDims_2/dim')]);
  const dots = b.op('BatchMatMulV2', [row, column], {}, 'MatMul');
  const dot = b.op('Squeeze', [dots], { squeeze_dims: [1] });
  const centred = b.op('Sub', [incoming, dot], {}, 'sub');
  const second = b.op('Mul', [centred, softmax], {}, 'mul');
  return b.op('AddV2', [first, second], {}, 'add');
}

/**
 * With m = max(x), s = sum(exp(x - m)) per row: loss = sum(labels * (log s - (x - m))) and
 * backprop = exp(x - m) / s - labels.
 */
export const SoftmaxCrossEntropyWithLogits = defineOp({
  name: 'SoftmaxCrossEntropyWithLogits',
  attrs: { T },
  inputs: { features: 'T', labels: 'T' },
  outputs: { loss: 'T', backprop: 'T' },
  infer: ({ shapes, fail }) => {
    const backprop = crossEntropyShape(shapes.features, shapes.labels, fail);
    return { loss: [backprop?.[0] ?? null], backprop };
  },
  grad: ({ b, x, y, dy, has }) => {
    const features = logitsGradient(
      b,
      x.features,
      y.backprop,
      dy.loss,
      has.backprop ? dy.backprop : null,
    );
    const negative = b.op('Neg', [b.op('LogSoftmax', [x.features])]);
    return { features, labels: scaleRows(b, dy.loss, negative) };
  },
  lower: {
    kind: 'reduce',
    plan: ({ x: { features, labels }, y }) => {
      const [batch = 0, classes = 0] = y.backprop.shape;
      const logit = (row: Expr, col: Expr): Expr => broadcastAt(features, row, col);
      const label = (row: Expr, col: Expr): Expr => broadcastAt(labels, row, col);
      return rowPlan(batch, classes, logit, {
        term: (row, col, shifted, logSum) => mul(label(row, col), sub(logSum, shifted)),
        loss: (_, total) => total,
        backprop: (row, col, softmax) => sub(softmax, label(row, col)),
      });
    },
  },
});

interface RowRules {
  /** What class `col` adds to the row's loss. */
  readonly term: (row: Expr, col: Expr, shifted: Expr, logSum: Expr) => Expr;
  readonly loss: (row: Expr, total: Expr) => Expr;
  readonly backprop: (row: Expr, col: Expr, softmax: Expr) => Expr;
}

/** The three stages (maximum, sum of exponentials, loss) and two outputs both ops share. */
function rowPlan(
  batch: number,
  classes: number,
  logit: (row: Expr, col: Expr) => Expr,
  rules: RowRules,
) {
  const shifted = (row: Expr, col: Expr, stages: readonly Expr[]): Expr =>
    sub(logit(row, col), stages[0] as Expr);
  const first = (axes: readonly Expr[]): Expr => axes[0] as Expr;
  return {
    rows: [batch],
    inner: [classes],
    stages: [
      { combine: 'max', value: (row, inner) => logit(first(row), first(inner)) },
      {
        combine: 'sum',
        value: (row, inner, stages) => unary('exp', shifted(first(row), first(inner), stages)),
      },
      {
        combine: 'sum',
        value: (row, inner, stages) => {
          const logSum = unary('log', stages[1] as Expr);
          const [r, c] = [first(row), first(inner)];
          return rules.term(r, c, shifted(r, c, stages), logSum);
        },
      },
    ],
    outputs: [
      { of: 'row', value: (row, stages) => rules.loss(first(row), stages[2] as Expr) },
      {
        of: 'element',
        value: (row, inner, stages) => {
          const [r, c] = [first(row), first(inner)];
          const softmax = div(unary('exp', shifted(r, c, stages)), stages[1] as Expr);
          return rules.backprop(r, c, softmax);
        },
      },
    ],
  } satisfies ReducePlan;
}

/**
 * As above for labels that are class numbers; one outside the classes is an error on the host, and
 * makes its row NaN on a device.
 */
export const SparseSoftmaxCrossEntropyWithLogits = defineOp({
  name: 'SparseSoftmaxCrossEntropyWithLogits',
  attrs: { T, Tlabels: { kind: 'type', default: 'int64', allowed: ['int32', 'int64'] } },
  inputs: { features: 'T', labels: 'Tlabels' },
  outputs: { loss: 'T', backprop: 'T' },
  infer: ({ shapes, fail }) => {
    const [rows = null, classes = null] = withRank(shapes.features, 2, fail);
    const [labels = null] = withRank(shapes.labels, 1, fail);
    const batch = sameDim(rows, labels, fail);
    return { loss: [batch], backprop: [batch, classes] };
  },
  grad: ({ b, x, y, dy, has }) => ({
    features: logitsGradient(b, x.features, y.backprop, dy.loss, has.backprop ? dy.backprop : null),
    labels: null,
  }),
  lower: {
    kind: 'reduce',
    plan: ({ x: { features, labels }, fail, check }) => {
      const [batch = 0, classes = 0] = features.shape;
      if (classes === 0)
        fail(`Must have at least one class, but got logits shape [${batch},${classes}]`);
      const label = (row: Expr): Expr => labels.at([row]);
      const isLabel = (row: Expr, col: Expr): Expr => eq(cast(labels.type, col), label(row));
      const inRange = (row: Expr): Expr =>
        and(ge(label(row), like(label(row), 0)), lt(label(row), like(label(row), classes)));
      const nan = constant(features.type, NaN);
      const checked = (row: Expr, value: Expr): Expr => {
        const valid = inRange(row);
        const message = `Received a label value of {0} which is outside the valid range of [0, ${classes})`;
        return check(select(valid, value, nan), valid, message, [label(row)]);
      };
      const zero = constant(features.type, 0);
      const one = constant(features.type, 1);
      return rowPlan(batch, classes, (row, col) => features.at([row, col]), {
        term: (row, col, shifted, logSum) => select(isLabel(row, col), sub(logSum, shifted), zero),
        loss: (row, total) => checked(row, total),
        backprop: (row, col, softmax) =>
          checked(row, sub(softmax, select(isLabel(row, col), one, zero))),
      });
    },
  },
});
