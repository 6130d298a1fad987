/**
 * Integer algebra for index expressions. Views compose into towers of division and remainder;
 * knowing each axis's extent, almost all of it cancels. Expressions are brought to a linear form
 * `c + sum(k_i * atom_i)` and rebuilt; equal indices come out as equal forms.
 */
import {
  binary,
  constant,
  firstFoldAxis,
  index,
  int,
  operands,
  rewrite,
  withOperands,
  type Expr,
} from '../ir/expr.js';
import { ExprKeys } from '../ir/expr-keys.js';

interface Term {
  readonly atom: Expr;
  readonly factor: number;
}
/** c + sum of factor * atom modulo 2^32, keyed by the atom's structural key. */
interface Linear {
  readonly offset: number;
  readonly terms: ReadonlyMap<string, Term>;
}
interface Range {
  readonly low: number;
  readonly high: number;
}

const unknown: Range = { low: -(2 ** 31), high: 2 ** 31 - 1 };
const constantForm = (offset: number): Linear => ({ offset, terms: new Map() });

export class IndexAlgebra {
  readonly #memo = new Map<Expr, Expr>();
  readonly #forms = new Map<Expr, Linear>();
  readonly #keys = new ExprKeys();
  readonly #foldExtents = new Map<number, number>();

  /** @param extentOf extent of each of the kernel's axes. */
  constructor(readonly extentOf: (axis: number) => number) {}

  /** The expression with all its index arithmetic, comparisons and selections simplified. */
  simplify(expr: Expr): Expr {
    this.#learnFolds(expr);
    return rewrite(expr, (node) => this.#visit(node), this.#memo);
  }

  /** Whether two index expressions are equal for every point of the iteration space. */
  same(a: Expr, b: Expr): boolean {
    return this.#keys.of(this.simplify(a)) === this.#keys.of(this.simplify(b));
  }

  #learnFolds(root: Expr): void {
    const seen = new Set<Expr>();
    const stack = [root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (seen.has(node) || this.#memo.has(node)) continue;
      seen.add(node);
      if (node.kind === 'fold') this.#foldExtents.set(node.axis, node.extent);
      stack.push(...operands(node));
    }
  }

  #visit(node: Expr): Expr {
    if (node.type === 'i32' && isArithmetic(node)) return this.#rebuild(this.#linear(node));
    if (node.kind === 'binary' && node.type === 'bool') return this.#compare(node);
    if (node.kind === 'select' && node.cond.kind === 'const')
      return node.cond.value === 0 ? node.b : node.a;
    if (node.kind === 'check' && node.ok.kind === 'const' && node.ok.value !== 0) return node.x;
    if (node.kind === 'binary') return identityOperation(node);
    if (node.kind === 'cast' && node.x.kind === 'const') return castConstant(node, node.x);
    return node;
  }

