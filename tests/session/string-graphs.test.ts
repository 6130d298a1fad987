/** Random graphs of string ops: the whole in one run against each op alone, fed with its inputs. */
import * as tf from '../../src/index.js';
import { Rng } from '../support/rng.js';
import { devices, withSession } from './fixture.js';

const rows = 3;
const alphabet = ['', 'a', 'b', 'ab', '\u0000', '"', '\\', 'é', 'long '.repeat(20)];

/** An op over some of the tensors so far, all strings of shape [rows, columns]. */
function grow(rng: Rng, known: readonly tf.Tensor[], columns: number): tf.Tensor {
  const pick = (): tf.Tensor => rng.pick(known);
  const text = (): string => rng.pick(alphabet);
  const row = (): number => rng.below(rows);
  const [x, y] = [pick(), pick()];
  const makers: readonly (() => tf.Tensor)[] = [
    () => tf.add(x, y),
    () => tf.add(text(), x),
    () => tf.where(tf.equal(x, y), x, tf.add(y, text())),
    () => tf.whereV2(tf.notEqual(x, text()), y, x),
    () => tf.reverse(x, [rng.below(2)]),
    () => tf.gather(x, [row(), row(), row()]),
    () => tf.reshape(tf.transpose(x), [rows, columns]),
    () => tf.slice(tf.concat([x, y], 1), [0, rng.below(columns + 1)], [rows, columns]),
    () =>
      tf.slice(
        tf.pad(x, [
          [1, 0],
          [0, 1],
        ]),
        [rng.below(2), 0],
        [rows, columns],
      ),
    () => tf.unstack(tf.stack([x, y]))[rng.below(2)] ?? x,
    () => tf.broadcastTo(tf.slice(x, [row(), 0], [1, columns]), [rows, columns]),
    () => tf.slice(tf.tile(x, [1, 2]), [0, columns - 1], [rows, columns]),
    () =>
      tf.reshape(tf.scatterNd([[row()], [row()], [row()]], x, [rows, columns]), [rows, columns]),
    () => tf.add(tf.fill([rows, 1], text()), x),
    () => tf.zerosLike(x),
  ];
  return rng.pick(makers)();
}

const plain = (array: tf.NdArray): unknown => [
  array.shape,
  (array.data as readonly Uint8Array[]).map((item) => Buffer.from(item).toString('latin1')),
];

describe.each(devices)('random string graphs on $device', ({ device }) => {
  it.each(Array.from({ length: 25 }, (_, i) => i))('number %i is the sum of its ops', (seed) => {
    const rng = new Rng(seed);
    const columns = 1 + rng.below(4);
    return withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [rows, columns], 'x');
        const nodes = [x];
        for (let i = 0; i < 10; i++) nodes.push(grow(rng, nodes, columns));
        return nodes;
      },
      async (session, nodes) => {
        const fed: tf.NdArray = {
          dtype: 'string',
          shape: [rows, columns],
          data: Array.from({ length: rows * columns }, () =>
            new TextEncoder().encode(rng.pick(alphabet)),
          ),
        };
        const [x, ...others] = nodes as [tf.Tensor, ...tf.Tensor[]];
        const values: [tf.Tensor, tf.NdArray][] = [[x, fed]];
        for (const node of others) values.push([node, await session.run(node, [...values])]);
        const whole = await session.run(others, [[x, fed]]);
        expect(whole.map(plain)).toEqual(values.slice(1).map(([, value]) => plain(value)));
        const last = await session.run(others.at(-1) ?? x, [[x, fed]]);
        expect(plain(last)).toEqual(plain(whole.at(-1) as tf.NdArray));
      },
    );
  });
});
