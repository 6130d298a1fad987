/** The two seed attrs of a random op, from the graph's seed and its own. */
import type { Graph } from '../../graph/graph.js';

export interface OpSeeds {
  readonly seed: number;
  readonly seed2: number;
}

/** Graph-level seed of an op that has only its own (TensorFlow's DEFAULT_GRAPH_SEED). */
const defaultGraphSeed = 87654321;
const maxInt32 = 2 ** 31 - 1;

/** Into [0, 2^31 - 1), as Python's modulo does for negative seeds. */
const truncated = (seed: number): number => ((seed % maxInt32) + maxInt32) % maxInt32;

/**
 * Seeds of the next random op: both 0 mean that every session draws another stream. Call it after
 * the op's constant inputs were made, because a graph seed alone counts the ops made so far.
 *
 * @see tf.get_seed
 */
export function getSeed(graph: Graph, opSeed: number | null | undefined): OpSeeds {
  const own = opSeed ?? null;
  if (graph.seed === null && own === null) return { seed: 0, seed2: 0 };
  const seed = truncated(graph.seed ?? defaultGraphSeed);
  const seed2 = truncated(own ?? graph.nextOpId);
  // Two zeros would mean "no seed" to the kernels.
  return seed === 0 && seed2 === 0 ? { seed, seed2: maxInt32 } : { seed, seed2 };
}
