/**
 * Values that TensorFlow's CPU kernels reject: on the host the run fails and names the node, and no
 * variable changes; a device gives zeros or NaN, as TensorFlow's GPU kernels do.
 */
import { graphBuilder } from '../../src/graph/builder.js';
import * as tf from '../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

type Build = () => tf.Tensor;

const ints = (name: string, rank: number): tf.Tensor =>
  tf.placeholder('int32', new Array<null>(rank).fill(null), name);
const floats = (name: string, rank: number): tf.Tensor =>
  tf.placeholder('float32', new Array<null>(rank).fill(null), name);
const longs = (name: string): tf.Tensor => tf.placeholder('int64', [null], name);

const square = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];

interface Case {
  readonly what: string;
  readonly build: Build;
  readonly feeds: Readonly<Record<string, unknown>>;
  readonly says: string;
  readonly op: string;
  /** What a device gives. */
  readonly device: readonly number[];
}

const division =
  (op: string): Build =>
  () =>
    graphBuilder().op(op, [ints('i', 1), ints('j', 1)], {}, 'node');

const cases: readonly Case[] = [
  {
    what: 'an index outside the axis of a gather',
    build: () => tf.gather(floats('a', 2), ints('i', 1), { name: 'node' }),
    feeds: { a: square, i: [0, 5] },
    says: 'GatherV2 "node": indices[1] = 5 is not in [0, 3)',
    op: 'GatherV2',
    device: [1, 2, 3, 0, 0, 0],
  },
  {
    what: 'a negative index of a gather',
    build: () => tf.gather(floats('a', 2), ints('i', 2), { axis: 1, name: 'node' }),
    feeds: { a: square, i: [[0, -1]] },
    says: 'GatherV2 "node": indices[0,1] = -1 is not in [0, 3)',
    op: 'GatherV2',
    device: [1, 0, 4, 0, 7, 0],
  },
  {
    what: 'a scalar index of a gather',
    build: () => tf.gather(floats('a', 1), ints('i', 0), { name: 'node' }),
    feeds: { a: [1, 2], i: 2 },
    says: 'GatherV2 "node": indices = 2 is not in [0, 2)',
    op: 'GatherV2',
    device: [0],
  },
  {
    what: 'an index vector outside its tensor',
    build: () => tf.gatherNd(floats('a', 2), ints('i', 2), 'node'),
    feeds: {
      a: square,
      i: [
        [0, 1],
        [2, 7],
      ],
    },
    says: 'GatherNd "node": indices[1] = [2, 7] does not index into param shape [3,3]',
    op: 'GatherNd',
    device: [2, 0],
  },
  {
    what: 'a segment id past the last segment',
    build: () => tf.unsortedSegmentSum(floats('a', 1), ints('i', 1), 2, 'node'),
    feeds: { a: [1, 2, 3], i: [1, -1, 2] },
    says: 'UnsortedSegmentSum "node": segment_ids[2] = 2 is out of range [0, 2)',
    op: 'UnsortedSegmentSum',
    device: [0, 1],
  },
  {
    what: 'a place outside the shape of a scatter',
    build: () => tf.scatterNd(ints('i', 2), floats('a', 1), [2, 2], 'node'),
    feeds: {
      a: [1, 2],
      i: [
        [0, 1],
        [1, -1],
      ],
    },
    says: 'ScatterNd "node": indices[1] = [1, -1] does not index into shape [2,2]',
    op: 'ScatterNd',
    device: [0, 1, 0, 0],
  },
  ...['FloorDiv', 'FloorMod', 'TruncateDiv', 'TruncateMod', 'Mod', 'Div'].map((op) => ({
    what: `an integer ${op} by zero`,
    build: division(op),
    feeds: { i: [6, 5], j: [6, 0] },
    says: `${op} "node": Integer division by zero`,
    op,
    device: [op.endsWith('Div') ? 1 : 0, 0],
  })),
  {
    what: 'an integer to a negative power',
    build: division('Pow'),
    feeds: { i: [2, 2], j: [3, -1] },
    says: 'Pow "node": Integers to negative integer powers are not allowed',
    op: 'Pow',
    device: [8, 0],
  },
  {
    what: 'a label that is no class',
    build: () =>
      graphBuilder().op(
        'SparseSoftmaxCrossEntropyWithLogits',
        [floats('a', 2), ints('i', 1)],
        {},
        'node',
      ),
    feeds: {
      a: [
        [0, 0],
        [0, 0],
      ],
      i: [1, 2],
    },
    says: 'Received a label value of 2 which is outside the valid range of [0, 2)',
    op: 'SparseSoftmaxCrossEntropyWithLogits',
    device: [Math.fround(Math.log(2)), NaN],
  },
];

