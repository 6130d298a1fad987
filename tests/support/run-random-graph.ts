/** Builds and runs a random graph, and says where two answers differ by more than they may. */
import * as tf from 'defrun';
import { factOf, type RandomGraph } from './random-graph.js';
import type { CompiledRunner } from './run-compiled.js';

interface Built {
  readonly tensors: readonly tf.Tensor[];
  readonly fed: ReadonlyMap<tf.Tensor, tf.NdArray>;
}

function build({ feeds, steps }: RandomGraph): Built {
  const tensors: tf.Tensor[] = [];
  const fed = new Map<tf.Tensor, tf.NdArray>();
  const at = (id: number): tf.Tensor => {
    const tensor = tensors[id];
    if (tensor === undefined) throw new Error(`there is no value ${id}`);
    return tensor;
  };
  for (const { array } of feeds) {
    const tensor = tf.placeholder(array.dtype, array.shape);
    fed.set(tensor, array);
    tensors.push(tensor);
  }
  for (const { inputs, build: add } of steps) tensors.push(add(inputs.map(at)));
  return { tensors, fed };
}

/** Values of the graph's fetches, over a new graph. */
export async function runRandomGraph(
  runner: CompiledRunner,
  graph: RandomGraph,
): Promise<readonly tf.NdArray[]> {
  const { tensors, fed } = new tf.Graph().asDefault(() => build(graph));
  return runner.run({ fetches: graph.fetches.map((id) => tensors[id] as tf.Tensor), feeds: fed });
}

/** Gradients of a scalar of all float fetches by the float feeds they depend on. */
export async function runRandomGradients(
  runner: CompiledRunner,
  graph: RandomGraph,
): Promise<readonly tf.NdArray[]> {
  const { gradients, fed } = new tf.Graph().asDefault(() => {
    const { tensors, fed } = build(graph);
    const isFloat = (tensor: tf.Tensor): boolean => tensor.dtype === 'float32';
    const fetched = graph.fetches.map((id) => tensors[id] as tf.Tensor).filter(isFloat);
    // The sine keeps gradients of large values moderate.
    const ys = fetched.map((tensor) => tf.reduceSum(tf.sin(tensor)));
    const xs = [...fed.keys()].filter(isFloat);
    const found = ys.length > 0 && xs.length > 0 ? tf.gradients(ys, xs) : [];
    return { gradients: found.filter((g): g is tf.Tensor => g !== null), fed };
  });
  return gradients.length === 0 ? [] : runner.run({ fetches: gradients, feeds: fed });
}

/** The first difference beyond the values' stated errors, or null. */
export function difference(
  graph: RandomGraph,
  got: readonly tf.NdArray[],
  want: readonly tf.NdArray[],
): string | null {
  for (const [i, id] of graph.fetches.entries()) {
    const [a, b] = [got[i], want[i]];
    if (a === undefined || b === undefined) return `v${id}: no answer`;
    const fact = factOf(graph, id);
    if (a.dtype !== fact.dtype || a.shape.join() !== fact.shape.join())
      return `v${id}: ${a.dtype} [${a.shape.join()}] is not ${fact.dtype} [${fact.shape.join()}]`;
    const tolerance = 4 * fact.error;
    for (let at = 0; at < b.data.length; at++) {
      const [x, y] = [Number(a.data[at]), Number(b.data[at])];
      if (!(Math.abs(x - y) <= tolerance))
        return `v${id}: element ${at} of [${fact.shape.join()}] is ${x}, the reference says ${y} (tolerance ${tolerance})`;
    }
  }
  return null;
}
