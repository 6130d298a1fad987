/** The size of a complex number from its parts, for the op that asks for it and for other formulas. */
import { add, div, eq, like, max, min, mul, or, select, unary, type Expr } from './expr.js';

/** sqrt(re^2 + im^2) without a square that overflows; infinite if a part is, even beside NaN. */
export function modulusOf(re: Expr, im: Expr): Expr {
  const [a, b] = [unary('abs', re), unary('abs', im)];
  const large = max(a, b);
  const infinite = like(re, Infinity);
  const ratio = div(min(a, b), large);
  const length = mul(large, unary('sqrt', add(like(re, 1), mul(ratio, ratio))));
  const finite = select(eq(large, like(re, 0)), large, length);
  return select(or(eq(a, infinite), eq(b, infinite)), infinite, finite);
}
