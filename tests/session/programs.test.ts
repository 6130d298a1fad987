/** Programs: compiled once per signature, kept within bounds, and what a run moves and makes. */
import * as tf from '../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const build = () => {
  const x = tf.placeholder('float32', [null], 'x');
  const shape = tf.placeholder('int32', [null], 'shape');
  const n = tf.placeholder('int32', [], 'n');
  const w = tf.variable([1, 2, 3], { name: 'w' });
  return {
    ...{ x, shape, n, w },
    y: tf.mul(x, 2, 'y'),
    reshaped: tf.reshape(tf.mul(x, 3), shape, 'reshaped'),
    filled: tf.add(tf.fill(shape, 1.5), 1, 'filled'),
    ranged: tf.mul(tf.range(n, tf.add(n, 3)), n, 'ranged'),
    step: w.assignAdd(tf.mul(tf.placeholder('float32', [3], 'dw'), 0.5)),
    init: tf.globalVariablesInitializer(),
  };
};

/** Whether this run had to be compiled. */
async function compiles(
  session: tf.Session,
  fetches: tf.Fetches,
  feeds: tf.Feeds,
): Promise<boolean> {
  const stats = new tf.RunStats();
  await session.run(fetches, feeds, { stats });
  return stats.compiled;
}

describe.each(devices)('programs on $device', ({ device }) => {
  it('are compiled once per fetches, feeds and feed shapes', () =>
    withSession({ device }, build, async (session, { y }) => {
      expect(await compiles(session, y, { x: [1, 2] })).toBe(true);
      expect(await compiles(session, y, { x: [3, 4] })).toBe(false);
      expect(await compiles(session, 'y:0', { 'x:0': [3, 4] })).toBe(false);
      expect(await compiles(session, { a: [y] }, { x: [3, 4] })).toBe(false);
      expect(await compiles(session, y, { x: [3, 4, 5] })).toBe(true);
      expect(await compiles(session, [y, 'x:0'], { x: [3, 4, 5] })).toBe(true);
      expect(await compiles(session, y, { x: [1, 2] })).toBe(false);
    }));

  it('are dropped when there are too many, least recently used first', () =>
    withSession({ device, maxPrograms: 3 }, build, async (session, { y }) => {
      for (const length of [1, 2, 3, 1, 4])
        expect(
          valuesOf(await session.run(y, { x: new Array<number>(length).fill(length) })),
        ).toEqual(new Array<number>(length).fill(2 * length));
      expect((await session.memory()).programs).toBe(3);
      expect(await compiles(session, y, { x: [1] })).toBe(false);
      expect(await compiles(session, y, { x: [3, 3, 3] })).toBe(false);
      expect(await compiles(session, y, { x: [2, 2] })).toBe(true);
    }));

  it('may be one, also while runs overlap', () =>
    withSession({ device, maxPrograms: 1 }, build, async (session, { y }) => {
      const lengths = [1, 2, 1, 3, 2, 1];
      const runs = lengths.map((length) =>
        session.run(y, { x: new Array<number>(length).fill(length) }),
      );
      expect((await Promise.all(runs)).map(valuesOf)).toEqual(
        lengths.map((length) => new Array<number>(length).fill(2 * length)),
      );
      expect((await session.memory()).programs).toBe(1);
    }));

  it('hold for one value of a feed that decides a shape', () =>
    withSession({ device }, build, async (session, { reshaped, filled, ranged }) => {
      const x = [1, 2, 3, 4, 5, 6];
      for (const shape of [[2, 3], [3, 2], [6], [-1, 1], [2, 3]]) {
        const want = shape.map((dim) => (dim === -1 ? 6 : dim));
        const array = await session.run(reshaped, { x, shape });
        expect(array.shape).toEqual(want);
        expect(valuesOf(array)).toEqual([3, 6, 9, 12, 15, 18]);
      }
      expect(await compiles(session, reshaped, { x, shape: [3, 2] })).toBe(false);
      expect(await compiles(session, reshaped, { x, shape: [1, 6] })).toBe(true);
      for (const shape of [[2], [0], [1, 2], [2]])
        expect(await session.run(filled, { shape })).toMatchObject({ shape });
      for (const n of [1, -2, 5, 1])
        expect(valuesOf(await session.run(ranged, { n }))).toEqual([
          n * n,
          n * (n + 1),
          n * (n + 2) + 0,
        ]);
    }));

  it('keep to the value they were made for when the caller changes its array', () =>
    withSession({ device }, build, async (session, { filled }) => {
      const shape = Int32Array.of(2);
      const first = session.run(filled, { shape });
      shape[0] = 3;
      const second = session.run(filled, { shape });
      shape[0] = 4;
      expect((await Promise.all([first, second])).map((a) => a.shape)).toEqual([[2], [3]]);
      expect((await session.run(filled, { shape })).shape).toEqual([4]);
    }));

  it('can be made ready before the first run', () =>
    withSession({ device }, build, async (session, { y }) => {
      await session.prepare(y, { x: [2] });
      expect(await compiles(session, y, { x: [1, 2] })).toBe(false);
      const wrong = await failureOf(session.prepare(y, { x: [2, 2] }));
      expect(wrong).toBeInstanceOf(tf.ValueError);
      expect(wrong.message).toContain("'x:0'");
      expect(await failureOf(session.prepare(y))).toBeInstanceOf(tf.InvalidArgumentError);
    }));

  it('cannot be made ready where a value decides, which the error says', () =>
    withSession({ device }, build, async (session, { filled }) => {
      const error = await failureOf(session.prepare(filled, { shape: [2] }));
      expect(error).toBeInstanceOf(tf.InvalidArgumentError);
      expect(error.message).toContain("the value of 'shape:0'");
      expect(await session.run(filled, { shape: [2, 2] })).toMatchObject({ shape: [2, 2] });
    }));

  it('move the feeds up and the fetches down, and make nothing from the second run on', () =>
    withSession({ device }, build, async (session, { w, y, step, init }) => {
      await session.run(init);
      const feeds = { x: new Float32Array(100), dw: [1, 1, 1] };
      const stats = new tf.RunStats();
      await session.run([y, step.op], feeds, { stats });
      expect(stats).toMatchObject({ compiled: true, bytesUp: 412, bytesDown: 400 });
      for (let i = 0; i < 3; i++) {
        const next = new tf.RunStats();
        await session.run([y, step.op], feeds, { stats: next });
        expect(next).toMatchObject({
          ...{ bytesUp: 412, bytesDown: 400, compiled: false },
          ...{ buffersCreated: 0, bindGroupsCreated: 0, pipelinesCreated: 0 },
          ...{ dispatches: 2, submits: device === 'gpu' ? 1 : 0 },
        });
        expect(next.elapsedMs).toBeGreaterThan(0);
      }
      await session.run(step.op, feeds, { stats });
      expect(stats.bytesDown).toBe(0);
      expect(valuesOf(await session.run(w))).toEqual([3.5, 4.5, 5.5]);
    }));

  it('use no more memory after 300 runs than after ten', () =>
    withSession({ device }, build, async (session, { y, w, step, init }) => {
      await session.run(init);
      const feeds = { x: new Float32Array(1000), dw: [1, 1, 1] };
      const train = async (times: number): Promise<tf.SessionMemory> => {
        for (let i = 0; i < times; i++) {
          const burst = [session.run([y, step.op], feeds), session.run(w)];
          if (i % 3 === 0) await Promise.all(burst);
          else await burst[1];
        }
        await session.run(w);
        return session.memory();
      };
      const before = await train(10);
      expect(before.variables).toBeGreaterThanOrEqual(12);
      expect(await train(150)).toEqual(before);
    }));
});

