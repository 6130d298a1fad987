/** Maxima, minima and products of rows by segment, ids in any order; sums are beside. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { constant } from '../../ir/expr.js';
import { highestOf, lowestOf } from '../limits.js';
import { defineOp } from '../op-def.js';
import {
  extremeGradient,
  inferUnsorted,
  productGradient,
  segmentPlan,
  segmentRows,
  unsortedSegments,
  type Segments,
} from './segments.js';

interface Ids {
  readonly segment_ids: Tensor;
  readonly num_segments: Tensor;
}

const segmentsOf = (
  b: OpBuilder<Tensor>,
  { segment_ids: ids, num_segments: count }: Ids,
): Segments => ({
  sum: (rows) => b.op('UnsortedSegmentSum', [rows, ids, count]),
  prod: (rows) => b.op('UnsortedSegmentProd', [rows, ids, count]),
  rowsOf: (segments) => segmentRows(b, ids, segments),
});

/** UnsortedSegmentMax or Min. An empty segment has the dtype's own lowest or highest value. */
const unsortedExtreme = (name: 'UnsortedSegmentMax' | 'UnsortedSegmentMin') => {
  const [combine, startOf] =
    name === 'UnsortedSegmentMax' ? (['max', lowestOf] as const) : (['min', highestOf] as const);
  return defineOp({
    name,
    ...unsortedSegments,
    infer: inferUnsorted,
    grad: ({ b, x, y, dy }) => {
      const nodes = { data: x.data, output: y.output, dy: dy.output };
      const data = extremeGradient(b, nodes, segmentsOf(b, x));
      return { data, segment_ids: null, num_segments: null };
    },
    lower: {
      kind: 'scatter',
      plan: (ctx) => segmentPlan(combine, ({ dtype, type }) => startOf(dtype, type), ctx),
    },
  });
};

export const UnsortedSegmentMax = unsortedExtreme('UnsortedSegmentMax');
export const UnsortedSegmentMin = unsortedExtreme('UnsortedSegmentMin');

export const UnsortedSegmentProd = defineOp({
  name: 'UnsortedSegmentProd',
  ...unsortedSegments,
  infer: inferUnsorted,
  grad: ({ b, x, y, dy }) => {
    const nodes = { data: x.data, output: y.output, dy: dy.output };
    const data = productGradient(b, nodes, segmentsOf(b, x));
    return { data, segment_ids: null, num_segments: null };
  },
  lower: {
    kind: 'scatter',
    plan: (ctx) => segmentPlan('prod', ({ type }) => constant(type, 1), ctx),
  },
});

type UnsortedSegment = (
  data: TensorLike,
  segmentIds: TensorLike,
  numSegments: TensorLike,
  name?: string,
) => Tensor;

const unsortedFunction =
  (def: typeof UnsortedSegmentMax): UnsortedSegment =>
  (data, segmentIds, numSegments, name) =>
    addNode(def, { data, segment_ids: segmentIds, num_segments: numSegments }, {}, name).output;

/**
 * Largest of the rows of each segment, element by element: output[i] of those with segment id i.
 *
 * @param segmentIds integers whose shape is a prefix of that of `data`; rows with negative ids are
 *   dropped. An id of `numSegments` or more fails the run on the CPU with InvalidArgumentError, and
 *   is dropped on the GPU.
 * @returns `[numSegments, ...rest of data]`; a segment without rows has the dtype's lowest value. NaN
 *   wins.
 * @throws InvalidArgumentError if the shapes do not fit, or `numSegments` is negative.
 * @see TF op UnsortedSegmentMax; tf.unsorted_segment_max
 * @example tf.unsortedSegmentMax([1, 2, 3], [0, 1, 0], 2); // [3, 2]
 */
export const unsortedSegmentMax: UnsortedSegment = unsortedFunction(UnsortedSegmentMax);

/**
 * Smallest of the rows of each segment, as `unsortedSegmentMax`; a segment without rows has the
 * dtype's highest value.
 *
 * @see TF op UnsortedSegmentMin; tf.unsorted_segment_min
 * @example tf.unsortedSegmentMin([1, 2, 3], [0, 1, 0], 2); // [1, 2]
 */
export const unsortedSegmentMin: UnsortedSegment = unsortedFunction(UnsortedSegmentMin);

/**
 * Product of the rows of each segment, as `unsortedSegmentMax`; a segment without rows is 1.
 *
 * @see TF op UnsortedSegmentProd; tf.unsorted_segment_prod
 * @example tf.unsortedSegmentProd([1, 2, 3], [0, 1, 0], 2); // [3, 2]
 */
export const unsortedSegmentProd: UnsortedSegment = unsortedFunction(UnsortedSegmentProd);
