/** Shapes that stand for feeds: `prepare` and `explain` take the same, and refuse the same. */
import * as tf from 'defrun';

const open = (): { session: tf.Session; graph: tf.Graph; y: tf.Tensor } => {
  const graph = new tf.Graph();
  const y = graph.asDefault(() => tf.neg(tf.placeholder('float32', null, 'x')));
  return { graph, y, session: new tf.Session({ graph, device: 'cpu' }) };
};

it.each<readonly [unknown, string]>([
  [[-7, -7], '[-7,-7]'],
  [[1.5, 1.5], '[1.5,1.5]'],
  ['7,7', "the string '7,7'"],
  [7, 'not 7'],
  [[null, 7], '[null,7]'],
  [null, 'not null'],
])('refuses %p as a shape', async (shape, text) => {
  const { session, graph, y } = open();
  const shapes = { x: shape as number[] };
  const message = `Expected the shape of 'x:0' as a list of whole numbers >= 0 not`;
  await expect(session.prepare(y, shapes)).rejects.toThrow(`prepare: ${message}`);
  await expect(session.prepare(y, shapes)).rejects.toThrow(text);
  expect(() => tf.explain(graph, y, shapes)).toThrow(`explain: ${message}`);
  await session.close();
});

it.each<readonly [unknown]>([[null], [5], ['x'], [[['x', [2]]]], [new Set(['x'])]])(
  'refuses %p in place of shapes by name',
  async (shapes) => {
    const { session, y } = open();
    await expect(session.prepare(y, shapes as Record<string, number[]>)).rejects.toThrow(
      'prepare: Expected shapes by tensor name',
    );
    await session.close();
  },
);

it('takes a Map, by tensor or name', async () => {
  const { session, graph, y } = open();
  await session.prepare(y, new Map([[graph.tensor('x'), [7]]]));
  const stats = new tf.RunStats();
  await session.run(y, { x: new Float32Array(7) }, { stats });
  expect(stats.compiled).toBe(false);
  await expect(
    session.prepare(
      y,
      new Map<tf.Tensor | string, number[]>([
        ['x', [7]],
        [graph.tensor('x'), [8]],
      ]),
    ),
  ).rejects.toThrow('given twice');
  await session.close();
});
