/**
 * Sign, size and rounding of each element: Neg, Abs, Sign, Square, Reciprocal, Inv, Floor, Ceil,
 * Round, Rint, and the tests IsNan, IsInf, IsFinite.
 */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { withNameScope } from '../../graph/builder.js';
import { complexDTypes, floatDTypes, isComplex } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import {
  div as quotient,
  like,
  mul as productOf,
  neg as negated,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { analyticDTypes, numberDTypes } from '../data-dtypes.js';
import {
  conjugate,
  scalarLike,
  times,
  unaryFunction,
  unaryOp,
  unaryTestOp,
  zerosLike,
} from '../elementwise.js';
import { complexAbs } from './complex.js';

const signed = [...floatDTypes, 'int8', 'int16', 'int32', 'int64'] as const;
const isFloat = (x: Expr): boolean => x.type === 'f32' || x.type === 'f64';

/** y = -x. */
export const Neg = unaryOp({
  name: 'Neg',
  types: [...signed, ...complexDTypes],
  expr: negated,
  grad: ({ b, dy }) => b.op('Neg', [dy]),
});

/** y = |x|. */
export const Abs = unaryOp({
  name: 'Abs',
  types: signed,
  expr: (x) => unary('abs', x),
  grad: ({ b, dy, x }) => times(b, dy, b.op('Sign', [x])),
});

/** -1, 0 or 1; NaN stays NaN. Of a complex number its direction, x / |x|. */
export const Sign = unaryOp({
  name: 'Sign',
  types: [...signed, ...complexDTypes],
  expr: (x) => unary('sign', x),
  grad: ({ b, x }) => zerosLike(b, x),
});

/** y = x^2. */
export const Square = unaryOp({
  name: 'Square',
  types: numberDTypes,
  expr: (x) => productOf(x, x),
  grad: ({ b, dy, x }) => {
    const cx = conjugate(b, x);
    return b.op('Mul', [dy, b.op('Mul', [cx, scalarLike(b, x, 2)])]);
  },
});

/** y = 1/x. TensorFlow has no integer kernels for it. */
export const Reciprocal = unaryOp({
  name: 'Reciprocal',
  types: analyticDTypes,
  expr: (x) => quotient(like(x, 1), x),
  grad: ({ b, dy, y }) => b.op('ReciprocalGrad', [y, dy]),
});

/** The same function as Reciprocal, under its older name. */
export const Inv = unaryOp({
  name: 'Inv',
  types: analyticDTypes,
  expr: (x) => quotient(like(x, 1), x),
  grad: ({ b, dy, y }) => b.op('ReciprocalGrad', [y, dy]),
});

/** The largest integer not above x. */
export const Floor = unaryOp({
  name: 'Floor',
  types: floatDTypes,
  expr: (x) => unary('floor', x),
  grad: () => null,
});

/** The smallest integer not below x. */
export const Ceil = unaryOp({
  name: 'Ceil',
  types: floatDTypes,
  expr: (x) => unary('ceil', x),
  grad: () => null,
});

/** The nearest integer; halves go to the even one. Integers stay as they are. */
export const Round = unaryOp({
  name: 'Round',
  types: signed,
  expr: (x) => (isFloat(x) ? unary('round', x) : x),
  grad: () => null,
});

/** The nearest integer; halves go to the even one. */
export const Rint = unaryOp({
  name: 'Rint',
  types: floatDTypes,
  expr: (x) => unary('round', x),
  grad: () => null,
});

const boolean = { none: 'its output is bool' };

export const IsNan = unaryTestOp({
  name: 'IsNan',
  types: floatDTypes,
  expr: (x) => unary('isNan', x),
  grad: boolean,
});

export const IsInf = unaryTestOp({
  name: 'IsInf',
  types: floatDTypes,
  expr: (x) => unary('isInf', x),
  grad: boolean,
});

export const IsFinite = unaryTestOp({
  name: 'IsFinite',
  types: floatDTypes,
  expr: (x) => unary('isFinite', x),
  grad: boolean,
});

/** `-x`. @see TF op Neg. */
export const neg = unaryFunction(Neg);

/**
 * `|x|`; its gradient at 0 is 0. The size of a complex number is real.
 *
 * @see TF ops Abs and ComplexAbs.
 * @example abs([-1, 2]) // [1, 2]
 */
export const abs = (x: TensorLike, name?: string): Tensor =>
  withNameScope(name, 'Abs', (scope) => {
    const input = convertToTensor(x, { name: 'x' });
    return isComplex(input.dtype)
      ? complexAbs(input, scope)
      : addNode(Abs, { x: input }, {}, scope).y;
  });

/** -1, 0 or 1 as each element is below, at or above 0; NaN for NaN. @see TF op Sign. */
export const sign = unaryFunction(Sign);

/** `x^2`. @see TF op Square. */
export const square = unaryFunction(Square);

/** `1 / x` of a float tensor. @see TF op Reciprocal. */
export const reciprocal = unaryFunction(Reciprocal);

/** The largest integer not above each element, as a float. @see TF op Floor. */
export const floor = unaryFunction(Floor);

/** The smallest integer not below each element, as a float. @see TF op Ceil. */
export const ceil = unaryFunction(Ceil);

/**
 * The nearest integer, in the dtype of `x`; halves go to the even neighbour.
 *
 * @see TF op Round.
 * @example round([0.5, 1.5, 2.6]); // [0, 2, 3]
 */
export const round = unaryFunction(Round);

/** As `round`, for floats only. @see TF op Rint. */
export const rint = unaryFunction(Rint);

/** Whether each element is NaN; bool, same shape. @see TF op IsNan. */
export const isNan = unaryFunction(IsNan);

/** Whether each element is plus or minus infinity; bool, same shape. @see TF op IsInf. */
export const isInf = unaryFunction(IsInf);

/** Whether each element is neither infinite nor NaN; bool, same shape. @see TF op IsFinite. */
export const isFinite = unaryFunction(IsFinite);
