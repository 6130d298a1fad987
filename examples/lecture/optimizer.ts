/**
 * (e) What one writes in practice: dense layers with Xavier initialisation, a mean-squared-error
 * loss, and an optimizer's minimize.
 */
import { fileURLToPath } from 'node:url';
import * as tf from 'defrun';
import { D, H, N, type Report } from './data.js';
import { feeds } from './resident-net.js';

export interface OptimizedNet {
  readonly graph: tf.Graph;
  readonly loss: tf.Tensor;
  readonly train: tf.Operation;
  readonly init: tf.Operation;
}

export function buildOptimizedNet(learningRate = 1): OptimizedNet {
  const graph = new tf.Graph();
  graph.seed = 7;
  return graph.asDefault(() => {
    const x = tf.placeholder('float32', [N, D], 'x');
    const y = tf.placeholder('float32', [N, D], 'y');
    const kernelInitializer = tf.initializers.glorotUniform();
    const h = tf.layers.dense(x, H, { activation: tf.nn.relu, kernelInitializer });
    const predicted = tf.layers.dense(h, D, { kernelInitializer });
    const loss = tf.losses.meanSquaredError(y, predicted);
    const train = new tf.train.GradientDescentOptimizer(learningRate).minimize(loss);
    const init = tf.globalVariablesInitializer();
    return { graph, loss, train, init };
  });
}

export async function optimizer(device: tf.Device, steps = 50): Promise<Report> {
  const { graph, loss, train, init } = buildOptimizedNet();
  await using session = new tf.Session({ graph, device });
  await session.run(init);
  const losses: number[] = [];
  const stats = new tf.RunStats();
  for (let i = 0; i < steps; i++) {
    const [value] = await session.run([loss, train], feeds, { stats });
    losses.push(Number(value.data[0]));
  }
  return { losses, stats };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { losses, stats } = await optimizer('auto');
  console.log(`loss ${losses[0]} -> ${losses.at(-1)}, ${stats.dispatches} kernels per step`);
}