describe.each(cases)('$what', ({ build, feeds, says, op, device }) => {
  it('fails a run on the CPU, which names the node', () =>
    withSession({ device: 'cpu' }, build, async (session, y) => {
      const error = await failureOf(session.run(y, feeds as never));
      expect(error).toBeInstanceOf(tf.InvalidArgumentError);
      expect(error.message).toContain(says);
      expect([error.node, error.op]).toEqual(['node', op]);
    }));

  it('gives zeros or NaN on the GPU', () =>
    withSession({ device: 'gpu' }, build, async (session, y) => {
      const got = valuesOf(await session.run(y, feeds as never));
      expect(got).toHaveLength(device.length);
      for (const [i, want] of device.entries())
        if (Number.isNaN(want)) expect(got[i]).toBeNaN();
        else expect(got[i]).toBeCloseTo(want, 5);
    }));
});

describe('A failed check on the CPU', () => {
  const at = (): { x: tf.Tensor; i: tf.Tensor } => ({ x: tf.constant(square), i: ints('i', 1) });

  it.each<readonly [string, () => tf.Tensor]>([
    [
      'in an arm of a choice that is not taken',
      () => {
        const { x, i } = at();
        return tf.where(
          tf.less(i, 3),
          tf.reduceSum(tf.gather(x, i), { axis: 1 }),
          tf.zerosLike(tf.cast(i, 'float32')),
        );
      },
    ],
    [
      'at an element that is sliced away',
      () => {
        const { x, i } = at();
        return tf.slice(tf.gather(x, i), [0, 0], [1, 3]);
      },
    ],
    [
      'before a sum and a product',
      () => {
        const { x, i } = at();
        return tf.reduceSum(tf.mul(tf.gather(x, i), 2));
      },
    ],
    [
      'before a matrix product',
      () => {
        const { x, i } = at();
        return tf.matMul(tf.gather(x, i), x);
      },
    ],
  ])('counts %s', (_, build) =>
    withSession({ device: 'cpu' }, build, async (session, y) => {
      await expect(session.run(y, { i: [0, 3] })).rejects.toThrow(
        'indices[1] = 3 is not in [0, 3)',
      );
      await expect(session.run(y, { i: [0, 2] })).resolves.toBeDefined();
    }),
  );

  it('does not look at the elements of a concatenation that are not its own', () =>
    withSession(
      { device: 'cpu' },
      () => {
        const { x, i } = at();
        const y = tf.concat([tf.gather(x, i), x], 0);
        return tf.add(y, 1);
      },
      async (session, y) => {
        expect(valuesOf(await session.run(y, { i: [2] })).slice(0, 4)).toEqual([8, 9, 10, 2]);
        await expect(session.run(y, { i: [4] })).rejects.toThrow('indices[0] = 4');
      },
    ));

  it.each([{ count: 3 }, { count: 70000 }])(
    'is found among $count indices, whichever it is',
    ({ count }) =>
      withSession(
        { device: 'cpu' },
        () => tf.gather(tf.constant([1, 2, 3]), ints('i', 1)),
        async (session, y) => {
          const i = new Int32Array(count);
          i[count - 1] = 9;
          await expect(session.run(y, { i })).rejects.toThrow(`indices[${count - 1}] = 9`);
          i[count - 1] = 2;
          expect(valuesOf(await session.run(y, { i })).at(-1)).toBe(3);
        },
      ),
  );
});

