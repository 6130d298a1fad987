/** Builds and runs a random graph, and says where two answers differ by more than they may. */
import * as tf from 'defrun';
import { factOf, type RandomGraph } from './random-graph.js';
import type { CompiledRunner } from './run-compiled.js';

/** Values of some of the graph's tensors (its fetches), over a new graph. */
export async function runRandomGraph(
  runner: CompiledRunner,
  { feeds, steps, fetches }: RandomGraph,
): Promise<readonly tf.NdArray[]> {
  const graph = new tf.Graph();
  const tensors: tf.Tensor[] = [];
  const fed = new Map<tf.Tensor, tf.NdArray>();
  graph.asDefault(() => {
    for (const { array } of feeds) {
      const tensor = tf.placeholder(array.dtype, array.shape);
      fed.set(tensor, array);
      tensors.push(tensor);
    }
    const at = (id: number): tf.Tensor => {
      const tensor = tensors[id];
      if (tensor === undefined) throw new Error(`there is no value ${id}`);
      return tensor;
    };
    for (const { inputs, build } of steps) tensors.push(build(inputs.map(at)));
  });
  return runner.run({ fetches: fetches.map((id) => tensors[id] as tf.Tensor), feeds: fed });
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
