/** What run() gives back for each kind of fetch, and what it says of fetches that are wrong. */
import * as tf from '../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const build = () => {
  const x = tf.placeholder('float32', [null], 'x');
  const y = tf.mul(x, 2, 'y');
  const [left, right] = tf.split(tf.constant([1, 2, 3, 4], { name: 'whole' }), 2) as [
    tf.Tensor,
    tf.Tensor,
  ];
  const v = tf.variable([5, 6], { name: 'v' });
  const r = tf.variable([7, 8], { name: 'r', useResource: true });
  return {
    x,
    y,
    left,
    right,
    v,
    r,
    nothing: tf.noOp('nothing'),
    init: tf.globalVariablesInitializer(),
  };
};
const feeds = { x: [1, 2] };

describe.each(devices)('Session.run on $device', ({ device }) => {
  it('answers a tensor with an array of its dtype and shape', () =>
    withSession({ device }, build, async (session, { y }) => {
      expect(await session.run(y, feeds)).toEqual({
        dtype: 'float32',
        shape: [2],
        data: Float32Array.of(2, 4),
      });
    }));

  it('mirrors nested arrays and objects', () =>
    withSession({ device }, build, async (session, { x, y, nothing }) => {
      const answer = await session.run({ a: [y, { b: x }], c: [], d: nothing, e: {} }, feeds);
      expect(valuesOf(answer.a[0])).toEqual([2, 4]);
      expect(valuesOf(answer.a[1].b)).toEqual([1, 2]);
      expect([answer.c, answer.d, answer.e]).toEqual([[], null, {}]);
      expect(Object.keys(answer)).toEqual(['a', 'c', 'd', 'e']);
    }));

  it('fills every slot of a tensor asked for twice', () =>
    withSession({ device }, build, async (session, { y }) => {
      const answer = await session.run([y, y, 'y:0'], feeds);
      expect(answer.map(valuesOf)).toEqual([
        [2, 4],
        [2, 4],
        [2, 4],
      ]);
    }));

  it('answers an operation with null, by object and by name', () =>
    withSession({ device }, build, async (session, { y, nothing }) => {
      expect(await session.run(nothing)).toBeNull();
      expect(await session.run(['nothing', 'y', y.op], feeds)).toEqual([null, null, null]);
    }));

  it('fetches any output of an op by name', () =>
    withSession({ device }, build, async (session, { right }) => {
      expect(right.name).toMatch(/:1$/);
      expect(valuesOf(await session.run(right.name))).toEqual([3, 4]);
    }));

  it('answers a variable with its value, by reference and by resource handle', () =>
    withSession({ device }, build, async (session, { v, r, init }) => {
      await session.run(init);
      expect((await session.run([v, r, 'v:0', 'r:0'])).map(valuesOf)).toEqual([
        [5, 6],
        [7, 8],
        [5, 6],
        [7, 8],
      ]);
      expect(valuesOf(await session.read(v.op))).toEqual([5, 6]);
    }));

  it('gives arrays that later runs and changes to them do not touch', () =>
    withSession({ device }, build, async (session, { y, left }) => {
      const [first, constant] = await session.run([y, left], feeds);
      (constant.data as Float32Array).fill(9);
      (first.data as Float32Array).fill(9);
      const [second, again] = await session.run([y, left], { x: [3, 4] });
      expect(valuesOf(first)).toEqual([9, 9]);
      expect(valuesOf(second)).toEqual([6, 8]);
      expect(valuesOf(again)).toEqual([1, 2]);
    }));

  it('runs nothing for an empty fetch', () =>
    withSession({ device }, build, async (session) => {
      expect(await session.run([])).toEqual([]);
      expect(await session.run({})).toEqual({});
    }));

  it('runs a finalized graph', () =>
    withSession({ device }, build, async (session, { y }) => {
      session.graph.finalize();
      expect(valuesOf(await session.run(y, feeds))).toEqual([2, 4]);
    }));

  it('sees ops added after its first run', () =>
    withSession({ device }, build, async (session, { y }) => {
      await session.run(y, feeds);
      const z = session.graph.asDefault(() => tf.add(y, 1));
      expect(valuesOf(await session.run(z, feeds))).toEqual([3, 5]);
    }));

  it('gives tensors without elements', () =>
    withSession({ device }, build, async (session, { x, y }) => {
      const answer = await session.run([y, x], { x: [] });
      expect(answer.map(({ shape, data }) => [shape, data.length])).toEqual([
        [[0], 0],
        [[0], 0],
      ]);
    }));
});

describe('Session.run with fetches that are wrong', () => {
  const onCpu = (use: (session: tf.Session) => Promise<void>) =>
    withSession({ device: 'cpu' }, build, (session) => use(session));

  it('rejects a tensor of another graph', () =>
    onCpu(async (session) => {
      const foreign = new tf.Graph().asDefault(() => tf.constant(1, { name: 'foreign' }));
      const error = await failureOf(session.run(foreign));
      expect(error).toBeInstanceOf(tf.ValueError);
      expect(error.message).toContain('Tensor("foreign:0"');
      expect(error.message).toContain('is not an element of this graph');
    }));

  it('names near names for one that does not exist', () =>
    onCpu(async (session) => {
      const error = await failureOf(session.run('nothin'));
      expect(error).toBeInstanceOf(tf.ValueError);
      expect(error.message).toContain("Did you mean 'nothing'");
      expect((await failureOf(session.run('whol:0'))).message).toContain("Did you mean 'whole'");
    }));

  it('tells a missing output from a missing op and a malformed name', () =>
    onCpu(async (session) => {
      expect((await failureOf(session.run('y:1'))).message).toContain(
        'exists but only has 1 outputs',
      );
      expect((await failureOf(session.run('q:0'))).message).toContain(
        'does not exist in the graph',
      );
      expect((await failureOf(session.run('y:z'))).message).toContain('"<op_name>:<output_index>"');
    }));

  it.each([null, undefined, 3, true, new Map(), Float32Array.of(1)])(
    'rejects %p as a fetch',
    (fetch) =>
      onCpu(async (session) => {
        const error = await failureOf(session.run(fetch as never));
        expect(error.name).toBe('TypeError');
        expect(error.message).toContain('has invalid type');
      }),
  );

  it('reports ops without kernels with the way from the fetch to them', async () => {
    const graph = new tf.Graph();
    const [a, b] = graph.asDefault(() => {
      const op = graph.createOperation({ type: 'Zork', name: 'zork', outputDtypes: ['float32'] });
      return [tf.neg(op.output(), 'end'), tf.constant(1)];
    });
    const session = new tf.Session({ graph, device: 'cpu' });
    const error = await failureOf(session.run(a));
    expect(error).toBeInstanceOf(tf.UnimplementedError);
    expect(error.message).toContain('Zork "zork": needed by end');
    expect(valuesOf(await session.run(b))).toEqual([1]);
    expect(valuesOf(await session.run(a, { 'zork:0': 4 }))).toEqual([-4]);
    await session.close();
  });
});
