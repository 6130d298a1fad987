import { IndexAlgebra, ravel, unravel } from '../../src/compiler/index-algebra.js';
import {
  add,
  and,
  binary,
  eq,
  ge,
  index,
  int,
  lt,
  max,
  min,
  mul,
  neg,
  operands,
  select,
  sub,
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
