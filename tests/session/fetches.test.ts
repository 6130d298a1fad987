/** The structure of fetches: walked to an end, whatever it is. */
import * as tf from 'defrun';
import { planFetches } from '../../src/session/fetches.js';

const graph = new tf.Graph();
const x = graph.asDefault(() => tf.constant(1));

it('a structure that holds itself is refused', () => {
  const list: unknown[] = [x];
  list.push(list);
  const record: Record<string, unknown> = { x };
  record['self'] = record;
  for (const cyclic of [list, record, { list }])
    expect(() => planFetches(graph, cyclic as tf.Fetches)).toThrow(
      'Fetches are nested more than 32 deep. Does the structure hold itself?',
    );
});

it('32 levels are taken', () => {
  let fetches: tf.Fetches = x;
  for (let i = 0; i < 32; i++) fetches = i % 2 === 0 ? [fetches] : { inner: fetches };
  expect(planFetches(graph, fetches).tensors).toEqual([x]);
  expect(() => planFetches(graph, [fetches])).toThrow(tf.ValueError);
});
