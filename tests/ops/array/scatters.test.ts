/** Segments and scatters large enough for the scatter kernel on a device, and their corner cases. */
import * as tf from '../../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from '../../session/fixture.js';

const rows = 900;
const width = 4;
const updates = 700;
const ids = Int32Array.from({ length: updates }, (_, i) => ((i * 7919) % (rows + 40)) - 40);
const data = Float32Array.from({ length: updates * width }, (_, i) => (((i * 31) % 23) - 11) / 4);
const fedData: tf.NdArray = { dtype: 'float32', shape: [updates, width], data };

/** What a plain loop leaves. */
function plain(start: number, join: (a: number, b: number) => number, before?: Float32Array) {
  const result = Array.from({ length: rows * width }, (_, i) => before?.[i] ?? start);
  for (let i = 0; i < updates; i++)
    for (let j = 0; j < width; j++) {
      const at = (ids[i] ?? 0) * width + j;
      const old = result[at];
      if (old !== undefined) result[at] = join(old, data[i * width + j] ?? 0);
    }
  return result;
}

const lowest = -3.4028234663852886e38;

describe.each(devices)('on $device', ({ device }) => {
  const one = async (build: () => tf.Tensor, feeds: tf.Feeds): Promise<number[]> => {
    let values: number[] = [];
    await withSession({ device }, build, async (session, fetch) => {
      values = valuesOf(await session.run(fetch, feeds));
    });
    return values;
  };
  const segments = (op: typeof tf.unsortedSegmentSum) => () =>
    op(
      tf.placeholder('float32', [null, width], 'data'),
      tf.placeholder('int32', [null], 'ids'),
      rows,
    );

  it.each([
    ['sums', tf.unsortedSegmentSum, 0, (a: number, b: number) => a + b],
    ['maxima', tf.unsortedSegmentMax, lowest, Math.max],
    ['minima', tf.unsortedSegmentMin, -lowest, Math.min],
  ] as const)('many segments have the %s of their rows', async (_, op, start, join) => {
    const values = await one(segments(op), { data: fedData, ids });
    expect(values).toEqual(plain(start, join));
  });

  it('the largest of rows with NaN is NaN, and of none the lowest value there is', async () => {
    const values = await one(
      () =>
        tf.unsortedSegmentMax(
          tf.placeholder('float32', [null], 'data'),
          tf.placeholder('int32', [null], 'ids'),
          3,
        ),
      { data: [NaN, 1, -Infinity], ids: [0, 0, 1] },
    );
    expect(values).toEqual([NaN, lowest, lowest]);
  });

  it.each([
    ['adds', tf.tensorScatterNdAdd, (a: number, b: number) => a + b],
    ['subtracts', tf.tensorScatterNdSub, (a: number, b: number) => a - b],
    ['keeps the larger', tf.tensorScatterNdMax, Math.max],
    ['keeps the smaller', tf.tensorScatterNdMin, Math.min],
  ] as const)('a scatter into a tensor %s', async (_, op, join) => {
    const before = Float32Array.from({ length: rows * width }, (_, i) => ((i % 17) - 8) / 2);
    const kept = ids.map((id) => Math.max(id, 0));
    const values = await one(
      () =>
        op(
          tf.placeholder('float32', [rows, width], 'tensor'),
          tf.placeholder('int32', [null, 1], 'indices'),
          tf.placeholder('float32', [null, width], 'updates'),
        ),
      {
        tensor: before,
        indices: { dtype: 'int32', shape: [updates, 1], data: kept },
        updates: fedData,
      },
    );
    const want = [...before];
    for (let i = 0; i < updates; i++)
      for (let j = 0; j < width; j++) {
        const at = (kept[i] ?? 0) * width + j;
        want[at] = join(want[at] ?? 0, data[i * width + j] ?? 0);
      }
    expect(values).toEqual(want);
  });

  it('a scatter of nothing leaves the tensor', async () => {
    const build = (): tf.Tensor =>
      tf.tensorScatterNdAdd(
        tf.placeholder('float32', [3], 'tensor'),
        tf.placeholder('int32', [null, 1], 'indices'),
        tf.placeholder('float32', [null], 'updates'),
      );
    const none = { dtype: 'int32', shape: [0, 1], data: new Int32Array(0) } as const;
    const feeds = { tensor: [1, 2, 3], indices: none, updates: new Float32Array(0) };
    expect(await one(build, feeds)).toEqual([1, 2, 3]);
  });

  it('a scatter at no axis adds every update to the whole', async () => {
    const build = (): tf.Tensor =>
      tf.scatterNd(
        tf.placeholder('int32', [3, 0], 'indices'),
        tf.placeholder('float32', [3, 2], 'updates'),
        [2],
      );
    const indices = { dtype: 'int32', shape: [3, 0], data: new Int32Array(0) } as const;
    expect(
      await one(build, {
        indices,
        updates: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      }),
    ).toEqual([9, 12]);
  });

  it('sums of half floats are rounded to half floats', async () => {
    const build = (): tf.Tensor => {
      const half = tf.cast(tf.placeholder('float32', [null], 'data'), 'float16');
      return tf.cast(
        tf.unsortedSegmentSum(half, tf.placeholder('int32', [null], 'ids'), 2),
        'float32',
      );
    };
    expect(await one(build, { data: [2048, 1, 0.1], ids: [0, 0, 1] })).toEqual([
      2048, 0.0999755859375,
    ]);
  });

  it('sorted segments of fed ids leave out none between, and are 0 there', async () => {
    const build = (): tf.Tensor =>
      tf.segmentMax(
        tf.placeholder('float32', [null], 'data'),
        tf.placeholder('int32', [null], 'ids'),
      );
    expect(await one(build, { data: [-1, -2, -3], ids: [0, 0, 2] })).toEqual([-1, 0, -3]);
    expect(await one(build, { data: [-4, -2], ids: [0, 1] })).toEqual([-4, -2]);
  });

  it.each([
    [[0, 2, 1], 'segment ids are not increasing'],
    [[-1, 0, 1], 'segment ids must be >= 0'],
  ])('sorted segments refuse the ids %j', async (wrong, says) => {
    const build = (): tf.Tensor =>
      tf.segmentSum(
        tf.placeholder('float32', [null], 'data'),
        tf.placeholder('int32', [null], 'ids'),
        'sums',
      );
    await withSession({ device }, build, async (session, sums) => {
      const failure = await failureOf(session.run(sums, { data: [1, 2, 3], ids: wrong }));
      expect(failure).toBeInstanceOf(tf.InvalidArgumentError);
      expect(failure).toMatchObject({ node: 'sums', op: 'SegmentSum' });
      expect(failure.message).toContain(says);
    });
  });
});

describe('wide types, which the host has', () => {
  it('sums float64 and int64 exactly', async () => {
    const build = (): tf.Tensor[] => {
      const places = tf.constant([1, 1, 0], { dtype: 'int64' });
      const doubles = tf.placeholder('float64', [3], 'doubles');
      const longs = tf.placeholder('int64', [3], 'longs');
      return [tf.unsortedSegmentSum(doubles, places, 2), tf.unsortedSegmentMin(longs, places, 3)];
    };
    await withSession({ device: 'cpu' }, build, async (session, fetches) => {
      const big = 2n ** 60n + 1n;
      const [doubles, longs] = await session.run(fetches, {
        doubles: Float64Array.from([0.1, 0.2, 1e-300]),
        longs: BigInt64Array.from([big, big + 1n, -5n]),
      });
      expect([...(doubles?.data as Float64Array)]).toEqual([1e-300, 0.1 + 0.2]);
      expect([...(longs?.data as BigInt64Array)]).toEqual([-5n, big, 2n ** 63n - 1n]);
    });
  });
});
