/** Values that optimisation must not change: wide shapes, wrapping integers, narrow types, NaN attrs. */
import { graphBuilder } from '../../src/graph/builder.js';
import * as tf from '../../src/index.js';
import type { Builder } from '../compiler/compile-graph.js';
import { devices, valuesOf, withSession } from './fixture.js';

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe.each(devices)('on $device', ({ device }) => {
  const valueOf = async (
    build: () => { readonly x: tf.Tensor; readonly ys: readonly tf.Tensor[] },
    value: tf.NdArray,
  ): Promise<number[][]> => {
    let values: number[][] = [];
    await withSession({ device }, build, async (session, { x, ys }) => {
      values = (await session.run(ys, { [x.name]: value })).map(valuesOf);
    });
    return values;
  };

  it('a reshape to rows of 49 and a transpose move every element', async () => {
    const [turned] = await valueOf(
      () => {
        const x = tf.placeholder('float32', [2, 7, 7, 3]);
        return { x, ys: [tf.transpose(tf.reshape(x, [2, 49, 3]), [0, 2, 1])] };
      },
      tf.ndArray('float32', [2, 7, 7, 3], Float32Array.from(count(294))),
    );
    const want = [0, 1].flatMap((n) =>
      [0, 1, 2].flatMap((c) => count(49).map((at) => 147 * n + 3 * at + c)),
    );
    expect(turned).toEqual(want);
  });

  it('int32 arithmetic wraps in a fused chain as it does op by op', async () => {
    const data = [5, -1, 2 ** 30];
    const large = 2 ** 31 - 1;
    const values = await valueOf(
      () => {
        const x = tf.placeholder('int32', [3]);
        const above = tf.maximum(x, 0);
        return {
          x,
          ys: [
            tf.mul(tf.mul(x, large), large),
            tf.truncateDiv(tf.mul(above, 4), 4),
            tf.greaterEqual(tf.add(above, large), 0),
            tf.add(tf.mul(x, 4), tf.truncateMod(tf.add(tf.mul(x, 4), 1), 4)),
          ],
        };
      },
      tf.ndArray('int32', [3], Int32Array.from(data)),
    );
    expect(values).toEqual([
      data,
      data.map((v) => Math.trunc(Math.imul(Math.max(v, 0), 4) / 4)),
      data.map((v) => Number(((Math.max(v, 0) + large) | 0) >= 0)),
      data.map((v) => Math.imul(v, 4) + ((Math.imul(v, 4) + 1) % 4)),
    ]);
  });

  it('a long sum of a narrow integer wraps before it is used', async () => {
    const values = await valueOf(
      () => {
        const x = tf.placeholder('uint8', [20001]);
        return { x, ys: [tf.cast(tf.reduceSum(x), 'int32')] };
      },
      tf.ndArray(
        'uint8',
        [20001],
        Uint8Array.from(count(20001), (i) => i % 7),
      ),
    );
    expect(values).toEqual([[59998 % 256]]);
  });

  it('the int32 mean of more values than 2^16 does not overflow', async () => {
    const data = count(70001).flatMap((i) => [2 ** 31 - 1 - (i % 3), -(i % 7)]);
    const sum = (column: number): bigint =>
      data.reduce((total, v, i) => (i % 2 === column ? total + BigInt(v) : total), 0n);
    const values = await valueOf(
      () => {
        const x = tf.placeholder('int32', [70001, 2]);
        return { x, ys: [tf.reduceMean(x, { axis: 0 })] };
      },
      tf.ndArray('int32', [70001, 2], Int32Array.from(data)),
    );
    expect(values).toEqual([[Number(sum(0) / 70001n), Number(sum(1) / 70001n)]]);
  });

  it('ops that differ in an attr of NaN, an infinity or -0 are different ops', async () => {
    const alphas = [NaN, Infinity, -Infinity, 0, -0];
    const values = await valueOf(
      () => {
        const x = tf.placeholder('float32', [2]);
        const b = graphBuilder() as unknown as Builder;
        return { x, ys: alphas.map((alpha) => b.op('LeakyRelu', [x], { alpha })) };
      },
      tf.ndArray('float32', [2], Float32Array.of(-1, 2)),
    );
    expect(values.map(([first = 0]) => first + 0)).toEqual([NaN, -Infinity, Infinity, 0, 0]);
  });

  it('a fed 0 and a fed -0 that decide a shape are told apart', async () => {
    await withSession(
      { device },
      () => {
        const start = tf.placeholder('float32', []);
        return { start, y: tf.div(1, tf.range(start, 2)) };
      },
      async (session, { start, y }) => {
        expect(valuesOf(await session.run(y, { [start.name]: 0 }))).toEqual([Infinity, 1]);
        expect(valuesOf(await session.run(y, { [start.name]: -0 }))).toEqual([-Infinity, 1]);
      },
    );
  });
});
