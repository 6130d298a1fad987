/** What a newcomer gets wrong, and what the message then says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from 'defrun';

const failureOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof tf.TfError) return error.message;
    throw error;
  }
  throw new Error('It did not fail.');
};

describe('a mistake', () => {
  beforeEach(() => {
    tf.resetDefaultGraph();
  });

  it('in building a graph asynchronously is caught at the scope', async () => {
    const graph = new tf.Graph();
    const build = async (): Promise<tf.Tensor> => {
      await Promise.resolve();
      return tf.constant(1);
    };
    expect(() => graph.asDefault(build)).toThrow('asDefault() is asynchronous');
    expect(() => graph.nameScope('a', build)).toThrow('nameScope() is asynchronous');
    expect(() => graph.controlDependencies([], build)).toThrow('controlDependencies() is asynch');
    await Promise.resolve();
    expect(graph.operations).toEqual([]);
  });

  it('in the name of a feed lists the placeholders', async () => {
    const x = tf.placeholder('float32', [null, 2], 'pixels');
    await using session = new tf.Session({ device: 'cpu' });
    expect(await failureOf(session.run(tf.neg(x), { image: [[1, 2]] }))).toContain(
      'Placeholders: pixels.',
    );
  });

  it('in the name of a layer suggests what the layer holds', async () => {
    tf.layers.dense(tf.placeholder('float32', [null, 2]), 3, { name: 'logits' });
    await using session = new tf.Session({ device: 'cpu' });
    expect(await failureOf(session.run('logit'))).toContain("Did you mean 'logits/kernel'");
  });

  it('in the name of a device names the devices', () => {
    expect(() => new tf.Session({ device: 'cuda' as tf.Device })).toThrow(
      "No device is called 'cuda': use 'gpu', 'cpu' or 'auto'.",
    );
  });

  it('in a shape with -1 says that null is unknown', () => {
    expect(() => tf.placeholder('float32', [-1, 2])).toThrow('or null where it is unknown');
  });

  it('in concatenating nothing is told apart', () => {
    expect(() => tf.concat([])).toThrow('there are no values');
  });

  it('in fetching the gradient that is not there says why it is null', async () => {
    const [dx] = tf.gradients(tf.constant(1), [tf.placeholder('float32', [])]);
    await using session = new tf.Session({ device: 'cpu' });
    expect(await failureOf(session.run([dx as unknown as tf.Tensor]))).toContain('no path leads');
  });

  it('in giving a folder for a graph says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'defrun-'));
    expect(await failureOf(tf.loadGraph(folder))).toContain('is a folder');
    await rm(folder, { recursive: true });
    expect(await failureOf(tf.loadGraph(new Uint8Array()))).toContain('The graph has no nodes');
  });
});

it.each(['cpu', 'gpu'] as const)('pools a batch of nothing on %s', async (device) => {
  tf.resetDefaultGraph();
  const x = tf.placeholder('float32', [null, 4, 4, 1], 'x');
  const pools = [tf.nn.maxPool, tf.nn.avgPool].map((pool) =>
    pool(x, { ksize: 2, strides: 2, padding: 'VALID' }),
  );
  await using session = new tf.Session({ device });
  const values = await session.run(pools, {
    x: { dtype: 'float32', shape: [0, 4, 4, 1], data: new Float32Array(0) },
  });
  expect(values.map((value) => value.shape)).toEqual([
    [0, 2, 2, 1],
    [0, 2, 2, 1],
  ]);
});