  #compare(node: Expr & { readonly kind: 'binary' }): Expr {
    const { fn, a, b } = node;
    if (fn === 'and' || fn === 'or') return logical(node);
    if (a.type !== 'i32') return node;
    const x = this.#range(a);
    const y = this.#range(b);
    const always =
      (fn === 'lt' && x.high < y.low) ||
      (fn === 'le' && x.high <= y.low) ||
      (fn === 'gt' && x.low > y.high) ||
      (fn === 'ge' && x.low >= y.high) ||
      (fn === 'ne' && (x.high < y.low || x.low > y.high)) ||
      (fn === 'eq' && x.low === x.high && y.low === y.high && x.low === y.low);
    if (always) return constant('bool', 1);
    const never =
      (fn === 'lt' && x.low >= y.high) ||
      (fn === 'le' && x.low > y.high) ||
      (fn === 'gt' && x.high <= y.low) ||
      (fn === 'ge' && x.high < y.low) ||
      (fn === 'eq' && (x.high < y.low || x.low > y.high));
    return never ? constant('bool', 0) : node;
  }

  #linear(node: Expr): Linear {
    const known = this.#forms.get(node);
    if (known) return known;
    const form = this.#linearOf(node);
    this.#forms.set(node, form);
    return form;
  }

  #linearOf(node: Expr): Linear {
    if (node.kind === 'const') return constantForm(Number(node.value));
    if (node.kind === 'index')
      return this.#extent(node.axis) === 1 ? constantForm(0) : this.#atom(node);
    if (node.kind === 'unary' && node.fn === 'neg') return scale(this.#linear(node.x), -1);
    if (node.kind !== 'binary') return this.#atom(node);
    const a = this.#linear(node.a);
    const b = this.#linear(node.b);
    if (node.fn === 'add') return this.#joined(plus(a, b));
    if (node.fn === 'sub') return this.#joined(plus(a, scale(b, -1)));
    if (node.fn === 'mul' && b.terms.size === 0) return scale(a, b.offset);
    if (node.fn === 'mul' && a.terms.size === 0) return scale(b, a.offset);
    if (b.terms.size === 0 && b.offset > 0 && this.#rangeOf(a).low >= 0) {
      if (node.fn === 'div') return this.#divide(a, b.offset);
      if (node.fn === 'mod') return this.#remainder(a, b.offset);
    }
    if (node.fn === 'max' || node.fn === 'min') return this.#extreme(node, a, b);
    return this.#atom(withOperands(node, [this.#rebuild(a), this.#rebuild(b)]));
  }

  /** min and max of ranges that do not overlap are one of their operands. */
  #extreme(node: Expr & { readonly kind: 'binary' }, a: Linear, b: Linear): Linear {
    const x = this.#rangeOf(a);
    const y = this.#rangeOf(b);
    if (x.high <= y.low) return node.fn === 'min' ? a : b;
    if (y.high <= x.low) return node.fn === 'min' ? b : a;
    return this.#atom(withOperands(node, [this.#rebuild(a), this.#rebuild(b)]));
  }

  /** floor(a / d), a >= 0: whole multiples leave the division; what stays below d vanishes. */
  #divide(a: Linear, d: number): Linear {
    if (d === 1) return a;
    const { whole, rest } = splitBy(a, d);
    const range = this.#rangeOf(rest);
    const quotient = quotientOf(whole, d);
    if (range.low >= 0 && range.high < d) return quotient;
    if (range.low < 0) return this.#atom(binary('div', this.#rebuild(a), int(d)));
    const { form, divisor } = reduceFraction(rest, d);
    if (divisor === 1) return plus(quotient, form);
    const inner = this.#rebuild(form);
    if (inner.kind === 'binary' && inner.fn === 'div' && inner.b.kind === 'const')
      return plus(quotient, this.#divide(this.#linear(inner.a), divisor * Number(inner.b.value)));
    return plus(quotient, this.#atom(binary('div', inner, int(divisor))));
  }

  #remainder(a: Linear, d: number): Linear {
    if (d === 1) return constantForm(0);
    const { rest } = splitBy(a, d);
    const range = this.#rangeOf(rest);
    if (range.low >= 0 && range.high < d) return rest;
    const safe = range.low >= 0 ? rest : a;
    return this.#atom(binary('mod', this.#rebuild(safe), int(d)));
  }

  /** Puts (x / d) * d*k + (x % d) * k back together as x * k. */
  #joined(form: Linear): Linear {
    for (const [key, { atom, factor }] of form.terms) {
      if (atom.kind !== 'binary' || atom.fn !== 'mod' || atom.b.kind !== 'const') continue;
      const d = Number(atom.b.value);
      if (d <= 0 || this.#range(atom.a).low < 0) continue;
      const whole = this.#divide(this.#linear(atom.a), d);
      const without = new Map(form.terms);
      without.delete(key);
      const rest = plus({ offset: form.offset, terms: without }, scale(whole, -factor * d));
      if (rest.terms.size >= without.size) continue;
      return this.#joined(plus(rest, scale(this.#linear(atom.a), factor)));
    }
    return form;
  }

  #atom(node: Expr): Linear {
    return { offset: 0, terms: new Map([[this.#keys.of(node), { atom: node, factor: 1 }]]) };
  }

  #rebuild(form: Linear): Expr {
    const terms = [...form.terms.values()].sort(
      (a, b) => b.factor - a.factor || order(a.atom, b.atom),
    );
    let sum: Expr | null = null;
    for (const { atom, factor } of terms) {
      const term = factor === 1 ? atom : binary('mul', atom, int(factor | 0));
      sum = sum === null ? term : binary('add', sum, term);
    }
    const built =
      sum === null
        ? int(form.offset | 0)
        : form.offset === 0
          ? sum
          : binary('add', sum, int(form.offset | 0));
    this.#forms.set(built, form);
    return built;
  }

  #extent(axis: number): number {
    return axis >= firstFoldAxis
      ? (this.#foldExtents.get(axis) ?? 2 ** 31 - 1)
      : this.extentOf(axis);
  }

  #range(node: Expr): Range {
    return node.type === 'i32' ? this.#rangeOf(this.#linear(node)) : unknown;
  }

  #rangeOf(form: Linear): Range {
    let { low, high } = { low: form.offset, high: form.offset };
    for (const { atom, factor } of form.terms.values()) {
      const range = this.#atomRange(atom);
      low += factor * (factor > 0 ? range.low : range.high);
      high += factor * (factor > 0 ? range.high : range.low);
    }
    // The expression may be on data, which wraps: beyond 32 bits a form says nothing of its size.
    return low < unknown.low || high > unknown.high ? unknown : { low, high };
  }

  #atomRange(atom: Expr): Range {
    if (atom.kind === 'index') return { low: 0, high: Math.max(0, this.#extent(atom.axis) - 1) };
    if (atom.kind === 'select') {
      const a = this.#range(atom.a);
      const b = this.#range(atom.b);
      return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
    }
    if (atom.kind !== 'binary') return unknown;
    const a = this.#range(atom.a);
    const b = this.#range(atom.b);
    const divisor = atom.b.kind === 'const' ? Number(atom.b.value) : 0;
    if (atom.fn === 'div' && divisor > 0 && a.low >= 0)
      return { low: Math.floor(a.low / divisor), high: Math.floor(a.high / divisor) };
    if (atom.fn === 'mod' && divisor > 0 && a.low >= 0) return { low: 0, high: divisor - 1 };
    if (atom.fn === 'min') return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
    if (atom.fn === 'max') return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
    return unknown;
  }
}

