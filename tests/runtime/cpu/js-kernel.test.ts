/** Map and reduce kernels: shapes, several stores, stages, empty ranges, in-place updates, slices. */
import {
  add,
  cast,
  constant,
  div,
  eq,
  index,
  int,
  mul,
  select,
  stage,
  sub,
  unary,
  type Combiner,
  type Expr,
  type ScalarType,
} from '../../../src/ir/expr.js';
import type { Kernel, ReduceKernel } from '../../../src/ir/kernel.js';
import { createStorage, type StorageArray } from '../../../src/ir/storage.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';
import { input, output, place, pseudoRandom, read, runKernel, storageArray } from './kernels.js';

/** Combines the last `inner` axes of `[...shape, ...inner]`. */
function reduceKernel(
  combine: Combiner,
  type: ScalarType,
  shape: number[],
  inner: number[],
): ReduceKernel {
  const all = [...shape, ...inner];
  const size = (dims: number[]): number => dims.reduce((n, dim) => n * dim, 1);
  return {
    kind: 'reduce',
    label: combine,
    shape,
    inner,
    bindings: [input(type, size(all)), output(type, Math.max(size(shape), 1))],
    stages: [{ combine, type, value: read(0, place(all), type) }],
    rowStores: [{ binding: 1, at: place(shape), value: stage(0, type) }],
    elementStores: [],
  };
}

const transposed = (i: Expr, j: Expr): Expr => read(0, add(mul(j, int(2)), i));

describe('map kernels', () => {
  const transpose = (shape: readonly [number, number, number]): Kernel => ({
    kind: 'map',
    label: 'transpose',
    shape,
    bindings: [input('f32', 24), output('f32', 24)],
    stores: [
      {
        binding: 1,
        at: place([shape[2], shape[0], shape[1]], [2, 0, 1]),
        value: read(0, place(shape)),
      },
    ],
  });

  it.each([[[2, 3, 4]], [[1, 6, 4]], [[6, 4, 1]], [[24, 1, 1]], [[2, 1, 12]]] as const)(
    'cover every point of %p',
    (shape) => {
      const data = Float32Array.from({ length: 24 }, (_, i) => i);
      const out = runKernel(transpose(shape), data);
      const [a, b, c] = shape;
      for (let i = 0; i < a; i++)
        for (let j = 0; j < b; j++)
          for (let k = 0; k < c; k++) expect(out[(k * a + i) * b + j]).toBe((i * b + j) * c + k);
    },
  );

  it('run once for a scalar and never for an empty shape', () => {
    const scalar: Kernel = {
      kind: 'map',
      label: 's',
      shape: [],
      bindings: [output('i64', 1)],
      stores: [{ binding: 0, at: int(0), value: constant('i64', 7) }],
    };
    expect(runKernel(scalar)[0]).toBe(7n);
    expect(runKernel({ ...scalar, shape: [3, 0, 2] })[0]).toBe(0n);
  });

  it('read all before they store, so two outputs may swap', () => {
    const i = index(0);
    const kernel: Kernel = {
      kind: 'map',
      label: 'swap',
      shape: [3],
      bindings: [output('f32', 3), output('f32', 3)],
      stores: [
        { binding: 0, at: i, value: read(1, i) },
        { binding: 1, at: i, value: read(0, i) },
      ],
    };
    const a = storageArray('f32', [1, 2, 3]);
    const b = storageArray('f32', [4, 5, 6]);
    compileHostKernel(kernel).run([a, b]);
    expect([[...a], [...b]]).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ]);
  });
});

describe('maps in one kernel', () => {
  const [i, j] = [index(0), index(1)];
  const kernel: Kernel = {
    kind: 'maps',
    label: 'parts',
    bindings: [input('f32', 6), output('f32', 6), output('i64', 1), output('f32', 5)],
    parts: [
      { shape: [2, 3], stores: [{ binding: 1, at: place([2, 3]), value: transposed(i, j) }] },
      { shape: [], stores: [{ binding: 2, at: int(0), value: constant('i64', 7) }] },
      { shape: [5], stores: [{ binding: 3, at: i, value: add(read(3, i), read(0, int(1))) }] },
    ],
  };
  const filled = (): StorageArray[] => [
    storageArray('f32', [1, 2, 3, 4, 5, 6]),
    createStorage('f32', 6),
    createStorage('i64', 1),
    storageArray('f32', [10, 20, 30, 40, 50]),
  ];
  const expected = [[1, 3, 5, 2, 4, 6], [7n], [12, 22, 32, 42, 52]];

  it('compute every part', () => {
    const buffers = filled();
    compileHostKernel(kernel).run(buffers);
    expect(buffers.slice(1).map((array) => [...array])).toEqual(expected);
  });

  it('compute every part once when run in slices', async () => {
    const buffers = filled();
    const pacer = { remainingMs: () => 0, turn: () => Promise.resolve() };
    await compileHostKernel(kernel).runSliced(buffers, undefined, pacer);
    expect(buffers.slice(1).map((array) => [...array])).toEqual(expected);
  });
});

