/** Draws random graphs, and takes away from a failing one until only the failure is left. */
import { elementCount } from '../../src/graph/shape.js';
import {
  factOf,
  randomFeed,
  randomShape,
  rounded,
  type Fact,
  type Feed,
  type RandomGraph,
  type Step,
} from './random-graph.js';
import { addN, binary, cast, matMul, select, unary } from './random-math.js';
import { argMax, cumsum, reduce, segmentSum, softmax } from './random-reductions.js';
import {
  broadcasted,
  expand,
  item,
  joined,
  parted,
  reshape,
  sliced,
  stacked,
  tiled,
  transpose,
  unstacked,
} from './random-shapes.js';
import { Rng } from './rng.js';

/** What a step may take as input. */
export interface Choices {
  /** A value that fits. @throws NothingFits if a few tries find none. */
  pick(fits?: (fact: Fact) => boolean): { readonly id: number; readonly fact: Fact };
}

/** A draw that came to nothing. */
class NothingFits extends Error {}

/** Draws one step over a graph's values; null if the draw came to nothing. */
export type StepSource = (rng: Rng, graph: Choices) => Step | null;

const sources: readonly (readonly [weight: number, StepSource])[] = [
  [14, unary],
  [18, binary],
  [4, select],
  [2, cast],
  [1, addN],
  [4, matMul],
  [7, reduce],
  [1, argMax],
  [1, cumsum],
  [2, softmax],
  [2, segmentSum],
  [3, transpose],
  [3, reshape],
  [1, expand],
  [2, sliced],
  [2, item],
  [2, joined],
  [1, stacked],
  [1, unstacked],
  [1, parted],
  [1, tiled],
  [1, broadcasted],
];
const urn = sources.flatMap(([weight, source]) => Array.from({ length: weight }, () => source));

const maxElements = 20_000;
const maxBound = 2 ** 20;

/** Values a run could not compare: too large, too vague, or too many elements. */
const isUsable = (fact: Fact): boolean =>
  elementCount(fact.shape) <= maxElements &&
  fact.bound <= maxBound &&
  fact.error <= 1e-3 * Math.max(1, fact.bound);

export function randomGraph(seed: number, stepCount: number): RandomGraph {
  const rng = new Rng(seed);
  const shared = randomShape(rng);
  const feeds: Feed[] = Array.from({ length: 2 + rng.below(4) }, () => {
    const dtype = rng.pick(['float32', 'float32', 'float32', 'int32', 'bool', 'int64'] as const);
    return randomFeed(rng, dtype, rng.chance(0.5) ? variant(rng, shared) : randomShape(rng));
  });
  const steps: Step[] = [];
  const graph = (): RandomGraph => ({ feeds, steps, fetches: [] });
  const pick: Choices['pick'] = (fits = () => true) => {
    const count = feeds.length + steps.length;
    for (let attempt = 0; attempt < 12; attempt++) {
      const recent = rng.chance(0.5) ? Math.max(0, count - 5) : 0;
      const id = recent + rng.below(count - recent);
      const fact = factOf(graph(), id);
      if (fits(fact)) return { id, fact };
    }
    throw new NothingFits();
  };
  for (let attempt = 0; steps.length < stepCount && attempt < 20 * stepCount; attempt++) {
    const drawn = attempted(() => rng.pick(urn)(rng, { pick }));
    if (drawn === null) continue;
    const step = { ...drawn, fact: rounded(drawn.fact) };
    if (isUsable(step.fact)) steps.push(step);
  }
  return { feeds, steps, fetches: fetchesOf(rng, feeds.length, steps) };
}

function attempted(draw: () => Step | null): Step | null {
  try {
    return draw();
  } catch (error) {
    if (error instanceof NothingFits) return null;
    throw error;
  }
}

/** The last values, those nobody takes, and a few others. */
function fetchesOf(rng: Rng, feedCount: number, steps: readonly Step[]): number[] {
  const taken = new Set(steps.flatMap((step) => step.inputs));
  return steps.map((_, i) => feedCount + i).filter((id) => !taken.has(id) || rng.chance(0.15));
}

/** The shape with some axes of length 1, or without its first: what broadcasting takes. */
function variant(rng: Rng, shape: readonly number[]): readonly number[] {
  const thin = shape.map((dim) => (rng.chance(0.25) ? 1 : dim));
  return rng.chance(0.2) ? thin.slice(1) : thin;
}

/** Whether a graph still fails. */
type Fails = (graph: RandomGraph) => Promise<boolean>;

/**
 * A smaller graph that still fails: fewer fetches, then steps replaced by feeds of their values.
 * @param valueOf a step's value by the reference, to cut the graph there.
 */
export async function minimised(
  graph: RandomGraph,
  fails: Fails,
  valuesOf: (graph: RandomGraph, values: readonly number[]) => Promise<readonly Feed['array'][]>,
): Promise<RandomGraph> {
  let best = graph;
  for (const fetch of graph.fetches) {
    const one = live({ ...graph, fetches: [fetch] });
    if (await fails(one)) {
      best = one;
      break;
    }
  }
  for (let i = 0; i < best.steps.length; i++) {
    const id = best.feeds.length + i;
    const [array] = await valuesOf(best, [id]);
    if (array === undefined || best.fetches.includes(id)) continue;
    const fact: Fact = { ...factOf(best, id), error: 0 };
    const cut = live(cutAt(best, i, { fact, array }));
    if (!(await fails(cut))) continue;
    best = cut;
    i = -1;
  }
  return best;
}

/** The graph with one step's value fed. */
function cutAt(graph: RandomGraph, at: number, feed: Feed): RandomGraph {
  const n = graph.feeds.length;
  const renumbered = (id: number): number => {
    if (id === n + at) return n;
    if (id < n) return id;
    return id < n + at ? id + 1 : id;
  };
  return {
    feeds: [...graph.feeds, feed],
    steps: graph.steps
      .filter((_, i) => i !== at)
      .map((step) => ({ ...step, inputs: step.inputs.map(renumbered) })),
    fetches: graph.fetches.map(renumbered),
  };
}

/** Without the feeds and steps the fetches do not need. */
function live(graph: RandomGraph): RandomGraph {
  const n = graph.feeds.length;
  const needed = new Set(graph.fetches);
  for (let i = graph.steps.length - 1; i >= 0; i--)
    if (needed.has(n + i)) for (const id of graph.steps[i]?.inputs ?? []) needed.add(id);
  const kept = [...needed].sort((a, b) => a - b);
  const number = new Map(kept.map((id, i) => [id, i]));
  const to = (id: number): number => number.get(id) ?? -1;
  return {
    feeds: graph.feeds.filter((_, id) => needed.has(id)),
    steps: graph.steps
      .filter((_, i) => needed.has(n + i))
      .map((step) => ({ ...step, inputs: step.inputs.map(to) })),
    fetches: graph.fetches.map(to),
  };
}
