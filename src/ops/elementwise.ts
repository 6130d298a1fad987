/**
 * Makers of elementwise ops: unary (same shape), binary (broadcasting), and gradient helpers
 * (two operands of one shape). Each op keeps its own formula and gradient; these hold the schema.
 */
import { addNode, type TensorLike } from '../graph/add-node.js';
import { isComplex, type DType } from '../graph/dtype.js';
import type { GradFn, InferContext, NoGrad, OpBuilder } from '../graph/op-schema.js';
import type { Tensor } from '../graph/operation.js';
import type { Expr } from '../ir/expr.js';
import { broadcastOrFail } from './broadcast.js';
import { defineOp, type Check, type OpDef } from './op-def.js';
import { sameShapes } from './shape-checks.js';

type Builder = OpBuilder<Tensor>;
// Type aliases, for an interface has no index signature and so is no schema.
type TypeAttr = { readonly T: { readonly kind: 'type'; readonly allowed: readonly DType[] } };
type X = { readonly x: 'T' };
type XY = { readonly x: 'T'; readonly y: 'T' };
type Z = { readonly z: 'T' };

/** What a unary gradient sees: incoming gradient, input, output. */
export interface UnaryGrad {
  readonly b: Builder;
  readonly dy: Tensor;
  readonly x: Tensor;
  readonly y: Tensor;
}
export type UnaryOp = OpDef<TypeAttr, X, { readonly y: 'T' }>;
export type UnaryTestOp = OpDef<TypeAttr, X, { readonly y: 'bool' }>;

interface UnarySpec {
  readonly name: string;
  readonly types: readonly DType[];
  readonly expr: (x: Expr) => Expr;
  readonly grad: ((g: UnaryGrad) => Tensor | null) | NoGrad;
}

/** An op y = f(x), element by element. */
export function unaryOp({ name, types, expr, grad }: UnarySpec): UnaryOp {
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { x: 'T' },
    outputs: { y: 'T' },
    infer: ({ shapes }) => ({ y: shapes.x }),
    grad:
      typeof grad === 'function'
        ? ({ b, dy, x, y }) => ({ x: grad({ b, dy: dy.y, x: x.x, y: y.y }) })
        : grad,
    lower: { kind: 'elementwise', expr: ({ x }) => expr(x) },
  });
}

/** An op that answers a question about each element. */
export function unaryTestOp({
  name,
  types,
  expr,
  grad,
}: UnarySpec & { readonly grad: NoGrad }): UnaryTestOp {
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { x: 'T' },
    outputs: { y: 'bool' },
    infer: ({ shapes }) => ({ y: shapes.x }),
    grad,
    lower: { kind: 'elementwise', expr: ({ x }) => expr(x) },
  });
}

/** The user's function of a unary op. */
export const unaryFunction =
  (op: UnaryOp | UnaryTestOp, defaultName = op.name) =>
  (x: TensorLike, name?: string): Tensor =>
    addNode(op as UnaryOp, { x }, {}, name ?? defaultName).y;

/** What a binary gradient sees: incoming gradient, inputs, output. */
export interface BinaryGrad {
  readonly b: Builder;
  readonly dy: Tensor;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly z: Tensor;
}
export type Pair = { readonly x: Tensor | null; readonly y: Tensor | null };
export type BinaryOp = OpDef<TypeAttr, XY, Z>;
export type ComparisonOp = OpDef<TypeAttr, XY, { readonly z: 'bool' }>;

interface BinarySpec {
  readonly name: string;
  readonly types: readonly DType[];
  readonly expr: (x: Expr, y: Expr, check: Check) => Expr;
  readonly grad: ((g: BinaryGrad) => Pair) | NoGrad;
  /** The same on integers known before a run, for shape arithmetic; null where undefined. */
  readonly integers?: (x: number, y: number) => number | null;
}

/** An op z = f(x, y) with broadcasting. */
export function binaryOp({ name, types, expr, grad, integers }: BinarySpec): BinaryOp {
  const gradient: GradFn<TypeAttr, XY, Z> | NoGrad =
    typeof grad === 'function'
      ? ({ b, dy, x, y }) => grad({ b, dy: dy.z, x: x.x, y: x.y, z: y.z })
      : grad;
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { x: 'T', y: 'T' },
    outputs: { z: 'T' },
    infer: ({ shapes, fail }) => ({ z: broadcastOrFail(shapes.x, shapes.y, fail) }),
    ...(integers === undefined
      ? {}
      : { partial: (ctx: InferContext<TypeAttr, XY>) => integerValues(ctx, integers) }),
    grad: gradient,
    lower: { kind: 'elementwise', expr: ({ x, y }, { check }) => expr(x, y, check) },
  });
}

