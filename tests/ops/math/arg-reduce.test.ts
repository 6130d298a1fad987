import { ArgMax, ArgMin } from '../../../src/ops/math/arg-reduce.js';
import { array, evaluateOp, f32, i32, inferOp, numbersOf } from '../evaluate-op.js';

const attrs = { T: 'float32', Tidx: 'int32', output_type: 'int64' };

describe('ArgMax and ArgMin', () => {
  it('gives the lowest index among ties', () => {
    const x = f32([
      [1, 3, 3],
      [2, 2, 2],
      [0, -1, -1],
    ]);
    expect(numbersOf(evaluateOp(ArgMax, [x, i32(1)], attrs))).toEqual([1, 0, 0]);
    expect(numbersOf(evaluateOp(ArgMin, [x, i32(-1)], attrs))).toEqual([0, 0, 1]);
    expect(numbersOf(evaluateOp(ArgMax, [x, i32(0)], attrs))).toEqual([1, 0, 0]);
  });

  // Probed in TensorFlow 2.21: its reducer starts from (0, lowest) and NaN compares with nothing.
  it('never lets NaN win', () => {
    const x = f32([
      [NaN, 1, 2],
      [1, NaN, 2],
      [5, NaN, 4],
      [NaN, NaN, NaN],
      [NaN, -Infinity, NaN],
    ]);
    expect(numbersOf(evaluateOp(ArgMax, [x, i32(1)], attrs))).toEqual([2, 2, 0, 0, 0]);
    expect(numbersOf(evaluateOp(ArgMin, [x, i32(1)], attrs))).toEqual([1, 0, 2, 0, 1]);
  });

  it('searches bools and infinities', () => {
    const bools = array('bool', [
      [false, true, true],
      [false, false, false],
    ]);
    expect(numbersOf(evaluateOp(ArgMax, [bools, i32(1)], { ...attrs, T: 'bool' }))).toEqual([1, 0]);
    const x = f32([
      [-Infinity, -Infinity],
      [Infinity, Infinity],
    ]);
    expect(numbersOf(evaluateOp(ArgMax, [x, i32(1)], attrs))).toEqual([0, 0]);
    expect(numbersOf(evaluateOp(ArgMin, [x, i32(1)], attrs))).toEqual([0, 0]);
  });

  it('rejects an empty axis, but not an empty result', () => {
    const empty = { dtype: 'float32', shape: [0, 3], data: new Float32Array() } as const;
    expect(() => evaluateOp(ArgMax, [empty, i32(0)], attrs)).toThrow(
      'Reduction axis 0 is empty in shape [0,3]',
    );
    expect(numbersOf(evaluateOp(ArgMax, [empty, i32(1)], attrs))).toEqual([]);
  });

  it('infers the shape without the axis, or only the rank', () => {
    expect(inferOp(ArgMax, [[2, null, 4], []], attrs, { 1: [1] })).toEqual([[2, 4]]);
    expect(inferOp(ArgMax, [[2, 3], []], attrs)).toEqual([[null]]);
    expect(inferOp(ArgMax, [null, []], attrs, { 1: [1] })).toEqual([null]);
    expect(() => inferOp(ArgMax, [[2, 3], []], attrs, { 1: [2] })).toThrow(
      'Dimension (2) must be in the range [-2, 2), where 2 is the number of dimensions in the input.',
    );
    expect(() => inferOp(ArgMax, [[2, 3], [1]], attrs, { 1: [1] })).toThrow(
      'Shape must be rank 0 but is rank 1',
    );
  });

  it('rejects a scalar as TensorFlow does', () => {
    expect(() => evaluateOp(ArgMax, [f32(3), i32(0)], attrs)).toThrow(
      'Expected dimension in the range [0, 0), but got 0',
    );
  });
});
