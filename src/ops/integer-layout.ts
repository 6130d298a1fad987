/** Moves partly known integers as array ops move elements, so that shape arithmetic stays known. */
import { elementCount, isStatic, stridesOf, type Shape, type StaticShape } from '../graph/shape.js';
import type { PartialIntegers } from './partial-integers.js';

/** Longest tensor followed element by element. */
const maxElements = 1024;

/** A shape small and known enough to follow its elements, else null. */
export const followable = (shape: Shape | undefined): StaticShape | null =>
  shape !== undefined && shape !== null && isStatic(shape) && elementCount(shape) <= maxElements
    ? shape
    : null;

/** Every index of a shape, row-major. */
export function indicesOf(shape: StaticShape): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: elementCount(shape) }, (_, flat) =>
    shape.map((dim, axis) => Math.floor(flat / (strides[axis] ?? 1)) % dim),
  );
}

/** The element at an index of row-major values; null where it is not known. */
export function elementAt(
  values: PartialIntegers,
  shape: StaticShape,
  index: readonly number[],
): number | null {
  const strides = stridesOf(shape);
  const flat = index.reduce((sum, i, axis) => sum + i * (strides[axis] ?? 1), 0);
  return values?.[flat] ?? null;
}

/** out[i] = values[source(i)] for every index of the output; null if a shape is not known. */
export function rearranged(
  values: PartialIntegers,
  from: Shape,
  to: Shape,
  source: (index: readonly number[]) => readonly number[],
): PartialIntegers {
  const fromShape = followable(from);
  const toShape = followable(to);
  if (values === null || fromShape === null || toShape === null) return null;
  return indicesOf(toShape).map((index) => elementAt(values, fromShape, source(index)));
}
