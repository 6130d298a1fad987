/**
 * Segment ops whose ids are sorted: the last id says how many segments there are, so ids must be
 * known before the kernels run. Each becomes its unsorted like.
 */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { isFloating, type NdArray } from '../../graph/dtype.js';
import type { DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import type { Shape } from '../../graph/shape.js';
import { indexDTypes, numberDTypes, realDTypes } from '../data-dtypes.js';
import { constantIntegers } from '../lowering-steps.js';
import { defineOp, type Operand, type Part, type Result } from '../op-def.js';
import type { PartialIntegers } from '../partial-integers.js';
import { sameDim, withRank, withRankAtLeast, type Fail } from '../shape-checks.js';
import { concatNode, rankNode, shapeNode, stackNode } from '../shape-nodes.js';
import { extremeGradient, productGradient, type Segments } from './segments.js';

const signature = {
  attrs: {
    T: { kind: 'type', allowed: numberDTypes as readonly DType[] },
    Tindices: { kind: 'type', allowed: indexDTypes },
  },
  inputs: { data: 'T', segment_ids: 'Tindices' },
  outputs: { output: 'T' },
} as const;
/** Of ops that need an order, or multiply. */
const realSignature = {
  ...signature,
  attrs: { ...signature.attrs, T: { kind: 'type', allowed: realDTypes as readonly DType[] } },
} as const;

/** One segment more than the last id says, where that is known. */
function infer(ctx: {
  readonly shapes: Readonly<Record<'data' | 'segment_ids', Shape>>;
  readonly partial: (input: 'segment_ids') => PartialIntegers;
  readonly fail: Fail;
}): { readonly output: Shape } {
  const { shapes, fail } = ctx;
  const [rows = null] = withRank(shapes.segment_ids, 1, fail);
  const data = withRankAtLeast(shapes.data, 1, fail);
  if (data !== null) sameDim(data[0] ?? null, rows, fail);
  const last = ctx.partial('segment_ids')?.at(-1) ?? null;
  const count = rows === 0 ? 0 : last === null ? null : last + 1;
  if (count !== null && count < 0) fail('segment ids must be >= 0');
  return { output: data === null ? null : [count, ...data.slice(1)] };
}

interface SegmentContext {
  readonly x: { readonly data: Operand; readonly segment_ids: Operand };
  readonly y: { readonly output: Result };
  readonly fail: Fail;
}

/** How many rows each segment has. */
function rowCounts({ x, y, fail }: SegmentContext): number[] {
  const counts = new Array<number>(y.output.shape[0] ?? 0).fill(0);
  let before = 0;
  for (const id of constantIntegers(x.segment_ids, 'segment_ids', fail)) {
    if (id < 0) fail('segment ids must be >= 0');
    if (id < before) fail('segment ids are not increasing');
    before = id;
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

type Parts = Readonly<Record<'data' | 'segment_ids', Part>>;

const unsorted = (b: OpBuilder<Part>, type: string, x: Parts, counts: readonly number[]): Part =>
  b.op(type, [x.data, x.segment_ids, b.constant(counts.length, 'int32')]);

/** A number per segment, to go with the segments' own elements. */
const column = (
  ctx: SegmentContext,
  values: readonly number[],
  dtype: 'int32' | 'bool',
): NdArray => {
  const shape = [values.length, ...ctx.y.output.shape.slice(1).map(() => 1)];
  return dtype === 'int32'
    ? { dtype, shape, data: Int32Array.from(values) }
    : { dtype, shape, data: Uint8Array.from(values) };
};

/** Segments without rows are 0, not what a maximum of nothing is. */
function extremes(b: OpBuilder<Part>, type: string, x: Parts, ctx: SegmentContext): Part[] {
  const counts = rowCounts(ctx);
  const found = unsorted(b, type, x, counts);
  if (counts.every((count) => count > 0)) return [found];
  const hasRows = b.constant(
    column(
      ctx,
      counts.map((count) => Math.sign(count)),
      'bool',
    ),
  );
  return [b.op('SelectV2', [hasRows, found, b.op('ZerosLike', [found])])];
}

function means(b: OpBuilder<Part>, x: Parts, ctx: SegmentContext): Part[] {
  const counts = rowCounts(ctx);
  const sums = unsorted(b, 'UnsortedSegmentSum', x, counts);
  const { dtype } = ctx.y.output;
  const atLeastOne = column(
    ctx,
    counts.map((count) => Math.max(count, 1)),
    'int32',
  );
  const divisor = b.op('Cast', [b.constant(atLeastOne)], { DstT: dtype });
  return [b.op(isFloating(dtype) ? 'RealDiv' : 'TruncateDiv', [sums, divisor])];
}

type Builder = OpBuilder<Tensor>;

const rowsOf = (b: Builder, ids: Tensor, segments: Tensor): Tensor =>
  b.op('GatherV2', [segments, ids, b.constant(0, 'int32', 'GatherV2/axis')]);

const segmentsOf = (b: Builder, ids: Tensor): Segments => ({
  sum: (rows) => b.op('SegmentSum', [rows, ids]),
  prod: (rows) => b.op('SegmentProd', [rows, ids]),
  rowsOf: (segments) => {
    const rows = rowsOf(b, ids, segments);
    const yes = b.constant(1, 'bool', 'ones_like/Const');
    return { rows, isKept: b.op('Fill', [shapeNode(b, rows), yes], {}, 'ones_like') };
  },
});

/** Each row's share of its segment's gradient. */
function meanGradient(b: Builder, data: Tensor, ids: Tensor, dy: Tensor): Tensor {
  const one = b.constant(1, 'int32', 'sub/y');
  const more = b.op('Sub', [rankNode(b, data), one], {}, 'sub');
  const length = stackNode(b, [more], 'ones/packed');
  const tail = b.op('Fill', [length, b.constant(1, 'int32', 'ones/Const')], {}, 'ones');
  const shape = concatNode(b, [shapeNode(b, ids), tail]);
  const ones = b.op('Fill', [shape, b.constant(1, dy.dtype, 'Fill/value')]);
  const scaled = b.op('RealDiv', [dy, b.op('SegmentSum', [ones, ids])], {}, 'truediv');
  return rowsOf(b, ids, scaled);
}

export const SegmentSum = defineOp({
  name: 'SegmentSum',
  ...signature,
  infer,
  grad: ({ b, x, dy }) => ({ data: rowsOf(b, x.segment_ids, dy.output), segment_ids: null }),
  lower: {
    kind: 'decompose',
    into: (b, x, ctx) => [unsorted(b, 'UnsortedSegmentSum', x, rowCounts(ctx))],
  },
});

export const SegmentMean = defineOp({
  name: 'SegmentMean',
  ...signature,
  infer,
  grad: ({ b, x, dy }) => ({
    data: meanGradient(b, x.data, x.segment_ids, dy.output),
    segment_ids: null,
  }),
  lower: { kind: 'decompose', into: means },
});

export const SegmentProd = defineOp({
  name: 'SegmentProd',
  ...realSignature,
  infer,
  grad: ({ b, x, y, dy }) => {
    const nodes = { data: x.data, output: y.output, dy: dy.output };
    return { data: productGradient(b, nodes, segmentsOf(b, x.segment_ids)), segment_ids: null };
  },
  lower: {
    kind: 'decompose',
    into: (b, x, ctx) => [unsorted(b, 'UnsortedSegmentProd', x, rowCounts(ctx))],
  },
});

const segmentExtreme = (name: 'SegmentMax' | 'SegmentMin') =>
  defineOp({
    name,
    ...realSignature,
    infer,
    grad: ({ b, x, y, dy }) => {
      const nodes = { data: x.data, output: y.output, dy: dy.output };
      return { data: extremeGradient(b, nodes, segmentsOf(b, x.segment_ids)), segment_ids: null };
    },
    lower: { kind: 'decompose', into: (b, x, ctx) => extremes(b, `Unsorted${name}`, x, ctx) },
  });

export const SegmentMax = segmentExtreme('SegmentMax');
export const SegmentMin = segmentExtreme('SegmentMin');

type Segment = (data: TensorLike, segmentIds: TensorLike, name?: string) => Tensor;

const segmentFunction =
  (def: typeof SegmentSum): Segment =>
  (data, segmentIds, name) =>
    addNode(def, { data, segment_ids: segmentIds }, {}, name).output;

/**
 * Sums of rows by segment: output[i] is the sum of the rows with segment id i.
 *
 * @param segmentIds integers `[rows of data]`, sorted, from 0; known before the run's kernels: a
 *   constant or fed.
 * @returns `[last id + 1, ...rest of data]`; a segment without rows is 0.
 * @throws InvalidArgumentError if ids are negative or not sorted, or are not as many as `data` has rows.
 * @see TF op SegmentSum; tf.segment_sum; `unsortedSegmentSum` for ids that a device computes.
 * @example tf.segmentSum([1, 2, 3], [0, 0, 1]); // [3, 3]
 */
export const segmentSum: Segment = segmentFunction(SegmentSum);

/**
 * Means of rows by segment, as `segmentSum`; those of integers truncate toward zero.
 *
 * @see TF op SegmentMean; tf.segment_mean
 * @example tf.segmentMean([1, 2, 3], [0, 0, 1]); // [1.5, 3]
 */
export const segmentMean: Segment = segmentFunction(SegmentMean);

/**
 * Products of rows by segment, as `segmentSum`; a segment without rows is 1.
 *
 * @see TF op SegmentProd; tf.segment_prod
 * @example tf.segmentProd([1, 2, 3], [0, 0, 1]); // [2, 3]
 */
export const segmentProd: Segment = segmentFunction(SegmentProd);

/**
 * Largest of the rows of each segment, as `segmentSum`; a segment without rows is 0.
 *
 * @see TF op SegmentMax; tf.segment_max
 * @example tf.segmentMax([1, 2, 3], [0, 0, 1]); // [2, 3]
 */
export const segmentMax: Segment = segmentFunction(SegmentMax);

/**
 * Smallest of the rows of each segment, as `segmentSum`; a segment without rows is 0.
 *
 * @see TF op SegmentMin; tf.segment_min
 * @example tf.segmentMin([1, 2, 3], [0, 0, 1]); // [1, 3]
 */
export const segmentMin: Segment = segmentFunction(SegmentMin);
