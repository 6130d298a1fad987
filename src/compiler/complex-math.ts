/**
 * Complex numbers as pairs of real expressions: the arithmetic and the functions, each by a formula
 * that keeps its digits where a textbook's would cancel or overflow. Infinities and NaN follow
 * TensorFlow's kernels where these agree with themselves.
 */
import { InternalError } from '../errors.js';
import {
  add,
  and,
  binary,
  div,
  eq,
  gt,
  like,
  lt,
  max,
  mul,
  ne,
  neg,
  or,
  select,
  sub,
  unary,
  type BinaryFn,
  type Expr,
  type UnaryFn,
} from '../ir/expr.js';
import { modulusOf } from '../ir/modulus.js';

/** Real and imaginary part. */
export interface Pair {
  readonly re: Expr;
  readonly im: Expr;
}

export const pair = (re: Expr, im: Expr): Pair => ({ re, im });

const abs = (x: Expr): Expr => unary('abs', x);
const square = (x: Expr): Expr => mul(x, x);
const half = (x: Expr): Expr => mul(like(x, 0.5), x);
const choose = (cond: Expr, a: Pair, b: Pair): Pair =>
  pair(select(cond, a.re, b.re), select(cond, a.im, b.im));

const plus = (x: Pair, y: Pair): Pair => pair(add(x.re, y.re), add(x.im, y.im));
const minus = (x: Pair, y: Pair): Pair => pair(sub(x.re, y.re), sub(x.im, y.im));
const negated = ({ re, im }: Pair): Pair => pair(neg(re), neg(im));
const scaled = ({ re, im }: Pair, by: Expr): Pair => pair(mul(re, by), mul(im, by));
/** i z */
const turned = ({ re, im }: Pair): Pair => pair(neg(im), re);
/** -i z */
const turnedBack = ({ re, im }: Pair): Pair => pair(im, neg(re));
/** z + c for a real c. */
const shifted = ({ re, im }: Pair, by: number): Pair => pair(add(re, like(re, by)), im);

/** Whether a number is known to be real. */
const isReal = ({ im }: Pair): boolean => im.kind === 'const' && Number(im.value) === 0;

function times(x: Pair, y: Pair): Pair {
  if (isReal(y)) return scaled(x, y.re);
  if (isReal(x)) return scaled(y, x.re);
  if (x === y) {
    const cross = mul(x.re, x.im);
    return pair(sub(square(x.re), square(x.im)), add(cross, cross));
  }
  return pair(sub(mul(x.re, y.re), mul(x.im, y.im)), add(mul(x.re, y.im), mul(x.im, y.re)));
}

/**
 * x / y, both divided by the larger part of y first, so that no square overflows (Smith 1962). By 0
 * each part is divided by it: as TensorFlow does for single numbers, if not for vectors of them.
 */
function quotient(x: Pair, y: Pair): Pair {
  if (isReal(y)) return pair(div(x.re, y.re), div(x.im, y.re));
  const swap = lt(abs(y.re), abs(y.im));
  const large = select(swap, y.im, y.re);
  const small = select(swap, y.re, y.im);
  const ratio = select(eq(large, like(large, 0)), small, div(small, large));
  const divisor = add(large, mul(ratio, small));
  const re = select(swap, add(mul(x.re, ratio), x.im), add(x.re, mul(x.im, ratio)));
  const im = select(swap, sub(mul(x.im, ratio), x.re), sub(x.im, mul(x.re, ratio)));
  return pair(div(re, divisor), div(im, divisor));
}

const modulus = ({ re, im }: Pair): Expr => modulusOf(re, im);
const angle = ({ re, im }: Pair): Expr => binary('atan2', im, re);

/** The sign of `sign`, zero's included, on the size of `size`. */
const withSign = (size: Expr, sign: Expr): Expr => {
  const negative = or(
    lt(sign, like(sign, 0)),
    // 1 / -0 is minus infinity.
    and(eq(sign, like(sign, 0)), lt(div(like(sign, 1), sign), like(sign, 0))),
  );
  return select(negative, neg(size), size);
};

