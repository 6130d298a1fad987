/**
 * Steps that shape functions share, with the wording of TensorFlow's C++ shape inference. Each
 * either tells more about a shape or rejects the op through the `fail` of its context.
 */
import { formatShape, mergeDims, type Dim, type Shape } from '../graph/shape.js';

export type Fail = (message: string) => never;

/** Dims of a shape that must have this rank; unknown dims where the rank was unknown. */
export function withRank(shape: Shape, rank: number, fail: Fail): readonly Dim[] {
  if (shape === null) return new Array<Dim>(rank).fill(null);
  if (shape.length !== rank) fail(`Shape must be rank ${rank} but is rank ${shape.length}`);
  return shape;
}

export function withRankAtLeast(shape: Shape, rank: number, fail: Fail): Shape {
  if (shape !== null && shape.length < rank)
    fail(`Shape must be at least rank ${rank} but is rank ${shape.length}`);
  return shape;
}

export function withRankAtMost(shape: Shape, rank: number, fail: Fail): Shape {
  if (shape !== null && shape.length > rank)
    fail(`Shape must be at most rank ${rank} but is rank ${shape.length}`);
  return shape;
}

/** The dim both sides agree on. */
export function sameDim(a: Dim, b: Dim, fail: Fail): Dim {
  const dim = mergeDims(a, b);
  return dim === undefined
    ? fail(`Dimensions must be equal, but are ${String(a)} and ${String(b)}`)
    : dim;
}

/** The shape both sides agree on. */
export function sameShapes(a: Shape, b: Shape, fail: Fail): Shape {
  if (a === null || b === null) return a ?? b;
  if (a.length !== b.length) fail(`Shapes must be equal rank, but are ${a.length} and ${b.length}`);
  return a.map((dim, axis) => {
    const both = mergeDims(dim, b[axis] ?? null);
    return both === undefined
      ? fail(
          `Dimension ${axis} in both shapes must be equal, but are ${String(dim)} and ` +
            `${String(b[axis])}. Shapes are ${formatShape(a)} and ${formatShape(b)}.`,
        )
      : both;
  });
}

/** Shape given by a shape-vector input: its integers where known (-1 is unknown), else its length. */
export function shapeFromVector(
  vector: Shape,
  values: readonly (number | null)[] | null,
  fail: Fail,
): Shape {
  const [length] = withRank(vector, 1, fail);
  if (values === null)
    return length === null || length === undefined ? null : new Array<Dim>(length).fill(null);
  return values.map((value) => {
    if (value !== null && value < -1) fail(`Invalid value in tensor used for shape: ${value}`);
    return value === -1 ? null : value;
  });
}
