/** Random bits against TensorFlow 2.21: raw ops RandomUniform and TruncatedNormal, as float bits. */
import { readFileSync } from 'node:fs';
import {
  add,
  binary,
  bitcast,
  call,
  cast,
  constant,
  index,
  int,
  sub,
  type Expr,
} from '../../../src/ir/expr.js';
import { philox, truncatedNormal } from '../../../src/runtime/cpu/random.js';
import { mapKernel, read, runKernel, storageArray } from './kernels.js';

interface Golden {
  readonly seed: string;
  readonly seed2: string;
  /** Elements the op drew; recorded are the last ones. */
  readonly n: number;
  /** How often the op had run before: each run reserves 256 counters per element. */
  readonly run: number;
  readonly uniform: readonly number[];
  readonly normal: readonly number[];
}
const goldens = JSON.parse(
  readFileSync(new URL('./random-golden.json', import.meta.url), 'utf8'),
) as Golden[];

const low = (x: bigint): number => Number(BigInt.asUintN(32, x));
const high = (x: bigint): number => low(x >> 32n);
type Words = [number, number, number, number, number, number];
const words = ({ seed, seed2 }: Golden, group: bigint): Words => [
  low(BigInt(seed)),
  high(BigInt(seed)),
  low(group),
  high(group),
  low(BigInt(seed2)),
  high(BigInt(seed2)),
];
const bits = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0] ?? 0;

describe.each(goldens)('seed $seed, $seed2, n $n, run $run', (golden) => {
  const { n, run, uniform, normal } = golden;
  const start = BigInt(run) * 256n * BigInt(n);

  it('draws the same uniforms, bit for bit', () => {
    const actual = uniform.map((_, j) => {
      const i = n - uniform.length + j;
      const word = philox(...words(golden, start + BigInt(i >> 2)), i & 3);
      return bits((word & 0x7fffff) / 0x800000);
    });
    expect(actual).toEqual(uniform);
  });

  it('draws the same truncated normals, to two units in the last place', () => {
    // TensorFlow calls the C library's logf, sinf, cosf, which round 1 value in 100 differently.
    for (const [j, expected] of normal.entries()) {
      const i = n - normal.length + j;
      const z = truncatedNormal(...words(golden, start + 256n * BigInt(i >> 2)), i & 3);
      expect(Math.abs(bits(z) - expected)).toBeLessThanOrEqual(2);
    }
  });
});

describe('truncatedNormal', () => {
  it('never reaches two standard deviations, and varies with key, counter and lane', () => {
    const draws = Array.from({ length: 4000 }, (_, i) =>
      truncatedNormal(7, 0, (i >> 2) * 256, 0, 1, 2, i & 3),
    );
    expect(Math.max(...draws.map(Math.abs))).toBeLessThan(2);
    expect(new Set(draws).size).toBeGreaterThan(3990);
    const variance = draws.reduce((sum, z) => sum + z * z, 0) / draws.length;
    expect(Math.abs(variance - 0.7737)).toBeLessThan(0.06); // of a normal cut at 2
  });

  it('carries the counter into its high words', () => {
    const max = 0xffffffff;
    const far = Array.from({ length: 4 }, (_, lane) =>
      truncatedNormal(1, 2, max, max, max, max, lane),
    );
    expect(far.every((z) => Number.isFinite(z) && Math.abs(z) < 2)).toBe(true);
  });
});

it('a kernel draws the stream a program describes', () => {
  const u32 = (value: number): Expr => constant('u32', value);
  const group = add(read(0, int(0), 'u32'), cast('u32', binary('shr', index(0), int(2))));
  const lane = cast('u32', binary('and', index(0), int(3)));
  const draw = call('philox', [u32(5), u32(0), group, u32(0), u32(9), u32(0), lane]);
  const mantissa = binary('or', binary('and', draw, u32(0x7fffff)), u32(0x3f800000));
  const kernel = mapKernel(6, ['u32'], sub(bitcast('f32', mantissa), constant('f32', 1)));
  const first = runKernel(kernel, storageArray('u32', [0]));
  expect([...first]).toEqual(
    [0.85900664, 0.21150982, 0.17018116, 0.758767, 0.6983988, 0.9949553].map((v) => Math.fround(v)),
  );
  const second = runKernel(kernel, storageArray('u32', [256 * 6]));
  expect([...second].slice(0, 2)).toEqual([0.75120103, 0.93504107].map((v) => Math.fround(v)));
});
