/** Indexing and slicing: which elements come out, and what is known before a run. */
import type { NdArray } from '../../../src/graph/dtype.js';
import { Graph } from '../../../src/graph/graph.js';
import type { Tensor } from '../../../src/graph/operation.js';
import type { Shape } from '../../../src/graph/shape.js';
import '../../../src/ops/index.js';
import { getItem, type IndexItem } from '../../../src/ops/array/get-item.js';
import { stack } from '../../../src/ops/array/pack.js';
import { placeholder } from '../../../src/ops/array/placeholder.js';
import { range } from '../../../src/ops/array/range.js';
import { reshape } from '../../../src/ops/array/reshape.js';
import { shape } from '../../../src/ops/array/shape.js';
import { slice } from '../../../src/ops/array/slice.js';
import { fill } from '../../../src/ops/array/fill.js';
import { evaluate } from '../gradient-check.js';

const inGraph = <R>(build: () => R): R => new Graph().asDefault(build);
const int = (value: number): NdArray => ({ dtype: 'int32', shape: [], data: Int32Array.of(value) });

function run(build: (i: Tensor) => Tensor, i = 0): { shape: readonly number[]; data: number[] } {
  return inGraph(() => {
    const fed = placeholder('int32', []);
    const [out] = evaluate([build(fed)], new Map([[fed, int(i)]]));
    return { shape: out?.shape ?? [], data: Array.from(out?.data as Int32Array) };
  });
}

/** 0..11 as [3, 4]. */
const table = (): Tensor => reshape(range(12), [3, 4]);

it.each<[string, IndexItem[], number[], number[]]>([
  ['a row', [1], [4], [4, 5, 6, 7]],
  ['a row from the end', [-1], [4], [8, 9, 10, 11]],
  ['an element', [2, 3], [], [11]],
  ['a column', [':', 1], [3], [1, 5, 9]],
  ['a range clipped to the axis', [{ begin: 1, end: 99 }, 0], [2], [4, 8]],
  ['a range that is empty', [{ begin: 2, end: 1 }], [0, 4], []],
  ['every second column, backwards', [0, { step: -2 }], [2], [3, 1]],
  ['the last axis behind an ellipsis', ['...', { begin: -1 }], [3, 1], [3, 7, 11]],
  ['a new axis', [0, null, { end: 2 }], [1, 2], [0, 1]],
])('takes %s', (_, items, expectedShape, expected) => {
  expect(run(() => getItem(table(), ...items))).toEqual({ shape: expectedShape, data: expected });
});

it('takes a row whose index is fed', () => {
  expect(run((i) => getItem(table(), i), 2).data).toEqual([8, 9, 10, 11]);
  expect(run((i) => getItem(table(), i), -3).data).toEqual([0, 1, 2, 3]);
});

it('reads zeros where a fed index is out of bounds', () => {
  expect(run((i) => getItem(table(), i, { begin: 0, end: 2 }), 1).data).toEqual([4, 5]);
  expect(run((i) => slice(table(), [i, 0], [2, 2]), 2).data).toEqual([8, 9, 0, 0]);
});

it('takes a box whose corner is fed', () => {
  expect(run((i) => slice(table(), [i, 1], [1, 2]), 1)).toEqual({ shape: [1, 2], data: [5, 6] });
});

it('rejects a known index out of bounds when the graph is built', () => {
  expect(() => inGraph(() => getItem(table(), 3))).toThrow(
    'slice index 3 of dimension 0 out of bounds.',
  );
});

const staticShape = (build: (x: Tensor) => Tensor, of: Shape): Shape =>
  inGraph(() => build(placeholder('float32', of)).shape);

it.each<[string, (x: Tensor) => Tensor, Shape, Shape]>([
  ['an index', (x) => getItem(x, 0), [null, 4], [4]],
  ['a range over an open axis', (x) => getItem(x, { begin: 1 }), [null, 4], [null, 4]],
  ['nothing of an unknown rank', (x) => getItem(x, 0), null, null],
  [
    'the shape it flows into by way of Shape, StridedSlice and Pack',
    (x) => reshape(x, stack([getItem(shape(x), 0), 2, 2])),
    [null, 4],
    [null, 2, 2],
  ],
  [
    'a fill by part of a shape',
    (x) => fill(getItem(shape(x), { begin: 1 }), 0),
    [null, 4, 5],
    [4, 5],
  ],
])('knows the static shape of %s', (_, build, of, expected) => {
  expect(staticShape(build, of)).toEqual(expected);
});
