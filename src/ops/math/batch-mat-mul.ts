/** BatchMatMul, BatchMatMulV2 and BatchMatMulV3: products of stacks of matrices. */
import {
  isStatic,
  stridesOf,
  broadcastShapes,
  elementCount,
  sameShape,
  type Dim,
  type Shape,
  type StaticShape,
} from '../../graph/shape.js';
import { complexDTypes } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { cast, conj, div, int, isComplexType, mod, type Expr } from '../../ir/expr.js';
import { analyticDTypes } from '../data-dtypes.js';
import { conjugate } from '../elementwise.js';
import { defineOp, type ContractPlan, type Operand, type Result } from '../op-def.js';
import { reshapeNode, rangeOfVector, shapeNode } from '../shape-nodes.js';
import { sameDim, sameShapes, withRankAtLeast, type Fail } from '../shape-checks.js';

const adjoints = {
  adj_x: { kind: 'bool', default: false },
  adj_y: { kind: 'bool', default: false },
  grad_x: { kind: 'bool', default: false, recent: true },
  grad_y: { kind: 'bool', default: false, recent: true },
} as const;

interface Adjoints {
  readonly adj_x: boolean;
  readonly adj_y: boolean;
}

/** Rows and columns of the product; checks that the inner dimensions agree. */
function matrixDims(ctx: {
  readonly attrs: Adjoints;
  readonly shapes: { readonly x: Shape; readonly y: Shape };
  readonly fail: Fail;
}): [Dim, Dim] {
  const ends = (shape: Shape, adjoint: boolean): [Dim, Dim] => {
    const [rows = null, cols = null] = shape?.slice(-2) ?? [];
    return adjoint ? [cols, rows] : [rows, cols];
  };
  const [m, k] = ends(withRankAtLeast(ctx.shapes.x, 2, ctx.fail), ctx.attrs.adj_x);
  const [l, n] = ends(withRankAtLeast(ctx.shapes.y, 2, ctx.fail), ctx.attrs.adj_y);
  sameDim(k, l, ctx.fail);
  return [m, n];
}

const batchOf = (shape: Shape): Shape => (shape === null ? null : shape.slice(0, -2));

function inferBroadcast(ctx: Parameters<typeof matrixDims>[0]): Shape {
  const dims = matrixDims(ctx);
  const [x, y] = [batchOf(ctx.shapes.x), batchOf(ctx.shapes.y)];
  const batch = broadcastShapes(x, y);
  if (batch === undefined) {
    const [a, b] = clash(x ?? [], y ?? []);
    return ctx.fail(`Dimensions must be equal, but are ${a} and ${b}`);
  }
  return batch === null ? null : [...batch, ...dims];
}

/** First pair of dims, from the left, that does not broadcast. */
function clash(x: readonly Dim[], y: readonly Dim[]): [string, string] {
  const rank = Math.max(x.length, y.length);
  for (let axis = 0; axis < rank; axis++) {
    const a = x[axis - rank + x.length] ?? null;
    const b = y[axis - rank + y.length] ?? null;
    if (a !== null && b !== null && a !== b && a !== 1 && b !== 1) return [String(a), String(b)];
  }
  return ['?', '?'];
}

/** Index of a point of `batch` (given by its number) in an operand whose batch broadcasts to it. */
function batchIndex(own: StaticShape, batch: StaticShape, number: Expr): Expr[] {
  const strides = stridesOf(batch);
  const skipped = batch.length - own.length;
  return own.map((extent, i) => {
    const axis = i + skipped;
    if (extent === 1) return int(0);
    const stride = strides[axis] ?? 1;
    const quotient = stride === 1 ? number : div(number, int(stride));
    const outermost = batch.slice(0, axis).every((dim) => dim === 1);
    return outermost ? quotient : mod(quotient, int(batch[axis] ?? 1));
  });
}

function contractPlan(ctx: {
  readonly attrs: Adjoints;
  readonly x: { readonly x: Operand; readonly y: Operand };
  readonly y: { readonly output: Result };
}): ContractPlan {
  const { x, y } = ctx.x;
  const { adj_x, adj_y } = ctx.attrs;
  const out = ctx.y.output.shape;
  const batch = out.slice(0, -2);
  const [m = 0, n = 0] = out.slice(-2);
  const at = (operand: Operand, number: Expr, row: Expr, col: Expr, adjoint: boolean): Expr => {
    const element = operand.at([
      ...batchIndex(operand.shape.slice(0, -2), batch, number),
      ...(adjoint ? [col, row] : [row, col]),
    ]);
    return adjoint && isComplexType(element.type) ? conj(element) : element;
  };
  return {
    batch: elementCount(batch),
    m,
    n,
    k: x.shape[x.shape.length - (adj_x ? 2 : 1)] ?? 0,
    a: (number, row, inner) => at(x, number, row, inner, adj_x),
    b: (number, inner, col) => at(y, number, inner, col, adj_y),
  };
}

