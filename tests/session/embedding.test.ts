/** Training an embedding: rows are gathered, and their gradients scattered back. */
import * as tf from '../../src/index.js';
import { devices, valuesOf, withSession } from './fixture.js';

const words = 2000;
const width = 16;
const batch = 64;

/** Words whose label is their parity: an embedding alone can tell them apart. */
function classifier() {
  const ids = tf.placeholder('int32', [batch], 'ids');
  const labels = tf.placeholder('int32', [batch], 'labels');
  const table = tf.getVariable('table', {
    shape: [words, width],
    initializer: tf.initializers.randomUniformInitializer({ minval: -0.1, maxval: 0.1, seed: 3 }),
  });
  const logits = tf.layers.dense(tf.gather(table, ids), 2);
  const each = tf.nn.sparseSoftmaxCrossEntropyWithLogits({ labels, logits });
  const loss = tf.reduceMean(each);
  const train = new tf.train.AdamOptimizer(0.02).minimize(loss);
  return { ids, labels, table, loss, train, init: tf.globalVariablesInitializer() };
}

const batchOf = (seed: number): Int32Array =>
  Int32Array.from({ length: batch }, (_, i) => (i * 7919 + seed * 104_729) % 40);

describe.each(devices)('an embedding on $device', ({ device }) => {
  it('learns, in as many kernels as it takes', async () => {
    await withSession({ device }, classifier, async (session, nodes) => {
      await session.run(nodes.init);
      const stats = new tf.RunStats();
      const losses: number[] = [];
      for (let step = 0; step < 60; step++) {
        const ids = batchOf(step);
        const feeds = { ids, labels: ids.map((id) => id % 2) };
        const [loss] = await session.run([nodes.loss, nodes.train], feeds, { stats });
        losses.push(Number(valuesOf(loss)[0]));
      }
      expect(losses[0]).toBeGreaterThan(0.5);
      expect(losses.at(-1)).toBeLessThan(0.02);
      // A device fills the gradient with a dispatch of its own.
      expect(stats.dispatches).toBe(device === 'gpu' ? 11 : 10);
      expect(stats).toMatchObject({ buffersCreated: 0, bindGroupsCreated: 0 });
    });
  });

  it('gets the gradient of a plain loop, duplicates and all', async () => {
    const build = () => {
      const table = tf.placeholder('float32', [words, width], 'table');
      const ids = tf.placeholder('int32', [null, null], 'ids');
      const [gradient] = tf.gradients([tf.square(tf.gather(table, ids))], [table]);
      return gradient as tf.Tensor;
    };
    await withSession({ device }, build, async (session, gradient) => {
      const ids = Int32Array.from({ length: 96 }, (_, i) => (i % 3 === 0 ? 7 : (i * 37) % words));
      const table = Float32Array.from({ length: words * width }, (_, i) => ((i % 97) - 48) / 8);
      const want = new Float32Array(table.length);
      for (const id of ids)
        for (let j = 0; j < width; j++) {
          const at = id * width + j;
          want[at] = (want[at] ?? 0) + 2 * (table[at] ?? 0);
        }
      const got = await session.run(gradient, {
        table,
        ids: { dtype: 'int32', shape: [8, 12], data: ids },
      });
      expect(valuesOf(got)).toEqual([...want]);
    });
  });

  it('scatters into more places than 16 bits count, and drops what is negative', async () => {
    const build = () => {
      const indices = tf.placeholder('int32', [null, 2], 'indices');
      const updates = tf.placeholder('float32', [null], 'updates');
      return tf.unsortedSegmentSum(
        updates,
        tf.sub(tf.reduceSum(indices, { axis: 1 }), 1),
        70_000,
        'sums',
      );
    };
    await withSession({ device }, build, async (session, sums) => {
      const indices = [
        [0, 1],
        [69_000, 1000],
        [0, 0],
        [1, 0],
      ];
      const values = valuesOf(await session.run(sums, { indices, updates: [1, 2, 4, 8] }));
      expect(values).toHaveLength(70_000);
      expect([values[0], values[69_999]]).toEqual([9, 2]);
      expect(values.reduce((a, b) => a + b)).toBe(11);
    });
  });
});
