/** What runs of strings leave behind: nothing but what is in variables. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '../../src/index.js';
import { devices, withSession } from './fixture.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use once what is unreachable is gone. */
async function bytesHeld(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A run with temporaries, a variable written, and fetches from each. */
const build = () => {
  const x = tf.placeholder('string', [2], 'x');
  const v = tf.variable(['', ''], { name: 'v' });
  const doubled = tf.add(x, x);
  const swapped = tf.reverse(tf.identity(doubled), [0]);
  const set = tf.assign(v, x);
  return { x, init: v.initializer, set, fetches: [tf.add(doubled, swapped), set] };
};

/** Text that no other run has. */
const fresh = (i: number, length: number): string => `${i} `.padEnd(length, String(i));

describe.each(devices)('memory of strings on $device', ({ device }) => {
  it(
    'stays flat over 2,000 runs of fresh long strings',
    () =>
      withSession({ device }, build, async (session, { init, fetches }) => {
        const step = (i: number) => session.run(fetches, { x: [fresh(i, 20_000), 'b'] });
        await session.run(init);
        for (let i = 0; i < 100; i++) await step(i);
        const before = await bytesHeld();
        for (let i = 0; i < 2000; i++) await step(i);
        const growth = (await bytesHeld()) - before;
        // One run in a hundred kept would be 2 MB and more.
        expect(growth).toBeLessThan(1.5e6);
      }),
    120_000,
  );

  it(
    'does not hold the last run',
    () =>
      withSession({ device }, build, async (session, { init, set, fetches }) => {
        await session.run(init);
        await session.run(fetches, { x: ['a', 'b'] });
        const before = await bytesHeld();
        await session.run(fetches, { x: [fresh(7, 2e7), 'b'] });
        await session.run(set.op, { x: ['a', 'b'] });
        expect((await bytesHeld()) - before).toBeLessThan(2e6);
      }),
    120_000,
  );

  it(
    'does not hold a run that failed',
    () =>
      withSession(
        { device },
        () => {
          const { x, init, set } = build();
          const at = tf.placeholder('int32', [], 'at');
          return { init, bad: tf.gather(tf.add(set, x), at) };
        },
        async (session, { init, bad }) => {
          await session.run(init);
          await session.run(bad, { x: ['a', 'b'], at: 0 });
          const before = await bytesHeld();
          await expect(session.run(bad, { x: [fresh(8, 2e7), 'b'], at: 9 })).rejects.toThrow(
            'is not in',
          );
          expect((await bytesHeld()) - before).toBeLessThan(2e6);
        },
      ),
    120_000,
  );
});
