/** UnsortedSegmentSum: rows added up by segment, as the dense form of sparse gradients needs. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import type { Shape } from '../../graph/shape.js';
import { like, lt } from '../../ir/expr.js';
import { indexDTypes, numberDTypes } from '../data-dtypes.js';
import { placeholders, zeroOf } from '../lowering-steps.js';
import { defineOp, type Check, type Operand, type Result, type ScatterPlan } from '../op-def.js';
import { scalarOf } from '../partial-integers.js';
import { sameDim, withRank, withRankAtLeast, type Fail } from '../shape-checks.js';
import { concatNode, rankNode, shapeNode, stackNode } from '../shape-nodes.js';

function segmentsShape(data: Shape, ids: Shape, count: number | null, fail: Fail): Shape {
  if (count !== null && count < 0) {
    return fail(`Dimension size, given by scalar input 2, must be non-negative but is ${count}`);
  }
  if (data === null || ids === null) return null;
  withRankAtLeast(data, ids.length, fail);
  for (const [axis, dim] of ids.entries()) sameDim(data[axis] ?? null, dim, fail);
  return [count, ...data.slice(ids.length)];
}

/** Each row joins the segment its id names; a negative id drops it, as TensorFlow has it. */
function segmentPlan(data: Operand, ids: Operand, output: Result, check: Check): ScatterPlan {
  const [count = 0] = output.shape;
  const message = `segment_ids${placeholders(ids.shape.length, 1)} = {0} is out of range [0, ${count})`;
  return {
    combine: 'sum',
    slices: ids.shape,
    place: (row) => {
      const id = ids.at(row);
      return [check(id, lt(id, like(id, count)), message, [id, ...row])];
    },
    value: (row, rest) => data.at([...row, ...rest]),
    initial: () => zeroOf(output.type),
  };
}

/** Each row's gradient is its segment's; rows with a negative id were dropped and get zeros. */
function segmentGradient(b: OpBuilder<Tensor>, ids: Tensor, dy: Tensor): Tensor {
  const none = b.op('ZerosLike', [ids], {}, 'zeros_like');
  const clipped = b.op('Maximum', [ids, none]);
  const axis = b.constant(0, 'int32', 'GatherV2/axis');
  const gathered = b.op('GatherV2', [dy, clipped, axis]);
  const zero = b.constant(0, ids.dtype, 'GreaterEqual/y');
  const isKept = b.op('GreaterEqual', [ids, zero]);
  const more = b.op('Sub', [rankNode(b, gathered), rankNode(b, isKept)], {}, 'sub');
  const one = b.constant(1, 'int32', 'ones/Const');
  const tail = b.op('Fill', [stackNode(b, [more], 'ones/packed'), one], {}, 'ones');
  const column = b.op('Reshape', [isKept, concatNode(b, [shapeNode(b, isKept), tail])]);
  const yes = b.constant(1, 'bool', 'ones_like/Const');
  const everywhere = b.op('Fill', [shapeNode(b, gathered), yes], {}, 'ones_like');
  const mask = b.op('LogicalAnd', [column, everywhere], {}, 'and');
  return b.op('SelectV2', [mask, gathered, b.op('ZerosLike', [gathered], {}, 'zeros_like')]);
}

export const UnsortedSegmentSum = defineOp({
  name: 'UnsortedSegmentSum',
  attrs: {
    T: { kind: 'type', allowed: numberDTypes },
    Tindices: { kind: 'type', allowed: indexDTypes },
    Tnumsegments: { kind: 'type', default: 'int32', allowed: indexDTypes },
  },
  inputs: { data: 'T', segment_ids: 'Tindices', num_segments: 'Tnumsegments' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { shapes, fail } = ctx;
    withRank(shapes.num_segments, 0, fail);
    const count = scalarOf(ctx.partial('num_segments'));
    return { output: segmentsShape(shapes.data, shapes.segment_ids, count, fail) };
  },
  grad: ({ b, x, dy }) => ({
    data: segmentGradient(b, x.segment_ids, dy.output),
    segment_ids: null,
    num_segments: null,
  }),
  lower: {
    kind: 'scatter',
    plan: ({ x, y, check }) => segmentPlan(x.data, x.segment_ids, y.output, check),
  },
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
