/** What a run costs: kernels started, bytes moved, memory held; on both devices. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from 'defrun';
import { buildResidentNet } from '../../examples/lecture/resident-net.js';
import { randomArray } from '../../examples/lecture/data.js';

/** Statistics of a second run, when all is compiled. */
async function secondRun(
  session: tf.Session,
  fetches: readonly tf.Tensor[],
  feeds: tf.Feeds,
): Promise<tf.RunStats> {
  const stats = new tf.RunStats();
  await session.run(fetches, feeds);
  await session.run(fetches, feeds, { stats });
  return stats;
}

describe.each(['cpu', 'gpu'] as const)('a run on %s', (device) => {
  it('computes a chain of 12 elementwise ops over a million floats in one kernel', async () => {
    const graph = new tf.Graph();
    const [x, y] = graph.asDefault(() => {
      const x = tf.placeholder('float32', [1 << 20], 'x');
      let y: tf.Tensor = x;
      const ops = [tf.neg, tf.abs, tf.square, tf.sin, tf.tanh, tf.nn.relu, tf.sigmoid, tf.sqrt];
      for (const op of ops) y = op(y);
      return [x, tf.sub(tf.mul(tf.add(tf.maximum(y, 0.5), 1), x), 2)];
    });
    await using session = new tf.Session({ graph, device });
    const data = Float32Array.from({ length: 1 << 20 }, (_, i) => (i % 2001) / 1000 - 1);
    const stats = await secondRun(session, [y], [[x, data]]);
    expect(stats).toMatchObject({ dispatches: 1, bytesUp: 4 << 20, bytesDown: 4 << 20 });
  });

  it('computes softmax cross-entropy and its gradient in at most three kernels', async () => {
    const graph = new tf.Graph();
    const fetches = graph.asDefault(() => {
      const labels = tf.placeholder('float32', [64, 10], 'labels');
      const logits = tf.placeholder('float32', [64, 10], 'logits');
      const loss = tf.reduceMean(tf.nn.softmaxCrossEntropyWithLogits({ labels, logits }));
      const [gradient] = tf.gradients([loss], [logits]);
      return gradient ? [loss, gradient] : [];
    });
    expect(fetches).toHaveLength(2);
    await using session = new tf.Session({ graph, device });
    const feeds = { labels: randomArray([64, 10], 1), logits: randomArray([64, 10], 2) };
    const stats = await secondRun(session, fetches, feeds);
    expect(stats.dispatches).toBeLessThanOrEqual(3);
  });

  it('moves the feeds up and the fetched scalar down in each of 100 training steps', async () => {
    const { graph, session, step, feedBytes } = await smallTraining(device);
    try {
      for (let i = 0; i < 100; i++) {
        const stats = new tf.RunStats();
        await step(stats);
        expect(stats).toMatchObject({ bytesUp: feedBytes, bytesDown: 4 });
        if (i > 0) expect(stats).toMatchObject({ buffersCreated: 0, bindGroupsCreated: 0 });
      }
      expect(graph.operations.length).toBeGreaterThan(10);
    } finally {
      await session.close();
    }
  });

  it('holds no more memory after 2,000 runs than before', async () => {
    const { session, step } = await smallTraining(device);
    try {
      for (let i = 0; i < 500; i++) await step();
      const before = await session.memory();
      const rssBefore = await residentBytes();
      for (let i = 0; i < 2000; i++) await step();
      expect(await session.memory()).toEqual(before);
      // One step's feeds kept alive would be 80 MiB by now; what is allowed is the allocator's slack.
      expect((await residentBytes()) - rssBefore).toBeLessThan(32 * 2 ** 20);
    } finally {
      await session.close();
    }
  }, 120_000);
});

describe('the example network', () => {
  it('is built without its updates being ancestors of the loss', () => {
    const { loss, newW1 } = buildResidentNet();
    const seen = new Set<tf.Operation>();
    const stack = [loss.op];
    for (let op = stack.pop(); op !== undefined; op = stack.pop()) {
      if (seen.has(op)) continue;
      seen.add(op);
      stack.push(...op.inputs.map((input) => input.op), ...op.controlInputs);
    }
    expect(seen.has(newW1.op)).toBe(false);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Resident memory once what is unreachable is gone; finalizers get a turn of the event loop. */
async function residentBytes(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage.rss();
}

/** A logistic regression on batches of 32, whose steps fetch the loss and run the update. */
async function smallTraining(device: tf.Device) {
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
