/** The lane analysis: by cases, and by random index expressions computed on device and host. */
import { describe, expect, it } from '@jest/globals';
import {
  add,
  binary,
  ge,
  index,
  int,
  lt,
  max,
  min,
  mod,
  mul,
  select,
  sub,
  type Expr,
} from '../../../src/ir/expr.js';
import type { MapKernel } from '../../../src/ir/kernel.js';
import { LaneAnalysis } from '../../../src/runtime/gpu/wgsl-lanes.js';
import { read } from './gpu-harness.js';
import { expectSameOnHost } from './kernel-oracle.js';

const div = (a: Expr, b: Expr): Expr => binary('div', a, b);

describe('LaneAnalysis', () => {
  const lanes = new LaneAnalysis(0, (axis) => [960, 7][axis] ?? Infinity);
  const i = index(0);
  const j = index(1);
  it('knows the vectorised axis as four neighbours from a multiple of four', () => {
    expect(lanes.of(i)).toEqual({ stride: 1, multiple: 4, lo: 0, hi: 959 });
    expect(lanes.isAlignedRun(add(i, mul(j, int(960))))).toBe(true);
    expect(lanes.isAlignedRun(add(i, int(2)))).toBe(false);
    expect(lanes.isAlignedRun(mul(i, int(2)))).toBe(false);
  });
  it('sees that a period divisible by four keeps neighbours together', () => {
    expect(lanes.isAlignedRun(mod(i, int(12)))).toBe(true);
    expect(lanes.isUniform(div(i, int(12)))).toBe(true);
    expect(lanes.isAlignedRun(mod(i, int(6)))).toBe(false);
    expect(lanes.isUniform(div(i, int(6)))).toBe(false);
  });
  it('does not divide what may be negative', () => {
    expect(lanes.isUniform(div(sub(i, int(8)), int(8)))).toBe(false);
    expect(lanes.isUniform(div(add(sub(i, int(8)), int(8)), int(8)))).toBe(true);
  });
  it('sees that a comparison with a multiple of four is the same for all lanes', () => {
    expect(lanes.isUniform(lt(i, int(32)))).toBe(true);
    expect(lanes.isUniform(ge(i, int(32)))).toBe(true);
    expect(lanes.isUniform(binary('le', i, int(31)))).toBe(true);
    expect(lanes.isUniform(lt(i, int(33)))).toBe(false);
    expect(lanes.isUniform(binary('eq', i, int(32)))).toBe(false);
  });
});

/** Numbers in [0, 1), the same in every run (Park and Miller 1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A random integer expression of two axes. */
function randomIndex(next: () => number, depth: number): Expr {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  if (depth === 0) return pick([index(0), index(1), index(1), int(Math.floor(next() * 20))]);
  const a = randomIndex(next, depth - 1);
  const b = randomIndex(next, depth - 1);
  const c = int(pick([1, 2, 3, 4, 6, 8, 12, 16, 20, 32]));
  return pick<() => Expr>([
    () => add(a, b),
    () => sub(a, b),
    () => mul(a, c),
    () => div(a, c),
    () => mod(a, c),
    () => add(a, c),
    () => sub(a, c),
    () => max(a, c),
    () => min(a, b),
    () => select(lt(a, c), b, add(b, c)),
    () => select(ge(c, a), a, b),
  ])();
}

describe('random index expressions', () => {
  it.each(Array.from({ length: 16 }, (_, seed) => seed + 1))(
    'give the same on device and host (seed %d)',
    async (seed) => {
      const next = seeded(seed * 7919);
      const length = 97;
      const terms = Array.from({ length: 10 }, () => {
        const at = randomIndex(next, 3);
        return read(0, mod(add(mod(at, int(length)), int(length)), int(length)));
      });
      const kernel: MapKernel = {
        kind: 'map',
        label: 'random indices',
        bindings: [
          { access: 'read', storage: 'f32', length },
          { access: 'read_write', storage: 'f32', length: 5 * 48 },
        ],
        shape: [5, 48],
        stores: [
          {
            binding: 1,
            at: add(mul(index(0), int(48)), index(1)),
            value: terms.reduce((sum, term) => add(mul(sum, read(0, int(3))), term)),
          },
        ],
      };
      await expectSameOnHost(kernel, 1e-5);
    },
  );
});
