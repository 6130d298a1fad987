/** Weighting and reducing of per-example losses, and the graph's collection of losses. */
import { checkedTensor, convertToTensor, type TensorLike } from '../graph/add-node.js';
import { graphBuilder, withNameScope } from '../graph/builder.js';
import { DTypeError, ValueError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { checkedGraph, collections, getDefaultGraph, type Graph } from '../graph/graph.js';
import type { OpBuilder } from '../graph/op-schema.js';
import { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import {
  broadcastShapes,
  elementCount,
  formatShape,
  isStatic,
  type Shape,
} from '../graph/shape.js';

/**
 * How losses become the result: `none` leaves them as they are; the others divide their sum by
 * nothing, by the sum of the weights, by the number of losses, or by the number of losses whose
 * weight is not 0.
 */
export type Reduction =
  'none' | 'sum' | 'meanOfWeights' | 'sumOverBatchSize' | 'sumByNonzeroWeights';

export interface LossOptions {
  /** A number, or a tensor that broadcasts to the losses. 1 by default. */
  readonly weights?: TensorLike;
  /** `sumByNonzeroWeights` by default. */
  readonly reduction?: Reduction;
  /** Collection the result joins, `losses` by default; null for none. */
  readonly lossCollection?: string | null;
  /** Name scope of the loss's ops. */
  readonly scope?: string;
}

const reductions: readonly Reduction[] = [
  'none',
  'sum',
  'meanOfWeights',
  'sumOverBatchSize',
  'sumByNonzeroWeights',
];

export const lossOptions = {
  weights: 'any',
  reduction: 'string',
  lossCollection: 'string?',
  scope: 'string',
} as const;

/** Adds a loss to a collection, to be summed by `getTotalLoss`. @see tf.losses.add_loss */
export function addLoss(loss: Tensor, collection: string | null = collections.losses): void {
  checkedTensor('addLoss', 'loss', loss);
  if (collection !== null && typeof (collection as unknown) !== 'string')
    throw new DTypeError(
      `addLoss: Expected string for argument 'collection' not ${describeValue(collection)}.`,
    );
  if (collection !== null) getDefaultGraph().addToCollection(collection, loss);
}

/** The losses added so far. @see tf.losses.get_losses */
export const getLosses = (
  collection: string = collections.losses,
  graph: Graph = getDefaultGraph(),
): Tensor[] =>
  checkedGraph('getLosses', graph)
    .getCollection(collection)
    .filter((item) => item instanceof Tensor);

/**
 * Sum of all losses added so far (and of the regularization losses).
 *
 * @throws ValueError if no loss was added, or one is not a scalar.
 * @see tf.losses.get_total_loss
 * @example const train = new tf.train.AdamOptimizer().minimize(tf.losses.getTotalLoss());
 */
export function getTotalLoss(
  options: { readonly addRegularizationLosses?: boolean; readonly name?: string } = {},
): Tensor {
  const { addRegularizationLosses = true, name = 'total_loss' } = checkedOptions(
    'getTotalLoss',
    options,
    { addRegularizationLosses: 'bool', name: 'string' },
  );
  const losses = [
    ...getLosses(),
    ...(addRegularizationLosses ? getLosses(collections.regularizationLosses) : []),
  ];
  const [first] = losses;
  if (first === undefined)
    throw new ValueError('No losses were added: call a loss function, or addLoss.');
  for (const loss of losses)
    if (loss.shape !== null && loss.shape.length !== 0)
      throw new ValueError(`${loss} is not a scalar; reduce it before addLoss.`, {
        node: loss.op.name,
        op: loss.op.type,
      });
  return losses.length === 1
    ? graphBuilder().op('Identity', [first], {}, name)
    : graphBuilder().op('AddN', [losses], {}, name);
}

/** Sum over all axes. */
function total(b: OpBuilder<Tensor>, x: Tensor, name: string): Tensor {
  const { shape } = x;
  const axes =
    shape === null
      ? b.op(
          'Range',
          [
            b.constant(0, 'int32', 'range/start'),
            b.op('Rank', [x]),
            b.constant(1, 'int32', 'range/delta'),
          ],
          {},
          'range',
        )
      : b.constant(
          { dtype: 'int32', shape: [shape.length], data: Int32Array.from(shape.keys()) },
          'int32',
          'Const',
        );
  return b.op('Sum', [x, axes], {}, name);
}

/** Number of elements, as a scalar of the losses' dtype. */
function count(b: OpBuilder<Tensor>, losses: Tensor): Tensor {
  if (isStatic(losses.shape))
    return b.constant(elementCount(losses.shape), losses.dtype, 'num_elements');
  return b.op('Cast', [b.op('Size', [losses])], { DstT: losses.dtype }, 'num_elements');
}

function checkBroadcast(weights: Tensor, losses: Shape): void {
  const both = broadcastShapes(weights.shape, losses);
  const grows =
    both !== null && losses !== null && both !== undefined && both.length > losses.length;
  if (both === undefined || grows)
    throw new ValueError(
      `weights can not be broadcast to values. values shape: ${formatShape(losses)}, weights shape: ${formatShape(weights.shape)}. Give one weight, or one per loss.`,
      { node: weights.op.name, op: weights.op.type },
    );
}

/** Losses under their weights: the weighted values, and the tensors divisors come from. */
function weighted(
  b: OpBuilder<Tensor>,
  losses: Tensor,
  weights: TensorLike | undefined,
): { readonly values: Tensor; readonly weights: Tensor | null } {
  if (weights === undefined || weights === 1) return { values: losses, weights: null };
  const tensor = convertToTensor(weights, { fallback: losses.dtype, name: 'weights' });
  const same =
    tensor.dtype === losses.dtype ? tensor : b.op('Cast', [tensor], { DstT: losses.dtype });
  checkBroadcast(same, losses.shape);
  return { values: b.op('Mul', [losses, same]), weights: same };
}

/** Weights (or which of them are not 0) repeated for every loss, summed. */
function present(b: OpBuilder<Tensor>, losses: Tensor, weights: Tensor, nonzero: boolean): Tensor {
  const mask = nonzero
    ? b.op('Cast', [b.op('NotEqual', [weights, b.constant(0, weights.dtype, 'NotEqual/y')])], {
        DstT: losses.dtype,
      })
    : weights;
  const each = b.op(
    'Mul',
    [mask, b.op('OnesLike', [losses], {}, 'ones_like')],
    {},
    'broadcast_weights',
  );
  return total(b, each, 'num_present');
}

/**
 * Per-example losses weighted and reduced; the result joins the graph's losses.
 *
 * @returns a scalar, or with reduction `none` the weighted losses; 0 where the divisor is 0.
 * @throws ValueError if the weights do not broadcast to the losses.
 * @see tf.losses.compute_weighted_loss
 */
export function computeWeightedLoss(losses: TensorLike, options: LossOptions = {}): Tensor {
  const { reduction = 'sumByNonzeroWeights', lossCollection = collections.losses } = checkedOptions(
    'computeWeightedLoss',
    options,
    lossOptions,
  );
  if (!reductions.includes(reduction))
    throw new ValueError(
      `Invalid Reduction Key ${describeValue(reduction)}. Use one of ${reductions.join(', ')}.`,
    );
  const result = withNameScope(options.scope, 'weighted_loss', () =>
    reduced(
      graphBuilder(),
      convertToTensor(losses, { fallback: 'float32', name: 'losses' }),
      options.weights,
      reduction,
    ),
  );
  addLoss(result, lossCollection);
  return result;
}

function reduced(
  b: OpBuilder<Tensor>,
  losses: Tensor,
  given: TensorLike | undefined,
  reduction: Reduction,
): Tensor {
  const { values, weights } = weighted(b, losses, given);
  if (reduction === 'none') return values;
  if (reduction === 'sum') return total(b, values, 'value');
  const sum = total(b, values, 'Sum');
  const divisor =
    weights === null || reduction === 'sumOverBatchSize'
      ? count(b, losses)
      : present(b, losses, weights, reduction === 'sumByNonzeroWeights');
  return b.op('DivNoNan', [sum, divisor], {}, 'value');
}
