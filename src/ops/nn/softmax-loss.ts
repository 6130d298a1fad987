/**
 * User functions of softmax cross-entropy: they bring logits of any rank to the matrix the ops
 * want, and the losses back, with the nodes and names of TensorFlow's Python.
 */
import { convertToTensor, addNode, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { ValueError } from '../../errors.js';
import type { DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { elementCount, formatTuple, isStatic, sameShape, type Shape } from '../../graph/shape.js';
import {
  concatNode,
  flatNode,
  rankNode,
  reshapeNode,
  shapeNode,
  stackNode,
  vectorNode,
} from '../shape-nodes.js';
import {
  SoftmaxCrossEntropyWithLogits,
  SparseSoftmaxCrossEntropyWithLogits,
} from './cross-entropy.js';

type Builder = OpBuilder<Tensor>;

export interface CrossEntropyOptions {
  /** Class probabilities in the shape of `logits`; each distribution should sum to 1 (not checked). */
  readonly labels: TensorLike;
  /** Unnormalised log-probabilities, in nats; a floating dtype. */
  readonly logits: TensorLike;
  /** Axis of the classes; the last one by default. */
  readonly axis?: number;
  readonly name?: string;
}

/** 16-bit floats are computed in float32. */
const precise = (b: Builder, x: Tensor): Tensor =>
  x.dtype === 'float16' || x.dtype === 'bfloat16' ? castTo(b, x, 'float32') : x;

const castTo = (b: Builder, x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype ? x : b.op('Cast', [x], { DstT: dtype });

const minusOne = (b: Builder, x: Tensor, name: string): Tensor =>
  b.op('Sub', [x, b.constant(1, 'int32', `${name}/y`)], {}, name);

/** Rows of the last axis as a matrix. */
function flattenOuterDims(b: Builder, x: Tensor): Tensor {
  const lastAxis = minusOne(b, rankNode(b, x), 'Sub');
  const lastDim = b.op('Slice', [
    shapeNode(b, x),
    stackNode(b, [lastAxis], 'Slice/begin'),
    vectorNode(b, [1], 'Slice/size'),
  ]);
  const target = concatNode(b, [vectorNode(b, [-1], 'concat/values_0'), lastDim]);
  const matrix = reshapeNode(b, x, target);
  if (x.shape !== null) {
    const outer = x.shape.slice(0, -1);
    const rows = isStatic(outer) ? elementCount(outer) : null;
    matrix.setShape([rows, x.shape[x.shape.length - 1] ?? null]);
  }
  return matrix;
}

/** Moves `axis` behind the others. */
function moveToEnd(b: Builder, x: Tensor, axis: number): Tensor {
  const before = [...new Array<number>(axis).keys()];
  if (x.shape !== null) {
    const after = [...x.shape.keys()].slice(axis + 1);
    const perm = vectorNode(b, [...before, ...after, axis], 'concat');
    return b.op('Transpose', [x, perm], {}, 'transpose');
  }
  const start = b.constant(axis + 1, 'int32', 'range/start');
  const delta = b.constant(1, 'int32', 'range/delta');
  const after = b.op('Range', [start, rankNode(b, x), delta], {}, 'range');
  const perm = concatNode(b, [
    vectorNode(b, before, 'range'),
    after,
    vectorNode(b, [axis], 'concat/values_2'),
  ]);
  return b.op('Transpose', [x, perm], {}, 'transpose');
}

const crossEntropyOptions = { labels: 'any', logits: 'any', axis: 'int', name: 'string' } as const;

/**
 * Softmax cross-entropy whose gradient flows into both logits and labels.
 *
 * @see softmaxCrossEntropyWithLogits; tf.nn.softmax_cross_entropy_with_logits_v2
 */
export function softmaxCrossEntropyWithLogitsV2(options: CrossEntropyOptions): Tensor {
  checkedOptions('softmaxCrossEntropyWithLogitsV2', options, crossEntropyOptions);
  return withNameScope(options.name, 'softmax_cross_entropy_with_logits', (scope) => {
    const b = graphBuilder();
    const given = convertToTensor(options.logits, { name: 'logits', fallback: 'float32' });
    const labelsGiven = convertToTensor(options.labels, { name: 'labels', fallback: given.dtype });
    let logits = precise(b, given);
    let labels = castTo(b, labelsGiven, logits.dtype);
    const axis = classAxis(options.axis ?? -1, logits);
    if (axis !== -1) {
      logits = moveToEnd(b, logits, axis);
      labels = moveToEnd(b, labels, axis);
    }
    const rank = rankNode(b, logits);
    const shape = shapeNode(b, logits);
    const { loss } = addNode(
      SoftmaxCrossEntropyWithLogits,
      { features: flattenOuterDims(b, logits), labels: flattenOuterDims(b, labels) },
      {},
      scope,
    );
    const outer = b.op('Slice', [
      shape,
      vectorNode(b, [0], 'Slice/begin'),
      stackNode(b, [minusOne(b, rank, 'Sub')], 'Slice/size'),
    ]);
    const cost = reshapeNode(b, loss, outer);
    if (given.shape !== null) {
      const at = axis === -1 ? given.shape.length - 1 : axis;
      cost.setShape(given.shape.filter((_, i) => i !== at));
    }
    return castTo(b, cost, given.dtype);
  });
}

/** The axis counted from the front, or -1 for the last one. */
function classAxis(axis: number, logits: Tensor): number {
  const rank = logits.shape?.length;
  if (axis === -1 || (rank === undefined && axis >= 0)) return axis;
  if (rank === undefined || axis < -rank || axis >= rank)
    throw new ValueError(
      `axis must be in the range [-rank, rank), but is ${axis} for ${logits.toString()}. Use -1 for the last axis.`,
      { node: logits.op.name, op: logits.op.type },
    );
  const from = axis < 0 ? axis + rank : axis;
  return from === rank - 1 ? -1 : from;
}

/**
 * Softmax cross-entropy between logits and one-hot (or soft) labels, per example, so that no finite
 * logit overflows. The gradient flows to `logits` only.
 *
 * @returns the shape of `logits` without the class axis, in nats.
 * @throws ValueError if a known dimension differs.
 * @see TF op SoftmaxCrossEntropyWithLogits; tf.nn.softmax_cross_entropy_with_logits;
 *   Goodfellow et al. 2016, section 6.2.2.3.
 * @example
 * const loss = tf.nn.softmaxCrossEntropyWithLogits({ labels, logits }); // float32 [32]
 */
export function softmaxCrossEntropyWithLogits(options: CrossEntropyOptions): Tensor {
  checkedOptions('softmaxCrossEntropyWithLogits', options, crossEntropyOptions);
  return withNameScope(options.name, 'softmax_cross_entropy_with_logits_sg', (scope) => {
    const b = graphBuilder();
    const labels = convertToTensor(options.labels, { name: 'labels', fallback: 'float32' });
    const fixed = b.op('StopGradient', [labels], {}, 'labels_stop_gradient');
    return softmaxCrossEntropyWithLogitsV2({ ...options, labels: fixed, name: scope });
  });
}

export interface SparseCrossEntropyOptions {
  /** int32 or int64 class numbers in [0, classes), in the shape of `logits` without its last axis. */
  readonly labels: TensorLike;
  /** Unnormalised log-probabilities `[..., classes]`, in nats; a floating dtype. */
  readonly logits: TensorLike;
  readonly name?: string;
}

/**
 * Softmax cross-entropy between logits and class numbers, per example. A label outside
 * [0, classes) fails the run on the CPU with InvalidArgumentError; on the GPU it gives NaN, for the
 * loss and for the gradient of its row.
 *
 * @returns the shape of `labels` in the dtype of `logits`, in nats.
 * @throws ValueError if the shapes of labels and logits do not go together.
 * @see TF op SparseSoftmaxCrossEntropyWithLogits
 * @example
 * const labels = tf.placeholder('int32', [null]);
 * const loss = tf.reduceMean(tf.nn.sparseSoftmaxCrossEntropyWithLogits({ labels, logits }));
 */
export function sparseSoftmaxCrossEntropyWithLogits(options: SparseCrossEntropyOptions): Tensor {
  checkedOptions('sparseSoftmaxCrossEntropyWithLogits', options, {
    labels: 'any',
    logits: 'any',
    name: 'string',
  });
  return withNameScope(options.name, 'SparseSoftmaxCrossEntropyWithLogits', () => {
    const b = graphBuilder();
    const labels = convertToTensor(options.labels, { fallback: 'int32' });
    const given = convertToTensor(options.logits, { fallback: 'float32' });
    const logits = given.dtype === 'float16' ? castTo(b, given, 'float32') : given;
    checkSparseShapes(labels, given);
    if (logits.shape?.length === 2) return castTo(b, sparseLoss(logits, labels), given.dtype);
    const labelsShape = shapeNode(b, labels);
    const matrix = stackNode(
      b,
      [b.constant(-1, 'int32', 'Reshape/shape/0'), lastDim(b, logits)],
      'Reshape/shape',
    );
    const cost = reshapeNode(
      b,
      sparseLoss(reshapeNode(b, logits, matrix), flatNode(b, labels)),
      labelsShape,
    );
    cost.setShape(labels.shape);
    return castTo(b, cost, given.dtype);
  });
}

const sparseLoss = (features: Tensor, labels: Tensor): Tensor =>
  addNode(SparseSoftmaxCrossEntropyWithLogits, { features, labels }, {}).loss;

/** Length of the last axis, as a scalar. */
function lastDim(b: Builder, x: Tensor): Tensor {
  const shape = shapeNode(b, x);
  const axis = minusOne(b, rankNode(b, x), 'sub');
  const next = b.op('AddV2', [axis, b.constant(1, 'int32', 'add/y')], {}, 'add');
  return b.op(
    'StridedSlice',
    [
      shape,
      stackNode(b, [axis], 'strided_slice/stack'),
      stackNode(b, [next], 'strided_slice/stack_1'),
      vectorNode(b, [1], 'strided_slice/stack_2'),
    ],
    { shrink_axis_mask: 1 },
    'strided_slice',
  );
}

function checkSparseShapes(labels: Tensor, logits: Tensor): void {
  const context = { node: logits.op.name, op: logits.op.type };
  if (logits.shape === null) return;
  if (logits.shape.length === 0)
    throw new ValueError(
      `logits cannot be a scalar. Received ${logits.toString()}; give it a class axis.`,
      context,
    );
  if (labels.shape === null) return;
  const outer: Shape = logits.shape.slice(0, -1);
  const rule = `Received labels of shape ${formatTuple(labels.shape)} and logits of shape ${formatTuple(logits.shape)}.`;
  if (labels.shape.length !== outer.length)
    throw new ValueError(
      `labels.shape.rank must equal logits.shape.rank - 1. ${rule} One-hot labels go to softmaxCrossEntropyWithLogits.`,
      context,
    );
  if (isStatic(labels.shape) && isStatic(outer) && !sameShape(labels.shape, outer))
    throw new ValueError(
      `labels.shape must equal logits.shape except for the last dimension. ${rule}`,
      context,
    );
}