describe.each(devices)('makeCallable on $device', ({ device }) => {
  it('fixes the fetches and the order of the feeds', () =>
    withSession({ device }, build, async (session, { y, x }) => {
      const call = session.makeCallable({ y, op: y.op }, [x]);
      for (const value of [1, 2]) {
        const answer = await call([[value]]);
        expect([valuesOf(answer.y), answer.op]).toEqual([[2 * value], null]);
      }
      const stats = new tf.RunStats();
      await call([[3]], { stats });
      expect(stats.compiled).toBe(false);
    }));

  it('checks each call as run() does', () =>
    withSession({ device }, build, async (session, { y }) => {
      const call = session.makeCallable(y, ['x']);
      expect((await failureOf(call([]))).message).toContain('expected 1 feed values, got 0');
      expect((await failureOf(call([[[1]]]))).message).toContain(
        'Cannot feed value of shape (1, 1)',
      );
      expect(() => session.makeCallable('nope')).toThrow(tf.ValueError);
      expect(() => session.makeCallable(y, ['nope'])).toThrow(tf.DTypeError);
      await session.close();
      expect(await failureOf(call([[1]]))).toBeInstanceOf(tf.RuntimeError);
    }));
});

it('a session refuses to keep no program at all', () => {
  expect(() => new tf.Session({ graph: new tf.Graph(), device: 'cpu', maxPrograms: 0 })).toThrow(
    'maxPrograms must be 1 or more, not 0.',
  );
});