describe('reduce kernels', () => {
  it.each<[Combiner, ScalarType, number | bigint]>([
    ['sum', 'f32', 0],
    ['prod', 'f32', 1],
    ['max', 'f32', -Infinity],
    ['min', 'f32', Infinity],
    ['sum', 'f64', 0],
    ['max', 'f64', -Infinity],
    ['sum', 'i32', 0],
    ['prod', 'i32', 1],
    ['max', 'i32', -2147483648],
    ['min', 'i32', 2147483647],
    ['max', 'u32', 0],
    ['min', 'u32', 4294967295],
    ['and', 'u32', 4294967295],
    ['or', 'i32', 0],
    ['and', 'i32', -1],
    ['sum', 'i64', 0n],
    ['prod', 'i64', 1n],
    ['max', 'i64', -(2n ** 63n)],
    ['min', 'i64', 2n ** 63n - 1n],
    ['max', 'u64', 0n],
    ['min', 'u64', 2n ** 64n - 1n],
    ['and', 'bool', 1],
    ['or', 'bool', 0],
  ])('%s of no %s is its identity', (combine, type, identity) => {
    const out = runKernel(reduceKernel(combine, type, [2], [3, 0]), storageArray(type, []));
    expect([...out]).toEqual([identity, identity]);
  });

  it.each<[Combiner, ScalarType, (number | bigint)[], (number | bigint)[]]>([
    ['sum', 'f32', [1, 2, 3, -4, 0.5, 6], [6, 2.5]],
    ['prod', 'f64', [1, 2, 3, -4, 0.5, 6], [6, -12]],
    ['max', 'f32', [1, NaN, 3, -4, 0.5, 6], [NaN, 6]],
    ['min', 'f32', [1, 2, 3, -4, NaN, 6], [1, NaN]],
    ['sum', 'i32', [2147483647, 1, 0, -4, 5, 6], [-2147483648, 7]],
    ['prod', 'i32', [65536, 65536, 3, -4, 5, 6], [0, -120]],
    ['prod', 'u32', [65535, 65535, 1, 4, 5, 6], [4294836225, 120]],
    ['sum', 'i64', [2n ** 63n - 1n, 1n, 0n, -4n, 5n, 6n], [-(2n ** 63n), 7n]],
    ['max', 'i64', [1n, 2n, 3n, -4n, -5n, -6n], [3n, -4n]],
    ['prod', 'u64', [2n ** 63n, 3n, 1n, 1n, 2n, 3n], [2n ** 63n, 6n]],
    ['and', 'bool', [1, 1, 1, 1, 0, 1], [1, 0]],
    ['or', 'bool', [0, 0, 0, 0, 1, 0], [0, 1]],
    ['or', 'i32', [1, 2, 4, 8, 8, 16], [7, 24]],
  ])('%s of %s', (combine, type, values, expected) => {
    expect([
      ...runKernel(reduceKernel(combine, type, [2], [3]), storageArray(type, values)),
    ]).toEqual(expected);
    expect([
      ...runKernel(reduceKernel(combine, type, [2], [1, 3, 1]), storageArray(type, values)),
    ]).toEqual(expected);
  });

  it('sums a million small f32 without losing them', () => {
    const n = 1_000_000;
    const out = runKernel(reduceKernel('sum', 'f32', [], [n]), new Float32Array(n).fill(0.1));
    expect(out[0]).toBe(Math.fround(n * Math.fround(0.1)));
  });

  it('feed earlier stages to later ones and to both kinds of store', () => {
    const [rows, columns] = [5, 7];
    const at = place([rows, columns]);
    const shifted = unary('exp', sub(read(0, at), stage(0, 'f32')));
    const kernel: ReduceKernel = {
      kind: 'reduce',
      label: 'softmax',
      shape: [rows],
      inner: [columns],
      bindings: [input('f32', 35), output('f32', 5), output('f32', 35)],
      stages: [
        { combine: 'max', type: 'f32', value: read(0, at) },
        { combine: 'sum', type: 'f32', value: shifted },
      ],
      rowStores: [
        { binding: 1, at: index(0), value: add(stage(0, 'f32'), unary('log', stage(1, 'f32'))) },
      ],
      elementStores: [{ binding: 2, at, value: div(shifted, stage(1, 'f32')) }],
    };
    const x = pseudoRandom(35).map((v) => v * 10);
    const logSum = new Float32Array(5);
    const softmax = new Float32Array(35);
    compileHostKernel(kernel).run([x, logSum, softmax]);
    for (let r = 0; r < rows; r++) {
      const row = [...x.subarray(r * columns, (r + 1) * columns)];
      const total = row.reduce((sum, v) => sum + Math.exp(v), 0);
      expect(Math.abs((logSum[r] ?? 0) - Math.log(total))).toBeLessThan(1e-5);
      for (const [c, v] of row.entries())
        expect(Math.abs((softmax[r * columns + c] ?? 0) - Math.exp(v) / total)).toBeLessThan(1e-6);
    }
  });

  it('find the first position of the maximum', () => {
    const at = place([2, 4]);
    const found = select(eq(read(0, at), stage(0, 'f32')), index(1), int(2147483647));
    const kernel: ReduceKernel = {
      kind: 'reduce',
      label: 'argmax',
      shape: [2],
      inner: [4],
      bindings: [input('f32', 8), output('i64', 2)],
      stages: [
        { combine: 'max', type: 'f32', value: read(0, at) },
        { combine: 'min', type: 'i32', value: found },
      ],
      rowStores: [{ binding: 1, at: index(0), value: cast('i64', stage(1, 'i32')) }],
      elementStores: [],
    };
    expect([...runKernel(kernel, storageArray('f32', [1, 5, 5, 0, -1, -2, -1, -3]))]).toEqual([
      1n,
      0n,
    ]);
  });

  it('let row stores update what element stores read at the same row', () => {
    const mean = (): Expr => read(1, index(0));
    const kernel: ReduceKernel = {
      kind: 'reduce',
      label: 'running',
      shape: [2],
      inner: [2],
      bindings: [input('f32', 4), output('f32', 2), output('f32', 4)],
      stages: [{ combine: 'sum', type: 'f32', value: read(0, place([2, 2])) }],
      rowStores: [{ binding: 1, at: index(0), value: add(mean(), stage(0, 'f32')) }],
      elementStores: [
        { binding: 2, at: place([2, 2]), value: sub(read(0, place([2, 2])), mean()) },
      ],
    };
    const running = storageArray('f32', [10, 20]);
    const out = new Float32Array(4);
    compileHostKernel(kernel).run([storageArray('f32', [1, 2, 3, 4]), running, out]);
    expect([[...running], [...out]]).toEqual([
      [13, 27],
      [-9, -8, -17, -16],
    ]);
  });

  it('reduce over outer axes as well as inner ones', () => {
    // out[j] = sum over i, k of x[i, j, k] for x of shape [2, 3, 4]
    const value = read(0, add(mul(index(1), int(12)), add(mul(index(0), int(4)), index(2))));
    const kernel: ReduceKernel = {
      kind: 'reduce',
      label: 'sum',
      shape: [3],
      inner: [2, 4],
      bindings: [input('f32', 24), output('f32', 3)],
      stages: [{ combine: 'sum', type: 'f32', value }],
      rowStores: [{ binding: 1, at: index(0), value: stage(0, 'f32') }],
      elementStores: [],
    };
    expect([
      ...runKernel(
        kernel,
        Float32Array.from({ length: 24 }, (_, i) => i),
      ),
    ]).toEqual([60, 92, 124]);
  });
});

it('shows that outputs of unused bindings stay untouched', () => {
  const kernel: Kernel = {
    kind: 'map',
    label: 'one',
    shape: [2],
    bindings: [output('f32', 2), output('f32', 2)],
    stores: [{ binding: 1, at: index(0), value: constant('f32', 3) }],
  };
  const untouched = createStorage('f32', 2);
  const out = createStorage('f32', 2);
  compileHostKernel(kernel).run([untouched, out]);
  expect([[...untouched], [...out]]).toEqual([
    [0, 0],
    [3, 3],
  ]);
});
