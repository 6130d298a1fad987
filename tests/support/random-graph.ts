/**
 * Random graphs whose results are known to a stated error: every value carries a bound on its
 * magnitude, the grid its elements lie on while they are exact, and a bound on its rounding error.
 * Discontinuous ops (comparisons, floor, casts to integers) are only applied to exact values.
 */
import type { DType, NdArray, Tensor } from 'defrun';
import { elementCount, type StaticShape } from '../../src/graph/shape.js';
import type { Rng } from './rng.js';

/** What is known of a value. */
export interface Fact {
  readonly dtype: DType;
  readonly shape: StaticShape;
  /** No element is larger in magnitude. */
  readonly bound: number;
  /** Power of two that divides all elements; 0 if they are not exact. */
  readonly grid: number;
  /** No way of computing it is further than this from the true value. */
  readonly error: number;
}

/** One op of a graph: its inputs by number of value, and how to build it. */
export interface Step {
  readonly text: string;
  readonly inputs: readonly number[];
  readonly fact: Fact;
  readonly build: (inputs: readonly Tensor[]) => Tensor;
}

export interface Feed {
  readonly fact: Fact;
  readonly array: NdArray;
}

/** Feeds are values 0 to n-1; step i computes value n+i. */
export interface RandomGraph {
  readonly feeds: readonly Feed[];
  readonly steps: readonly Step[];
  readonly fetches: readonly number[];
}

/** Relative rounding of float32, and the same for the slower functions of a GPU. */
export const ulp = 2 ** -23;
const exactLimit = 2 ** 24;

/** A fact with its grid dropped, and rounding added, where float32 cannot hold it exactly. */
export function rounded(fact: Fact): Fact {
  if (fact.dtype !== 'float32') return fact;
  if (fact.grid > 0 && fact.error === 0 && fact.bound / fact.grid < exactLimit) return fact;
  return { ...fact, grid: 0, error: fact.error + ulp * fact.bound };
}

export const isExact = (fact: Fact): boolean => fact.error === 0;

const extents = [1, 1, 2, 3, 4, 5, 7, 8, 16, 33];

export function randomShape(rng: Rng, maxRank = 4, maxElements = 3000): StaticShape {
  const shape: number[] = [];
  const rank = rng.below(maxRank + 1);
  while (shape.length < rank) {
    const dim = rng.chance(0.01) ? 0 : rng.pick(extents);
    if (elementCount(shape) * dim > maxElements) break;
    shape.push(dim);
  }
  return shape;
}

/** Data on a grid, so that sums and products stay exact for a while. */
export function randomFeed(rng: Rng, dtype: DType, shape: StaticShape): Feed {
  const n = elementCount(shape);
  if (dtype === 'float32') {
    const data = Float32Array.from({ length: n }, () => (rng.below(33) - 16) / 8);
    return {
      fact: { dtype, shape, bound: 2, grid: 1 / 8, error: 0 },
      array: { dtype, shape, data },
    };
  }
  if (dtype === 'bool') {
    const data = Uint8Array.from({ length: n }, () => rng.below(2));
    return { fact: { dtype, shape, bound: 1, grid: 1, error: 0 }, array: { dtype, shape, data } };
  }
  const numbers = Array.from({ length: n }, () => rng.below(41) - 20);
  const fact: Fact = { dtype, shape, bound: 20, grid: 1, error: 0 };
  return dtype === 'int64'
    ? { fact, array: { dtype, shape, data: BigInt64Array.from(numbers, BigInt) } }
    : { fact, array: { dtype: 'int32', shape, data: Int32Array.from(numbers) } };
}

export const factOf = (graph: RandomGraph, value: number): Fact => {
  const fact = graph.feeds[value]?.fact ?? graph.steps[value - graph.feeds.length]?.fact;
  if (fact === undefined) throw new Error(`there is no value ${value}`);
  return fact;
};

/** The graph as text, one value a line. */
export function printGraph(graph: RandomGraph): string {
  const type = ({ dtype, shape }: Fact): string => `${dtype} [${shape.join(',')}]`;
  const feeds = graph.feeds.map(({ fact }, i) => `v${i} = feed: ${type(fact)}`);
  const steps = graph.steps.map(
    ({ text, inputs, fact }, i) =>
      `v${graph.feeds.length + i} = ${text}(${inputs.map((v) => `v${v}`).join(', ')}): ${type(fact)}`,
  );
  const fetched = graph.fetches.map((v) => `v${v}`).join(', ');
  return [...feeds, ...steps, `fetch ${fetched}`].join('\n');
}
