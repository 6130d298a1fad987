/** Feeds: which tensors, which values, and the messages for those that do not fit. */
import * as tf from '../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const build = () => {
  const x = tf.placeholder('float32', [null, 3], 'x');
  const n = tf.placeholder('int32', [2], 'n');
  const long = tf.placeholder('int64', [2], 'long');
  const flag = tf.placeholder('bool', [], 'flag');
  const any = tf.placeholder('float32', null, 'any');
  const c = tf.constant(10, { name: 'c' });
  const middle = tf.mul(x, c, 'middle');
  const v = tf.variable(4, { name: 'v' });
  return {
    ...{ x, n, long, flag, any, c, middle, v },
    y: tf.add(middle, 1, 'y'),
    n2: tf.add(n, n, 'n2'),
    long2: tf.add(long, long, 'long2'),
    no: tf.logicalNot(flag, 'no'),
    any2: tf.add(any, any, 'any2'),
    v2: tf.add(v, v, 'v2'),
    withDefault: tf.neg(tf.placeholderWithDefault([1, 2], [null], 'd'), 'withDefault'),
  };
};

describe.each(devices)('feeds on $device', ({ device }) => {
  it('take nested arrays, typed arrays, NdArrays and scalars', () =>
    withSession({ device }, build, async (session, { y, n2, long2, no, any2 }) => {
      const x = Float32Array.of(1, 2, 3);
      expect(valuesOf(await session.run(y, { x: [[1, 2, 3]] }))).toEqual([11, 21, 31]);
      expect(await session.run(y, { x })).toMatchObject({ shape: [1, 3] });
      expect(valuesOf(await session.run(y, { x: tf.ndArray('float32', [1, 3], x) }))).toEqual([
        11, 21, 31,
      ]);
      expect(valuesOf(await session.run(n2, { n: [3, -4] }))).toEqual([6, -8]);
      expect(valuesOf(await session.run(long2, { long: [3n, 2n ** 40n] }))).toEqual([6, 2 ** 41]);
      expect(await session.run(no, { flag: true })).toEqual({
        dtype: 'bool',
        shape: [],
        data: Uint8Array.of(0),
      });
      expect(valuesOf(await session.run(any2, { any: 1.5 }))).toEqual([3]);
      expect(await session.run(any2, { any: [[1], [2]] })).toMatchObject({ shape: [2, 1] });
    }));

  it.each(['float16', 'bfloat16'] as const)('take back the bits of %s, and numbers', (dtype) =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder(dtype, [null, 2], 'x');
        const one = tf.constant(tf.toNdArray([1], { dtype }).data, { dtype });
        return { y: tf.add(x, one), wide: tf.cast(tf.add(x, one), 'float32') };
      },
      async (session, { y, wide }) => {
        const { data } = await session.run(y, { x: [[1, -2.5]] });
        expect(valuesOf(await session.run(wide, { x: data as Uint16Array }))).toEqual([3, -0.5]);
        for (const x of [Float32Array.of(2, 0), Int8Array.of(2, 0), [[2, 0]]])
          expect(valuesOf(await session.run(wide, { x }))).toEqual([3, 1]);
      },
    ),
  );

  it('take keys as names, tensors in pairs, and tensors in a Map', () =>
    withSession({ device }, build, async (session, { n, n2 }) => {
      for (const feeds of [{ n: [1, 2] }, { 'n:0': [1, 2] }, [[n, [1, 2]]], new Map([[n, [1, 2]]])])
        expect(valuesOf(await session.run(n2, feeds as tf.Feeds))).toEqual([2, 4]);
    }));

  it('replace intermediates, constants and variables', () =>
    withSession({ device }, build, async (session, { y, v2 }) => {
      expect(valuesOf(await session.run(y, { middle: [[1, 2, 3]] }))).toEqual([2, 3, 4]);
      expect(valuesOf(await session.run(y, { x: [[1, 2, 3]], c: 100 }))).toEqual([101, 201, 301]);
      expect(valuesOf(await session.run(v2, { 'v/read': 8 }))).toEqual([16]);
    }));

  it('give the value back when the fed tensor is fetched', () =>
    withSession({ device }, build, async (session, { x, y, middle }) => {
      const [a, b, c] = await session.run([middle, y, x], {
        x: [[0, 0, 0]],
        middle: [[1, 2, 3]],
      });
      expect([a, b, c].map(valuesOf)).toEqual([
        [1, 2, 3],
        [2, 3, 4],
        [0, 0, 0],
      ]);
    }));

  it('are optional for a placeholder with a default', () =>
    withSession({ device }, build, async (session, { withDefault }) => {
      expect(valuesOf(await session.run(withDefault))).toEqual([-1, -2]);
      expect(valuesOf(await session.run(withDefault, { d: [5] }))).toEqual([-5]);
    }));

  it('are read before run() returns, so that the caller may reuse its array', () =>
    withSession({ device }, build, async (session, { x, y }) => {
      const data = new Float32Array(3);
      const runs: Promise<unknown>[] = [];
      for (let i = 1; i <= 6; i++) {
        data.fill(i);
        const answer = session.run([y, x], { x: data });
        runs.push(answer.then((arrays) => arrays.map((array) => array.data[0])));
      }
      data.fill(99);
      expect(await Promise.all(runs)).toEqual([1, 2, 3, 4, 5, 6].map((i) => [10 * i + 1, i]));
      data.fill(7);
      const warm = session.run([y, x], { x: data });
      data.fill(99);
      expect((await warm).map((array) => array.data[0])).toEqual([71, 7]);
    }));

  it('are needed only for the placeholders the fetches use', () =>
    withSession({ device }, build, async (session, { n2, y }) => {
      expect(valuesOf(await session.run(n2, { n: [1, 2], x: [[1, 2, 3]] }))).toEqual([2, 4]);
      const error = await failureOf(session.run(y));
      expect(error).toBeInstanceOf(tf.InvalidArgumentError);
      expect(error.code).toBe(3);
      expect(error.message).toContain(
        "You must feed a value for placeholder tensor 'x' with dtype float and shape [?,3]",
      );
      expect(error.node).toBe('x');
    }));
});

