/** A small net that learns, for a page and for Node: the same code in both. */
import * as tf from 'defrun';

const [samples, inputs, hidden] = [32, 20, 16];

const wave = (n: number, shift: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i * 0.7 + shift));

export const pixels = wave(samples * inputs, 0);

/** Loss of each step, what the steps moved, and the frozen net. */
export interface Trained {
  readonly losses: readonly number[];
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly frozen: Uint8Array;
}

/** Trains for some steps and freezes the result. */
export async function train(device: tf.Device, steps = 8): Promise<Trained> {
  const graph = new tf.Graph();
  graph.seed = 5;
  const { x, y, loss, step, init } = graph.asDefault(() => {
    const x = tf.placeholder('float32', [null, inputs], 'x');
    const y = tf.placeholder('float32', [null, 3], 'y');
    const h = tf.layers.dense(x, hidden, { activation: tf.nn.relu });
    const logits = tf.layers.dense(h, 3);
    tf.nn.softmax(logits, { name: 'probabilities' });
    const loss = tf.losses.meanSquaredError(y, logits);
    const step = new tf.train.AdamOptimizer(0.01).minimize(loss);
    return { x, y, loss, step, init: tf.globalVariablesInitializer() };
  });
  await using session = new tf.Session({ graph, device });
  await session.run(init);
  const feeds = new Map([
    [x, tf.ndArray('float32', [samples, inputs], pixels)],
    [y, tf.ndArray('float32', [samples, 3], wave(samples * 3, 1))],
  ]);
  const losses: number[] = [];
  const stats = new tf.RunStats();
  for (let i = 0; i < steps; i++) {
    const [value] = await session.run([loss, step], feeds, { stats });
    losses.push(Number(value.data[0]));
  }
  const frozen = tf.toGraphDef(await tf.freezeGraph(session, graph, ['probabilities']));
  return { losses, bytesUp: stats.bytesUp, bytesDown: stats.bytesDown, frozen };
}

/** Runs a frozen net: `source` is a path, a URL or the file's bytes. */
export async function classify(
  source: string | Uint8Array,
  device: tf.Device,
): Promise<readonly number[]> {
  await using model = await tf.loadGraph(source, { device });
  const { probabilities } = await model.run({
    x: tf.ndArray('float32', [samples, inputs], pixels),
  });
  return Array.from((probabilities as tf.NdArray<'float32'>).data);
}
