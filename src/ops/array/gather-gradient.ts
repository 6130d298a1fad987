/**
 * Gradient of gathering: slices of the incoming gradient added up by index with UnsortedSegmentSum,
 * which is what TensorFlow's IndexedSlices become when they are made dense.
 */
import { InvalidArgumentError } from '../../errors.js';
import { constantValue } from '../../graph/constant-value.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { integersOf } from '../integers.js';
import { axisFromFront } from '../partial-integers.js';
import {
  concatNode,
  flatNode,
  indexDTypeOf,
  itemOfVector,
  rangeOfVector,
  reshapeNode,
  shapeNode,
  sizeNode,
  vectorNode,
} from '../shape-nodes.js';

const segmentSum = (b: OpBuilder<Tensor>, values: Tensor, indices: Tensor, count: Tensor): Tensor =>
  b.op('UnsortedSegmentSum', [values, indices, count]);

/** Along axis 0, without batches; ranks need not be known. */
export function firstAxisGradient(
  b: OpBuilder<Tensor>,
  params: Tensor,
  indices: Tensor,
  dy: Tensor,
): Tensor {
  const shape = shapeNode(b, params);
  const zero = b.constant(0, 'int32', 'ExpandDims/dim');
  const count = b.op('ExpandDims', [sizeNode(b, indices), zero]);
  const valuesShape = concatNode(b, [count, rangeOfVector(b, shape, 1)]);
  const values = reshapeNode(b, dy, valuesShape);
  return segmentSum(b, values, reshapeNode(b, indices, count), itemOfVector(b, shape, 0));
}

/** Indices into the batches laid end to end: each batch's moved on by its offset. */
function flatBatchIndices(
  b: OpBuilder<Tensor>,
  indices: Tensor,
  batchSize: Tensor,
  extent: Tensor,
  batchDims: number,
): Tensor {
  const dtype = indexDTypeOf(indices.dtype);
  const start = b.constant(0, 'int32', 'range/start');
  const step = b.constant(1, 'int32', 'range/delta');
  const batches = b.op('Range', [start, batchSize, step], {}, 'range');
  const offsets = b.op('Mul', [batches, extent], {}, 'mul');
  const within = vectorNode(b, new Array<number>((indices.shape?.length ?? 0) - batchDims).fill(1));
  const outer = rangeOfVector(b, shapeNode(b, indices), 0, batchDims);
  const column = reshapeNode(b, offsets, concatNode(b, [outer, within]));
  const same = dtype === 'int32' ? column : b.op('Cast', [column], { DstT: dtype });
  return b.op('AddV2', [indices, same], {}, 'add');
}

/** Segments of all batches at once, with the axes of the batches put back in front. */
function sumOfBatches(b: OpBuilder<Tensor>, moved: Tensor, nodes: BatchNodes): Tensor {
  const { shape, indices, extent, batchDims } = nodes;
  const inner = rangeOfVector(b, shapeNode(b, moved), batchDims + 1);
  const open = vectorNode(b, [-1], 'concat/values_0');
  const flatShape = concatNode(b, [open, inner]);
  const batches = rangeOfVector(b, shape, 0, batchDims);
  const axes = vectorNode(b, [0], 'Prod/reduction_indices');
  const batchSize = b.op('Prod', [batches, axes], { keep_dims: false });
  const flat = flatBatchIndices(b, indices, batchSize, extent, batchDims);
  const count = b.op('Mul', [extent, batchSize], {}, 'mul');
  const sums = segmentSum(b, reshapeNode(b, moved, flatShape), flatNode(b, flat), count);
  return reshapeNode(b, sums, concatNode(b, [batches, flatShape]));
}

interface BatchNodes {
  readonly shape: Tensor;
  readonly indices: Tensor;
  readonly extent: Tensor;
  readonly batchDims: number;
}

/** Along any known axis: it moves to the front (behind the batches), is summed, and moves back. */
function anyAxisGradient(
  b: OpBuilder<Tensor>,
  { params, indices, dy }: GatherNodes,
  axis: number,
  batchDims: number,
): Tensor {
  const axes = Array.from({ length: params.shape?.length ?? 0 }, (_, i) => i);
  const shape = shapeNode(b, params);
  const outer = rangeOfVector(b, shape, 0, axis);
  const inner = rangeOfVector(b, shape, axis + 1);
  const open = vectorNode(b, [-1], 'concat/values_1');
  const values = reshapeNode(b, dy, concatNode(b, [outer, open, inner]));
  const perm = [
    ...axes.slice(0, batchDims),
    axis,
    ...axes.slice(batchDims, axis),
    ...axes.slice(axis + 1),
  ];
  const moved = transposeNode(b, values, perm);
  const extent = itemOfVector(b, shape, axis);
  const sums =
    batchDims === 0
      ? segmentSum(b, moved, flatNode(b, indices), extent)
      : sumOfBatches(b, moved, { shape, indices, extent, batchDims });
  const back = perm.map((_, i) => perm.indexOf(i));
  return reshapeNode(b, transposeNode(b, sums, back), shapeNode(b, params));
}

const transposeNode = (b: OpBuilder<Tensor>, x: Tensor, perm: readonly number[]): Tensor =>
  b.op('Transpose', [x, vectorNode(b, perm, 'transpose/perm')], {}, 'transpose');

export interface GatherNodes {
  readonly params: Tensor;
  readonly indices: Tensor;
  readonly axis: Tensor;
  readonly batch: number;
  readonly dy: Tensor;
}

export function gatherGradient(b: OpBuilder<Tensor>, nodes: GatherNodes): Tensor {
  const { params, indices, batch, dy } = nodes;
  const known = constantValue(nodes.axis);
  const axis = known === null ? null : (integersOf(known)[0] ?? 0);
  if (axis === 0 && batch === 0) return firstAxisGradient(b, params, indices, dy);
  if (axis === null || params.shape === null || indices.shape === null) {
    throw new InvalidArgumentError(
      `GatherV2: its gradient along an axis other than 0 needs a constant axis and known ranks, but ` +
        `params is ${params.toString()}, indices ${indices.toString()}. Use setShape or a constant axis.`,
    );
  }
  const front = axisFromFront(axis, params.shape.length) ?? 0;
  const batchDims = batch < 0 ? batch + indices.shape.length : batch;
  return anyAxisGradient(b, nodes, front, batchDims);
}
