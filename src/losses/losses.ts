/** Loss functions: per-example losses, weighted, reduced and collected (tf.losses). */
import { convertToTensor, type TensorLike } from '../graph/add-node.js';
import { graphBuilder, withNameScope } from '../graph/builder.js';
import { ValueError } from '../errors.js';
import type { DType } from '../graph/dtype.js';
import type { OpBuilder } from '../graph/op-schema.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { formatTuple, isCompatible } from '../graph/shape.js';
import {
  softmaxCrossEntropyWithLogits,
  sparseSoftmaxCrossEntropyWithLogits,
} from '../ops/nn/softmax-loss.js';
import { computeWeightedLoss, lossOptions, type LossOptions } from './reduction.js';

export {
  addLoss,
  computeWeightedLoss,
  getLosses,
  getTotalLoss,
  type LossOptions,
  type Reduction,
} from './reduction.js';

const castTo = (b: OpBuilder<Tensor>, x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype ? x : b.op('Cast', [x], { DstT: dtype });

function checkSameShape(a: Tensor, b: Tensor, what: string): void {
  if (!isCompatible(a.shape, b.shape))
    throw new ValueError(
      `${what}: Shapes ${formatTuple(a.shape)} and ${formatTuple(b.shape)} are incompatible (${a} and ${b}).`,
      { node: a.op.name, op: a.op.type },
    );
}

/** Float tensors of labels and predictions, of one shape. */
function pair(
  b: OpBuilder<Tensor>,
  labels: TensorLike,
  predictions: TensorLike,
  what: string,
): { readonly labels: Tensor; readonly predictions: Tensor } {
  const x = convertToTensor(predictions, { fallback: 'float32', name: 'predictions' });
  const y = castTo(b, convertToTensor(labels, { fallback: x.dtype, name: 'labels' }), x.dtype);
  checkSameShape(x, y, what);
  return { labels: y, predictions: x };
}

/**
 * Mean of (prediction - label)^2.
 *
 * @param labels and predictions have one shape.
 * @returns a scalar of the predictions' dtype, in their unit squared.
 * @throws ValueError if the shapes contradict.
 * @see tf.losses.mean_squared_error
 * @example const loss = tf.losses.meanSquaredError(y, model(x));
 */
export function meanSquaredError(
  labels: TensorLike,
  predictions: TensorLike,
  options: LossOptions = {},
): Tensor {
  checkedOptions('meanSquaredError', options, lossOptions);
  return withNameScope(options.scope, 'mean_squared_error', (scope) => {
    const b = graphBuilder();
    const { labels: y, predictions: x } = pair(b, labels, predictions, 'meanSquaredError');
    return computeWeightedLoss(b.op('SquaredDifference', [x, y]), { ...options, scope });
  });
}

/**
 * Mean of |prediction - label|.
 *
 * @throws ValueError if the shapes contradict.
 * @see tf.losses.absolute_difference
 */
export function absoluteDifference(
  labels: TensorLike,
  predictions: TensorLike,
  options: LossOptions = {},
): Tensor {
  checkedOptions('absoluteDifference', options, lossOptions);
  return withNameScope(options.scope, 'absolute_difference', (scope) => {
    const b = graphBuilder();
    const { labels: y, predictions: x } = pair(b, labels, predictions, 'absoluteDifference');
    const losses = b.op('Abs', [b.op('Sub', [x, y])]);
    return computeWeightedLoss(losses, { ...options, scope });
  });
}

export interface SoftmaxLossOptions extends LossOptions {
  /** Moves this share of each label evenly to all classes. */
  readonly labelSmoothing?: number;
}

/**
 * Softmax cross-entropy with one-hot labels.
 *
 * @param onehotLabels `[batch, classes]` probabilities.
 * @param logits       `[batch, classes]` unnormalised log-probabilities, in nats.
 * @returns a scalar, in nats: the mean over the batch.
 * @throws ValueError if the shapes contradict, or the number of classes is unknown under smoothing.
 * @see tf.losses.softmax_cross_entropy
 * @example const loss = tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 10), logits);
 */
export function softmaxCrossEntropy(
  onehotLabels: TensorLike,
  logits: TensorLike,
  options: SoftmaxLossOptions = {},
): Tensor {
  const { labelSmoothing = 0, ...rest } = checkedOptions('softmaxCrossEntropy', options, {
    ...lossOptions,
    labelSmoothing: 'number',
  });
  return withNameScope(options.scope, 'softmax_cross_entropy_loss', (scope) => {
    const b = graphBuilder();
    const x = convertToTensor(logits, { fallback: 'float32', name: 'logits' });
    const given = convertToTensor(onehotLabels, { fallback: x.dtype, name: 'labels' });
    const labels = smoothed(b, castTo(b, given, x.dtype), labelSmoothing);
    checkSameShape(x, labels, 'softmaxCrossEntropy');
    const losses = softmaxCrossEntropyWithLogits({ labels, logits: x, name: 'xentropy' });
    return computeWeightedLoss(losses, { ...rest, scope });
  });
}

/** labels * (1 - share) + share / classes. */
function smoothed(b: OpBuilder<Tensor>, labels: Tensor, share: number): Tensor {
  if (share === 0) return labels;
  const classes = labels.shape?.[labels.shape.length - 1] ?? null;
  if (classes === null)
    throw new ValueError('labelSmoothing needs labels with a known number of classes.', {
      node: labels.op.name,
      op: labels.op.type,
    });
  const kept = b.op('Mul', [labels, b.constant(1 - share, labels.dtype, 'mul/y')], {}, 'mul');
  return b.op('AddV2', [kept, b.constant(share / classes, labels.dtype, 'add/y')], {}, 'add');
}

/**
 * Softmax cross-entropy with class numbers.
 *
 * @param labels int32 or int64 `[batch]`, class numbers in [0, classes).
 * @param logits `[batch, classes]` unnormalised log-probabilities, in nats.
 * @returns a scalar, in nats: the mean over the batch.
 * @throws ValueError if the shapes do not go together.
 * @see tf.losses.sparse_softmax_cross_entropy
 * @example const loss = tf.losses.sparseSoftmaxCrossEntropy(labels, logits);
 */
export function sparseSoftmaxCrossEntropy(
  labels: TensorLike,
  logits: TensorLike,
  options: LossOptions = {},
): Tensor {
  checkedOptions('sparseSoftmaxCrossEntropy', options, lossOptions);
  return withNameScope(options.scope, 'sparse_softmax_cross_entropy_loss', (scope) => {
    const losses = sparseSoftmaxCrossEntropyWithLogits({ labels, logits, name: 'xentropy' });
    return computeWeightedLoss(losses, { ...options, scope });
  });
}
