/** What segment ops share: shapes, how rows join segments, and segments looked up by rows again. */
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import type { Shape } from '../../graph/shape.js';
import { like, lt, type Expr } from '../../ir/expr.js';
import { indexDTypes, numberDTypes, realDTypes } from '../data-dtypes.js';
import { placeholders } from '../lowering-steps.js';
import type { Check, Operand, Result, ScatterPlan } from '../op-def.js';
import { scalarOf, type PartialIntegers } from '../partial-integers.js';
import { sameDim, withRank, withRankAtLeast, type Fail } from '../shape-checks.js';
import { concatNode, rankNode, shapeNode, stackNode } from '../shape-nodes.js';

/** Signature of the ops that are told how many segments there are, and take ids in any order. */
export const unsortedSegments = {
  attrs: {
    T: { kind: 'type', allowed: realDTypes },
    Tindices: { kind: 'type', allowed: indexDTypes },
    Tnumsegments: { kind: 'type', default: 'int32', allowed: indexDTypes },
  },
  inputs: { data: 'T', segment_ids: 'Tindices', num_segments: 'Tnumsegments' },
  outputs: { output: 'T' },
} as const;

/** The same of complex numbers, too. */
export const unsortedSums = {
  ...unsortedSegments,
  attrs: { ...unsortedSegments.attrs, T: { kind: 'type', allowed: numberDTypes } },
} as const;

/** Shape function of such an op. */
export function inferUnsorted(ctx: {
  readonly shapes: Readonly<Record<'data' | 'segment_ids' | 'num_segments', Shape>>;
  readonly partial: (input: 'num_segments') => PartialIntegers;
  readonly fail: Fail;
}): { readonly output: Shape } {
  const { shapes, fail } = ctx;
  withRank(shapes.num_segments, 0, fail);
  const count = scalarOf(ctx.partial('num_segments'));
  if (count !== null && count < 0) {
    return fail(`Dimension size, given by scalar input 2, must be non-negative but is ${count}`);
  }
  const { data, segment_ids: ids } = shapes;
  if (data === null || ids === null) return { output: null };
  withRankAtLeast(data, ids.length, fail);
  for (const [axis, dim] of ids.entries()) sameDim(data[axis] ?? null, dim, fail);
  return { output: [count, ...data.slice(ids.length)] };
}

interface SegmentContext {
  readonly x: { readonly data: Operand; readonly segment_ids: Operand };
  readonly y: { readonly output: Result };
  readonly check: Check;
}

/** Each row joins the segment its id names; a negative id drops it, as TensorFlow has it. */
export function segmentPlan(
  combine: ScatterPlan['combine'],
  start: (output: Result) => Expr,
  { x: { data, segment_ids: ids }, y: { output }, check }: SegmentContext,
): ScatterPlan {
  const [count = 0] = output.shape;
  const message = `segment_ids${placeholders(ids.shape.length, 1)} = {0} is out of range [0, ${count})`;
  return {
    combine,
    slices: ids.shape,
    place: (row) => {
      const id = ids.at(row);
      return [check(id, lt(id, like(id, count)), message, [id, ...row])];
    },
    value: (row, rest) => data.at([...row, ...rest]),
    initial: () => start(output),
  };
}

type Builder = OpBuilder<Tensor>;

/** Each row's element of `segments`, and whether its id was not negative. */
export interface SegmentRows {
  /** Zeros for rows with a negative id. */
  readonly rows: Tensor;
  readonly isKept: Tensor;
}

/** Segments by the ids of rows; rows with a negative id were dropped and get zeros. */
export function segmentRows(b: Builder, ids: Tensor, segments: Tensor): SegmentRows {
  const none = b.op('ZerosLike', [ids], {}, 'zeros_like');
  const clipped = b.op('Maximum', [ids, none]);
  const axis = b.constant(0, 'int32', 'GatherV2/axis');
  const gathered = b.op('GatherV2', [segments, clipped, axis]);
  const zero = b.constant(0, ids.dtype, 'GreaterEqual/y');
  const isKept = b.op('GreaterEqual', [ids, zero]);
  const more = b.op('Sub', [rankNode(b, gathered), rankNode(b, isKept)], {}, 'sub');
  const one = b.constant(1, 'int32', 'ones/Const');
  const tail = b.op('Fill', [stackNode(b, [more], 'ones/packed'), one], {}, 'ones');
  const column = b.op('Reshape', [isKept, concatNode(b, [shapeNode(b, isKept), tail])]);
  const yes = b.constant(1, 'bool', 'ones_like/Const');
  const everywhere = b.op('Fill', [shapeNode(b, gathered), yes], {}, 'ones_like');
  const mask = b.op('LogicalAnd', [column, everywhere], {}, 'and');
  const zeros = b.op('ZerosLike', [gathered], {}, 'zeros_like');
  return { rows: b.op('SelectV2', [mask, gathered, zeros]), isKept: mask };
}

/** How a gradient adds up rows by segment, and looks segments up by row. */
export interface Segments {
  readonly sum: (rows: Tensor) => Tensor;
  readonly prod: (rows: Tensor) => Tensor;
  readonly rowsOf: (segments: Tensor) => SegmentRows;
}

/** Gradient of a segment's maximum or minimum: shared by the rows that are equal to it. */
export function extremeGradient(
  b: Builder,
  { data, output, dy }: { readonly data: Tensor; readonly output: Tensor; readonly dy: Tensor },
  segments: Segments,
): Tensor {
  const own = segments.rowsOf(output);
  const isEqual = b.op('Equal', [data, own.rows]);
  const isSelected = b.op('LogicalAnd', [isEqual, own.isKept], {}, 'and');
  const count = segments.sum(b.op('Cast', [isSelected], { DstT: dy.dtype }));
  const { rows } = segments.rowsOf(b.op('RealDiv', [dy, count], {}, 'truediv'));
  return b.op('SelectV2', [isSelected, rows, b.op('ZerosLike', [rows], {}, 'zeros_like')]);
}

/**
 * Gradient of a segment's product: the product of the others. Where one is zero only that one has
 * a gradient, and where several are none has.
 */
export function productGradient(
  b: Builder,
  { data, output, dy }: { readonly data: Tensor; readonly output: Tensor; readonly dy: Tensor },
  segments: Segments,
): Tensor {
  const isZero = b.op('Equal', [data, b.constant(0, data.dtype, 'Equal/y')]);
  const zeroCount = segments.sum(b.op('Cast', [isZero], { DstT: 'int32' }));
  const isLost = b.op('Greater', [zeroCount, b.constant(1, 'int32', 'Greater/y')]);
  const kept = b.op('SelectV2', [isLost, b.op('ZerosLike', [dy], {}, 'zeros_like'), dy]);
  const one = b.constant(1, data.dtype, 'ones_like/Const');
  const ones = b.op('Fill', [shapeNode(b, data), one], {}, 'ones_like');
  const nonZero = segments.prod(b.op('SelectV2', [isZero, ones, data]));
  const others = b.op('RealDiv', [segments.rowsOf(output).rows, data], {}, 'truediv');
  const partial = b.op('SelectV2', [isZero, segments.rowsOf(nonZero).rows, others]);
  return b.op('Mul', [segments.rowsOf(kept).rows, partial], {}, 'mul');
}
