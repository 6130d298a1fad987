import { graphBuilder } from '../../../src/graph/builder.js';
import { Graph } from '../../../src/graph/graph.js';
import type { Tensor } from '../../../src/graph/operation.js';
import type { Shape } from '../../../src/graph/shape.js';
import '../../../src/ops/index.js';
import {
  All,
  Any,
  Max,
  Mean,
  Min,
  Prod,
  Sum,
  reduceAll,
  reduceAny,
  reduceMean,
  reduceSum,
} from '../../../src/ops/math/reduce.js';
import { array, evaluateOp, f32, i32, inferOp, numbersOf } from '../evaluate-op.js';

const T = { T: 'float32', Tidx: 'int32' };
const matrix = f32([
  [1, 2, 3],
  [4, 5, 6],
]);

describe('shape of a reduction', () => {
  it('drops the reduced axes, or keeps them with length 1', () => {
    expect(inferOp(Sum, [[2, null, 4], [1]], T, { 1: [-1] })).toEqual([[2, null]]);
    expect(inferOp(Sum, [[2, null, 4], [1]], { ...T, keep_dims: true }, { 1: [-1] })).toEqual([
      [2, null, 1],
    ]);
  });

  it('takes a scalar axis and no axes', () => {
    expect(inferOp(Sum, [[2, 3], []], T, { 1: [0] })).toEqual([[3]]);
    expect(inferOp(Sum, [[2, 3], [0]], T, { 1: [] })).toEqual([[2, 3]]);
  });

  it('knows only the rank of unknown axes, and that only when dims are kept', () => {
    expect(inferOp(Sum, [[2, 3], [1]], T)).toEqual([null]);
    expect(inferOp(Sum, [[2, 3], [1]], { ...T, keep_dims: true })).toEqual([[null, null]]);
    expect(inferOp(Sum, [null, [1]], T, { 1: [0] })).toEqual([null]);
  });

  it('rejects an axis outside the rank and a matrix of axes', () => {
    expect(() => inferOp(Sum, [[3, 4], [1]], T, { 1: [2] })).toThrow(
      'Invalid reduction dimension 2 for input with 2 dimensions.',
    );
    expect(() =>
      inferOp(
        Sum,
        [
          [3, 4],
          [1, 1],
        ],
        T,
        { 1: [0] },
      ),
    ).toThrow('Shape must be at most rank 1 but is rank 2');
  });

  it('accepts duplicate axes until the kernel is made, as TensorFlow does', () => {
    expect(inferOp(Sum, [[3, 4], [2]], T, { 1: [0, -2] })).toEqual([[4]]);
    expect(() => evaluateOp(Sum, [matrix, i32([0, -2])], T)).toThrow(
      'Invalid reduction arguments: Axes contains duplicate dimension: 0',
    );
  });

  it('multiplies a known vector, so that shape arithmetic stays known', () => {
    const partial = Prod.partial?.({
      shapes: { input: [3], reduction_indices: [1] },
      partial: (name: string) => (name === 'input' ? [2, 3, 4] : [0]),
    } as never);
    expect(partial).toEqual([24]);
  });
});