const isArithmetic = (node: Expr): boolean =>
  node.kind === 'index' ||
  (node.kind === 'unary' && node.fn === 'neg') ||
  (node.kind === 'binary' && ['add', 'sub', 'mul', 'div', 'mod', 'min', 'max'].includes(node.fn));

const order = (a: Expr, b: Expr): number =>
  a.kind === 'index' && b.kind === 'index' ? a.axis - b.axis : 0;

function plus(a: Linear, b: Linear): Linear {
  const terms = new Map(a.terms);
  for (const [key, { atom, factor }] of b.terms) {
    const sum = ((terms.get(key)?.factor ?? 0) + factor) | 0;
    if (sum === 0) terms.delete(key);
    else terms.set(key, { atom, factor: sum });
  }
  return { offset: (a.offset + b.offset) | 0, terms };
}

function scale(a: Linear, by: number): Linear {
  if (by === 0) return constantForm(0);
  if (by === 1) return a;
  const terms = new Map<string, Term>();
  for (const [key, { atom, factor }] of a.terms) {
    const product = Math.imul(factor, by);
    if (product !== 0) terms.set(key, { atom, factor: product });
  }
  return { offset: Math.imul(a.offset, by), terms };
}

/** A form all of whose factors are multiples of d, divided by it. (49 * (1 / 49) is not 1.) */
function quotientOf(a: Linear, d: number): Linear {
  const terms = new Map<string, Term>();
  for (const [key, { atom, factor }] of a.terms) terms.set(key, { atom, factor: factor / d });
  return { offset: a.offset / d, terms };
}

