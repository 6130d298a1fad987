import { IndexAlgebra, ravel, unravel } from '../../src/compiler/index-algebra.js';
import {
  add,
  and,
  binary,
  eq,
  ge,
  index,
  int,
  load,
  lt,
  max,
  min,
  mul,
  neg,
  operands,
  select,
  sub,
  withOperands,
  type Expr,
} from '../../src/ir/expr.js';
import { printExpr } from '../../src/ir/print.js';

/** Small deterministic generator (Park and Miller 1988), so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

/** Direct evaluation at one point of the iteration space; a bool is 0 or 1. */
function evaluate(expr: Expr, point: readonly number[]): number {
  const [a = 0, b = 0, c = 0] = operands(expr).map((operand) => evaluate(operand, point));
  switch (expr.kind) {
    case 'const':
      return Number(expr.value);
    case 'index':
      return point[expr.axis] ?? NaN;
    case 'unary':
      return -a;
    case 'select':
      return a === 0 ? c : b;
    case 'binary':
      switch (expr.fn) {
        case 'add':
          return a + b;
        case 'sub':
          return a - b;
        case 'mul':
          return a * b;
        case 'div':
          return Math.trunc(a / b);
        case 'mod':
          return a % b;
        case 'max':
          return Math.max(a, b);
        case 'min':
          return Math.min(a, b);
        case 'lt':
          return Number(a < b);
        case 'ge':
          return Number(a >= b);
        case 'eq':
          return Number(a === b);
        case 'and':
          return a * b;
        default:
          throw new Error(expr.fn);
      }
    default:
      throw new Error(expr.kind);
  }
}

const extents = [3, 4, 5];

/** A random index expression over the three axes. */
function randomIndex(random: (below: number) => number, depth: number): Expr {
  if (depth === 0) return random(3) === 0 ? int(random(7)) : index(random(3));
  const a = randomIndex(random, depth - 1);
  const b = randomIndex(random, depth - 1);
  const divisor = int(1 + random(6));
  switch (random(9)) {
    case 0:
    case 1:
      return add(a, b);
    case 2:
      return sub(a, b);
    case 3:
      return mul(a, int(random(6) - 1));
    case 4:
      return binary('div', a, divisor);
    case 5:
      return binary('mod', a, divisor);
    case 6:
      return random(2) === 0 ? max(a, b) : min(a, b);
    case 7:
      return neg(a);
    default:
      return select(and(lt(a, int(random(8))), random(2) ? ge(b, a) : eq(a, b)), a, b);
  }
}

const corners = [0, 1, -1, 3, -7, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), 65536, 123456789];
const dataPoints = corners.flatMap((a) => corners.map((b) => [a, b]));
const factors = [1, 2, 3, 4, -1, 7, 49, 65536, 2 ** 30, 2 ** 31 - 1, -(2 ** 31)];

/** A random i32 expression over two elements of data. */
function randomData(random: (below: number) => number, depth: number): Expr {
  const factor = int(factors[random(factors.length)] ?? 1);
  if (depth === 0) return random(3) === 0 ? factor : load(random(2), 'i32', []);
  const a = randomData(random, depth - 1);
  const b = randomData(random, random(depth));
  const divisor = int(factors[random(8)] ?? 1);
  switch (random(9)) {
    case 0:
      return add(a, b);
    case 1:
      return sub(a, b);
    case 2:
    case 3:
      return mul(a, factor);
    case 4:
      return binary('div', a, divisor.kind === 'const' && divisor.value === -1 ? int(2) : divisor);
    case 5:
      return binary('mod', a, divisor);
    case 6:
      return random(2) === 0 ? max(a, b) : min(a, b);
    case 7:
      return neg(a);
    default:
      return select(random(2) === 0 ? lt(a, b) : ge(a, factor), a, b);
  }
}

/** Value with 32-bit wrapping at every node. */
function evaluateData(expr: Expr, data: readonly number[], memo = new Map<Expr, number>()): number {
  const known = memo.get(expr);
  if (known !== undefined) return known;
  const value = expr.kind === 'load' ? (data[expr.value] ?? NaN) : evaluateNode(expr, data, memo);
  memo.set(expr, value);
  return value;
}

function evaluateNode(expr: Expr, data: readonly number[], memo: Map<Expr, number>): number {
  const [a = 0, b = 0, c = 0] = operands(expr).map((operand) => evaluateData(operand, data, memo));
  if (expr.kind === 'binary' && expr.fn === 'mul') return Math.imul(a, b);
  const stub: Expr[] = [a, b, c].map((value) => ({ kind: 'const', type: 'i32', value }));
  const value = evaluate(withOperands(expr, stub), []);
  return expr.type === 'bool' ? value : value | 0;
}

