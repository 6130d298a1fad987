import * as tf from 'defrun';
import { randomArray } from '../../examples/lecture/data.js';

/** A logistic regression on batches of 32, whose steps fetch the loss and run the update. */
export async function smallTraining(device: tf.Device) {
  const graph = new tf.Graph();
  const { x, labels, loss, train, init } = graph.asDefault(() => {
    const x = tf.placeholder('float32', [32, 64], 'x');
    const labels = tf.placeholder('int32', [32], 'labels');
    const logits = tf.layers.dense(tf.layers.dense(x, 32, { activation: tf.nn.relu }), 10);
    const each = tf.nn.sparseSoftmaxCrossEntropyWithLogits({ labels, logits });
    const loss = tf.reduceMean(each);
    const train = new tf.train.AdamOptimizer(1e-3).minimize(loss);
    return { x, labels, loss, train, init: tf.globalVariablesInitializer() };
  });
  const session = new tf.Session({ graph, device });
  await session.run(init);
  const run = session.makeCallable([loss, train], [x, labels]);
  const images = randomArray([32, 64], 5).data;
  const digits = Int32Array.from({ length: 32 }, (_, i) => i % 10);
  const step = async (stats?: tf.RunStats): Promise<void> => {
    await run([images, digits], stats ? { stats } : {});
  };
  return { graph, session, step, feedBytes: images.byteLength + digits.byteLength };
}
