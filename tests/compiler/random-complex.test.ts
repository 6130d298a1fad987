/**
 * Random graphs of complex and real tensors give the same answers fused and unfused, with few
 * bindings and many, and on a GPU. Their data are small whole numbers, so that little is rounded.
 */
import { GpuRuntime } from '../../src/runtime/gpu/device.js';
import type { NdArray } from '../../src/graph/dtype.js';
import type { Tensor } from '../../src/graph/operation.js';
import { elementCount } from '../../src/graph/shape.js';
import { runProgramSync } from '../../src/runtime/cpu/fold-constants.js';
import { CompiledRunner } from '../support/run-compiled.js';
import { generatorOf, type Random } from '../support/simple-random.js';
import { compileGraph, inGraph, placeholder, type Builder } from './compile-graph.js';

const sameShape =
  (x: Tensor) =>
  (y: Tensor): boolean =>
    y.dtype === x.dtype && JSON.stringify(y.shape) === JSON.stringify(x.shape);

const isComplex = (x: Tensor): boolean => x.dtype === 'complex64';

/** One more complex tensor. */
function grow(b: Builder, random: Random, made: readonly Tensor[]): Tensor {
  const pick = (from: readonly Tensor[]): Tensor => from[random(from.length)] as Tensor;
  const x = pick(made);
  const rank = x.shape?.length ?? 0;
  const fellow = pick(made.filter(sameShape(x)));
  const half = (value: Tensor): Tensor => b.op('Mul', [value, 0.25]);
  switch (random(12)) {
    case 0:
      return b.op(['Neg', 'Conj', 'Identity'][random(3)] as string, [x]);
    case 1:
      return rank === 2 ? b.op('ConjugateTranspose', [x, [1, 0]]) : b.op('Conj', [x]);
    case 2:
      return rank === 0 ? x : b.op('Sum', [x, [random(rank)]], { keep_dims: random(2) === 0 });
    case 3:
      return b.op('Reshape', [x, [elementCount((x.shape ?? []) as number[])]]);
    case 4: {
      const fits = made.filter(
        (y) => rank === 2 && y.shape?.length === 2 && x.shape?.[1] === y.shape[0],
      );
      return fits.length > 0 ? half(b.op('MatMul', [x, pick(fits)])) : half(x);
    }
    case 5:
      return rank === 0 ? x : b.op('ConcatV2', [[x, fellow], rank - 1]);
    case 6: {
      const parts = [b.op('Imag', [x]), b.op('Real', [fellow])];
      return b.op('Complex', parts);
    }
    case 7:
      return b.op('Select', [
        b.op('Less', [b.op('Real', [x]), b.op('Imag', [fellow])]),
        x,
        b.op('Conj', [fellow]),
      ]);
    case 8:
      return b.op('Cast', [b.op('ComplexAbs', [x])], { DstT: 'complex64' });
    case 9:
      return half(b.op('Mul', [x, fellow]));
    case 10:
      return rank === 0 ? x : half(b.op('Cumprod', [half(x), rank - 1]));
    default:
      return b.op(['AddV2', 'Sub'][random(2)] as string, [x, fellow]);
  }
}

function build(b: Builder, seed: number): { feeds: Tensor[]; fetches: Tensor[] } {
  const random = generatorOf(seed);
  const feeds = [
    placeholder(b, [4, 3], 'x', 'complex64'),
    placeholder(b, [3, 4], 'y', 'complex64'),
    placeholder(b, [4, 3], 'z', 'complex64'),
  ];
  const made = [...feeds];
  for (let i = 0; i < 12; i++) {
    const next = grow(b, random, made);
    const isSmall = elementCount((next.shape ?? []) as number[]) <= 200;
    if (isComplex(next) && isSmall) made.push(next);
  }
  const last = made[made.length - 1] as Tensor;
  const other = b.op('Neg', [made[3 + random(made.length - 3)] as Tensor]);
  const fetches = [b.op('Conj', [last]), b.op('ComplexAbs', [last]), other];
  return { feeds, fetches };
}

const data = (seed: number): NdArray[] => {
  const random = generatorOf(seed + 977);
  return [
    [4, 3],
    [3, 4],
    [4, 3],
  ].map((shape) => ({
    dtype: 'complex64',
    shape,
    data: Float32Array.from({ length: 24 }, () => random(9) - 4),
  }));
};

function expectSame(got: readonly (NdArray | null)[], want: readonly (NdArray | null)[]): void {
  for (const [i, array] of want.entries()) {
    const values = Array.from((array?.data ?? []) as Float32Array);
    const size = Math.max(1, ...values.map(Math.abs));
    const other = Array.from((got[i]?.data ?? []) as Float32Array);
    expect(got[i]?.shape).toEqual(array?.shape);
    expect(other.length).toBe(values.length);
    const worst = Math.max(0, ...values.map((v, at) => Math.abs(v - (other[at] ?? NaN)) / size));
    // Sums in another order, and a GPU's divisions and roots, differ by a few parts in 10^7.
    expect(worst).toBeLessThan(1e-5);
  }
}

const seeds = Array.from({ length: 60 }, (_, i) => 7919 * (i + 1));
const onHost = (seed: number, options: Parameters<typeof compileGraph>[3]): (NdArray | null)[] =>
  inGraph((b) => {
    const { feeds, fetches } = build(b, seed);
    return [...runProgramSync(compileGraph(fetches, feeds, [], options), data(seed))];
  });

describe('random complex graphs', () => {
  it.each(seeds)('are the same fused and unfused (seed %i)', (seed) => {
    const plain = onHost(seed, { hasDevice: false, fuse: false });
    expectSame(onHost(seed, { hasDevice: false }), plain);
    expectSame(onHost(seed, { hasDevice: false, maxBindings: 3 }), plain);
  });

  describe('on a GPU', () => {
    let runtime: GpuRuntime;
    beforeAll(async () => {
      runtime = await GpuRuntime.create({});
    });
    afterAll(() => runtime.close());

    it.each(seeds.slice(0, 30))('are what the CPU says (seed %i)', async (seed) => {
      const { feeds, fetches } = inGraph((b) => build(b, seed));
      const fed = new Map(feeds.map((x, i) => [x, data(seed)[i] as NdArray]));
      const runner = new CompiledRunner(runtime, true);
      const got = await runner.run({ fetches, feeds: fed });
      expectSame(got, onHost(seed, { hasDevice: false, fuse: false }));
    });
  });
});
