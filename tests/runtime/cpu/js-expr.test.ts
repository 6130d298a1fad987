/** How expression graphs become statements: sharing, hoisting, folds, guarded reads, long chains. */
import {
  add,
  binary,
  constant,
  fold,
  index,
  int,
  lt,
  mul,
  select,
  sub,
  unary,
  type Expr,
} from '../../../src/ir/expr.js';
import { printKernelJs } from '../../../src/runtime/cpu/js-kernel.js';
import { input, mapKernel, output, place, read, runKernel, storageArray } from './kernels.js';

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

describe('printed expressions', () => {
  it('computes equal subexpressions once, whether shared objects or not', () => {
    const exp = (): Expr => unary('exp', read(0, index(0)));
    const { source } = printKernelJs(mapKernel(4, ['f32'], mul(exp(), add(exp(), exp()))));
    expect(occurrences(source, 'Math.exp(')).toBe(1);
  });

  it('moves what an inner loop does not change out of it', () => {
    const value = mul(unary('exp', read(0, index(0))), read(1, index(1)));
    const { source } = printKernelJs({
      kind: 'map',
      label: 'outer',
      shape: [3, 4],
      bindings: [input('f32', 3), input('f32', 4), output('f32', 12)],
      stores: [{ binding: 2, at: place([3, 4]), value }],
    });
    expect(source.indexOf('Math.exp(')).toBeGreaterThan(0);
    expect(source.indexOf('Math.exp(')).toBeLessThan(source.indexOf('for (let i1'));
  });

  it('rounds each f32 operation, so that splitting a kernel changes nothing', () => {
    const x = read(0, index(0));
    const fused = add(mul(x, x), unary('exp', x));
    const data = storageArray('f32', [0.1, 0.7, 1.3]);
    const product = runKernel(mapKernel(3, ['f32'], mul(x, x)), data);
    const exp = runKernel(mapKernel(3, ['f32'], unary('exp', x)), data);
    const sum = runKernel(mapKernel(3, ['f32', 'f32'], add(x, read(1, index(0)))), product, exp);
    expect(runKernel(mapKernel(3, ['f32'], fused), data)).toEqual(sum);
  });

  it('tells 0 from -0 and keeps NaN constants', () => {
    const one = constant('f32', 1);
    const value = (divisor: number): Expr => binary('div', one, constant('f32', divisor));
    const of = (divisor: number): unknown => runKernel(mapKernel(1, [], value(divisor)))[0];
    expect([of(0), of(-0), of(NaN)]).toEqual([Infinity, -Infinity, NaN]);
  });

  it('survives a chain of ten thousand operations', () => {
    let value: Expr = read(0, index(0));
    for (let i = 0; i < 10_000; i++) value = add(value, constant('f32', 1));
    expect(runKernel(mapKernel(1, ['f32'], value), storageArray('f32', [5]))[0]).toBe(10_005);
  });

  it('survives a select chain of a thousand cases', () => {
    let value: Expr = constant('i32', -1);
    for (let i = 0; i < 1000; i++) {
      const shared = mul(add(index(0), int(i)), int(3));
      value = select(lt(index(0), int(1000 - i)), add(mul(shared, shared), int(i)), value);
    }
    const out = runKernel(mapKernel(2, [], value));
    expect([...out]).toEqual([(999 * 3) ** 2 + 999, ((1 + 998) * 3) ** 2 + 998]);
  });
});

