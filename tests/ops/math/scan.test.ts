import { Cumprod, Cumsum } from '../../../src/ops/math/scan.js';
import { evaluateOp, f32, i32, numbersOf } from '../evaluate-op.js';

const T = { T: 'float32', Tidx: 'int32' };

describe('Cumsum and Cumprod', () => {
  const x = f32([1, 2, 3, 4]);

  it.each([
    [false, false, [1, 3, 6, 10], [1, 2, 6, 24]],
    [true, false, [0, 1, 3, 6], [1, 1, 2, 6]],
    [false, true, [10, 9, 7, 4], [24, 24, 12, 4]],
    [true, true, [9, 7, 4, 0], [24, 12, 4, 1]],
  ])('run with exclusive %s and reverse %s', (exclusive, reverse, sums, products) => {
    const attrs = { ...T, exclusive, reverse };
    expect(numbersOf(evaluateOp(Cumsum, [x, i32(0)], attrs))).toEqual(sums);
    expect(numbersOf(evaluateOp(Cumprod, [x, i32(0)], attrs))).toEqual(products);
  });

  it('run along any axis', () => {
    const m = f32([
      [1, 2],
      [3, 4],
    ]);
    expect(numbersOf(evaluateOp(Cumsum, [m, i32(-1)], T))).toEqual([1, 3, 3, 7]);
    expect(numbersOf(evaluateOp(Cumsum, [m, i32(0)], T))).toEqual([1, 2, 4, 6]);
  });

  it('do not let a NaN reach elements before it', () => {
    const y = numbersOf(evaluateOp(Cumsum, [f32([1, NaN, 3]), i32(0)], T));
    expect(y).toEqual([1, NaN, NaN]);
  });

  it('reject a wrong axis in the words of the kernel', () => {
    expect(() => evaluateOp(Cumsum, [f32([[1]]), i32(2)], T)).toThrow(
      'ScanOp: Expected scan axis in the range [-2, 2), but got 2',
    );
    expect(() => evaluateOp(Cumsum, [x, i32([0])], T)).toThrow(
      'ScanOp: axis must be a scalar, not [1]',
    );
  });
});
