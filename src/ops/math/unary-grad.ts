/**
 * Gradients of unary ops as functions of their output y and the incoming gradient dy: TanhGrad,
 * SigmoidGrad, SqrtGrad, RsqrtGrad, ReciprocalGrad, InvGrad, each with its own gradient.
 */
import {
  conj,
  div,
  eq,
  isComplexType,
  like,
  mul,
  neg,
  select,
  sub,
  type Expr,
} from '../../ir/expr.js';
import { analyticDTypes } from '../data-dtypes.js';
import { conjugate, outputGradOp, scaled, times, type OutputGradOp } from '../elementwise.js';

/** 0 where no gradient comes in, as TensorFlow's kernels have it even where y is 0 or infinite. */
const unlessNone = (dy: Expr, value: Expr): Expr => {
  const zero = like(dy, 0);
  return select(eq(dy, zero), zero, value);
};

/** TensorFlow's kernels conjugate some outputs themselves; for others the gradient's graph does. */
const conjugated = (y: Expr): Expr => (isComplexType(y.type) ? conj(y) : y);

/** dy (1 - y^2). */
export const TanhGrad = outputGradOp({
  name: 'TanhGrad',
  types: analyticDTypes,
  expr: (y, dy) => mul(dy, sub(like(y, 1), mul(y, y))),
  grad: ({ b, dz, y, dy }) => {
    const [cy, cdy] = [conjugate(b, y), conjugate(b, dy)];
    return {
      y: times(b, times(b, scaled(b, dz, -2), cdy), cy),
      dy: b.op('TanhGrad', [cy, dz]),
    };
  },
});

/** dy y (1 - y). */
export const SigmoidGrad = outputGradOp({
  name: 'SigmoidGrad',
  types: analyticDTypes,
  expr: (y, dy) => mul(mul(dy, y), sub(like(y, 1), y)),
  grad: ({ b, dz, y, dy }) => {
    const [cy, cdy] = [conjugate(b, y), conjugate(b, dy)];
    const both = times(b, dz, cdy);
    return {
      y: b.op('Sub', [both, times(b, scaled(b, both, 2), cy)], {}, 'sub'),
      dy: b.op('SigmoidGrad', [cy, dz]),
    };
  },
});

/** dy / (2 y). */
export const SqrtGrad = outputGradOp({
  name: 'SqrtGrad',
  types: analyticDTypes,
  expr: (y, dy) => unlessNone(dy, div(mul(like(dy, 0.5), dy), conjugated(y))),
  grad: ({ b, dz, y, z }) => {
    const ratio = b.op('RealDiv', [dz, y], {}, 'truediv');
    return {
      y: times(b, b.op('Neg', [conjugate(b, ratio)]), z),
      dy: scaled(b, ratio, 0.5),
    };
  },
});

/** -dy y^3 / 2. */
export const RsqrtGrad = outputGradOp({
  name: 'RsqrtGrad',
  types: analyticDTypes,
  expr: (out, dy) => {
    const y = conjugated(out);
    return unlessNone(dy, mul(mul(like(y, -0.5), mul(dy, y)), mul(y, y)));
  },
  grad: ({ b, dz, y, dy }) => {
    const [cy, cdz] = [conjugate(b, y), conjugate(b, dz)];
    return {
      y: times(b, times(b, scaled(b, cdz, -1.5), dy), b.op('Square', [cy])),
      dy: b.op('RsqrtGrad', [cy, dz]),
    };
  },
});

const reciprocalGrad = (name: string): OutputGradOp =>
  outputGradOp({
    name,
    types: analyticDTypes,
    expr: (out, dy) => {
      const y = conjugated(out);
      return unlessNone(dy, neg(mul(y, mul(dy, y))));
    },
    grad: ({ b, dz, y, dy }) => {
      const [cy, cdz] = [conjugate(b, y), conjugate(b, dz)];
      return {
        y: times(b, times(b, scaled(b, cdz, -2), dy), cy),
        dy: b.op('ReciprocalGrad', [cy, dz]),
      };
    },
  });

/** -dy y^2. */
export const ReciprocalGrad = reciprocalGrad('ReciprocalGrad');

/** The same function as ReciprocalGrad, under its older name. */
export const InvGrad = reciprocalGrad('InvGrad');
