/** What is left of a run that failed or that nobody waits for, when others run beside it. */
import { describe, expect, it } from '@jest/globals';
import * as tf from '../../src/index.js';
import { devices, failureOf, sleep, valuesOf, withSession } from './fixture.js';

const square = tf.ndArray('float32', [200, 200], new Float32Array(40000));
/** An index that is out of range, known to the host only after work of the device. */
function lateIndex(): { q: tf.Tensor; index: tf.Tensor } {
  const q = tf.placeholder('float32', [200, 200], 'q');
  const slow = tf.cast(tf.reduceSum(tf.matMul(q, tf.matMul(q, q))), 'float64');
  return { q, index: tf.cast(tf.add(slow, tf.constant(7, { dtype: 'float64' })), 'int64') };
}

describe.each(devices)('a run that fails on $device', ({ device }) => {
  it('takes the runs with it that were to read what it writes first, and these write nothing', () =>
    withSession(
      { device },
      () => {
        const w = tf.variable(5, { name: 'w' });
        const v = tf.variable(1, { name: 'v' });
        const { q, index } = lateIndex();
        const table = tf.constant([1, 2, 3], { dtype: 'float64' });
        const setV = v.assign(tf.cast(tf.gather(table, index), 'float32'));
        return { w, q, setV, setW: w.assign(tf.add(v, 1)), initialW: w.initializer };
      },
      async (session, { w, q, setV, setW, initialW }) => {
        await session.run(initialW);
        const feeds = new Map([[q, square]]);
        await session.prepare(setV, { q: [200, 200] });
        const runs = [session.run(setV, feeds), session.run(setW)];
        const [first, second] = await Promise.all(runs.map((run) => failureOf(run)));
        expect(first?.message).toMatch(/7 is not in \[0, 3\)/);
        expect(second?.name).toBe('FailedPreconditionError');
        expect(valuesOf(await session.run(w))).toEqual([5]);
      },
    ));

  it('leaves host and device variables as they were when an int64 does not fit', () =>
    withSession(
      { device },
      () => {
        const [n, n2] = [tf.placeholder('int64', [2], 'n'), tf.placeholder('int64', [2], 'n2')];
        const f = tf.placeholder('float32', [10], 'f');
        const big = tf.constant([3000000000n, 3000000000n], { dtype: 'int64' });
        const step = tf.variable(tf.constant(0, { dtype: 'int64' }), { name: 'step' });
        const z = tf.variable([1, 1], { name: 'z' });
        const wide = tf.gather(f, tf.mul(n, big));
        const other = tf.gather(tf.exp(f), tf.mul(n2, big));
        const init = tf.globalVariablesInitializer();
        const one = tf.constant(1, { dtype: 'int64' });
        return { step, z, init, fetches: [z.assignAdd([1, 1]), step.assignAdd(one), wide, other] };
      },
      async (session, { step, z, init, fetches }) => {
        await session.run(init);
        const feeds = (a: bigint, b: bigint): Record<string, tf.NdArray> => ({
          n: tf.ndArray('int64', [2], BigInt64Array.of(a, a)),
          n2: tf.ndArray('int64', [2], BigInt64Array.of(b, b)),
          f: tf.ndArray('float32', [10], new Float32Array(10)),
        });
        await session.run(fetches, feeds(0n, 0n));
        for (const [a, b] of [
          [0n, 1n],
          [1n, 0n],
        ] as const)
          await failureOf(session.run(fetches, feeds(a, b)));
        expect(valuesOf(await session.run(step))).toEqual([1]);
        expect(valuesOf(await session.run(z))).toEqual([2, 2]);
      },
    ));
});

describe('a run on the GPU that is aborted while the host waits for the device', () => {
  const build = (): {
    q: tf.Tensor;
    set: tf.Operation | tf.Tensor;
    v: tf.Variable;
    z: tf.Variable;
    initialZ: tf.Operation;
  } => {
    const { q, index } = lateIndex();
    const v = tf.variable(1, { name: 'v' });
    const z = tf.variable(7, { name: 'z' });
    return { q, v, z, set: v.assign(tf.cast(index, 'float32')), initialZ: z.initializer };
  };

  it('does its work, and harms no run after it', () =>
    withSession({ device: 'gpu' }, build, async (session, { q, set, v, z, initialZ }) => {
      await session.run(initialZ);
      await session.prepare(set, { q: [200, 200] });
      const controller = new AbortController();
      const run = session.run(set, new Map([[q, square]]), { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 1);
      const isAborted = await run.then(
        () => false,
        () => true,
      );
      await sleep(100);
      expect(valuesOf(await session.run(z))).toEqual([7]);
      expect([isAborted, valuesOf(await session.run(v))]).toEqual([isAborted, [7]]);
    }));

  it('is waited for by close, and harms no other session on the device', async () => {
    const device = await tf.openDevice('gpu');
    await withSession({ device }, build, async (other, { z, initialZ }) => {
      await other.run(initialZ);
      await withSession({ device }, build, async (session, { q, set }) => {
        await session.prepare(set, { q: [200, 200] });
        const controller = new AbortController();
        const { signal } = controller;
        const run = session.run(set, new Map([[q, square]]), { signal }).catch(() => null);
        setTimeout(() => {
          controller.abort();
        }, 1);
        await run;
      });
      for (let i = 0; i < 3; i++) expect(valuesOf(await other.run(z))).toEqual([7]);
    });
    await device.close();
  });
});