describe.each(devices)('Int64 arithmetic, which is the host’s on $device', ({ device }) => {
  it('fails on a division by zero and works again afterwards', () =>
    withSession(
      { device },
      () => tf.floorDiv(longs('i'), longs('j'), 'quotient'),
      async (session, y) => {
        const error = await failureOf(session.run(y, { i: [7n, 1n], j: [2n, 0n] }));
        expect(error.message).toContain('FloorDiv "quotient": Integer division by zero');
        expect(error.node).toBe('quotient');
        expect(valuesOf(await session.run(y, { i: [7n, 1n], j: [2n, 1n] }))).toEqual([3, 1]);
      },
    ));

  it('changes no variable when it fails', () =>
    withSession(
      { device },
      () => {
        const w = tf.variable([1, 2], { name: 'w' });
        const count = tf.variable(tf.constant([5n, 6n], { dtype: 'int64' }), { name: 'count' });
        const step = tf.floorDiv(longs('i'), longs('j'));
        const counted = tf.assign(count, tf.add(count, step));
        const later = tf
          .getDefaultGraph()
          .controlDependencies([counted.op], () => tf.assignAdd(w, tf.cast(step, 'float32')));
        const k = longs('k');
        const earlier = tf.assignAdd(w, [10, 10]);
        const after = tf
          .getDefaultGraph()
          .controlDependencies([earlier.op], () => tf.assign(count, tf.floorDiv(count, k)));
        return { w, count, later, after, init: tf.globalVariablesInitializer() };
      },
      async (session, { w, count, later, after, init }) => {
        await session.run(init);
        const state = async (): Promise<number[]> => {
          const values = await session.run([w, count]);
          return values.flatMap((value) => valuesOf(value));
        };
        const bad = { i: [4n, 4n], j: [1n, 0n] };
        await failureOf(session.run(later, bad));
        expect(await state()).toEqual([1, 2, 5, 6]);
        await failureOf(session.run(after, { k: [1n, 0n] }));
        expect(await state()).toEqual([1, 2, 5, 6]);
        await session.run(later, { i: [4n, 4n], j: [1n, 2n] });
        await session.run(after, { k: [1n, 2n] });
        expect(await state()).toEqual([15, 14, 9, 4]);
      },
    ));
});

describe('A training step that fails on the CPU', () => {
  it('changes no variable, and the next step works', () =>
    withSession(
      { device: 'cpu' },
      () => {
        const table = tf.variable(square, { name: 'table' });
        const labels = ints('labels', 1);
        const logits = tf.gather(table, ints('i', 1), { name: 'rows' });
        const loss = tf.reduceMean(tf.nn.sparseSoftmaxCrossEntropyWithLogits({ labels, logits }));
        const first = tf.assignAdd(table, tf.onesLike(table));
        const i = ints('late', 1);
        const train = new tf.train.GradientDescentOptimizer(0.5).minimize(loss);
        // The variable is written before the values are looked at.
        const late = tf
          .getDefaultGraph()
          .controlDependencies([first.op], () => tf.gather(first, i, { name: 'afterwards' }));
        return { table, train, late, init: tf.globalVariablesInitializer() };
      },
      async (session, { table, train, late, init }) => {
        await session.run(init);
        const before = valuesOf(await session.run(table));
        const bad = { i: [0, 1], labels: [0, 3] };
        await expect(session.run(train, bad)).rejects.toThrow('Received a label value of 3');
        expect(valuesOf(await session.run(table))).toEqual(before);
        await expect(session.run(train, { i: [0, 9], labels: [0, 1] })).rejects.toThrow('"rows"');
        expect(valuesOf(await session.run(table))).toEqual(before);
        await expect(session.run(late, { late: [1, -2] })).rejects.toThrow('"afterwards"');
        expect(valuesOf(await session.run(table))).toEqual(before);
        expect(valuesOf(await session.run(late, { late: [1] }))).toEqual([5, 6, 7]);
        await session.run(train, { i: [0, 1], labels: [0, 1] });
        expect(valuesOf(await session.run(table))).not.toEqual(before);
      },
    ));
});

describe.each(devices)('An op over constants on $device', ({ device }) => {
  it('fails when it is run, not when the graph is built, and other fetches work', () =>
    withSession(
      { device },
      () => ({
        bad: tf.gather(tf.constant([1, 2, 3]), [0, 3], { name: 'picked' }),
        good: tf.constant([1]),
      }),
      async (session, { bad, good }) => {
        for (let i = 0; i < 2; i++) {
          const error = await failureOf(session.run(bad));
          expect(error).toBeInstanceOf(tf.InvalidArgumentError);
          expect(error.message).toContain('GatherV2 "picked": indices[1] = 3 is not in [0, 3)');
        }
        expect(valuesOf(await session.run(good))).toEqual([1]);
      },
    ));
});