/** Values of an op on integer scalars or vectors, element by element; null where unknown. */
function integerValues(
  ctx: InferContext<TypeAttr, XY>,
  fn: (x: number, y: number) => number | null,
): readonly (number | null)[] | null {
  const { x, y } = ctx.shapes;
  if (x === null || y === null || x.length > 1 || y.length > 1) return null;
  const a = ctx.partial('x');
  const b = ctx.partial('y');
  if (a === null || b === null) return null;
  const limit = ctx.attrs.T === 'int32' ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  const length = a.length === 1 ? b.length : a.length;
  return Array.from({ length }, (_, i) => {
    const p = a[a.length === 1 ? 0 : i] ?? null;
    const q = b[b.length === 1 ? 0 : i] ?? null;
    const value = p === null || q === null ? null : fn(p, q);
    return value === null || value < -limit || value >= limit ? null : value;
  });
}

interface ComparisonSpec {
  readonly name: string;
  readonly types: readonly DType[];
  readonly expr: (x: Expr, y: Expr) => Expr;
}

/** An op that compares elements, with broadcasting. Its output is bool: no gradient flows. */
export function comparisonOp({ name, types, expr }: ComparisonSpec): ComparisonOp {
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { x: 'T', y: 'T' },
    outputs: { z: 'bool' },
    infer: ({ shapes, fail }) => ({ z: broadcastOrFail(shapes.x, shapes.y, fail) }),
    grad: { none: 'a comparison is constant almost everywhere' },
    lower: { kind: 'elementwise', expr: ({ x, y }) => expr(x, y) },
  });
}

/** The user's function of a binary op. */
export const binaryFunction =
  (op: BinaryOp | ComparisonOp, defaultName = op.name) =>
  (x: TensorLike, y: TensorLike, name?: string): Tensor =>
    addNode(op as BinaryOp, { x, y }, {}, name ?? defaultName).z;

export type OutputGradOp = OpDef<TypeAttr, { readonly y: 'T'; readonly dy: 'T' }, Z>;

interface OutputGradSpec {
  readonly name: string;
  readonly types: readonly DType[];
  readonly expr: (y: Expr, dy: Expr) => Expr;
  /** Gradients for `y` and `dy`, given the result `z` and its gradient `dz`. */
  readonly grad: (g: {
    readonly b: Builder;
    readonly dz: Tensor;
    readonly y: Tensor;
    readonly dy: Tensor;
    readonly z: Tensor;
  }) => { readonly y: Tensor; readonly dy: Tensor };
}

/** The gradient of a unary op as a function of its output `y` and the incoming gradient `dy`. */
export function outputGradOp({ name, types, expr, grad }: OutputGradSpec): OutputGradOp {
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { y: 'T', dy: 'T' },
    outputs: { z: 'T' },
    infer: ({ shapes, fail }) => ({ z: sameShapes(shapes.y, shapes.dy, fail) }),
    grad: ({ b, dy, x, y }) => grad({ b, dz: dy.z, y: x.y, dy: x.dy, z: y.z }),
    lower: { kind: 'elementwise', expr: ({ y, dy }) => expr(y, dy) },
  });
}

/** A scalar constant of the dtype of `like`, for formulas in gradients. */
export const scalarLike = (b: Builder, like: Tensor, value: number, name = 'Const'): Tensor =>
  b.constant(value, like.dtype, name);

/** Product as Python's `*` names it. */
export const times = (b: Builder, x: Tensor, y: Tensor): Tensor => b.op('Mul', [x, y], {}, 'mul');

/** `x` times a constant. */
export const scaled = (b: Builder, x: Tensor, factor: number): Tensor =>
  times(b, x, scalarLike(b, x, factor, 'mul/y'));

/** The complex conjugate; real tensors, which are their own, get no node. */
export const conjugate = (b: Builder, x: Tensor): Tensor =>
  isComplex(x.dtype) ? b.op('Conj', [x]) : x;

export const zerosLike = (b: Builder, x: Tensor): Tensor =>
  b.op('ZerosLike', [x], {}, 'zeros_like');
