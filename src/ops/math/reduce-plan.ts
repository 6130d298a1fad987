/**
 * What the reductions over given axes share: TensorFlow's shape function, and the split of the
 * input's axes into rows (kept) and inner points (combined).
 */
import type { DType } from '../../graph/dtype.js';
import { elementCount, type Dim, type Shape } from '../../graph/shape.js';
import type { Combiner, Expr, ScalarType } from '../../ir/expr.js';
import { constant } from '../../ir/expr.js';
import { constantIntegers } from '../lowering-steps.js';
import type { Operand, ReducePlan } from '../op-def.js';
import { withRankAtMost, type Fail } from '../shape-checks.js';

export const axisAttrs = {
  keep_dims: { kind: 'bool', default: false },
  Tidx: { kind: 'type', default: 'int32', allowed: ['int32', 'int64'] },
} as const;

interface ReductionShapes {
  readonly attrs: { readonly keep_dims: boolean };
  readonly shapes: { readonly input: Shape; readonly reduction_indices: Shape };
  partial(input: 'reduction_indices'): readonly (number | null)[] | null;
  readonly fail: Fail;
}

/** Output shape of a reduction; unknown while the axes are, but for the rank under keep_dims. */
export function inferReduction(ctx: ReductionShapes): Shape {
  const { input, reduction_indices } = ctx.shapes;
  withRankAtMost(reduction_indices, 1, ctx.fail);
  const axes = ctx.partial('reduction_indices');
  if (input === null) return null;
  if (axes === null || axes.includes(null))
    return ctx.attrs.keep_dims ? input.map(() => null) : null;
  const rank = input.length;
  const reduced = new Set<number>();
  for (const axis of axes as readonly number[]) {
    if (axis < -rank || axis >= rank)
      ctx.fail(`Invalid reduction dimension ${axis} for input with ${rank} dimensions.`);
    reduced.add(axis < 0 ? axis + rank : axis);
  }
  const kept: Dim[] = ctx.attrs.keep_dims
    ? input.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
    : input.filter((_, axis) => !reduced.has(axis));
  return kept;
}

interface ReductionInputs {
  readonly x: { readonly input: Operand; readonly reduction_indices: Operand };
  readonly fail: (message: string) => never;
}

/** The input's axes, split. */
export interface SplitInput {
  readonly rows: readonly number[];
  readonly inner: readonly number[];
  /** Inner points per row. */
  readonly count: number;
  at(row: readonly Expr[], inner: readonly Expr[]): Expr;
}

export function splitInput(ctx: ReductionInputs): SplitInput {
  const { input } = ctx.x;
  const rank = input.shape.length;
  const reduced = new Set<number>();
  for (const given of constantIntegers(ctx.x.reduction_indices, 'reduction_indices', ctx.fail)) {
    const axis = given < 0 ? given + rank : given;
    if (reduced.has(axis))
      ctx.fail(`Invalid reduction arguments: Axes contains duplicate dimension: ${axis}`);
    reduced.add(axis);
  }
  return splitAxes(input, reduced);
}

/** Splits an operand at the given axes. */
export function splitAxes(input: Operand, reduced: ReadonlySet<number>): SplitInput {
  const kept = input.shape.flatMap((_, axis) => (reduced.has(axis) ? [] : [axis]));
  const combined = input.shape.flatMap((_, axis) => (reduced.has(axis) ? [axis] : []));
  const extents = (axes: readonly number[]): number[] => axes.map((axis) => input.shape[axis] ?? 1);
  const inner = extents(combined);
  return {
    rows: extents(kept),
    inner,
    count: elementCount(inner),
    at: (row, point) => {
      const index = new Array<Expr>(input.shape.length);
      for (const [i, axis] of kept.entries()) index[axis] = row[i] as Expr;
      for (const [i, axis] of combined.entries()) index[axis] = point[i] as Expr;
      return input.at(index);
    },
  };
}

/** One stage over the input's elements; `finish` makes the output of a row. */
export const oneStage = (
  split: SplitInput,
  combine: Combiner,
  finish: (total: Expr) => Expr = (total) => total,
): ReducePlan => ({
  rows: split.rows,
  inner: split.inner,
  stages: [{ combine, value: (row, inner) => split.at(row, inner) }],
  outputs: [{ of: 'row', value: (_, stages) => finish(stages[0] as Expr) }],
});

const integerBits: Partial<Record<DType, number>> = {
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
};

/** Smallest (sign -1) or largest (sign 1) value of a dtype, in the type it computes in. */
export function extremeOf(dtype: DType, type: ScalarType, sign: -1 | 1): Expr {
  const width = integerBits[dtype];
  if (width === undefined) return constant(type, sign * Infinity);
  // On a device an int64 is held in 32 bits.
  const bits = BigInt(type === 'i32' || type === 'u32' ? Math.min(width, 32) : width);
  const unsigned = dtype.startsWith('u');
  if (sign < 0) return constant(type, unsigned ? 0n : -(1n << (bits - 1n)));
  return constant(type, (1n << (unsigned ? bits : bits - 1n)) - 1n);
}
