/** Contractions: every code path (packed, thin with rows or columns along memory) against plain loops. */
import {
  acc,
  add,
  and,
  constant,
  ge,
  index,
  int,
  lt,
  max,
  mod,
  mul,
  div,
  select,
  sub,
  unary,
  type Expr,
  type ScalarType,
} from '../../../src/ir/expr.js';
import type { ContractKernel } from '../../../src/ir/kernel.js';
import {
  input,
  matMulKernel,
  output,
  place,
  pseudoRandom,
  read,
  runKernel,
  storageArray,
} from './kernels.js';

type Sizes = readonly [number, number, number];

function expectMatMul([m, n, k]: Sizes, batch: number, transposeB: boolean): void {
  const a = pseudoRandom(batch * m * k, 7);
  const b = pseudoRandom(batch * k * n, 11);
  const out = runKernel(matMulKernel([m, n, k], { transposeB, batch }), a, b);
  for (let z = 0; z < batch; z++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          const y = transposeB ? b[(z * n + j) * k + p] : b[(z * k + p) * n + j];
          sum += (a[(z * m + i) * k + p] ?? NaN) * (y ?? NaN);
        }
        // Both add in the order of k in double and round once, so they agree to the bit.
        const at = (z * m + i) * n + j;
        if (out[at] !== Math.fround(sum))
          expect({ at, value: out[at] }).toEqual({ at, value: Math.fround(sum) });
      }
}

describe('matrix products', () => {
  const sizes: Sizes[] = [
    [1, 1, 1],
    [1, 9, 5],
    [2, 1, 300],
    [3, 3, 3],
    [4, 4, 4],
    [5, 7, 9],
    [8, 1, 200],
    [7, 2, 33],
    [130, 5, 129],
    [9, 259, 130],
    [1, 8200, 3],
    [2, 3, 8200],
    [64, 64, 64],
  ];
  it.each(sizes)('[m, n, k] = [%i, %i, %i], b by rows', (...size) => {
    expectMatMul(size, 1, false);
  });
  it.each(sizes)('[m, n, k] = [%i, %i, %i], b transposed', (...size) => {
    expectMatMul(size, 1, true);
  });
  it.each<[number, Sizes]>([
    [3, [5, 6, 7]],
    [4, [2, 6, 7]],
    [2, [130, 3, 4]],
    [5, [1, 1, 1]],
  ])('of %i batches of %p', (batch, size) => {
    expectMatMul(size, batch, false);
    expectMatMul(size, batch, true);
  });

  it.each([
    [6, 5],
    [2, 5],
  ])('with k = 0 are zero: %i x %i', (m, n) => {
    expect([
      ...runKernel(matMulKernel([m, n, 0]), new Float32Array(1), new Float32Array(1)),
    ]).toEqual(new Array(m * n).fill(0));
  });

  it.each<[ScalarType, Sizes]>([
    ['f64', [5, 6, 7]],
    ['i32', [5, 6, 7]],
    ['u32', [5, 6, 7]],
    ['i64', [5, 6, 7]],
    ['u64', [5, 6, 7]],
    ['i64', [2, 6, 7]],
    ['i32', [2, 3, 9]],
    ['u64', [1, 2, 3]],
    ['u32', [1, 5, 3]],
  ])('wrap or stay exact in %s for %p', (type, [m, n, k]) => {
    const big = type === 'i64' || type === 'u64';
    const value = (i: number): bigint =>
      (BigInt(i * i + 1) * 7919n * (big ? 10n ** 15n : 10n ** 6n)) % (big ? 2n ** 63n : 2n ** 31n);
    const a = Array.from({ length: m * k }, (_, i) => value(i));
    const b = Array.from({ length: k * n }, (_, i) => value(i + 100));
    const numbers = (values: bigint[]): (number | bigint)[] => (big ? values : values.map(Number));
    const out = runKernel(
      matMulKernel([m, n, k], { type }),
      storageArray(type, numbers(a)),
      storageArray(type, numbers(b)),
    );
    const wrap = (v: bigint): bigint => {
      if (type === 'f64') return v;
      const bits = big ? 64 : 32;
      return type.startsWith('u') ? BigInt.asUintN(bits, v) : BigInt.asIntN(bits, v);
    };
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0n;
        for (let p = 0; p < k; p++) sum += (a[i * k + p] ?? 0n) * (b[p * n + j] ?? 0n);
        if (type === 'f64')
          expect(Math.abs(Number(out[i * n + j]) / Number(sum) - 1)).toBeLessThan(1e-14);
        else expect(out[i * n + j]).toBe(big ? wrap(sum) : Number(wrap(sum)));
      }
  });

  it('give NaN and infinity only where an operand does', () => {
    const a = pseudoRandom(5 * 6);
    a[7] = NaN;
    a[12] = Infinity;
    const out = runKernel(matMulKernel([5, 3, 6]), a, new Float32Array(18).fill(1));
    expect(
      [...out].map((v) => (Number.isNaN(v as number) ? 'nan' : Number.isFinite(v) ? '' : 'inf')),
    ).toEqual(['', '', '', 'nan', 'nan', 'nan', 'inf', 'inf', 'inf', '', '', '', '', '', '']);
    // The next product reuses the same scratch space, which still holds them.
    expectMatMul([5, 3, 6], 1, false);
  });
});

