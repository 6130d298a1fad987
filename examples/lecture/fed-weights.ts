/**
 * (a) A two-layer network whose weights are fed and fetched at every step: simple, and slow, for
 * all weights cross the bus twice per step.
 */
import { fileURLToPath } from 'node:url';
import * as tf from 'defrun';
import { D, H, N, randomArray, type Report } from './data.js';

export async function fedWeights(device: tf.Device, steps = 20): Promise<Report> {
  const graph = new tf.Graph();
  const net = graph.asDefault(() => {
    const x = tf.placeholder('float32', [N, D], 'x');
    const y = tf.placeholder('float32', [N, D], 'y');
    const w1 = tf.placeholder('float32', [D, H], 'w1');
    const w2 = tf.placeholder('float32', [H, D], 'w2');
    const h = tf.maximum(tf.matMul(x, w1), 0);
    const predicted = tf.matMul(h, w2);
    const difference = tf.sub(predicted, y);
    const loss = tf.reduceMean(tf.reduceSum(tf.square(difference), { axis: 1 }));
    const [gradW1, gradW2] = tf.gradients([loss], [w1, w2]);
    if (!gradW1 || !gradW2) throw new Error('the loss depends on both weights');
    return { loss, gradW1, gradW2 };
  });
  await using session = new tf.Session({ graph, device });
  const x = randomArray([N, D], 1);
  const y = randomArray([N, D], 2);
  let w1 = randomArray([D, H], 3, 0.1);
  let w2 = randomArray([H, D], 4, 0.1);
  const learningRate = 1e-5;
  const losses: number[] = [];
  const stats = new tf.RunStats();
  const step = (w: tf.NdArray<'float32'>, g: tf.NdArray): tf.NdArray<'float32'> => ({
    ...w,
    data: w.data.map((value, i) => value - learningRate * Number(g.data[i])),
  });
  for (let i = 0; i < steps; i++) {
    const feeds = { x, y, w1, w2 };
    const [loss, gradW1, gradW2] = await session.run([net.loss, net.gradW1, net.gradW2], feeds, {
      stats,
    });
    losses.push(Number(loss.data[0]));
    w1 = step(w1, gradW1);
    w2 = step(w2, gradW2);
  }
  return { losses, stats };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { losses, stats } = await fedWeights('auto');
  console.log(`loss ${losses[0]} -> ${losses.at(-1)}`);
  console.log(`per step: ${stats.bytesUp} bytes up, ${stats.bytesDown} bytes down`);
}