/** A product as Python's matmul makes it: MatMul for matrices, BatchMatMulV2 above. */
function multiply(
  b: OpBuilder<Tensor>,
  left: Tensor,
  right: Tensor,
  [adjointLeft, adjointRight]: readonly [boolean, boolean],
  gradient?: 'a' | 'b',
): Tensor {
  const isMatrix = (x: Tensor): boolean => x.shape !== null && x.shape.length <= 2;
  if (isMatrix(left) && isMatrix(right)) {
    const attrs = { transpose_a: adjointLeft, transpose_b: adjointRight };
    const mark = gradient === undefined ? {} : { [`grad_${gradient}`]: true };
    const factors = [
      adjointLeft ? conjugate(b, left) : left,
      adjointRight ? conjugate(b, right) : right,
    ];
    return b.op('MatMul', factors, { ...attrs, ...mark }, 'MatMul');
  }
  const mark = gradient === undefined ? {} : { [gradient === 'a' ? 'grad_x' : 'grad_y']: true };
  const attrs = { adj_x: adjointLeft, adj_y: adjointRight, ...mark };
  return b.op('BatchMatMulV2', [left, right], attrs, 'MatMul');
}

interface ProductGrad {
  readonly b: OpBuilder<Tensor>;
  readonly attrs: Adjoints;
  readonly x: { readonly x: Tensor; readonly y: Tensor };
  readonly dy: { readonly output: Tensor };
}

/** Gradients before the sums over broadcast batches. `mark` sets the grad_x, grad_y hints. */
function productGradients(
  { b, attrs, x: { x, y }, dy: { output: dy } }: ProductGrad,
  mark: boolean,
): { x: Tensor; y: Tensor } {
  const { adj_x, adj_y } = attrs;
  const [first, second] = mark ? (['a', 'b'] as const) : [undefined, undefined];
  return {
    x: adj_x
      ? multiply(b, y, dy, [adj_y, true], first)
      : multiply(b, dy, y, [false, !adj_y], first),
    y: adj_y
      ? multiply(b, dy, x, [true, adj_x], second)
      : multiply(b, x, dy, [!adj_x, false], second),
  };
}

function broadcastGradients(ctx: ProductGrad): { x: Tensor; y: Tensor } {
  const { b } = ctx;
  const { x, y } = ctx.x;
  const grads = productGradients(ctx, true);
  const [bx, by] = [batchOf(x.shape), batchOf(y.shape)];
  const same = bx !== null && by !== null && isStatic(bx) && isStatic(by) && sameShape(bx, by);
  if (same || (bx?.length === 0 && by?.length === 0)) return grads;
  const [sx, sy] = [shapeNode(b, x), shapeNode(b, y)];
  const [rx, ry] = b.ops('BroadcastGradientArgs', [
    rangeOfVector(b, sx, 0, -2),
    rangeOfVector(b, sy, 0, -2),
  ]) as [Tensor, Tensor];
  return {
    x: reshapeNode(b, b.op('Sum', [grads.x, rx]), sx),
    y: reshapeNode(b, b.op('Sum', [grads.y, ry]), sy),
  };
}

const inputs = { x: 'T', y: 'T' } as const;
const outputs = { output: 'T' } as const;

export const BatchMatMul = defineOp({
  name: 'BatchMatMul',
  attrs: {
    T: {
      kind: 'type',
      allowed: [...analyticDTypes, 'int32', 'int64'],
    },
    ...adjoints,
  },
  inputs,
  outputs,
  infer: (ctx) => {
    const dims = matrixDims(ctx);
    const batch = sameShapes(batchOf(ctx.shapes.x), batchOf(ctx.shapes.y), ctx.fail);
    return { output: batch === null ? null : [...batch, ...dims] };
  },
  grad: (ctx) => productGradients(ctx, false),
  lower: { kind: 'contract', plan: contractPlan },
});

export const BatchMatMulV2 = defineOp({
  name: 'BatchMatMulV2',
  attrs: {
    T: {
      kind: 'type',
      allowed: [
        'bfloat16',
        'float16',
        'float32',
        'float64',
        'int16',
        'int32',
        'int64',
        'uint8',
        'uint16',
        'uint32',
        'uint64',
        ...complexDTypes,
      ],
    },
    ...adjoints,
  },
  inputs,
  outputs,
  infer: (ctx) => ({ output: inferBroadcast(ctx) }),
  grad: broadcastGradients,
  lower: { kind: 'contract', plan: contractPlan },
});

const factorDTypes = [
  'bfloat16',
  'float16',
  'float32',
  'float64',
  'uint8',
  'int8',
  'int16',
  'int32',
  'int64',
  ...complexDTypes,
] as const;

/** As V2 with a dtype per argument; the factors are converted to the output's before the product. */
export const BatchMatMulV3 = defineOp({
  name: 'BatchMatMulV3',
  attrs: {
    Ta: { kind: 'type', allowed: factorDTypes },
    Tb: { kind: 'type', allowed: factorDTypes },
    Tout: {
      kind: 'type',
      allowed: [...analyticDTypes, 'int16', 'int32', 'int64'],
    },
    ...adjoints,
  },
  inputs: { x: 'Ta', y: 'Tb' },
  outputs: { output: 'Tout' },
  infer: (ctx) => ({ output: inferBroadcast(ctx) }),
  grad: broadcastGradients,
  lower: {
    kind: 'contract',
    plan: (ctx) => {
      const plan = contractPlan(ctx);
      const { type } = ctx.y.output;
      return {
        ...plan,
        a: (number, row, inner) => cast(type, plan.a(number, row, inner)),
        b: (number, inner, col) => cast(type, plan.b(number, inner, col)),
      };
    },
  },
});
