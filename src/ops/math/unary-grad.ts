/**
 * Gradients of unary ops as functions of their output y and the incoming gradient dy: TanhGrad,
 * SigmoidGrad, SqrtGrad, RsqrtGrad, ReciprocalGrad, InvGrad, each with its own gradient.
 */
import { floatDTypes } from '../../graph/dtype.js';
import { div, eq, like, mul, neg, select, sub, type Expr } from '../../ir/expr.js';
import { outputGradOp, scaled, times, type OutputGradOp } from '../elementwise.js';

/** 0 where no gradient comes in, as TensorFlow's kernels have it even where y is 0 or infinite. */
const unlessNone = (dy: Expr, value: Expr): Expr => {
  const zero = like(dy, 0);
  return select(eq(dy, zero), zero, value);
};

/** dy (1 - y^2). */
export const TanhGrad = outputGradOp({
  name: 'TanhGrad',
  types: floatDTypes,
  expr: (y, dy) => mul(dy, sub(like(y, 1), mul(y, y))),
  grad: ({ b, dz, y, dy }) => ({
    y: times(b, times(b, scaled(b, dz, -2), dy), y),
    dy: b.op('TanhGrad', [y, dz]),
  }),
});

/** dy y (1 - y). */
export const SigmoidGrad = outputGradOp({
  name: 'SigmoidGrad',
  types: floatDTypes,
  expr: (y, dy) => mul(mul(dy, y), sub(like(y, 1), y)),
  grad: ({ b, dz, y, dy }) => {
    const both = times(b, dz, dy);
    return {
      y: b.op('Sub', [both, times(b, scaled(b, both, 2), y)], {}, 'sub'),
      dy: b.op('SigmoidGrad', [y, dz]),
    };
  },
});

/** dy / (2 y). */
export const SqrtGrad = outputGradOp({
  name: 'SqrtGrad',
  types: floatDTypes,
  expr: (y, dy) => unlessNone(dy, div(mul(like(dy, 0.5), dy), y)),
  grad: ({ b, dz, y, z }) => {
    const ratio = b.op('RealDiv', [dz, y], {}, 'truediv');
    return {
      y: times(b, b.op('Neg', [ratio]), z),
      dy: scaled(b, ratio, 0.5),
    };
  },
});

/** -dy y^3 / 2. */
export const RsqrtGrad = outputGradOp({
  name: 'RsqrtGrad',
  types: floatDTypes,
  expr: (y, dy) => unlessNone(dy, mul(mul(like(y, -0.5), mul(dy, y)), mul(y, y))),
  grad: ({ b, dz, y, dy }) => ({
    y: times(b, times(b, scaled(b, dz, -1.5), dy), b.op('Square', [y])),
    dy: b.op('RsqrtGrad', [y, dz]),
  }),
});

const reciprocalGrad = (name: string): OutputGradOp =>
  outputGradOp({
    name,
    types: floatDTypes,
    expr: (y, dy) => unlessNone(dy, neg(mul(y, mul(dy, y)))),
    grad: ({ b, dz, y, dy }) => ({
      y: times(b, times(b, scaled(b, dz, -2), dy), y),
      dy: b.op('ReciprocalGrad', [y, dz]),
    }),
  });

/** -dy y^2. */
export const ReciprocalGrad = reciprocalGrad('ReciprocalGrad');

/** The same function as ReciprocalGrad, under its older name. */
export const InvGrad = reciprocalGrad('InvGrad');