describe('values of a reduction', () => {
  it('combines over rows, columns or everything', () => {
    expect(numbersOf(evaluateOp(Sum, [matrix, i32([1])], T))).toEqual([6, 15]);
    expect(numbersOf(evaluateOp(Prod, [matrix, i32(0)], T))).toEqual([4, 10, 18]);
    expect(numbersOf(evaluateOp(Max, [matrix, i32([0, 1])], T))).toEqual([6]);
    expect(numbersOf(evaluateOp(Mean, [matrix, i32([-1])], T))).toEqual([2, 5]);
  });

  it('gives the neutral element for an empty set', () => {
    const none = f32([[], []]);
    expect(numbersOf(evaluateOp(Sum, [none, i32([1])], T))).toEqual([0, 0]);
    expect(numbersOf(evaluateOp(Prod, [none, i32([1])], T))).toEqual([1, 1]);
    expect(numbersOf(evaluateOp(Max, [none, i32([1])], T))).toEqual([-Infinity, -Infinity]);
    expect(numbersOf(evaluateOp(Mean, [none, i32([1])], T))).toEqual([NaN, NaN]);
  });

  it.each([
    ['int8', -128, 127],
    ['uint8', 0, 255],
    ['int16', -32768, 32767],
    ['int32', -(2 ** 31), 2 ** 31 - 1],
    ['uint32', 0, 2 ** 32 - 1],
    ['int64', -(2 ** 63), 2 ** 63],
  ] as const)('gives the extremes of %s for an empty set', (dtype, lowest, highest) => {
    const none = array(dtype, [[]]);
    const attrs = { T: dtype, Tidx: 'int32' };
    expect(numbersOf(evaluateOp(Max, [none, i32([1])], attrs))).toEqual([lowest]);
    expect(numbersOf(evaluateOp(Min, [none, i32([1])], attrs))).toEqual([highest]);
  });

  it('passes NaN on, wherever it stands', () => {
    const x = f32([
      [1, NaN, 3],
      [NaN, 1, 2],
      [1, 2, NaN],
    ]);
    expect(numbersOf(evaluateOp(Max, [x, i32([1])], T))).toEqual([NaN, NaN, NaN]);
    expect(numbersOf(evaluateOp(Min, [x, i32([1])], T))).toEqual([NaN, NaN, NaN]);
  });

  it('truncates the mean of integers toward zero', () => {
    const x = array('int32', [
      [-3, -4, 0],
      [7, 8, 0],
      [-1, 0, 2],
      [-2, 1, -1],
    ]);
    const attrs = { T: 'int32', Tidx: 'int32' };
    expect(numbersOf(evaluateOp(Mean, [x, i32([1])], attrs))).toEqual([-2, 5, 0, 0]);
  });

  it('does not overflow in the mean of integers', () => {
    const big = 2 ** 31 - 1;
    const x = array('int32', [
      [big, big, big - 3],
      [-big, -big, -big + 3],
      [big, -big, 5],
    ]);
    const attrs = { T: 'int32', Tidx: 'int32' };
    expect(numbersOf(evaluateOp(Mean, [x, i32([1])], attrs))).toEqual([big - 1, 1 - big, 1]);
    const u = array('uint32', [[2 ** 32 - 1, 2 ** 32 - 2]]);
    const unsigned = { T: 'uint32', Tidx: 'int32' };
    expect(numbersOf(evaluateOp(Mean, [u, i32([1])], unsigned))).toEqual([2 ** 32 - 2]);
    const bytes = array('uint8', [[250, 250, 3]]);
    expect(numbersOf(evaluateOp(Mean, [bytes, i32([1])], { T: 'uint8', Tidx: 'int32' }))).toEqual([
      167,
    ]);
  });

  it('wraps sums of narrow integers', () => {
    const x = array('int8', [[100, 100, 100]]);
    expect(numbersOf(evaluateOp(Sum, [x, i32([1])], { T: 'int8', Tidx: 'int32' }))).toEqual([44]);
  });

  it('answers All and Any, also of nothing', () => {
    const x = array('bool', [
      [true, false],
      [true, true],
      [false, false],
    ]);
    expect(numbersOf(evaluateOp(All, [x, i32([1])]))).toEqual([0, 1, 0]);
    expect(numbersOf(evaluateOp(Any, [x, i32([1])]))).toEqual([1, 1, 0]);
    const none = array('bool', [[]]);
    expect(numbersOf(evaluateOp(All, [none, i32([1])]))).toEqual([1]);
    expect(numbersOf(evaluateOp(Any, [none, i32([1])]))).toEqual([0]);
  });
});

describe('reduce functions', () => {
  const inGraph = <R>(fn: () => R): R => new Graph().asDefault(fn);
  const placeholder = (shape: Shape): Tensor =>
    graphBuilder().op('Placeholder', [], { dtype: 'float32', shape });

  it('reduce all axes by a constant named Const, or given ones by a child constant', () => {
    inGraph(() => {
      const x = placeholder([null, 3]);
      const all = reduceMean(x);
      expect(all.op.inputs[1]?.op.name).toBe('Const');
      expect(all.shape).toEqual([]);
      const rows = reduceSum(x, { axis: 1, keepDims: true, name: 'rows' });
      expect(rows.op.inputs[1]?.op.name).toBe('rows/reduction_indices');
      expect(rows.shape).toEqual([null, 1]);
    });
  });

  it('take bools for reduceAll and reduceAny only', () => {
    inGraph(() => {
      expect(reduceAny([true, false]).dtype).toBe('bool');
      expect(() => reduceAll(placeholder([2]))).toThrow(/bool/);
      expect(() => reduceSum([true, false])).toThrow(/not in list of allowed values/);
    });
  });
});