/** e^a (cos b + i sin b); a real number stays one even where e^a is infinite. */
function exponential({ re, im }: Pair): Pair {
  const size = unary('exp', re);
  const flat = eq(im, like(im, 0));
  const vanishes = eq(size, like(size, 0));
  const part = (fn: 'cos' | 'sin'): Expr =>
    select(vanishes, like(size, 0), mul(size, unary(fn, im)));
  return pair(select(flat, size, part('cos')), select(flat, im, part('sin')));
}

/** e^z - 1 = (e^a - 1) cos b - 2 sin^2(b/2) + i e^a sin b */
function exponentialLessOne({ re, im }: Pair): Pair {
  const sine = unary('sin', half(im));
  const cosine = mul(unary('expm1', re), unary('cos', im));
  const whole = sub(cosine, mul(like(re, 2), square(sine)));
  return pair(whole, exponential({ re, im }).im);
}

const logarithm = (z: Pair): Pair => pair(unary('log', modulus(z)), angle(z));

/** log(1 + z); near 0 its real part is log1p(2a + a^2 + b^2) / 2. */
function logarithmOfOneMore(z: Pair): Pair {
  const { re, im } = z;
  const isNear = lt(max(abs(re), abs(im)), like(re, 0.5));
  const excess = add(mul(re, add(like(re, 2), re)), square(im));
  const near = half(unary('log1p', select(isNear, excess, like(re, 0))));
  const far = logarithm(shifted(z, 1));
  return pair(select(isNear, near, far.re), far.im);
}

/** The root with a real part that is not negative: w = sqrt((|a| + |z|) / 2), and b / 2w. */
function root(z: Pair): Pair {
  const { re, im } = z;
  const zero = like(re, 0);
  const w = unary('sqrt', add(half(abs(re)), half(modulus(z))));
  const isZero = eq(w, zero);
  const flat = eq(im, zero);
  const other = div(half(abs(im)), select(isZero, like(w, 1), w));
  const small = select(or(isZero, flat), zero, other);
  const isRight = lt(neg(abs(re)), re);
  return pair(select(isRight, w, small), withSign(select(isRight, small, w), im));
}

const one = (z: Pair): Pair => pair(like(z.re, 1), like(z.re, 0));
const reciprocal = (z: Pair): Pair => quotient(one(z), z);

function hyperbolicSine({ re, im }: Pair): Pair {
  return pair(mul(unary('sinh', re), unary('cos', im)), mul(unary('cosh', re), unary('sin', im)));
}

function hyperbolicCosine({ re, im }: Pair): Pair {
  return pair(mul(unary('cosh', re), unary('cos', im)), mul(unary('sinh', re), unary('sin', im)));
}

/** Kahan 1987: with t = tan b, s = sinh a: (cosh a sinh a (1 + t^2) + i t) / (1 + (1 + t^2) s^2). */
function hyperbolicTangent({ re, im }: Pair): Pair {
  // There tanh a differs from 1 by less than half a digit.
  const isLarge = gt(abs(re), like(re, re.type === 'f32' ? 10 : 20));
  const a = select(isLarge, like(re, 0), re);
  const s = unary('sinh', a);
  const t = unary('tan', im);
  const beta = add(like(t, 1), square(t));
  const divisor = add(like(t, 1), mul(beta, square(s)));
  const rho = unary('sqrt', add(like(s, 1), square(s)));
  const near = pair(div(mul(beta, mul(rho, s)), divisor), div(t, divisor));
  const decay = unary('exp', mul(like(re, -2), abs(re)));
  const turn = mul(mul(like(re, 4), decay), mul(unary('sin', im), unary('cos', im)));
  const isInfinite = eq(decay, like(re, 0));
  const far = pair(unary('tanh', re), select(isInfinite, like(re, 0), turn));
  return choose(isLarge, far, near);
}

/** log(z + sqrt(z^2 + 1)) on the right half, odd: near 0 as log1p(z + z^2 / (1 + sqrt(1 + z^2))). */
function inverseHyperbolicSine(z: Pair): Pair {
  const isLeft = lt(z.re, like(z.re, 0));
  const w = choose(isLeft, negated(z), z);
  const w2 = times(w, w);
  const bend = quotient(w2, shifted(root(shifted(w2, 1)), 1));
  const right = logarithmOfOneMore(plus(w, bend));
  return choose(isLeft, negated(right), right);
}

