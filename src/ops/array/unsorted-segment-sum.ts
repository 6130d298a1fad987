/** UnsortedSegmentSum: rows added up by segment, as the dense form of sparse gradients needs. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import { zeroOf } from '../lowering-steps.js';
import { defineOp } from '../op-def.js';
import { inferUnsorted, segmentPlan, segmentRows, unsortedSums } from './segments.js';

export const UnsortedSegmentSum = defineOp({
  name: 'UnsortedSegmentSum',
  ...unsortedSums,
  infer: inferUnsorted,
  grad: ({ b, x, dy }) => ({
    data: segmentRows(b, x.segment_ids, dy.output).rows,
    segment_ids: null,
    num_segments: null,
  }),
  lower: { kind: 'scatter', plan: (ctx) => segmentPlan('sum', ({ type }) => zeroOf(type), ctx) },
});

/**
 * Rows of `data` added up by segment: output[i] is the sum of the rows with segment id i.
 *
 * @param segmentIds integers whose shape is a prefix of that of `data`; rows with negative ids are
 *   dropped. An id of `numSegments` or more fails the run on the CPU with InvalidArgumentError, and
 *   is dropped on the GPU, where many rows are added in no certain order.
 * @returns `[numSegments, ...rest of data]`; a segment without rows is 0.
 * @throws InvalidArgumentError if the shapes do not fit, or `numSegments` is negative.
 * @see TF op UnsortedSegmentSum; tf.unsorted_segment_sum
 * @example tf.unsortedSegmentSum([1, 2, 3], [0, 1, 0], 2); // [4, 2]
 */
export const unsortedSegmentSum = (
  data: TensorLike,
  segmentIds: TensorLike,
  numSegments: TensorLike,
  name?: string,
): Tensor =>
  addNode(
    UnsortedSegmentSum,
    { data, segment_ids: segmentIds, num_segments: numSegments },
    {},
    name,
  ).output;
