/**
 * Circular and hyperbolic functions of each element of a float tensor, and their inverses. Angles
 * are in radians.
 */
import { floatDTypes } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { unary, type UnaryFn } from '../../ir/expr.js';
import {
  scalarLike,
  times,
  unaryFunction,
  unaryOp,
  type UnaryGrad,
  type UnaryOp,
} from '../elementwise.js';

const floatOp = (name: string, fn: UnaryFn, grad: (g: UnaryGrad) => Tensor): UnaryOp =>
  unaryOp({ name, types: floatDTypes, expr: (x) => unary(fn, x), grad });

const one = ({ b, dy }: UnaryGrad): Tensor => scalarLike(b, dy, 1);

/** 1 / (1 - x^2). */
const inverseOfComplement = (g: UnaryGrad): Tensor =>
  g.b.op('Reciprocal', [g.b.op('Sub', [one(g), g.b.op('Square', [g.x])])]);

/** 1 / sqrt(1 - x^2). */
const inverseRootOfComplement = (g: UnaryGrad): Tensor => {
  const { b, x } = g;
  return b.op('Reciprocal', [b.op('Sqrt', [b.op('Sub', [one(g), b.op('Square', [x])])])]);
};

export const Sin = floatOp('Sin', 'sin', ({ b, dy, x }) => times(b, dy, b.op('Cos', [x])));

export const Cos = floatOp('Cos', 'cos', ({ b, dy, x }) =>
  times(b, b.op('Neg', [dy]), b.op('Sin', [x])),
);

export const Tan = floatOp('Tan', 'tan', ({ b, dy, x }) =>
  times(b, b.op('Square', [b.op('Reciprocal', [b.op('Cos', [x])])]), dy),
);

export const Asin = floatOp('Asin', 'asin', (g) => times(g.b, g.dy, inverseRootOfComplement(g)));

export const Acos = floatOp('Acos', 'acos', (g) =>
  times(g.b, g.b.op('Neg', [g.dy]), inverseRootOfComplement(g)),
);

export const Atan = floatOp('Atan', 'atan', (g) => {
  const { b, dy, x } = g;
  return times(
    b,
    dy,
    b.op('Reciprocal', [b.op('AddV2', [one(g), b.op('Square', [x])], {}, 'Add')]),
  );
});

export const Sinh = floatOp('Sinh', 'sinh', ({ b, dy, x }) => times(b, dy, b.op('Cosh', [x])));

export const Cosh = floatOp('Cosh', 'cosh', ({ b, dy, x }) => times(b, dy, b.op('Sinh', [x])));

export const Tanh = floatOp('Tanh', 'tanh', ({ b, dy, y }) => b.op('TanhGrad', [y, dy]));

export const Asinh = floatOp('Asinh', 'asinh', ({ b, dy, y }) =>
  b.op('RealDiv', [dy, b.op('Cosh', [y])], {}, 'truediv'),
);

export const Acosh = floatOp('Acosh', 'acosh', ({ b, dy, y }) =>
  b.op('RealDiv', [dy, b.op('Sinh', [y])], {}, 'truediv'),
);

export const Atanh = floatOp('Atanh', 'atanh', (g) => times(g.b, g.dy, inverseOfComplement(g)));

/** Sine of an angle in radians. @see TF op Sin. */
export const sin = unaryFunction(Sin);

/** Cosine of an angle in radians. @see TF op Cos. */
export const cos = unaryFunction(Cos);

/** Tangent of an angle in radians. @see TF op Tan. */
export const tan = unaryFunction(Tan);

/** Angle between -pi/2 and pi/2 with this sine; NaN outside [-1, 1]. @see TF op Asin. */
export const asin = unaryFunction(Asin);

/** Angle between 0 and pi with this cosine; NaN outside [-1, 1]. @see TF op Acos. */
export const acos = unaryFunction(Acos);

/** Angle between -pi/2 and pi/2 with this tangent. @see TF op Atan. */
export const atan = unaryFunction(Atan);

/** Hyperbolic sine. @see TF op Sinh. */
export const sinh = unaryFunction(Sinh);

/** Hyperbolic cosine. @see TF op Cosh. */
export const cosh = unaryFunction(Cosh);

/**
 * Hyperbolic tangent.
 *
 * @param x  float, any shape.
 * @returns same dtype and shape, between -1 and 1.
 * @throws DTypeError if `x` is not a float tensor.
 * @see TF op Tanh.
 * @example tanh([0, 1]); // [0, 0.7615942]
 */
export const tanh = unaryFunction(Tanh);

/** Inverse hyperbolic sine. @see TF op Asinh. */
export const asinh = unaryFunction(Asinh);

/** Inverse hyperbolic cosine; NaN below 1. @see TF op Acosh. */
export const acosh = unaryFunction(Acosh);

/** Inverse hyperbolic tangent; NaN outside [-1, 1]. @see TF op Atanh. */
export const atanh = unaryFunction(Atanh);
