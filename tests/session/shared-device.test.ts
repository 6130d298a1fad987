/** Sessions that share an opened device. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from 'defrun';

function counter(start: number): { graph: tf.Graph; next: tf.Tensor; init: tf.Operation } {
  const graph = new tf.Graph();
  return graph.asDefault(() => {
    const count = tf.variable(start, { name: 'count', dtype: 'float32' });
    const next = tf.assignAdd(count, 1);
    return { graph, next, init: tf.globalVariablesInitializer() };
  });
}

describe.each(['cpu', 'gpu'] as const)('a shared %s device', (name) => {
  let device: tf.OpenDevice;
  beforeAll(async () => {
    device = await tf.openDevice(name);
  });
  afterAll(() => device.close());

  it('keeps the variables of its sessions apart', async () => {
    const { graph, next, init } = counter(10);
    await using one = new tf.Session({ graph, device });
    await using two = new tf.Session({ graph, device });
    await one.run(init);
    await two.run(init);
    await one.run(next);
    expect((await one.run(next)).data[0]).toBe(12);
    expect((await two.run(next)).data[0]).toBe(11);
  });

  it('goes on when one of its sessions closes', async () => {
    const { graph, next, init } = counter(0);
    const closing = new tf.Session({ graph, device });
    await closing.run(init);
    await closing.close();
    await using staying = new tf.Session({ graph, device });
    await staying.run(init);
    expect((await staying.run(next)).data[0]).toBe(1);
  });

  it('holds nothing of the sessions that are closed', async () => {
    const { graph, next, init } = counter(0);
    const before = device.runtime.memory();
    for (let i = 0; i < 20; i++) {
      await using session = new tf.Session({ graph, device });
      await session.run(init);
      await session.run(next);
    }
    // Staging buffers are the device's own, kept for the next readback.
    expect({ ...device.runtime.memory(), staging: before.staging }).toEqual(before);
  });

  it('describes itself', () => {
    expect(device.description).not.toBe('');
  });
});
