import { BiasAddGrad, BiasAdd } from '../../../src/ops/nn/bias.js';
import { evaluateOp, f32, inferOp, numbersOf } from '../evaluate-op.js';

const nhwc = { T: 'float32', data_format: 'NHWC' };
const nchw = { T: 'float32', data_format: 'NCHW' };

describe('BiasAdd', () => {
  const x = f32([
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ]);

  it('adds along the last axis, or the second for NCHW', () => {
    expect(numbersOf(evaluateOp(BiasAdd, [x, f32([10, 20, 30])], nhwc))).toEqual([
      11, 22, 33, 14, 25, 36,
    ]);
    expect(numbersOf(evaluateOp(BiasAdd, [x, f32([10, 20])], nchw))).toEqual([
      11, 12, 13, 24, 25, 26,
    ]);
  });

  it('learns the channel dim from the bias', () => {
    expect(inferOp(BiasAdd, [[null, null], [5]], nhwc)).toEqual([[null, 5]]);
    expect(inferOp(BiasAdd, [[null, null, 3], [5]], nchw)).toEqual([[null, 5, 3]]);
    expect(inferOp(BiasAdd, [null, [5]], nhwc)).toEqual([null]);
  });

  it('rejects what does not fit', () => {
    expect(() => inferOp(BiasAdd, [[3, 4], [5]], nhwc)).toThrow(
      'Dimensions must be equal, but are 4 and 5',
    );
    expect(() => inferOp(BiasAdd, [[3, 5], [5]], nchw)).toThrow(
      'Shape must be at least rank 3 but is rank 2',
    );
    expect(() =>
      inferOp(
        BiasAdd,
        [
          [3, 3],
          [3, 3],
        ],
        nhwc,
      ),
    ).toThrow('Shape must be rank 1 but is rank 2');
  });

  it('sums its gradient over all axes but the channels', () => {
    expect(numbersOf(evaluateOp(BiasAddGrad, [x], nhwc))).toEqual([5, 7, 9]);
    expect(numbersOf(evaluateOp(BiasAddGrad, [x], nchw))).toEqual([6, 15]);
  });
});
