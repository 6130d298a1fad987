/** Random graphs give the same answers fused and unfused, whatever the number of bindings. */
import type { Tensor } from '../../src/graph/operation.js';
import { elementCount } from '../../src/graph/shape.js';
import type { NdArray } from '../../src/graph/dtype.js';
import { runProgramSync } from '../../src/runtime/cpu/fold-constants.js';
import { generatorOf, type Random } from '../support/simple-random.js';
import { compileGraph, inGraph, kernelsOf, placeholder, type Builder } from './compile-graph.js';

const unary = ['Neg', 'Square', 'Tanh', 'Relu', 'Sigmoid', 'Abs'];
const binary = ['Add', 'Mul', 'Sub', 'Maximum', 'Minimum'];

/** One more tensor from those made so far; all dims are 3 or 4, so that many fit together. */
function grow(b: Builder, random: Random, made: readonly Tensor[]): Tensor {
  const pick = (): Tensor => made[random(made.length)] as Tensor;
  const x = pick();
  const rank = x.shape?.length ?? 0;
  const scalar = b.op('Mul', [x, 0.5]);
  switch (random(7)) {
    case 0:
      return b.op(unary[random(unary.length)] as string, [x]);
    case 1:
      return rank === 2 ? b.op('Transpose', [x, [1, 0]]) : scalar;
    case 2:
      return rank === 0
        ? scalar
        : b.op('Mean', [x, [random(rank)]], { keep_dims: random(2) === 0 });
    case 3:
      return b.op('Reshape', [x, [elementCount((x.shape ?? []) as number[])]]);
    case 4: {
      const y = pick();
      const fits = rank === 2 && y.shape?.length === 2 && x.shape?.[1] === y.shape[0];
      return fits ? b.op('MatMul', [x, y]) : scalar;
    }
    default: {
      const same = made.filter((t) => JSON.stringify(t.shape) === JSON.stringify(x.shape));
      return b.op(binary[random(binary.length)] as string, [
        x,
        same[random(same.length)] as Tensor,
      ]);
    }
  }
}

function build(b: Builder, random: Random): { feeds: Tensor[]; fetches: Tensor[] } {
  const feeds = [
    placeholder(b, [4, 3], 'x'),
    placeholder(b, [3, 4], 'y'),
    placeholder(b, [4, 3], 'z'),
  ];
  const made = [...feeds];
  for (let i = 0; i < 14; i++) made.push(grow(b, random, made));
  return { feeds, fetches: [...new Set(made.slice(-3))] };
}

const dataFor = (feeds: readonly Tensor[], random: Random): NdArray[] =>
  feeds.map((feed) => {
    const shape = (feed.shape ?? []) as number[];
    const data = Float32Array.from({ length: elementCount(shape) }, () => random(2000) / 1000 - 1);
    return { dtype: 'float32', shape, data };
  });

describe('random graphs', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed + 1))(
    'compute the same fused, seed %i',
    (seed) => {
      const random = generatorOf(seed * 7919);
      inGraph((b) => {
        const { feeds, fetches } = build(b, random);
        const data = dataFor(feeds, random);
        const plain = compileGraph(fetches, feeds, [], { hasDevice: false, fuse: false });
        const want = runProgramSync(plain, data);
        for (const maxBindings of [4, 8, 100]) {
          const fused = compileGraph(fetches, feeds, [], { hasDevice: false, maxBindings });
          expect(kernelsOf(fused).length).toBeLessThanOrEqual(kernelsOf(plain).length);
          for (const [i, got] of runProgramSync(fused, data).entries()) {
            expect(got?.shape).toEqual(want[i]?.shape);
            expectClose(got?.data as Float32Array, want[i]?.data as Float32Array);
          }
        }
      });
    },
  );
});

/** Fusion changes which sums are rounded to 32 bits in between, no more. */
function expectClose(got: Float32Array, want: Float32Array): void {
  for (const [i, value] of want.entries()) {
    const error = Math.abs((got[i] ?? NaN) - value);
    if (!(error <= 1e-5 * (1 + Math.abs(value))))
      throw new Error(`Element ${i} is ${got[i] ?? 'missing'}, not ${value}.`);
  }
}