/** a = whole + rest, where every factor of `whole` is a multiple of d and rest's offset is in [0, d). */
function splitBy(a: Linear, d: number): { readonly whole: Linear; readonly rest: Linear } {
  const whole = new Map<string, Term>();
  const rest = new Map<string, Term>();
  for (const [key, term] of a.terms) (term.factor % d === 0 ? whole : rest).set(key, term);
  const offset = ((a.offset % d) + d) % d;
  return {
    whole: { offset: a.offset - offset, terms: whole },
    rest: { offset, terms: rest },
  };
}

/** floor(form / d) with the common divisor of factors and d cancelled. */
function reduceFraction(
  form: Linear,
  d: number,
): { readonly form: Linear; readonly divisor: number } {
  let common = d;
  for (const { factor } of form.terms.values()) common = gcd(common, Math.abs(factor));
  if (common <= 1) return { form, divisor: d };
  const offset = Math.floor(form.offset / common) * common;
  return { form: quotientOf({ offset, terms: form.terms }, common), divisor: d / common };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

function logical(node: Expr & { readonly kind: 'binary' }): Expr {
  const absorbing = node.fn === 'and' ? 0 : 1;
  for (const [one, other] of [
    [node.a, node.b],
    [node.b, node.a],
  ] as const)
    if (one.kind === 'const') return one.value === absorbing ? one : other;
  return node;
}

/** x * 1, x / 1, x - 0: exact for every float, NaN and signed zero included. */
function identityOperation(node: Expr & { readonly kind: 'binary' }): Expr {
  const { fn, a, b } = node;
  const isOne = (e: Expr): boolean => e.kind === 'const' && Number(e.value) === 1;
  if (fn === 'mul' && isOne(a)) return b;
  if ((fn === 'mul' || fn === 'div') && isOne(b)) return a;
  if (fn === 'sub' && b.kind === 'const' && Object.is(Number(b.value), 0)) return a;
  return node;
}

function castConstant(node: Expr, x: Expr & { readonly kind: 'const' }): Expr {
  const value = Number(x.value);
  if (node.type === 'f32') return constant('f32', Math.fround(value));
  if (node.type === 'f64') return constant('f64', value);
  if (node.type === 'i32' && Number.isInteger(value) && Math.abs(value) < 2 ** 31)
    return constant('i32', value);
  return node;
}

/** Row-major flat index of a multi-dimensional one. */
export function ravel(at: readonly Expr[], shape: readonly number[]): Expr {
  let flat: Expr = int(0);
  for (const [axis, i] of at.entries())
    flat = axis === 0 ? i : binary('add', binary('mul', flat, int(shape[axis] ?? 1)), i);
  return flat;
}

/** Index per axis of a flat, row-major one. */
export function unravel(flat: Expr, shape: readonly number[]): Expr[] {
  const at = new Array<Expr>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1;
    at[axis] = axis === 0 ? rest : extent === 1 ? int(0) : binary('mod', rest, int(extent));
    if (axis > 0 && extent !== 1) rest = binary('div', rest, int(extent));
  }
  return at;
}

/** The iteration variables of axes `from` .. `from + count - 1`. */
export const indices = (count: number, from = 0): Expr[] =>
  Array.from({ length: count }, (_, axis) => index(from + axis));

/** Replaces iteration variables. */
export const substitute = (
  expr: Expr,
  axes: ReadonlyMap<number, Expr>,
  memo?: Map<Expr, Expr>,
): Expr =>
  rewrite(expr, (node) => (node.kind === 'index' ? (axes.get(node.axis) ?? node) : node), memo);