function points(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, extent) => all.flatMap((at) => Array.from({ length: extent }, (_, i) => [...at, i])),
    [[]],
  );
}

function expectSameEverywhere(simplified: Expr, original: Expr, shape: readonly number[]): void {
  for (const at of points(shape)) {
    const [got, want] = [evaluate(simplified, at), evaluate(original, at)];
    // Zeros have no sign in integers.
    if (got + 0 !== want + 0)
      throw new Error(
        `At [${at.join(',')}] ${printExpr(original)} is ${want}, and simplified to ${printExpr(simplified)} it is ${got}.`,
      );
  }
}

describe('IndexAlgebra', () => {
  it('keeps the value of five thousand random expressions at every point', () => {
    const random = generator(20240229);
    for (let i = 0; i < 5000; i++) {
      const original = randomIndex(random, 1 + random(4));
      const algebra = new IndexAlgebra((axis) => extents[axis] ?? 1);
      expectSameEverywhere(algebra.simplify(original), original, extents);
    }
  });

  it('divides multiples of any number exactly', () => {
    for (let d = 1; d < 4000; d++) {
      const algebra = new IndexAlgebra((axis) => (axis === 0 ? 5 : d));
      const flat = add(mul(index(0), int(d)), index(1));
      expect(printExpr(algebra.simplify(binary('div', flat, int(d))))).toBe('i0');
    }
  });

  it('keeps the value of random 32-bit arithmetic on data, which wraps', () => {
    const random = generator(31);
    for (let i = 0; i < 1500; i++) {
      const original = randomData(random, 1 + random(5));
      const simplified = new IndexAlgebra(() => 1).simplify(original);
      for (const data of dataPoints) {
        const [got, want] = [evaluateData(simplified, data), evaluateData(original, data)];
        if (got !== want)
          throw new Error(
            `Of ${data.join(',')} ${printExpr(original)} is ${want}, and simplified to ${printExpr(simplified)} it is ${got}.`,
          );
      }
    }
  });

  it('reports as the same only expressions equal at every point', () => {
    const random = generator(7);
    let found = 0;
    for (let i = 0; i < 3000; i++) {
      const [a, b] = [randomIndex(random, 2), randomIndex(random, 2)];
      if (!new IndexAlgebra((axis) => extents[axis] ?? 1).same(a, b)) continue;
      found++;
      expectSameEverywhere(a, b, extents);
    }
    expect(found).toBeGreaterThan(20);
  });

  it.each([[[2, 3, 4]], [[1, 5, 1]], [[7]], [[]]])(
    'cancels ravel against unravel for shape %j',
    (shape) => {
      const algebra = new IndexAlgebra((axis) => shape[axis] ?? 1);
      const axes = shape.map((_, axis) => index(axis));
      const there = ravel(axes, shape);
      for (const [axis, back] of unravel(there, shape).entries())
        expect(algebra.same(back, axes[axis] ?? int(0))).toBe(true);
    },
  );

  it('sees through a reshape of a reshape', () => {
    const algebra = new IndexAlgebra(() => 24);
    const flat = index(0);
    const there = ravel(unravel(flat, [4, 6]), [4, 6]);
    const andBack = ravel(unravel(there, [2, 3, 4]), [2, 3, 4]);
    expect(printExpr(algebra.simplify(andBack))).toBe('i0');
  });

  it('drops a division that the extent makes zero, and a remainder that changes nothing', () => {
    const algebra = new IndexAlgebra(() => 5);
    expect(printExpr(algebra.simplify(binary('div', index(0), int(5))))).toBe('0');
    expect(printExpr(algebra.simplify(binary('mod', index(0), int(5))))).toBe('i0');
    expect(printExpr(algebra.simplify(binary('mod', index(0), int(4))))).toBe('i0 % 4');
  });

  it('decides comparisons that hold for the whole range', () => {
    const algebra = new IndexAlgebra(() => 5);
    expect(printExpr(algebra.simplify(lt(index(0), int(5))))).toBe('true');
    expect(printExpr(algebra.simplify(ge(index(0), int(5))))).toBe('false');
    expect(printExpr(algebra.simplify(lt(index(0), int(4))))).toBe('i0 < 4');
  });
});
