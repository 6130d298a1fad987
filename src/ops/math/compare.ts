/** Comparisons and logic, element by element with NumPy broadcasting. Outputs are bool. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { floatDTypes, integerDTypes } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import type { AttrSchema } from '../../graph/op-schema.js';
import { broadcastShapes, isStatic, type Dim, type Shape } from '../../graph/shape.js';
import { and, constant, eq, ge, gt, le, lt, ne, or, unary, type Expr } from '../../ir/expr.js';
import { broadcastIndex, broadcastOrFail } from '../broadcast.js';
import { dataDTypes } from '../data-dtypes.js';
import { binaryFunction, comparisonOp } from '../elementwise.js';
import { defineOp, type OpDef } from '../op-def.js';
import type { Fail } from '../shape-checks.js';

const ordered = [...floatDTypes, ...integerDTypes] as const;

export const Less = comparisonOp({ name: 'Less', types: ordered, expr: lt });
export const LessEqual = comparisonOp({ name: 'LessEqual', types: ordered, expr: le });
export const Greater = comparisonOp({ name: 'Greater', types: ordered, expr: gt });
export const GreaterEqual = comparisonOp({ name: 'GreaterEqual', types: ordered, expr: ge });

type EqualityOp = OpDef<
  {
    readonly T: { readonly kind: 'type'; readonly allowed: typeof dataDTypes };
    readonly incompatible_shape_error: { readonly kind: 'bool'; readonly default: true };
  },
  { readonly x: 'T'; readonly y: 'T' },
  { readonly z: 'bool' }
>;

/**
 * Equal and NotEqual. Where `incompatible_shape_error` is false, shapes that do not broadcast are
 * no mistake: the answer is one scalar, `whenIncompatible`.
 */
function equalityOp(
  name: string,
  expr: (x: Expr, y: Expr) => Expr,
  whenIncompatible: boolean,
): EqualityOp {
  return defineOp({
    name,
    attrs: {
      T: { kind: 'type', allowed: dataDTypes },
      incompatible_shape_error: { kind: 'bool', default: true },
    },
    inputs: { x: 'T', y: 'T' },
    outputs: { z: 'bool' },
    infer: ({ shapes, attrs, fail }) => ({
      z: attrs.incompatible_shape_error
        ? broadcastOrFail(shapes.x, shapes.y, fail)
        : lenientShape(shapes.x, shapes.y, fail),
    }),
    grad: { none: 'a comparison is constant almost everywhere' },
    lower: {
      kind: 'map',
      body: ({ x: { x, y } }, index) =>
        broadcastShapes(x.shape, y.shape) === undefined
          ? constant('bool', whenIncompatible)
          : expr(x.at(broadcastIndex(x.shape, index)), y.at(broadcastIndex(y.shape, index))),
    },
  });
}

/** Unknown while the dims leave open whether the shapes broadcast; a scalar if they do not. */
function lenientShape(x: Shape, y: Shape, fail: Fail): Shape {
  if (x === null || y === null) return null;
  if (broadcastShapes(x, y) === undefined) return [];
  if (isStatic(x) && isStatic(y)) return broadcastOrFail(x, y, fail);
  const rank = Math.max(x.length, y.length);
  const dim = (shape: readonly Dim[], axis: number): Dim => {
    const own = axis - rank + shape.length;
    return own < 0 ? 1 : (shape[own] ?? null);
  };
  const open = Array.from({ length: rank }, (_, axis) => [dim(x, axis), dim(y, axis)]).some(
    ([a, b]) => (a === null) !== (b === null) && a !== 1 && b !== 1,
  );
  return open ? null : broadcastOrFail(x, y, fail);
}

export const Equal = equalityOp('Equal', eq, false);
export const NotEqual = equalityOp('NotEqual', ne, true);

type LogicalOp = OpDef<
  AttrSchema,
  { readonly x: 'bool'; readonly y: 'bool' },
  { readonly z: 'bool' }
>;

const logicalOp = (name: string, expr: (x: Expr, y: Expr) => Expr): LogicalOp =>
  defineOp({
    name,
    attrs: {},
    inputs: { x: 'bool', y: 'bool' },
    outputs: { z: 'bool' },
    infer: ({ shapes, fail }) => ({ z: broadcastOrFail(shapes.x, shapes.y, fail) }),
    grad: { none: 'its inputs and output are bool' },
    lower: { kind: 'elementwise', expr: ({ x, y }) => expr(x, y) },
  });

export const LogicalAnd = logicalOp('LogicalAnd', and);
export const LogicalOr = logicalOp('LogicalOr', or);

export const LogicalNot = defineOp({
  name: 'LogicalNot',
  attrs: {},
  inputs: { x: 'bool' },
  outputs: { y: 'bool' },
  infer: ({ shapes }) => ({ y: shapes.x }),
  grad: { none: 'its input and output are bool' },
  lower: { kind: 'elementwise', expr: ({ x }) => unary('not', x) },
});

/**
 * Whether `x < y`, with broadcasting; false where either is NaN.
 *
 * @param x  any number dtype.
 * @param y  same dtype; a shape that broadcasts with that of `x`.
 * @returns bool; the broadcast shape.
 * @throws InvalidArgumentError if the shapes do not broadcast, DTypeError if the dtypes differ.
 * @see TF op Less.
 * @example less([1, 2, 3], 2); // [true, false, false]
 */
export const less = binaryFunction(Less);

/** Whether `x <= y`, with broadcasting. @see TF op LessEqual. */
export const lessEqual = binaryFunction(LessEqual);

/** Whether `x > y`, with broadcasting. @see TF op Greater. */
export const greater = binaryFunction(Greater);

/** Whether `x >= y`, with broadcasting. @see TF op GreaterEqual. */
export const greaterEqual = binaryFunction(GreaterEqual);

/** Whether `x == y`, with broadcasting; NaN equals nothing. @see TF op Equal. */
export const equal = (x: TensorLike, y: TensorLike, name?: string): Tensor =>
  addNode(Equal, { x, y }, {}, name).z;

/** Whether `x != y`, with broadcasting; NaN differs from everything. @see TF op NotEqual. */
export const notEqual = (x: TensorLike, y: TensorLike, name?: string): Tensor =>
  addNode(NotEqual, { x, y }, {}, name).z;

/** Both of two bool tensors, with broadcasting. @see TF op LogicalAnd. */
export const logicalAnd = (x: TensorLike, y: TensorLike, name?: string): Tensor =>
  addNode(LogicalAnd, { x, y }, {}, name).z;

/** Either of two bool tensors, with broadcasting. @see TF op LogicalOr. */
export const logicalOr = (x: TensorLike, y: TensorLike, name?: string): Tensor =>
  addNode(LogicalOr, { x, y }, {}, name).z;

/** The opposite of a bool tensor. @see TF op LogicalNot. */
export const logicalNot = (x: TensorLike, name?: string): Tensor =>
  addNode(LogicalNot, { x }, {}, name).y;
