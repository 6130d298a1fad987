import { AvgPool, AvgPoolGrad } from '../../../src/ops/nn/avg-pool.js';
import { MaxPool } from '../../../src/ops/nn/max-pool.js';
import { MaxPoolWithArgmax } from '../../../src/ops/nn/max-pool-argmax.js';
import { MaxPoolPick, MaxPoolSpread, MaxPoolTap } from '../../../src/ops/nn/max-pool-taps.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import { toNdArray } from '../../../src/graph/nd-array.js';
import { evaluateOp, inferOp, numbersOf } from '../evaluate-op.js';

const row = (...values: readonly number[]): NdArray =>
  toNdArray([...values], { dtype: 'float32', shape: [1, 1, values.length, 1] });
const attrs = (width: number, stride: number, padding: string): object => ({
  T: 'float32',
  ksize: [1, 1, width, 1],
  strides: [1, 1, stride, 1],
  padding,
});
const maxOf = (x: NdArray, a: object): number[] => numbersOf(evaluateOp(MaxPool, [x], { ...a }));

describe('MaxPool', () => {
  it('takes the maximum of each window', () => {
    expect(maxOf(row(1, 5, 2, 3), attrs(2, 2, 'VALID'))).toEqual([5, 3]);
  });
  it('never lets padding win over negative numbers', () => {
    expect(maxOf(row(-3, -2, -1), attrs(2, 2, 'SAME'))).toEqual([-2, -1]);
    const explicit = { ...attrs(2, 1, 'EXPLICIT'), explicit_paddings: [0, 0, 0, 0, 1, 1, 0, 0] };
    expect(maxOf(row(-3, -2), explicit)).toEqual([-3, -2, -2]);
  });
  it('passes over NaN, and gives the smallest finite value for a window of them', () => {
    const lowest = Math.fround(-3.4028234663852886e38);
    expect(maxOf(row(NaN, 1, 2, NaN), attrs(2, 2, 'VALID'))).toEqual([1, 2]);
    expect(maxOf(row(NaN, NaN, -Infinity, Infinity), attrs(2, 2, 'VALID'))).toEqual([
      lowest,
      Infinity,
    ]);
  });
  it('pools along channels', () => {
    const x = toNdArray([1, 9, 2, 8, 3, 7], { dtype: 'float32', shape: [1, 1, 1, 6] });
    const a = { T: 'float32', ksize: [1, 1, 1, 3], strides: [1, 1, 1, 3], padding: 'VALID' };
    expect(maxOf(x, a)).toEqual([9, 8]);
  });
  it('pools integers', () => {
    const x = toNdArray([-7, -5, 3, -9], { dtype: 'int32', shape: [1, 1, 4, 1] });
    // Integer inputs of few elements are constants in this harness; more than eight are fed.
    const wide = {
      ...x,
      shape: [1, 1, 12, 1],
      data: Int32Array.from([-7, -5, 3, -9, 0, 0, 1, 2, 4, 3, 9, 8]),
    };
    expect(maxOf(wide as NdArray, { ...attrs(4, 4, 'VALID'), T: 'int32' })).toEqual([3, 2, 9]);
  });
  it('infers the output, and rejects a window that does not fit', () => {
    const a = { T: 'float32', ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'VALID' };
    expect(inferOp(MaxPool, [[null, 7, null, 3]], a)).toEqual([[null, 3, null, 3]]);
    expect(inferOp(MaxPool, [null], a)).toEqual([[null, null, null, null]]);
    expect(() => inferOp(MaxPool, [[1, 1, 4, 3]], a)).toThrow(
      'Negative dimension size caused by subtracting 2 from 1',
    );
    expect(() => inferOp(MaxPool, [[4, 4, 3]], a)).toThrow('Shape must be rank 4 but is rank 3');
    expect(() => inferOp(MaxPool, [[1, 4, 4, 3]], { ...a, ksize: [1, 2, 2] })).toThrow('ksize');
  });
});

describe('MaxPoolWithArgmax', () => {
  const argmax = (x: NdArray, a: object): [number[], number[]] => {
    const [value, index] = evaluateOp(MaxPoolWithArgmax, [x], { Targmax: 'int64', ...a });
    return [numbersOf([value as NdArray]), numbersOf([index as NdArray])];
  };
  it('gives the first of equal maxima', () => {
    expect(argmax(row(4, 4, 1, 1), attrs(2, 2, 'VALID'))).toEqual([
      [4, 1],
      [0, 2],
    ]);
  });
  it('keeps a NaN that stands first, and passes over later ones', () => {
    expect(argmax(row(NaN, 1, 2, NaN), attrs(2, 2, 'VALID'))).toEqual([
      [NaN, 2],
      [0, 2],
    ]);
  });
  it('counts batches only when asked to', () => {
    const x = toNdArray([1, 2, 4, 3], { dtype: 'float32', shape: [2, 1, 2, 1] });
    expect(argmax(x, attrs(2, 2, 'VALID'))[1]).toEqual([1, 0]);
    expect(argmax(x, { ...attrs(2, 2, 'VALID'), include_batch_in_index: true })[1]).toEqual([1, 2]);
  });
});

describe('max pooling gradients', () => {
  it('send all of a window to its first maximum, and add where windows overlap', () => {
    const a = attrs(2, 1, 'VALID');
    const [tap] = evaluateOp(MaxPoolTap, [row(1, 3, 3, 2)], { ...a });
    expect(numbersOf([tap as NdArray])).toEqual([1, 0, 0]);
    const spread = { ...a, input_shape: [1, 1, 4, 1] };
    const dx = evaluateOp(MaxPoolSpread, [row(10, 20, 30), tap as NdArray], spread);
    expect(numbersOf(dx)).toEqual([0, 30, 30, 0]);
    const back = evaluateOp(MaxPoolPick, [row(5, 6, 7, 8), tap as NdArray], { ...a });
    expect(numbersOf(back)).toEqual([6, 6, 7]);
  });
});

describe('AvgPool', () => {
  it('does not count padding', () => {
    const y = evaluateOp(AvgPool, [row(1, 2, 6)], { ...attrs(2, 2, 'SAME') });
    expect(numbersOf(y)).toEqual([1.5, 6]);
  });
  it('shares a gradient among the elements averaged', () => {
    const shape = toNdArray([1, 1, 3, 1], { dtype: 'int32' });
    const dx = evaluateOp(AvgPoolGrad, [shape, row(8, 6)], { ...attrs(2, 2, 'SAME') });
    expect(numbersOf(dx)).toEqual([4, 4, 6]);
  });
  it('adds the gradients of overlapping windows', () => {
    const shape = toNdArray([1, 1, 4, 1], { dtype: 'int32' });
    const dx = evaluateOp(AvgPoolGrad, [shape, row(3, 6, 9, 12)], { ...attrs(3, 1, 'SAME') });
    // Windows: [0,1], [0,1,2], [1,2,3], [2,3] with shares 1.5, 2, 3, 6.
    expect(numbersOf(dx)).toEqual([3.5, 6.5, 11, 9]);
  });
});
