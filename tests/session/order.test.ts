/** Runs called one after another without waiting; ending them early; the event loop meanwhile. */
import * as tf from '../../src/index.js';
import { devices, failureOf, sleep, valuesOf, withSession } from './fixture.js';

const counter = () => {
  const v = tf.variable(0, { name: 'v' });
  const by = tf.placeholder('float32', [], 'by');
  return { v, add: v.assignAdd(by), init: tf.globalVariablesInitializer() };
};

/** Some tenths of a second of work that cannot be folded away. */
const heavy = () => {
  const x = tf.placeholder('float32', [320, 320], 'x');
  const v = tf.variable(1, { name: 'v' });
  let y = x;
  for (let i = 0; i < 24; i++) y = tf.mul(tf.matMul(y, x), 0.003);
  const sum = tf.reduceSum(y);
  return {
    sum,
    v,
    bump: v.assignAdd(tf.add(tf.mul(sum, 0), 1)),
    init: tf.globalVariablesInitializer(),
  };
};
const heavyFeeds = { x: Float32Array.from({ length: 320 * 320 }, (_, i) => (i % 7) - 3) };

describe.each(devices)('runs on $device', ({ device }) => {
  it('called without waiting happen in call order', () =>
    withSession({ device }, counter, async (session, { v, add, init }) => {
      const runs: Promise<tf.NdArray>[] = [];
      const started = session.run(init);
      for (let i = 1; i <= 20; i++) {
        runs.push(session.run(add, { by: i }));
        // A signature never seen before, in between: compiling must not change the order.
        if (i % 5 === 0) runs.push(session.run(v), session.run(freshNegation(session, v)));
      }
      await started;
      const values = (await Promise.all(runs)).map((array) => valuesOf(array)[0]);
      const expected: number[] = [];
      for (let i = 1, sum = 0; i <= 20; i++) {
        expected.push((sum += i));
        if (i % 5 === 0) expected.push(sum, -sum);
      }
      expect(values).toEqual(expected);
    }));

  it('go on after one that failed', () =>
    withSession({ device }, counter, async (session, { v, add, init }) => {
      await session.run(init);
      const outcomes = await Promise.allSettled([
        session.run(add, { by: 1 }),
        session.run(add),
        session.run('nope:0'),
        session.run(add, { by: 2 }),
        session.run(v),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
        'fulfilled',
      ]);
      expect(valuesOf(await session.run(v))).toEqual([3]);
    }));

  it('are finished by close() and refused after it', () =>
    withSession({ device }, counter, async (session, { add, init }) => {
      void session.run(init);
      const last = session.run(add, { by: 5 });
      const closed = session.close();
      expect((await failureOf(session.run(add, { by: 1 }))).message).toBe(
        'Attempted to use a closed Session.',
      );
      expect(valuesOf(await last)).toEqual([5]);
      await closed;
    }));

  it('let timers fire while they last', () =>
    withSession({ device }, heavy, async (session, { sum }) => {
      await session.run(sum, heavyFeeds);
      let longest = 0;
      let ticks = 0;
      let last = performance.now();
      const timer = setInterval(() => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        ticks++;
      }, 5);
      const begin = performance.now();
      await session.run(sum, heavyFeeds);
      const took = performance.now() - begin;
      clearInterval(timer);
      // A busy machine stretches a tick; a blocked loop gives one or two in all.
      expect(ticks).toBeGreaterThan(Math.min(took / 60, 8));
      expect(longest).toBeLessThan(Math.max(150, took / 2));
    }));

  it('are cancelled by their signal, with its reason as the cause', () =>
    withSession({ device }, heavy, async (session, { sum, v, bump, init }) => {
      await session.run(init);
      await session.prepare([bump, sum], { x: [320, 320] });
      const controller = new AbortController();
      const run = failureOf(session.run([bump, sum], heavyFeeds, { signal: controller.signal }));
      await sleep(15);
      controller.abort(new Error('changed my mind'));
      const error = await run;
      expect(error).toBeInstanceOf(tf.CancelledError);
      expect(error.code).toBe(1);
      expect(String(error.cause)).toContain('changed my mind');
      // The device may have finished it all the same; a CPU run is undone.
      const after = valuesOf(await session.run(v))[0];
      expect(device === 'cpu' ? [1] : [1, 2]).toContain(after);
    }));

  it('are not started with a signal that is aborted already', () =>
    withSession({ device }, counter, async (session, { v, add, init }) => {
      await session.run(init);
      for (let i = 0; i < 2; i++) {
        const run = session.run(add, { by: 1 }, { signal: AbortSignal.abort() });
        expect(await failureOf(run)).toBeInstanceOf(tf.CancelledError);
      }
      expect(valuesOf(await session.run(v))).toEqual([0]);
    }));

  it('end at their deadline', () =>
    withSession({ device }, heavy, async (session, { sum }) => {
      await session.prepare(sum, { x: [320, 320] });
      const error = await failureOf(session.run(sum, heavyFeeds, { timeoutMs: 15 }));
      expect(error).toBeInstanceOf(tf.DeadlineExceededError);
      expect(error.message).toContain('15 ms');
      expect(error.code).toBe(4);
    }));

  it('end at their deadline while they wait behind another', () =>
    withSession({ device }, heavy, async (session, { sum, v, bump, init }) => {
      await session.run(init);
      await session.prepare(sum, { x: [320, 320] });
      await session.prepare([bump, sum], { x: [320, 320] });
      let isFirstDone = false;
      const first = session.run(sum, heavyFeeds).then(() => (isFirstDone = true));
      const second = session.run([bump, sum], heavyFeeds, { timeoutMs: 15 });
      expect(await failureOf(second)).toBeInstanceOf(tf.DeadlineExceededError);
      expect(isFirstDone).toBe(false);
      await first;
      if (device === 'cpu') expect(valuesOf(await session.run(v))).toEqual([1]);
    }));

  it('leave no timer or listener behind', () =>
    withSession({ device }, counter, async (session, { add, init }) => {
      await session.run(init);
      const { signal } = new AbortController();
      let listeners = 0;
      const add0 = signal.addEventListener.bind(signal);
      const remove0 = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...args: Parameters<typeof add0>) => {
        listeners++;
        add0(...args);
      };
      signal.removeEventListener = (...args: Parameters<typeof remove0>) => {
        listeners--;
        remove0(...args);
      };
      for (let i = 0; i < 3; i++) await session.run(add, { by: 1 }, { signal, timeoutMs: 60000 });
      expect(listeners).toBe(0);
    }));
});

const negations = new WeakMap<tf.Session, number>();
/** A new node each time it is called, so that the run has to be compiled. */
function freshNegation(session: tf.Session, v: tf.Variable): tf.Tensor {
  const serial = (negations.get(session) ?? 0) + 1;
  negations.set(session, serial);
  return session.graph.asDefault(() => tf.neg(v, `neg_${serial}`));
}
