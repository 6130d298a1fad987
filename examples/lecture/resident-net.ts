/** The network of examples (b), (c) and (d): weights are Variables, updates are assign ops. */
import * as tf from 'defrun';
import { D, H, N, randomArray } from './data.js';

export interface ResidentNet {
  readonly graph: tf.Graph;
  readonly loss: tf.Tensor;
  readonly newW1: tf.Tensor;
  readonly newW2: tf.Tensor;
  /** A dummy node: both updates happen when it runs, and nothing comes back. */
  readonly updates: tf.Operation;
  readonly w1: tf.Variable;
  readonly init: tf.Operation;
}

export function buildResidentNet(learningRate = 1e-5): ResidentNet {
  const graph = new tf.Graph();
  return graph.asDefault(() => {
    const x = tf.placeholder('float32', [N, D], 'x');
    const y = tf.placeholder('float32', [N, D], 'y');
    const w1 = tf.variable(randomArray([D, H], 3, 0.1), { name: 'w1' });
    const w2 = tf.variable(randomArray([H, D], 4, 0.1), { name: 'w2' });
    const h = tf.maximum(tf.matMul(x, w1), 0);
    const difference = tf.sub(tf.matMul(h, w2), y);
    const loss = tf.reduceMean(tf.reduceSum(tf.square(difference), { axis: 1 }));
    const [gradW1, gradW2] = tf.gradients([loss], [w1, w2]);
    if (!gradW1 || !gradW2) throw new Error('the loss depends on both weights');
    const newW1 = tf.assign(w1, tf.sub(w1, tf.mul(learningRate, gradW1)));
    const newW2 = tf.assign(w2, tf.sub(w2, tf.mul(learningRate, gradW2)));
    const updates = tf.group([newW1, newW2]);
    const init = tf.globalVariablesInitializer();
    return { graph, loss, newW1, newW2, updates, w1, init };
  });
}

/** The data every step is fed. */
export const feeds = { x: randomArray([N, D], 1), y: randomArray([N, D], 2) };