describe('prologues and epilogues', () => {
  it.each<[Sizes]>([[[6, 5, 4]], [[2, 5, 4]], [[1, 3, 4]]])('are applied for %p', ([m, n, k]) => {
    const base = matMulKernel([m, n, k]);
    const bias = read(3, index(2));
    const kernel: ContractKernel = {
      ...base,
      bindings: [
        input('f32', m * k),
        input('f32', k * n),
        output('f32', m * n),
        input('f32', n),
        output('f32', m * n),
      ],
      a: unary('exp', base.a),
      b: mul(base.b, constant('f32', 2)),
      stores: [
        {
          binding: 4,
          at: place([n, m], [2, 1]),
          value: max(add(acc('f32'), bias), constant('f32', 0)),
        },
        { binding: 2, at: place([m, n], [1, 2]), value: acc('f32') },
      ],
    };
    const [a, b, c] = [pseudoRandom(m * k, 2), pseudoRandom(k * n, 3), pseudoRandom(n, 4)];
    const plain = new Float32Array(m * n);
    const out = runKernel(kernel, a, b, plain, c);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++)
          sum += Math.fround(Math.exp(a[i * k + p] ?? 0)) * Math.fround(2 * (b[p * n + j] ?? 0));
        expect(plain[i * n + j]).toBe(Math.fround(sum));
        expect(out[j * m + i]).toBe(Math.max(0, Math.fround(Math.fround(sum) + (c[j] ?? 0))));
      }
  });

  it('make a convolution with zero padding of an implicit product', () => {
    const [size, channels, filters] = [5, 2, 3];
    const [y, x] = [div(index(1), int(size)), mod(index(1), int(size))];
    const tap = div(index(3), int(channels));
    const row = sub(add(y, div(tap, int(3))), int(1));
    const column = sub(add(x, mod(tap, int(3))), int(1));
    const within = (v: Expr): Expr => and(ge(v, int(0)), lt(v, int(size)));
    const at = add(
      mul(add(mul(row, int(size)), column), int(channels)),
      mod(index(3), int(channels)),
    );
    const kernel: ContractKernel = {
      kind: 'contract',
      label: 'Conv2D',
      type: 'f32',
      batch: 1,
      m: size * size,
      n: filters,
      k: 9 * channels,
      bindings: [input('f32', 50), input('f32', 54), output('f32', 75)],
      a: select(and(within(row), within(column)), read(0, at), constant('f32', 0)),
      b: read(1, place([9 * channels, filters], [3, 2])),
      stores: [{ binding: 2, at: place([25, filters], [1, 2]), value: acc('f32') }],
    };
    const image = pseudoRandom(50, 5);
    const weights = pseudoRandom(54, 6);
    const out = runKernel(kernel, image, weights);
    const pixel = (r: number, c: number, ch: number): number =>
      r < 0 || c < 0 || r >= size || c >= size ? 0 : (image[(r * size + c) * channels + ch] ?? NaN);
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++)
        for (let f = 0; f < filters; f++) {
          let sum = 0;
          for (let t = 0; t < 9; t++)
            for (let ch = 0; ch < channels; ch++)
              sum +=
                pixel(r + Math.floor(t / 3) - 1, c + (t % 3) - 1, ch) *
                (weights[(t * channels + ch) * filters + f] ?? NaN);
          expect(out[(r * size + c) * filters + f]).toBe(Math.fround(sum));
        }
  });
});
