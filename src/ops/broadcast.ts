/**
 * NumPy broadcasting for ops on two operands: the shape function, the index of a broadcast operand,
 * and the reductions that bring an incoming gradient back to an operand's shape.
 */
import type { OpBuilder } from '../graph/op-schema.js';
import type { Tensor } from '../graph/operation.js';
import {
  broadcastShapes,
  isStatic,
  mergeDims,
  sameShape,
  type Dim,
  type Shape,
} from '../graph/shape.js';
import { int, type Expr } from '../ir/expr.js';
import type { Fail } from './shape-checks.js';
import { shapeNode, vectorNode } from './shape-nodes.js';

type Builder = OpBuilder<Tensor>;

/** Dim of `shape` that meets `axis` of a result of rank `rank`; 1 where the shape has none. */
const dimAt = (shape: readonly Dim[], axis: number, rank: number): Dim => {
  const own = axis - rank + shape.length;
  return own < 0 ? 1 : (shape[own] ?? null);
};

/** Shape of a broadcasting binary op's result. */
export function broadcastOrFail(x: Shape, y: Shape, fail: Fail): Shape {
  const out = broadcastShapes(x, y);
  if (out !== undefined) return out;
  const [a, b] = firstClash(x ?? [], y ?? []);
  return fail(`Dimensions must be equal, but are ${String(a)} and ${String(b)}`);
}

function firstClash(x: readonly Dim[], y: readonly Dim[]): readonly [Dim, Dim] {
  const rank = Math.max(x.length, y.length);
  for (let axis = 0; axis < rank; axis++) {
    const a = dimAt(x, axis, rank);
    const b = dimAt(y, axis, rank);
    if (a !== 1 && b !== 1 && mergeDims(a, b) === undefined) return [a, b];
  }
  return [null, null];
}

/** Index into an operand of this shape of the element that meets `index` of the result. */
export const broadcastIndex = (shape: readonly number[], index: readonly Expr[]): readonly Expr[] =>
  shape.map((dim, axis) =>
    dim === 1 ? int(0) : (index[axis + index.length - shape.length] ?? int(0)),
  );

/** Axes of the result along which each operand was repeated, or null where only a run can tell. */
function repeatedAxes(
  x: Shape,
  y: Shape,
): { readonly x: readonly number[]; readonly y: readonly number[] } | null {
  if (x === null || y === null) return null;
  const rank = Math.max(x.length, y.length);
  const ofX: number[] = [];
  const ofY: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const a = dimAt(x, axis, rank);
    const b = dimAt(y, axis, rank);
    if (a === 1 && b !== 1) ofX.push(axis);
    else if (b === 1 && a !== 1) ofY.push(axis);
    else if (a === null || b === null) return null;
  }
  return { x: ofX, y: ofY };
}

const sumTo = (b: Builder, dy: Tensor, axes: Tensor, shape: Tensor): Tensor =>
  b.op('Reshape', [b.op('Sum', [dy, axes], { keep_dims: true }), shape]);

/**
 * Gradients of both operands of a broadcasting op, summed over the axes along which each operand
 * was repeated and given its shape. `gx` and `gy` have the result's shape; a null stays null.
 */
export function reduceGradients(
  b: Builder,
  x: Tensor,
  y: Tensor,
  gx: Tensor | null,
  gy: Tensor | null,
): { readonly x: Tensor | null; readonly y: Tensor | null } {
  const axes = repeatedAxes(x.shape, y.shape);
  if (axes !== null) {
    const rank = Math.max(x.shape?.length ?? 0, y.shape?.length ?? 0);
    const one = (operand: Tensor, g: Tensor | null, over: readonly number[]): Tensor | null =>
      g === null || (over.length === 0 && operand.shape?.length === rank)
        ? g
        : sumTo(b, g, vectorNode(b, over, 'Sum/reduction_indices'), shapeNode(b, operand));
    return { x: one(x, gx, axes.x), y: one(y, gy, axes.y) };
  }
  const shapeX = shapeNode(b, x);
  const shapeY = shapeNode(b, y);
  const [overX, overY] = b.ops('BroadcastGradientArgs', [shapeX, shapeY]);
  return {
    x: gx === null || overX === undefined ? null : sumTo(b, gx, overX, shapeX),
    y: gy === null || overY === undefined ? null : sumTo(b, gy, overY, shapeY),
  };
}

/**
 * `dy`, which has the shape of `x` and `y` broadcast together, reduced to the shape of `x`: the
 * gradient of a broadcasting op for its operand `x`.
 */
export const reduceToOperand = (b: Builder, dy: Tensor, x: Tensor, y: Tensor): Tensor =>
  reduceGradients(b, x, y, dy, null).x ?? dy;

/** Whether all three shapes are fully known and equal, so that no gradient needs reducing. */
export function allSameShape(x: Tensor, y: Tensor, dy: Tensor): boolean {
  const shapes = [x.shape, y.shape, dy.shape];
  return shapes.every(isStatic) && shapes.every((shape) => sameShape(shape, shapes[0] ?? []));
}
