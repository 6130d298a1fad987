/**
 * Quotients and remainders of two tensors, with NumPy broadcasting. Where an integer divisor is 0,
 * the host raises InvalidArgumentError and a device gives 0.
 */
import { addNode, convertToTensor, isVariable, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import {
  complexDTypes,
  floatDTypes,
  integerDTypes,
  isInteger,
  type DType,
} from '../../graph/dtype.js';
import { Tensor } from '../../graph/operation.js';
import {
  add,
  and,
  div as quotient,
  eq,
  gt,
  isComplexType,
  like,
  lt,
  mod as remainder,
  ne,
  or,
  select,
  sub,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { reduceGradients } from '../broadcast.js';
import { analyticDTypes } from '../data-dtypes.js';
import {
  binaryFunction,
  binaryOp,
  conjugate,
  times,
  type BinaryGrad,
  type Pair,
} from '../elementwise.js';
import type { Check } from '../op-def.js';

const numbers = [...floatDTypes, ...integerDTypes] as const;

const isFloat = (x: Expr): boolean => x.type === 'f32' || x.type === 'f64';
const isUnsigned = (x: Expr): boolean => x.type === 'u32' || x.type === 'u64';

/** `value` of a divisor that is not 0; where it is, an error, or 0 on a device. */
function unlessZero(y: Expr, check: Check, value: (divisor: Expr) => Expr): Expr {
  if (y.kind === 'const' && Number(y.value) !== 0) return value(y);
  const zero = like(y, 0);
  const isZero = eq(y, zero);
  const safe = select(isZero, zero, value(select(isZero, like(y, 1), y)));
  return check(safe, ne(y, zero), 'Integer division by zero');
}

/** Whether a truncated remainder and its divisor have opposite signs (so neither is 0). */
const opposed = (rest: Expr, y: Expr): Expr => {
  const zero = like(y, 0);
  return or(and(lt(rest, zero), gt(y, zero)), and(gt(rest, zero), lt(y, zero)));
};

const truncatedQuotient = (x: Expr, y: Expr, check: Check): Expr =>
  isFloat(x)
    ? unary('trunc', quotient(x, y))
    : unlessZero(y, check, (divisor) => quotient(x, divisor));

const truncatedRemainder = (x: Expr, y: Expr, check: Check): Expr =>
  isFloat(x) ? remainder(x, y) : unlessZero(y, check, (divisor) => remainder(x, divisor));

function floorQuotient(x: Expr, y: Expr, check: Check): Expr {
  if (isFloat(x)) return unary('floor', quotient(x, y));
  return unlessZero(y, check, (divisor) => {
    const q = quotient(x, divisor);
    if (isUnsigned(x)) return q;
    return select(opposed(remainder(x, divisor), divisor), sub(q, like(q, 1)), q);
  });
}

function floorRemainder(x: Expr, y: Expr, check: Check): Expr {
  const rest = (divisor: Expr): Expr => {
    const r = remainder(x, divisor);
    return isUnsigned(x) ? r : select(opposed(r, divisor), add(r, divisor), r);
  };
  return isFloat(x) ? rest(y) : unlessZero(y, check, rest);
}

const floorInteger = (x: number, y: number): number | null => (y === 0 ? null : Math.floor(x / y));
const truncInteger = (x: number, y: number): number | null => (y === 0 ? null : Math.trunc(x / y));

/** d(x/y) = dy / y, dy (-x / y) / y, with the division op that made the quotient. */
const quotientGrad =
  (type: string) =>
  ({ b, dy, x, y }: BinaryGrad): Pair => {
    const over = (p: Tensor, q: Tensor): Tensor => b.op(type, [p, q]);
    const [cx, cy] = [conjugate(b, x), conjugate(b, y)];
    const gx = over(dy, cy);
    const gy = times(b, dy, over(over(b.op('Neg', [cx]), cy), cy));
    return reduceGradients(b, x, y, gx, gy);
  };

/** x/y on floats and complex numbers. TensorFlow has no integer kernel for it. */
export const RealDiv = binaryOp({
  name: 'RealDiv',
  types: analyticDTypes,
  expr: quotient,
  grad: quotientGrad('RealDiv'),
});

/** Python 2's division: real on floats, truncating on integers. */
export const Div = binaryOp({
  name: 'Div',
  types: [...numbers, ...complexDTypes],
  expr: (x, y, check) =>
    isFloat(x) || isComplexType(x.type) ? quotient(x, y) : truncatedQuotient(x, y, check),
  integers: truncInteger,
  grad: (g) => quotientGrad(isInteger(g.x.dtype) ? 'Div' : 'RealDiv')(g),
});

/** floor(x/y). */
export const FloorDiv = binaryOp({
  name: 'FloorDiv',
  types: numbers,
  expr: floorQuotient,
  integers: floorInteger,
  grad: () => ({ x: null, y: null }),
});

/** x - y floor(x/y): the remainder with the sign of the divisor. */
export const FloorMod = binaryOp({
  name: 'FloorMod',
  types: numbers,
  expr: floorRemainder,
  integers: (x, y) => (y === 0 ? null : x - y * Math.floor(x / y)),
  grad: ({ b, dy, x, y }) => {
    const gy = times(b, dy, b.op('Neg', [b.op('FloorDiv', [x, y])]));
    return reduceGradients(b, x, y, dy, gy);
  },
});

/** x/y rounded towards zero. */
export const TruncateDiv = binaryOp({
  name: 'TruncateDiv',
  types: numbers,
  expr: truncatedQuotient,
  integers: truncInteger,
  grad: () => ({ x: null, y: null }),
});

/** The remainder with the sign of the dividend. */
export const TruncateMod = binaryOp({
  name: 'TruncateMod',
  types: [...floatDTypes, 'int32', 'int64'],
  expr: truncatedRemainder,
  integers: (x, y) => (y === 0 ? null : x % y),
  grad: { missing: 'TensorFlow registers no gradient for TruncateMod; use FloorMod' },
});

/** The same function as TruncateMod, under its older name. */
export const Mod = binaryOp({
  name: 'Mod',
  types: [...floatDTypes, 'int32', 'int64'],
  expr: truncatedRemainder,
  integers: (x, y) => (y === 0 ? null : x % y),
  grad: { missing: 'TensorFlow registers no gradient for Mod; use FloorMod' },
});

/** x/y, but 0 wherever y = 0. */
export const DivNoNan = binaryOp({
  name: 'DivNoNan',
  types: analyticDTypes,
  expr: (x, y) => select(eq(y, like(y, 0)), like(x, 0), quotient(x, y)),
  grad: quotientGrad('DivNoNan'),
});

const dtypeOf = (value: TensorLike): DType | undefined =>
  value instanceof Tensor || isVariable(value) ? value.dtype : undefined;

/** Float dtype in which TensorFlow divides integers. */
const quotientDType = (dtype: DType): DType =>
  ['int8', 'uint8', 'int16', 'uint16'].includes(dtype) ? 'float32' : 'float64';

/**
 * Quotient `x / y` with broadcasting. Integers are cast to float first: 8 and 16 bits to float32,
 * wider ones to float64.
 *
 * @param x  any number dtype.
 * @param y  same dtype; a shape that broadcasts with that of `x`.
 * @returns a float tensor of the broadcast shape.
 * @throws InvalidArgumentError if the shapes do not broadcast, DTypeError if the dtypes differ.
 * @see TF op RealDiv; `floorDiv` for whole quotients.
 * @example
 * div(x, 255); // float32 [28,28] -> float32 [28,28]
 */
export function div(x: TensorLike, y: TensorLike, name?: string): Tensor {
  const dtype = dtypeOf(x) ?? dtypeOf(y);
  if (dtype === undefined || !(integerDTypes as readonly DType[]).includes(dtype))
    return addNode(RealDiv, { x, y }, {}, name ?? 'truediv').z;
  return withNameScope(name, 'truediv', (scope) => {
    const cast = (value: TensorLike, arg: string): Tensor => {
      const tensor = convertToTensor(value, { dtype: dtypeOf(value) ?? dtype, name: arg });
      return graphBuilder().op('Cast', [tensor], { DstT: quotientDType(tensor.dtype) });
    };
    return addNode(RealDiv, { x: cast(x, 'x'), y: cast(y, 'y') }, {}, scope).z;
  });
}

/** Quotient rounded towards minus infinity, with broadcasting. @see TF op FloorDiv. */
export const floorDiv = binaryFunction(FloorDiv, 'floordiv');

/** Remainder with the sign of the divisor (Python's `%`), with broadcasting. @see TF op FloorMod. */
export const mod = binaryFunction(FloorMod, 'mod');

/** Quotient rounded towards zero, with broadcasting. @see TF op TruncateDiv. */
export const truncateDiv = binaryFunction(TruncateDiv);

/** Remainder with the sign of the dividend, with broadcasting. @see TF op TruncateMod. */
export const truncateMod = binaryFunction(TruncateMod);

/** Quotient that is 0 wherever `y` is 0, with broadcasting. @see TF op DivNoNan. */
export const divNoNan = binaryFunction(DivNoNan, 'div_no_nan');
