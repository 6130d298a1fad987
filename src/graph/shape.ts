/** Shapes: what is known of a tensor's extents when the graph is built, and when it runs. */

/** One axis length; `null` until a feed fixes it. */
export type Dim = number | null;
/** Static shape of a symbolic tensor; `null` when even the rank is unknown. */
export type Shape = readonly Dim[] | null;
/** Shape of data: every extent known. */
export type StaticShape = readonly number[];

export const isStatic = (shape: Shape): shape is StaticShape =>
  shape !== null && shape.every((dim) => dim !== null);

export const elementCount = (shape: StaticShape): number => shape.reduce((n, dim) => n * dim, 1);

/** Row-major strides in elements. */
export function stridesOf(shape: StaticShape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis] ?? 1;
  }
  return strides;
}

/** `[?,3]`, or `<unknown>`: TensorFlow's C++ notation. */
export const formatShape = (shape: Shape): string =>
  shape === null ? '<unknown>' : `[${shape.map((dim) => dim ?? '?').join(',')}]`;

/** `(?, 3)`: TensorFlow's Python notation, with the comma of a one-tuple. */
export const formatTuple = (shape: Shape): string =>
  shape === null
    ? '<unknown>'
    : `(${shape.map((dim) => dim ?? '?').join(', ')}${shape.length === 1 ? ',' : ''})`;

/** The dim both agree on, null if neither knows; undefined when they contradict. */
export const mergeDims = (a: Dim, b: Dim): Dim | undefined =>
  a === null ? b : b === null || a === b ? a : undefined;

/** The shape both agree on, or undefined when they contradict. */
export function mergeShapes(a: Shape, b: Shape): Shape | undefined {
  if (a === null) return b;
  if (b === null) return a;
  if (a.length !== b.length) return undefined;
  const merged: Dim[] = [];
  for (const [axis, dim] of a.entries()) {
    const both = mergeDims(dim, b[axis] ?? null);
    if (both === undefined) return undefined;
    merged.push(both);
  }
  return merged;
}

/** Whether data of shape `actual` may flow where `expected` is declared. */
export const isCompatible = (expected: Shape, actual: Shape): boolean =>
  mergeShapes(expected, actual) !== undefined;

export const sameShape = (a: StaticShape, b: StaticShape): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** NumPy broadcasting of two shapes; undefined when they are incompatible. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  if (a === null || b === null) return null;
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = axis < rank - a.length ? 1 : (a[axis - rank + a.length] ?? null);
    const y = axis < rank - b.length ? 1 : (b[axis - rank + b.length] ?? null);
    if (x === 1) out.push(y);
    else if (y === 1) out.push(x);
    else if (x === null || y === null) out.push(x ?? y);
    else if (x === y) out.push(x);
    else return undefined;
  }
  return out;
}