/** 2 log(sqrt((z + 1) / 2) + sqrt((z - 1) / 2)) */
function inverseHyperbolicCosine(z: Pair): Pair {
  const up = root(scaled(shifted(z, 1), like(z.re, 0.5)));
  const down = root(scaled(shifted(z, -1), like(z.re, 0.5)));
  return scaled(logarithm(plus(up, down)), like(z.re, 2));
}

/** (log(1 + z) - log(1 - z)) / 2 */
const inverseHyperbolicTangent = (z: Pair): Pair =>
  scaled(minus(logarithmOfOneMore(z), logarithmOfOneMore(negated(z))), like(z.re, 0.5));

const inverseSine = (z: Pair): Pair => turnedBack(inverseHyperbolicSine(turned(z)));

function inverseCosine(z: Pair): Pair {
  const { re, im } = inverseSine(z);
  return pair(sub(like(re, Math.PI / 2), re), neg(im));
}

/** 1 / (1 + e^-z) */
function logistic(z: Pair): Pair {
  const isRight = gt(z.re, like(z.re, 0));
  const decay = exponential(choose(isRight, negated(z), z));
  const smaller = quotient(choose(isRight, one(z), decay), shifted(decay, 1));
  return smaller;
}

/** z / |z|, and 0 for 0. */
function direction(z: Pair): Pair {
  const size = modulus(z);
  const isZero = eq(size, like(size, 0));
  const divisor = select(isZero, like(size, 1), size);
  return pair(div(z.re, divisor), div(z.im, divisor));
}

/** e^(y log x), and 0 for powers of 0 that are not 0 themselves. */
function power(x: Pair, y: Pair): Pair {
  const isZero = eq(modulus(x), like(x.re, 0));
  const flat = gt(y.re, like(y.re, 0));
  const zero = pair(like(x.re, 0), like(x.re, 0));
  return choose(and(isZero, flat), zero, exponential(times(y, logarithm(x))));
}

const unaries: Partial<Record<UnaryFn, (z: Pair) => Pair>> = {
  neg: negated,
  sign: direction,
  sqrt: root,
  rsqrt: (z) => reciprocal(root(z)),
  exp: exponential,
  expm1: exponentialLessOne,
  log: logarithm,
  log1p: logarithmOfOneMore,
  sin: (z) => turnedBack(hyperbolicSine(turned(z))),
  cos: (z) => hyperbolicCosine(turned(z)),
  tan: (z) => turnedBack(hyperbolicTangent(turned(z))),
  asin: inverseSine,
  acos: inverseCosine,
  atan: (z) => turnedBack(inverseHyperbolicTangent(turned(z))),
  sinh: hyperbolicSine,
  cosh: hyperbolicCosine,
  tanh: hyperbolicTangent,
  asinh: inverseHyperbolicSine,
  acosh: inverseHyperbolicCosine,
  atanh: inverseHyperbolicTangent,
  sigmoid: logistic,
};

const binaries: Partial<Record<BinaryFn, (x: Pair, y: Pair) => Pair>> = {
  add: plus,
  sub: minus,
  mul: times,
  div: quotient,
  pow: power,
};

/** A unary function of a complex number. */
export function complexUnary(fn: UnaryFn, z: Pair): Pair {
  const formula = unaries[fn];
  if (formula === undefined) throw new InternalError(`There is no ${fn} of a complex number.`);
  return formula(z);
}

/** A binary function of two complex numbers. */
export function complexBinary(fn: BinaryFn, x: Pair, y: Pair): Pair {
  const formula = binaries[fn];
  if (formula === undefined) throw new InternalError(`There is no ${fn} of complex numbers.`);
  return formula(x, y);
}

/** Whether two complex numbers are equal (`eq`) or not (`ne`). */
export function complexComparison(fn: BinaryFn, x: Pair, y: Pair): Expr {
  if (fn === 'eq') return and(eq(x.re, y.re), eq(x.im, y.im));
  if (fn === 'ne') return or(ne(x.re, y.re), ne(x.im, y.im));
  throw new InternalError(`Complex numbers have no order: ${fn}.`);
}
