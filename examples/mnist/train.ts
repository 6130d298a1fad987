/**
 * Trains a two-layer network on MNIST, measures it on the test digits, and freezes it to one file.
 *
 *   node dist/examples/mnist/train.js [--device gpu|cpu|auto] [--epochs N] [--out FILE]
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from 'defrun';
import { readDigits, type Digits } from './idx.js';

const batchSize = 100;
/** The learning rate falls from here to 0 in a straight line. */
const firstRate = 6e-3;

interface Model {
  readonly graph: tf.Graph;
  readonly pixels: tf.Tensor;
  readonly labels: tf.Tensor;
  readonly learningRate: tf.Tensor;
  readonly loss: tf.Tensor;
  readonly correct: tf.Tensor;
  readonly train: tf.Operation;
  readonly init: tf.Operation;
}

/** 784 - 128 - 10, softmax cross-entropy, Adam at a rate that each step is fed. */
export function buildModel(): Model {
  const graph = new tf.Graph();
  return graph.asDefault(() => {
    graph.seed = 1;
    const pixels = tf.placeholder('float32', [null, 784], 'pixels');
    const labels = tf.placeholder('int32', [null], 'labels');
    const learningRate = tf.placeholder('float32', [], 'learning_rate');
    const hidden = tf.layers.dense(pixels, 128, { activation: tf.nn.relu, name: 'hidden' });
    const logits = tf.layers.dense(hidden, 10, { name: 'logits' });
    tf.nn.softmax(logits, { name: 'probabilities' });
    const predicted = tf.argMax(logits, { axis: 1, outputType: 'int32', name: 'prediction' });
    const each = tf.nn.sparseSoftmaxCrossEntropyWithLogits({ labels, logits });
    const loss = tf.reduceMean(each, { name: 'loss' });
    const correct = tf.reduceSum(tf.cast(tf.equal(predicted, labels), 'float32'));
    const train = new tf.train.AdamOptimizer(learningRate).minimize(loss);
    const init = tf.globalVariablesInitializer();
    return { graph, pixels, labels, learningRate, loss, correct, train, init };
  });
}

/** Indices 0..n-1 in random order, the same for the same seed. */
function shuffled(n: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let state = seed;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

async function trainEpoch(
  step: (values: readonly tf.FeedValue[]) => Promise<[tf.NdArray, null]>,
  digits: Digits,
  epoch: number,
  epochs: number,
): Promise<number> {
  const order = shuffled(digits.count, epoch);
  let total = 0;
  let steps = 0;
  let pending: Promise<[tf.NdArray, null]> | null = null;
  for (let at = 0; at + batchSize <= digits.count; at += batchSize) {
    const images = new Float32Array(batchSize * 784);
    const labels = new Int32Array(batchSize);
    for (let row = 0; row < batchSize; row++) {
      const digit = order[at + row] ?? 0;
      images.set(digits.images.subarray(digit * 784, (digit + 1) * 784), row * 784);
      labels[row] = digits.labels[digit] ?? 0;
    }
    // One step is in flight while the next batch is put together.
    const progress = (epoch - 1 + at / digits.count) / epochs;
    const started = step([images, labels, firstRate * (1 - progress)]);
    if (pending !== null) total += Number((await pending)[0].data[0]);
    pending = started;
    steps++;
  }
  if (pending !== null) total += Number((await pending)[0].data[0]);
  return total / steps;
}

/** Share of digits the model gets right. */
async function accuracy(session: tf.Session, model: Model, digits: Digits): Promise<number> {
  let right = 0;
  const chunk = 1000;
  for (let at = 0; at < digits.count; at += chunk) {
    const correct = await session.run(model.correct, [
      [model.pixels, digits.images.subarray(at * 784, (at + chunk) * 784)],
      [model.labels, digits.labels.subarray(at, at + chunk)],
    ]);
    right += Number(correct.data[0]);
  }
  return right / digits.count;
}

export interface TrainOptions {
  readonly device?: tf.Device;
  readonly epochs?: number;
  readonly out: string;
  /** Digits to train on, and to test on: all of them if absent. */
  readonly limit?: number;
  readonly log?: (line: string) => void;
}

/** Trains, reports, freezes; returns the accuracy on the test digits. */
export async function train(options: TrainOptions): Promise<number> {
  const { device = 'gpu', epochs = 3, out, limit, log = console.log } = options;
  const [digits, test] = await Promise.all([readDigits('train', limit), readDigits('t10k', limit)]);
  const model = buildModel();
  const session = new tf.Session({ graph: model.graph, device });
  try {
    log(`device: ${await session.deviceDescription()}`);
    await session.run(model.init);
    const feeds = [model.pixels, model.labels, model.learningRate];
    const step = session.makeCallable([model.loss, model.train], feeds);
    let share = 0;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const begin = performance.now();
      const loss = await trainEpoch(step, digits, epoch, epochs);
      share = await accuracy(session, model, test);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      log(
        `epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  test accuracy ${(100 * share).toFixed(2)} %  ${seconds} s`,
      );
    }
    await mkdir(dirname(out), { recursive: true });
    const outputs = ['probabilities', 'prediction'];
    await tf.saveGraph(out, await tf.freezeGraph(session, model.graph, outputs));
    log(`frozen graph: ${out}`);
    return share;
  } finally {
    await session.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      device: { type: 'string', default: 'gpu' },
      epochs: { type: 'string', default: '3' },
      out: { type: 'string', default: 'dist/mnist/mnist.pb' },
    },
  });
  await train({
    device: values.device as tf.Device,
    epochs: Number(values.epochs),
    out: values.out,
  });
}
