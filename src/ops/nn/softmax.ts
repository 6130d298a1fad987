/** Softmax and LogSoftmax over the last axis, and the user functions for any axis. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder } from '../../graph/builder.js';
import { InvalidArgumentError } from '../../errors.js';
import { floatDTypes } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { div, sub, unary, type Expr } from '../../ir/expr.js';
import { defineOp, type Operand, type ReducePlan } from '../op-def.js';
import { withRankAtLeast } from '../shape-checks.js';
import { vectorNode } from '../shape-nodes.js';

const attrs = { T: { kind: 'type', allowed: floatDTypes } } as const;

/**
 * Stages: the row's maximum m, then s = sum of exp(x - m); no finite logit overflows. A row with
 * NaN, +infinity, or nothing but -infinity is NaN throughout, as in TensorFlow.
 */
const softmaxPlan = (logits: Operand, output: (shifted: Expr, sum: Expr) => Expr): ReducePlan => {
  const at = (row: readonly Expr[], inner: readonly Expr[]): Expr => logits.at([...row, ...inner]);
  const shifted = (row: readonly Expr[], inner: readonly Expr[], stages: readonly Expr[]): Expr =>
    sub(at(row, inner), stages[0] as Expr);
  return {
    rows: logits.shape.slice(0, -1),
    inner: logits.shape.slice(-1),
    stages: [
      { combine: 'max', value: at },
      { combine: 'sum', value: (row, inner, stages) => unary('exp', shifted(row, inner, stages)) },
    ],
    outputs: [
      {
        of: 'element',
        value: (row, inner, stages) => output(shifted(row, inner, stages), stages[1] as Expr),
      },
    ],
  };
};

/** dx = (dy - sum(dy * y)) * y, sums over the last axis. */
export const Softmax = defineOp({
  name: 'Softmax',
  attrs,
  inputs: { logits: 'T' },
  outputs: { softmax: 'T' },
  infer: ({ shapes, fail }) => ({ softmax: withRankAtLeast(shapes.logits, 1, fail) }),
  grad: ({ b, y: { softmax: y }, dy: { softmax: dy } }) => {
    const product = b.op('Mul', [dy, y], {}, 'mul');
    const axis = b.constant(-1, 'int32', 'Sum/reduction_indices');
    const sum = b.op('Sum', [product, axis], { keep_dims: true });
    const centred = b.op('Sub', [dy, sum], {}, 'sub');
    return { logits: b.op('Mul', [centred, y], {}, 'mul') };
  },
  lower: {
    kind: 'reduce',
    plan: ({ x }) => softmaxPlan(x.logits, (shifted, sum) => div(unary('exp', shifted), sum)),
  },
});

/** dx = dy - sum(dy) * exp(y). */
export const LogSoftmax = defineOp({
  name: 'LogSoftmax',
  attrs,
  inputs: { logits: 'T' },
  outputs: { logsoftmax: 'T' },
  infer: ({ shapes, fail }) => ({ logsoftmax: withRankAtLeast(shapes.logits, 1, fail) }),
  grad: ({ b, y, dy: { logsoftmax: dy } }) => {
    const softmax = b.op('Exp', [y.logsoftmax]);
    const axis = b.constant(-1, 'int32', 'Sum/reduction_indices');
    const sum = b.op('Sum', [dy, axis], { keep_dims: true });
    return { logits: b.op('Sub', [dy, b.op('Mul', [sum, softmax], {}, 'mul')], {}, 'sub') };
  },
  lower: {
    kind: 'reduce',
    plan: ({ x }) => softmaxPlan(x.logits, (shifted, sum) => sub(shifted, unary('log', sum))),
  },
});

export interface SoftmaxOptions {
  /** Axis of the classes, counted from the end if negative; the last one by default. */
  readonly axis?: number;
  readonly name?: string;
}

/** Brings `axis` to the end and back around `compute`, which works on the last axis. */
function alongAxis(
  fn: string,
  logits: TensorLike,
  options: SoftmaxOptions,
  compute: (x: Tensor, name?: string) => Tensor,
): Tensor {
  const { axis = -1, name } = checkedOptions(fn, options, { axis: 'int', name: 'string' });
  const x = convertToTensor(logits, { name: 'logits', fallback: 'float32' });
  const rank = x.shape?.length;
  if (axis === -1 || axis === (rank ?? 0) - 1) return compute(x, name);
  if (rank === undefined)
    throw new InvalidArgumentError(
      `axis ${axis} needs logits of known rank, but ${x.toString()} has none. Use the last axis (-1), or set its shape.`,
      { node: x.op.name, op: x.op.type },
    );
  if (axis < -rank || axis >= rank)
    throw new InvalidArgumentError(
      `axis must be in the range [${-rank}, ${rank}) where ${rank} is the number of dimensions in the input. Received: axis=${axis}`,
      { node: x.op.name, op: x.op.type },
    );
  const from = axis < 0 ? axis + rank : axis;
  const swapped = [...(x.shape?.keys() ?? [])];
  swapped[from] = rank - 1;
  swapped[rank - 1] = from;
  const b = graphBuilder();
  const swap = (value: Tensor, as: string): Tensor =>
    b.op('Transpose', [value, vectorNode(b, swapped, 'concat')], {}, as);
  const y = swap(compute(swap(x, 'transpose')), name ?? 'transpose');
  y.setShape(x.shape);
  return y;
}

/**
 * exp(x) normalised to sum to 1 along an axis.
 *
 * @param logits floating dtype, rank at least 1; unnormalised log-probabilities, in nats.
 * @returns the shape and dtype of `logits`.
 * @throws ValueError for a scalar, InvalidArgumentError for an axis outside [-rank, rank).
 * @see TF op Softmax
 * @example const probabilities = tf.nn.softmax(logits); // each row sums to 1
 */
export const softmax = (logits: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  alongAxis(
    'softmax',
    logits,
    options,
    (x, name) => addNode(Softmax, { logits: x }, {}, name).softmax,
  );

/** Logarithm of `softmax`, without its underflow: x - log(sum(exp(x))). @see TF op LogSoftmax */
export const logSoftmax = (logits: TensorLike, options: SoftmaxOptions = {}): Tensor =>
  alongAxis(
    'logSoftmax',
    logits,
    options,
    (x, name) => addNode(LogSoftmax, { logits: x }, {}, name).logsoftmax,
  );
