/**
 * Circular and hyperbolic functions of each element of a float or complex tensor, and their
 * inverses. Angles are in radians.
 */
import type { Tensor } from '../../graph/operation.js';
import { unary, type UnaryFn } from '../../ir/expr.js';
import { analyticDTypes } from '../data-dtypes.js';
import {
  conjugate,
  scalarLike,
  times,
  unaryFunction,
  unaryOp,
  type UnaryGrad,
  type UnaryOp,
} from '../elementwise.js';

const analyticOp = (name: string, fn: UnaryFn, grad: (g: UnaryGrad) => Tensor): UnaryOp =>
  unaryOp({
    name,
    types: analyticDTypes,
    expr: (x) => unary(fn, x),
    // The derivative of an analytic function carries a gradient back through its conjugate.
    grad: (g) => grad({ ...g, x: conjugate(g.b, g.x) }),
  });

/** As `analyticOp`, with a gradient from the output instead. */
const fromOutput = (name: string, fn: UnaryFn, grad: (g: UnaryGrad) => Tensor): UnaryOp =>
  unaryOp({
    name,
    types: analyticDTypes,
    expr: (x) => unary(fn, x),
    grad: (g) => grad({ ...g, y: conjugate(g.b, g.y) }),
  });

const one = ({ b, dy }: UnaryGrad): Tensor => scalarLike(b, dy, 1);

/** 1 / (1 - x^2). */
const inverseOfComplement = (g: UnaryGrad): Tensor =>
  g.b.op('Reciprocal', [g.b.op('Sub', [one(g), g.b.op('Square', [g.x])])]);

/** 1 / sqrt(1 - x^2). */
const inverseRootOfComplement = (g: UnaryGrad): Tensor => {
  const { b, x } = g;
  return b.op('Reciprocal', [b.op('Sqrt', [b.op('Sub', [one(g), b.op('Square', [x])])])]);
};

export const Sin = analyticOp('Sin', 'sin', ({ b, dy, x }) => times(b, dy, b.op('Cos', [x])));

export const Cos = analyticOp('Cos', 'cos', ({ b, dy, x }) =>
  times(b, b.op('Neg', [dy]), b.op('Sin', [x])),
);

export const Tan = analyticOp('Tan', 'tan', ({ b, dy, x }) =>
  times(b, b.op('Square', [b.op('Reciprocal', [b.op('Cos', [x])])]), dy),
);

export const Asin = analyticOp('Asin', 'asin', (g) => times(g.b, g.dy, inverseRootOfComplement(g)));

export const Acos = analyticOp('Acos', 'acos', (g) =>
  times(g.b, g.b.op('Neg', [g.dy]), inverseRootOfComplement(g)),
);

export const Atan = analyticOp('Atan', 'atan', (g) => {
  const { b, dy, x } = g;
  return times(
    b,
    dy,
    b.op('Reciprocal', [b.op('AddV2', [one(g), b.op('Square', [x])], {}, 'Add')]),
  );
});

export const Sinh = analyticOp('Sinh', 'sinh', ({ b, dy, x }) => times(b, dy, b.op('Cosh', [x])));

export const Cosh = analyticOp('Cosh', 'cosh', ({ b, dy, x }) => times(b, dy, b.op('Sinh', [x])));

export const Tanh = fromOutput('Tanh', 'tanh', ({ b, dy, y }) => b.op('TanhGrad', [y, dy]));

export const Asinh = fromOutput('Asinh', 'asinh', ({ b, dy, y }) =>
  b.op('RealDiv', [dy, b.op('Cosh', [y])], {}, 'truediv'),
);

export const Acosh = fromOutput('Acosh', 'acosh', ({ b, dy, y }) =>
  b.op('RealDiv', [dy, b.op('Sinh', [y])], {}, 'truediv'),
);

export const Atanh = analyticOp('Atanh', 'atanh', (g) => times(g.b, g.dy, inverseOfComplement(g)));

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
 * @param x  float or complex, any shape.
 * @returns same dtype and shape, between -1 and 1 if real.
 * @throws DTypeError if `x` is not a float or complex tensor.
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
