/**
 * Sums, differences and products of two tensors, with NumPy broadcasting: Add, AddV2, Sub, Mul,
 * MulNoNan, SquaredDifference.
 */
import type { TensorLike } from '../../graph/add-node.js';
import { complexDTypes, floatDTypes, isComplex } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import {
  add as sumOf,
  conj,
  eq,
  isComplexType,
  like,
  mul as productOf,
  select,
  sub as differenceOf,
} from '../../ir/expr.js';
import { allSameShape, reduceGradients } from '../broadcast.js';
import { analyticDTypes, numberDTypes } from '../data-dtypes.js';
import {
  binaryFunction,
  binaryOp,
  conjugate,
  scaled,
  times,
  type BinaryGrad,
  type Pair,
} from '../elementwise.js';
import { ownDType } from '../plain-values.js';

const addGrad = ({ b, dy, x, y }: BinaryGrad): Pair =>
  allSameShape(x, y, dy) ? { x: dy, y: dy } : reduceGradients(b, x, y, dy, dy);

/** z = x + y, as TensorFlow named it before 1.15. */
export const Add = binaryOp({
  name: 'Add',
  types: [...floatDTypes, 'uint8', 'int8', 'int16', 'int32', 'int64', ...complexDTypes, 'string'],
  expr: sumOf,
  integers: (x, y) => x + y,
  grad: addGrad,
});

/** z = x + y. */
export const AddV2 = binaryOp({
  name: 'AddV2',
  types: numberDTypes,
  expr: sumOf,
  integers: (x, y) => x + y,
  grad: addGrad,
});

/** z = x - y. */
export const Sub = binaryOp({
  name: 'Sub',
  types: numberDTypes,
  expr: differenceOf,
  integers: (x, y) => x - y,
  grad: ({ b, dy, x, y }) => {
    const gy = b.op('Neg', [dy]);
    return allSameShape(x, y, dy) ? { x: dy, y: gy } : reduceGradients(b, x, y, dy, gy);
  },
});

/** z = x y. */
export const Mul = binaryOp({
  name: 'Mul',
  types: numberDTypes,
  expr: productOf,
  integers: (x, y) => x * y,
  grad: ({ b, dy, x, y }) => {
    const isSame = allSameShape(x, y, dy) && !isComplex(dy.dtype);
    const [cx, cy] = [conjugate(b, x), conjugate(b, y)];
    const gx = b.op('Mul', [dy, cy]);
    // TensorFlow's order of operands differs between its two ways.
    const gy = b.op('Mul', isSame ? [dy, cx] : [cx, dy]);
    return isSame ? { x: gx, y: gy } : reduceGradients(b, x, y, gx, gy);
  },
});

/** z = x y, but 0 wherever y = 0, even where x is infinite or NaN. */
export const MulNoNan = binaryOp({
  name: 'MulNoNan',
  types: analyticDTypes,
  expr: (x, y) => select(eq(y, like(y, 0)), like(x, 0), productOf(x, y)),
  grad: ({ b, dy, x, y }) => {
    const gx = b.op('MulNoNan', [dy, y]);
    const gy = b.op('MulNoNan', [x, dy]);
    return reduceGradients(b, x, y, gx, gy);
  },
});

/** z = (x - y)^2; of complex numbers |x - y|^2. */
export const SquaredDifference = binaryOp({
  name: 'SquaredDifference',
  types: [...analyticDTypes, 'int32', 'int64'],
  expr: (x, y) => {
    const difference = differenceOf(x, y);
    const other = isComplexType(difference.type) ? conj(difference) : difference;
    return productOf(difference, other);
  },
  grad: ({ b, dy, x, y }) => {
    const gx = times(b, scaled(b, dy, 2), b.op('Sub', [x, y], {}, 'sub'));
    const gy = b.op('Neg', [gx]);
    return allSameShape(x, y, dy) ? { x: gx, y: gy } : reduceGradients(b, x, y, gx, gy);
  },
});

const sum = binaryFunction(AddV2, 'add');
const joined = binaryFunction(Add, 'add');

/**
 * Sum of two tensors, element by element, with broadcasting. Strings are joined.
 *
 * @param x  any number dtype, or string; any shape.
 * @param y  same dtype; a shape that broadcasts with that of `x`.
 * @returns same dtype; the broadcast shape.
 * @throws InvalidArgumentError if the shapes do not broadcast, DTypeError if the dtypes differ.
 * @see TF op AddV2, and for strings Add.
 * @example
 * add(x, [1, 2, 3]); // x: float32 [2,3] -> float32 [2,3]
 */
export const add = (x: TensorLike, y: TensorLike, name?: string): Tensor =>
  (ownDType(x) === 'string' || ownDType(y) === 'string' ? joined : sum)(x, y, name);

/** Difference `x - y` with broadcasting. @see TF op Sub. @example sub(x, 1) */
export const sub = binaryFunction(Sub, 'sub');

/** Elementwise product with broadcasting. @see TF op Mul. @example mul(x, 2) */
export const mul = binaryFunction(Mul, 'mul');

/** Product that is 0 wherever `y` is 0, even if `x` is infinite or NaN. @see TF op MulNoNan. */
export const mulNoNan = binaryFunction(MulNoNan, 'multiply_no_nan');

/** `(x - y)^2` with broadcasting. @see TF op SquaredDifference. */
export const squaredDifference = binaryFunction(SquaredDifference);
