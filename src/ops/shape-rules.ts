/**
 * Steps that shape functions share, with TensorFlow's wording. Each takes the context whose `fail`
 * rejects the op, and passes unknown ranks and dims through.
 */
import { mergeDims, type Dim, type Shape } from '../graph/shape.js';
import { formatShape } from '../graph/shape.js';

/** What can reject an op: a shape function's context, or a lowering's. */
export interface Rejects {
  fail(message: string): never;
}

/** What is known of an integer tensor's elements, row-major. */
export type PartialIntegers = readonly (number | null)[] | null;

export const unknownDims = (rank: number): Dim[] => new Array<Dim>(rank).fill(null);

/** Dims of a shape that must have `rank` axes. */
export function withRank(ctx: Rejects, shape: Shape, rank: number): readonly Dim[] {
  if (shape === null) return unknownDims(rank);
  return shape.length === rank
    ? shape
    : ctx.fail(`Shape must be rank ${rank} but is rank ${shape.length}`);
}

export function withRankAtLeast(ctx: Rejects, shape: Shape, rank: number): Shape {
  return shape === null || shape.length >= rank
    ? shape
    : ctx.fail(`Shape must be at least rank ${rank} but is rank ${shape.length}`);
}

/** The dim, which must be `value` where it is known. */
export function withDim(ctx: Rejects, dim: Dim | undefined, value: number): number {
  return dim === undefined || dim === null || dim === value
    ? value
    : ctx.fail(`Dimension must be ${value} but is ${dim}`);
}

export function mergedDim(ctx: Rejects, a: Dim, b: Dim): Dim {
  const dim = mergeDims(a, b);
  return dim === undefined
    ? ctx.fail(`Dimensions must be equal, but are ${a} and ${b}`)
    : dim;
}

/** What both shapes say; a contradiction rejects the op. */
export function mergedShape(ctx: Rejects, a: Shape, b: Shape, note = ''): Shape {
  if (a === null) return b;
  if (b === null) return a;
  if (a.length !== b.length) {
    return ctx.fail(`Shapes must be equal rank, but are ${a.length} and ${b.length}${note}`);
  }
  return a.map((dim, axis) => {
    const other = b[axis] ?? null;
    const both = mergeDims(dim, other);
    return both === undefined
      ? ctx.fail(
          `Dimension ${axis} in both shapes must be equal, but are ${dim} and ${other}. ` +
            `Shapes are ${formatShape(a)} and ${formatShape(b)}.${note}`,
        )
      : both;
  });
}

/** Shape told by a shape vector: an element that is -1 or not known gives an unknown dim. */
export function shapeOfVector(ctx: Rejects, values: PartialIntegers, vector: Shape): Shape {
  const [length = null] = withRank(ctx, vector, 1);
  if (values === null) return length === null ? null : unknownDims(length);
  return values.map((value) => {
    if (value !== null && value < -1) {
      return ctx.fail(`Invalid value in tensor used for shape: ${value}`);
    }
    return value === -1 ? null : value;
  });
}

/** An axis counted from the front, or null if `axis` is outside [-rank, rank). */
export const axisFromFront = (axis: number, rank: number): number | null =>
  axis < -rank || axis >= rank ? null : axis < 0 ? axis + rank : axis;

/** `list` with `count` elements at `start` replaced by `items`. */
export const spliced = <T>(
  list: readonly T[],
  start: number,
  count: number,
  ...items: readonly T[]
): T[] => [...list.slice(0, start), ...items, ...list.slice(start + count)];

/** Product of dims, null if one is unknown (unless another is zero). */
export function productOf(dims: readonly Dim[]): Dim {
  if (dims.includes(0)) return 0;
  return dims.reduce<Dim>((n, dim) => (n === null || dim === null ? null : n * dim), 1);
}
