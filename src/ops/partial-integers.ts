/**
 * Partly known integers of shape arithmetic, and the small list steps shape functions take with
 * axes and dims. Nothing here rejects an op; that is in shape-checks.
 */
import type { Dim } from '../graph/shape.js';

/** What is known of an integer tensor's elements, row-major; null where nothing is. */
export type PartialIntegers = readonly (number | null)[] | null;

/** Dims of a shape of which only the rank is known. */
export const unknownDims = (rank: number): Dim[] => new Array<Dim>(rank).fill(null);

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

/** Product of dims; null if one is unknown and none is zero. */
export function productOf(dims: readonly Dim[]): Dim {
  if (dims.includes(0)) return 0;
  return dims.reduce<Dim>((n, dim) => (n === null || dim === null ? null : n * dim), 1);
}

/** The only element of a scalar, null if it is not known. */
export const scalarOf = (values: PartialIntegers): number | null => values?.[0] ?? null;