describe('feeds that do not fit', () => {
  const reject = (feeds: unknown): Promise<tf.TfError> => {
    const graph = new tf.Graph();
    const { y, n2 } = graph.asDefault(build);
    const session = new tf.Session({ graph, device: 'cpu' });
    return failureOf(session.run([y, n2], feeds as tf.Feeds)).finally(() => session.close());
  };

  it('have both shapes named', async () => {
    const error = await reject({ x: [[1, 2, 3, 4]] });
    expect(error).toBeInstanceOf(tf.ValueError);
    expect(error.message).toContain(
      "Cannot feed value of shape (1, 4) for Tensor 'x:0', which has shape '(?, 3)'",
    );
  });
  it('are not stretched to the shape', async () => {
    expect((await reject({ n: Int32Array.of(1) })).message).toContain(
      "Cannot feed value of shape (1,) for Tensor 'n:0', which has shape '(2,)'",
    );
    expect((await reject({ n: 1 })).message).toContain('value of shape ()');
  });
  it('have values the dtype cannot hold named', async () => {
    const error = await reject({ n: [1, 2 ** 40] });
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain("Tensor 'n:0'");
    expect(error.message).toContain('1099511627776 is not compatible with Tensor type int32');
    expect((await reject({ long: [2n ** 63n, 0n] })).message).toContain('Tensor type int64');
    expect((await reject({ long: [NaN, 0] })).message).toContain('Tensor type int64');
  });
  it('are truncated to integers as NumPy does', () =>
    withSession({ device: 'cpu' }, build, async (session, { n2 }) => {
      expect(valuesOf(await session.run(n2, { n: [1.5, -1.5] }))).toEqual([2, -2]);
    }));
  it('may not be ragged, strings or nothing', async () => {
    expect((await reject({ x: [[1, 2, 3], [1]] })).message).toContain('rectangular');
    expect(await reject({ x: [['a', 'b', 'c']] })).toBeInstanceOf(tf.ValueError);
    expect(await reject({ x: undefined })).toBeInstanceOf(tf.ValueError);
    expect(await reject({ x: null })).toBeInstanceOf(tf.ValueError);
    expect(await reject({ x: () => 1 })).toBeInstanceOf(tf.ValueError);
  });
  it('may not be an NdArray whose data belies its dtype or shape', async () => {
    expect((await reject({ x: { dtype: 'float32', shape: [1, 3], data: [1, 2, 3] } })).name).toBe(
      'TypeError',
    );
    const short = { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1) };
    expect(await reject({ x: short })).toBeInstanceOf(tf.ValueError);
  });
  it('may not be tensors', async () => {
    const tensor = new tf.Graph().asDefault(() => tf.constant(1));
    const error = await reject([['x', tensor]]);
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain('The value of a feed cannot be a Tensor');
  });
  it('may not be given twice', async () => {
    const error = await reject([
      ['x', [[1, 2, 3]]],
      ['x:0', [[1, 2, 3]]],
    ]);
    expect(error.message).toContain('Endpoint "x:0" fed more than once.');
  });
  it('need a key that is a tensor of the graph', async () => {
    const foreign = new tf.Graph().asDefault(() => tf.constant(1));
    const op = foreign.op;
    for (const key of ['nope', 'y:3', 'a:b', foreign, op, 3, null]) {
      const error = await reject([[key, 1]]);
      expect(error.name).toBe('TypeError');
      expect(error.message).toContain('Cannot interpret feed_dict key as Tensor: ');
    }
  });
});