describe('selects', () => {
  it.each(['f32', 'i32', 'i64', 'u64', 'f64', 'bool'] as const)(
    'do not fail on a %s read outside the buffer',
    (type) => {
      const at = sub(index(0), int(2));
      const inside = lt(int(-1), at);
      const value = select(inside, read(0, at, type), constant(type, 1));
      const out = runKernel(mapKernel(4, [type], value), storageArray(type, [0, 1, 1, 1]));
      expect([...out].map(Number)).toEqual([1, 1, 0, 1]);
    },
  );

  it('tolerate an out-of-range 64-bit read that is used twice on both sides', () => {
    const outside = read(0, int(99), 'i64');
    const square = mul(outside, outside);
    const value = select(lt(index(0), int(9)), constant('i64', 7), add(square, square));
    expect(runKernel(mapKernel(1, ['i64'], value), storageArray('i64', [1]))[0]).toBe(7n);
  });

  it('evaluate only the side they take', () => {
    const costly = (k: number): Expr =>
      fold('sum', 5, (i) => add(read(0, add(i, index(0))), constant('f32', k)));
    const value = select(lt(index(0), int(1)), costly(1), costly(2));
    const kernel = mapKernel(2, ['f32'], value);
    const { source } = printKernelJs(kernel);
    expect(source).toMatch(/if \(.*\) \{/);
    expect(source.indexOf('if (')).toBeLessThan(source.indexOf('let f0'));
    const out = runKernel(kernel, storageArray('f32', [1, 2, 3, 4, 5, 6]));
    expect([...out]).toEqual([20, 30]);
  });
});

describe('folds', () => {
  const data = storageArray('f32', [1, 2, 3, 4, 5, 6]);
  const map = (n: number, value: Expr): number[] => {
    const bindings = [input('f32', 6), output(value.type, n)];
    const kernel = {
      ...mapKernel(n, [], value),
      bindings,
      stores: [{ binding: 1, at: index(0), value }],
    };
    return [...runKernel(kernel, data)].map(Number);
  };

  it('sum over their own variable', () => {
    const value = fold('sum', 3, (i) => read(0, add(mul(index(0), int(3)), i)));
    expect(map(2, value)).toEqual([6, 15]);
  });

  it('nest, and use the variables around them', () => {
    const value = fold('sum', 2, (i) => fold('prod', 3, (j) => read(0, add(mul(i, int(3)), j))));
    expect(map(1, value)).toEqual([6 + 120]);
  });

  it('may share an axis number without mixing their bodies', () => {
    const body = (extent: number, axis: number): Expr => ({
      kind: 'fold',
      type: 'f32',
      combine: 'sum',
      axis,
      extent,
      body: read(0, index(axis)),
    });
    expect(map(1, add(body(2, 1000), mul(body(4, 1000), constant('f32', 100))))).toEqual([1003]);
  });

  it('that are shared run once', () => {
    const sum = fold('sum', 6, (i) => read(0, i));
    const kernel = mapKernel(4, ['f32'], mul(sum, add(sum, read(0, index(0)))));
    const { source } = printKernelJs(kernel);
    expect(occurrences(source, 'for (')).toBe(3);
    expect(source.indexOf('let f0')).toBeLessThan(source.indexOf('let i0'));
  });

  it('of nothing give the identity', () => {
    const of = (combine: 'sum' | 'prod' | 'max' | 'min'): Expr =>
      fold(combine, 0, (i) => read(0, i));
    expect((['sum', 'prod', 'max', 'min'] as const).map((c) => map(1, of(c))[0])).toEqual([
      0,
      1,
      -Infinity,
      Infinity,
    ]);
  });
});

/** What an i32 expression means, by plain recursion. */
function evaluate(expr: Expr, axes: ReadonlyMap<number, number>, data: Int32Array): number {
  const of = (e: Expr): number => evaluate(e, axes, data);
  switch (expr.kind) {
    case 'const':
      return Number(expr.value);
    case 'index':
      return axes.get(expr.axis) ?? NaN;
    case 'read':
      return data[of(expr.at)] ?? 0;
    case 'select':
      return of(expr.cond) !== 0 ? of(expr.a) : of(expr.b);
    case 'fold':
      return Array.from({ length: expr.extent }, (_, i) =>
        evaluate(expr.body, new Map(axes).set(expr.axis, i), data),
      ).reduce((sum, value) => (sum + value) | 0, 0);
    case 'binary': {
      const [a, b] = [of(expr.a), of(expr.b)];
      if (expr.fn === 'lt') return Number(a < b);
      if (expr.fn === 'mul') return Math.imul(a, b);
      if (expr.fn === 'and') return a & b;
      return expr.fn === 'add' ? (a + b) | 0 : (a - b) | 0;
    }
    default:
      throw new Error(expr.kind);
  }
}

/** A random expression over `axes`, built of earlier ones so that much is shared. */
function randomExpr(pick: (n: number) => number, axes: readonly Expr[], depth: number): Expr {
  const pool: Expr[] = [...axes, int(pick(7)), read(0, int(pick(9)), 'i32')];
  const any = (): Expr => pool[pick(pool.length)] ?? int(0);
  for (let i = 0; i < 12; i++) {
    const kind = pick(depth > 0 ? 7 : 6);
    if (kind === 0) pool.push(select(lt(any(), any()), any(), any()));
    else if (kind === 1) pool.push(read(0, binary('and', any(), int(7)), 'i32'));
    else if (kind === 6)
      pool.push(
        fold('sum', pick(4), (loop) => randomExpr(pick, [...axes, loop, any()], depth - 1)),
      );
    else
      pool.push(binary((['add', 'sub', 'mul', 'add'] as const)[kind - 2] ?? 'add', any(), any()));
  }
  return pool.slice(-4).reduce((a, b) => binary('sub', a, b));
}

it('random expressions mean what plain recursion says', () => {
  let state = 12345;
  const pick = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 4294967296) * n);
  };
  const data = Int32Array.from({ length: 9 }, (_, i) => i * i - 11);
  for (let round = 0; round < 300; round++) {
    const value = randomExpr(pick, [index(0), index(1)], 2);
    const out = runKernel(
      {
        kind: 'map',
        label: 'random',
        shape: [3, 4],
        bindings: [input('i32', 9), output('i32', 12)],
        stores: [{ binding: 1, at: place([3, 4]), value }],
      },
      data,
    );
    const expected = Array.from({ length: 12 }, (_, p) =>
      evaluate(
        value,
        new Map([
          [0, Math.floor(p / 4)],
          [1, p % 4],
        ]),
        data,
      ),
    );
    expect([...out]).toEqual(expected);
  }
});
