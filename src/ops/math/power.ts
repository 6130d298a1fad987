/**
 * Powers and functions of two tensors around logarithm and angle: Pow, Xlogy, Xdivy, Atan2. The
 * X-ops are 0 wherever x is 0, whatever y is.
 */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { floatDTypes, isComplex } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import {
  binary,
  div as quotient,
  eq,
  ge,
  isComplexType,
  like,
  max,
  mul,
  select,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { broadcastOrFail, reduceGradients } from '../broadcast.js';
import { analyticDTypes } from '../data-dtypes.js';
import {
  binaryFunction,
  binaryOp,
  conjugate,
  scalarLike,
  times,
  zerosLike,
  type BinaryGrad,
} from '../elementwise.js';
import { defineOp, type Check } from '../op-def.js';

const isFloat = (x: Expr): boolean => x.type === 'f32' || x.type === 'f64';

/** Integers to negative powers are errors on the host, and 0 on a device. */
function power(x: Expr, y: Expr, check: Check): Expr {
  if (isFloat(x) || isComplexType(x.type) || (y.kind === 'const' && Number(y.value) >= 0))
    return binary('pow', x, y);
  const zero = like(y, 0);
  const isWhole = ge(y, zero);
  const safe = select(isWhole, binary('pow', x, max(y, zero)), like(x, 0));
  return check(safe, isWhole, 'Integers to negative integer powers are not allowed');
}

/** x^y. */
export const Pow = binaryOp({
  name: 'Pow',
  types: [...analyticDTypes, 'int8', 'int16', 'int32', 'int64'],
  expr: power,
  integers: (x, y) => (y < 0 ? null : x ** y),
  // The logarithm is taken as 0 where x <= 0: there is no real derivative with respect to y there.
  // Of a complex x, only 0 has none.
  grad: ({ b, dy, x, y, z }) => {
    const [cx, cy] = [conjugate(b, x), conjugate(b, y)];
    const lower = b.op('Sub', [cy, scalarLike(b, y, 1, 'sub/y')], {}, 'sub');
    const gx = times(b, times(b, dy, cy), b.op('Pow', [cx, lower]));
    const test = isComplex(x.dtype) ? 'NotEqual' : 'Greater';
    const hasLog = b.op(test, [x, scalarLike(b, x, 0, `${test}/y`)]);
    const safe = b.op('Select', [hasLog, cx, b.op('OnesLike', [x], {}, 'ones_like')]);
    const log = b.op('Select', [hasLog, b.op('Log', [safe]), zerosLike(b, x)]);
    const gy = times(b, times(b, dy, conjugate(b, z)), log);
    return reduceGradients(b, x, y, gx, gy);
  },
});

const unlessZero = (x: Expr, value: Expr): Expr => select(eq(x, like(x, 0)), like(x, 0), value);

/** 1 where x is not 0, else 0. */
const nonZero = ({ b, x }: BinaryGrad): Tensor =>
  b.op('Cast', [b.op('NotEqual', [x, scalarLike(b, x, 0, 'Cast/x')])], { DstT: x.dtype }, 'Cast_1');

/** x log(y), or 0 where x = 0. */
export const Xlogy = binaryOp({
  name: 'Xlogy',
  types: analyticDTypes,
  expr: (x, y) => unlessZero(x, mul(x, unary('log', y))),
  grad: (g) => {
    const { b, dy, x, y } = g;
    const gx = times(b, b.op('Xlogy', [nonZero(g), y]), dy);
    const gy = times(b, b.op('Xdivy', [x, y]), dy);
    return reduceGradients(b, x, y, gx, gy);
  },
});

/** x / y, or 0 where x = 0. */
export const Xdivy = binaryOp({
  name: 'Xdivy',
  types: analyticDTypes,
  expr: (x, y) => unlessZero(x, quotient(x, y)),
  grad: (g) => {
    const { b, dy, x, y } = g;
    const gx = times(b, b.op('Xdivy', [nonZero(g), y]), dy);
    const square = b.op('Pow', [y, scalarLike(b, y, 2, 'pow/y')], {}, 'pow');
    const gy = times(b, b.op('Xdivy', [b.op('Neg', [x]), square]), dy);
    return reduceGradients(b, x, y, gx, gy);
  },
});

/** Angle of the point (x, y), in radians, between -pi and pi. */
export const Atan2 = defineOp({
  name: 'Atan2',
  attrs: { T: { kind: 'type', allowed: floatDTypes } },
  inputs: { y: 'T', x: 'T' },
  outputs: { z: 'T' },
  infer: ({ shapes, fail }) => ({ z: broadcastOrFail(shapes.y, shapes.x, fail) }),
  grad: ({ b, dy, x: { y, x } }) => {
    const square = (t: Tensor): Tensor => b.op('Square', [t]);
    const norm = b.op('AddV2', [square(y), square(x)], {}, 'add');
    const scale = b.op('RealDiv', [dy.z, norm], {}, 'truediv');
    const gy = times(b, x, scale);
    const gx = times(b, b.op('Neg', [y]), scale);
    const reduced = reduceGradients(b, y, x, gy, gx);
    return { y: reduced.x, x: reduced.y };
  },
  lower: { kind: 'elementwise', expr: ({ y, x }) => binary('atan2', y, x) },
});

/** `x` to the power `y`, with broadcasting. @see TF op Pow. @example pow(x, 2) */
export const pow = binaryFunction(Pow, 'pow');

/** `x log(y)`, 0 wherever `x` is 0, with broadcasting. @see TF op Xlogy. */
export const xlogy = binaryFunction(Xlogy);

/** `x / y`, 0 wherever `x` is 0, with broadcasting. @see TF op Xdivy. */
export const xdivy = binaryFunction(Xdivy);

/** Angle in radians of the point with ordinate `y` and abscissa `x`. @see TF op Atan2. */
export const atan2 = (y: TensorLike, x: TensorLike, name?: string): Tensor =>
  addNode(Atan2, { y, x }, {}, name).z;
