/** Roots, exponentials, logarithms and error functions of each element of a float or complex tensor. */
import { floatDTypes } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { unary } from '../../ir/expr.js';
import { analyticDTypes } from '../data-dtypes.js';
import {
  conjugate,
  scalarLike,
  times,
  unaryFunction,
  unaryOp,
  type UnaryGrad,
} from '../elementwise.js';

/** y = sqrt(x); NaN below 0. */
export const Sqrt = unaryOp({
  name: 'Sqrt',
  types: analyticDTypes,
  expr: (x) => unary('sqrt', x),
  grad: ({ b, dy, y }) => b.op('SqrtGrad', [y, dy]),
});

/** y = 1/sqrt(x). */
export const Rsqrt = unaryOp({
  name: 'Rsqrt',
  types: analyticDTypes,
  expr: (x) => unary('rsqrt', x),
  grad: ({ b, dy, y }) => b.op('RsqrtGrad', [y, dy]),
});

/** y = e^x. */
export const Exp = unaryOp({
  name: 'Exp',
  types: analyticDTypes,
  expr: (x) => unary('exp', x),
  grad: ({ b, dy, y }) => times(b, dy, conjugate(b, y)),
});

/** y = e^x - 1, exact near 0. */
export const Expm1 = unaryOp({
  name: 'Expm1',
  types: analyticDTypes,
  expr: (x) => unary('expm1', x),
  grad: ({ b, dy, x }) => times(b, dy, b.op('Exp', [conjugate(b, x)])),
});

/** y = ln(x). */
export const Log = unaryOp({
  name: 'Log',
  types: analyticDTypes,
  expr: (x) => unary('log', x),
  grad: ({ b, dy, x }) => times(b, dy, b.op('Reciprocal', [conjugate(b, x)])),
});

/** y = ln(1 + x), exact near 0. */
export const Log1p = unaryOp({
  name: 'Log1p',
  types: analyticDTypes,
  expr: (x) => unary('log1p', x),
  grad: ({ b, dy, x }) => {
    const cx = conjugate(b, x);
    const shifted = b.op('AddV2', [scalarLike(b, x, 1, 'add/x'), cx], {}, 'add');
    return times(b, dy, b.op('Reciprocal', [shifted]));
  },
});

/** dy * factor * e^(-x^2), where factor is +-2/sqrt(pi). */
const bellGrad =
  (factor: number) =>
  ({ b, dy, x }: UnaryGrad): Tensor =>
    times(
      b,
      times(b, dy, scalarLike(b, dy, factor)),
      b.op('Exp', [b.op('Neg', [b.op('Square', [x])])]),
    );

/** y = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
export const Erf = unaryOp({
  name: 'Erf',
  types: floatDTypes,
  expr: (x) => unary('erf', x),
  grad: bellGrad(2 / Math.sqrt(Math.PI)),
});

/** y = 1 - erf(x), exact for large x. */
export const Erfc = unaryOp({
  name: 'Erfc',
  types: floatDTypes,
  expr: (x) => unary('erfc', x),
  grad: bellGrad(-2 / Math.sqrt(Math.PI)),
});

/** Square root of a float tensor; NaN below 0. @see TF op Sqrt. */
export const sqrt = unaryFunction(Sqrt);

/** `1 / sqrt(x)` of a float tensor. @see TF op Rsqrt. */
export const rsqrt = unaryFunction(Rsqrt);

/**
 * e to the power of each element.
 *
 * @param x  float or complex, any shape.
 * @returns same dtype and shape.
 * @throws DTypeError if `x` is not a float or complex tensor.
 * @see TF op Exp.
 * @example exp([0, 1]); // [1, 2.7182817]
 */
export const exp = unaryFunction(Exp);

/** `e^x - 1` without loss of digits near 0. @see TF op Expm1. */
export const expm1 = unaryFunction(Expm1);

/** Natural logarithm; -Infinity at 0, NaN below. @see TF op Log. */
export const log = unaryFunction(Log);

/** `log(1 + x)` without loss of digits near 0. @see TF op Log1p. */
export const log1p = unaryFunction(Log1p);

/** Gauss error function. @see TF op Erf. */
export const erf = unaryFunction(Erf);

/** Complementary error function `1 - erf(x)`. @see TF op Erfc. */
export const erfc = unaryFunction(Erfc);
