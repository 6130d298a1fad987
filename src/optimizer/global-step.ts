/** The global step: a counter of training steps that checkpoints and summaries go by. */
import { ValueError } from '../errors.js';
import { checkedGraph, collections, getDefaultGraph, type Graph } from '../graph/graph.js';
import { zerosInitializer } from '../ops/random/initializers.js';
import { Variable, variable } from '../ops/state/variable.js';

/** The graph's global step, or null if it has none. @see tf.train.get_global_step */
export function getGlobalStep(graph: Graph = getDefaultGraph()): Variable | null {
  const found = checkedGraph('globalStep', graph).getCollection(collections.globalStep);
  if (found.length > 1)
    throw new ValueError('Multiple tensors in the collection `global_step`; there must be one.');
  const [step] = found;
  return step instanceof Variable ? step : null;
}

/**
 * Makes the graph's global step: an int64 variable `global_step` starting at 0.
 *
 * @throws ValueError if there is one already.
 * @see tf.train.create_global_step
 */
export function createGlobalStep(graph: Graph = getDefaultGraph()): Variable {
  if (getGlobalStep(graph) !== null) throw new ValueError('"global_step" already exists.');
  return graph.asDefault(() =>
    graph.nameScope(null, () =>
      variable(() => zerosInitializer()([], 'int64'), {
        name: 'global_step',
        dtype: 'int64',
        trainable: false,
        collections: [collections.globalVariables, collections.globalStep],
      }),
    ),
  );
}

/** The graph's global step, made if there is none. @see tf.train.get_or_create_global_step */
export const getOrCreateGlobalStep = (graph: Graph = getDefaultGraph()): Variable =>
  getGlobalStep(graph) ?? createGlobalStep(graph);
