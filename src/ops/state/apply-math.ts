/** Shorthand for the formulas of the optimizer kernels. */
import { add, like, max, mul, sub, unary, type Expr } from '../../ir/expr.js';

export const square = (x: Expr): Expr => mul(x, x);
export const sqrt = (x: Expr): Expr => unary('sqrt', x);
export const rsqrt = (x: Expr): Expr => unary('rsqrt', x);
export const sign = (x: Expr): Expr => unary('sign', x);
export const abs = (x: Expr): Expr => unary('abs', x);
export const oneMinus = (x: Expr): Expr => sub(like(x, 1), x);
export const onePlus = (x: Expr): Expr => add(like(x, 1), x);
/** The product of all factors, left to right. */
export const product = (first: Expr, ...others: Expr[]): Expr => others.reduce(mul, first);

/** average + (x - average) * (1 - decay). */
export const averaged = (average: Expr, x: Expr, decay: Expr): Expr =>
  add(average, mul(sub(x, average), oneMinus(decay)));

/** sign(x) * max(|x| - threshold, 0): what an L1 penalty leaves of x. */
export const shrunk = (x: Expr, threshold: Expr): Expr =>
  mul(sign(x), max(sub(abs(x), threshold), like(x, 0)));
