/** Means of 32-bit integers as reductions that do not overflow: their sums need 64 bits. */
import { add, and, binary, div, like, lt, mod, ne, select, sub, type Expr } from '../../ir/expr.js';
import type { ReducePlan } from '../op-def.js';
import type { SplitInput } from './reduce-plan.js';

/** The most remainders whose sum stays in 32 bits: their count squared does. */
const maxRemainders = 46340;

/**
 * Integers of 32 bits: TensorFlow sums in 64 bits. Here quotients and remainders by the count are
 * summed apart, which does not overflow either: sum = count * Q + R, and |R| < count^2. Of more
 * elements than that allows, digits are summed.
 */
export function integerMeanPlan(split: SplitInput, signed: boolean): ReducePlan {
  if (split.count > maxRemainders) return digitMeanPlan(split, signed);
  const count = (x: Expr): Expr => like(x, split.count);
  return {
    rows: split.rows,
    inner: split.inner,
    stages: [
      { combine: 'sum', value: (row, inner) => quotient(split.at(row, inner), split.count) },
      {
        combine: 'sum',
        value: (row, inner) => mod(split.at(row, inner), count(split.at(row, inner))),
      },
    ],
    outputs: [
      {
        of: 'row',
        value: (_, [q, r]) => {
          const [quotients, remainders] = [q as Expr, r as Expr];
          const carried = add(quotients, quotient(remainders, split.count));
          const rest = mod(remainders, count(remainders));
          return signed ? towardZero(carried, rest) : carried;
        },
      },
    ],
  };
}

const quotient = (x: Expr, count: number): Expr => div(x, like(x, count));
const shiftLeft = (x: Expr, by: number): Expr => binary('shl', x, like(x, by));
const shiftRight = (x: Expr, by: number): Expr => binary('shr', x, like(x, by));

/**
 * Sums the digits of the elements, to a base so small that no sum overflows, the top digits with
 * their sign; then divides the number they make by the count, digit by digit.
 */
function digitMeanPlan(split: SplitInput, signed: boolean): ReducePlan {
  const { rows, inner, count } = split;
  const bits = Math.max(1, Math.floor(Math.log2((2 ** 31 - 1) / count)));
  const top = Math.ceil(32 / bits) - 1;
  const digit = (x: Expr, i: number): Expr => {
    const shifted = shiftRight(x, i * bits);
    return i === top ? shifted : and(shifted, like(x, 2 ** bits - 1));
  };
  return {
    rows,
    inner,
    stages: Array.from({ length: top + 1 }, (_, i) => ({
      combine: 'sum',
      value: (row, at) => digit(split.at(row, at), i),
    })),
    outputs: [{ of: 'row', value: (_, sums) => digitQuotient(sums, bits, count, signed) }],
  };
}

/** floor(sum of digits[i] * 2^(i * bits) / count) where that is not negative, else the ceiling. */
function digitQuotient(sums: readonly Expr[], bits: number, count: number, signed: boolean): Expr {
  const digits: Expr[] = [];
  let carried = sums[0] as Expr;
  for (const sum of sums.slice(1)) {
    digits.unshift(and(carried, like(carried, 2 ** bits - 1)));
    carried = add(sum, shiftRight(carried, bits));
  }
  const negative = lt(carried, like(carried, 0));
  let rest = mod(carried, like(carried, count));
  let whole = quotient(carried, count);
  if (signed) {
    const below = lt(rest, like(rest, 0));
    whole = select(below, sub(whole, like(whole, 1)), whole);
    rest = select(below, add(rest, like(rest, count)), rest);
  }
  for (const next of digits) {
    const dividend = add(shiftLeft(rest, bits), next);
    whole = add(shiftLeft(whole, bits), quotient(dividend, count));
    rest = mod(dividend, like(dividend, count));
  }
  if (!signed) return whole;
  const up = and(negative, ne(rest, like(rest, 0)));
  return select(up, add(whole, like(whole, 1)), whole);
}

/** whole + rest / count, truncated: one nearer to zero where whole and rest have opposite signs. */
function towardZero(whole: Expr, rest: Expr): Expr {
  const zero = like(whole, 0);
  const one = like(whole, 1);
  const down = and(lt(zero, whole), lt(rest, zero));
  const up = and(lt(whole, zero), lt(zero, rest));
  return select(down, sub(whole, one), select(up, add(whole, one), whole));
}
