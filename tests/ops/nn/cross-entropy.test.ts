import {
  SoftmaxCrossEntropyWithLogits,
  SparseSoftmaxCrossEntropyWithLogits,
} from '../../../src/ops/nn/cross-entropy.js';
import { InTopK, InTopKV2 } from '../../../src/ops/nn/in-top-k.js';
import { LogSoftmax, Softmax } from '../../../src/ops/nn/softmax.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import { array, evaluateOp, f32, i32, inferOp, numbersOf } from '../evaluate-op.js';

const T = { T: 'float32' };

/** Equal to 6 digits; NaN and infinities exactly. */
function expectClose(got: readonly number[], want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  for (const [i, value] of want.entries())
    if (Number.isFinite(value)) expect(got[i]).toBeCloseTo(value, 5);
    else expect(got[i]).toBe(value);
}

const second = (outputs: readonly NdArray[]): number[] => numbersOf(outputs.slice(1));

describe('Softmax and LogSoftmax', () => {
  // Values recorded from TensorFlow 2.21.
  const x = f32([
    [-Infinity, 1, 2],
    [1, NaN, 2],
    [Infinity, 1, 2],
    [-Infinity, -Infinity, -Infinity],
  ]);
  const nan = new Array<number>(9).fill(NaN);

  it('give NaN rows for NaN, +infinity and all -infinity only', () => {
    expectClose(numbersOf(evaluateOp(Softmax, [x], T)), [0, 0.26894143, 0.7310586, ...nan]);
    const log = numbersOf(evaluateOp(LogSoftmax, [x], T));
    expectClose(log, [-Infinity, -1.3132616, -0.31326166, ...nan]);
  });

  it('do not overflow', () => {
    expectClose(numbersOf(evaluateOp(Softmax, [f32([1000, 1001])], T)), [0.268941, 0.731059]);
    expectClose(numbersOf(evaluateOp(LogSoftmax, [f32([-1e5, 0])], T)), [-1e5, 0]);
  });

  it('reject a scalar', () => {
    expect(() => inferOp(Softmax, [[]], T)).toThrow('Shape must be at least rank 1 but is rank 0');
  });
});

describe('SoftmaxCrossEntropyWithLogits', () => {
  it('broadcasts labels, and logits, over the batch', () => {
    const labels = f32([
      [1, 0, 0],
      [0.5, 0.5, 0],
    ]);
    const outputs = evaluateOp(SoftmaxCrossEntropyWithLogits, [f32([[1, 2, 3]]), labels], T);
    expectClose(numbersOf(outputs), [2.407606, 1.9076059]);
    expectClose(
      second(outputs),
      [-0.90996945, 0.24472848, 0.66524094, -0.40996942, -0.25527152, 0.66524094],
    );
    const both = evaluateOp(
      SoftmaxCrossEntropyWithLogits,
      [
        f32([
          [1, 2, 3],
          [4, 2, 1],
        ]),
        f32([[1, 0, 0]]),
      ],
      T,
    );
    expectClose(numbersOf(both), [2.407606, 0.16984604]);
  });

  it('infers the shape both inputs come to', () => {
    expect(
      inferOp(
        SoftmaxCrossEntropyWithLogits,
        [
          [2, 3],
          [1, 3],
        ],
        T,
      ),
    ).toEqual([[2], [2, 3]]);
    expect(inferOp(SoftmaxCrossEntropyWithLogits, [[3], [2, 3]], T)).toEqual([[2], [2, 3]]);
    expect(inferOp(SoftmaxCrossEntropyWithLogits, [null, [2, 3]], T)).toEqual([[2], [2, 3]]);
    expect(inferOp(SoftmaxCrossEntropyWithLogits, [null, null], T)).toEqual([[null], [null, null]]);
    expect(() =>
      inferOp(
        SoftmaxCrossEntropyWithLogits,
        [
          [2, 3],
          [2, 4],
        ],
        T,
      ),
    ).toThrow('Dimensions must be equal, but are 3 and 4');
    expect(() =>
      inferOp(
        SoftmaxCrossEntropyWithLogits,
        [
          [2, 3, 4],
          [2, 3, 4],
        ],
        T,
      ),
    ).toThrow('Shape must be broadcasted with rank 2, but is rank 3.');
  });
});

describe('SparseSoftmaxCrossEntropyWithLogits', () => {
  const attrs = { T: 'float32', Tlabels: 'int32' };
  const many = (labels: readonly number[]): NdArray => array('int32', labels);

  it('is infinite for an impossible class, and 0 * infinity plays no part', () => {
    const x = f32([
      [4, -Infinity, 1],
      [4, -Infinity, 1],
    ]);
    const outputs = evaluateOp(SparseSoftmaxCrossEntropyWithLogits, [x, many([0, 1])], attrs);
    expectClose(numbersOf(outputs), [0.04858733, Infinity]);
    expectClose(second(outputs), [-0.04742587, 0, 0.04742587, 0.95257413, -1, 0.04742587]);
  });

  it.each([-1, 2])('refuses the label %i of two classes, whichever result is wanted', (label) => {
    const x = f32([
      [1, 2],
      [1, 2],
    ]);
    expect(() =>
      evaluateOp(SparseSoftmaxCrossEntropyWithLogits, [x, many([1, label])], attrs),
    ).toThrow(`Received a label value of ${label} which is outside the valid range of [0, 2)`);
  });

  it('needs a class', () => {
    const x = { dtype: 'float32', shape: [2, 0], data: new Float32Array() } as const;
    expect(() => evaluateOp(SparseSoftmaxCrossEntropyWithLogits, [x, many([0, 0])], attrs)).toThrow(
      'Must have at least one class, but got logits shape [2,0]',
    );
  });

  it('rejects labels that do not fit the logits', () => {
    expect(() => inferOp(SparseSoftmaxCrossEntropyWithLogits, [[2, 3], [3]], attrs)).toThrow(
      'Dimensions must be equal, but are 2 and 3',
    );
    expect(() =>
      inferOp(
        SparseSoftmaxCrossEntropyWithLogits,
        [
          [2, 3],
          [2, 1],
        ],
        attrs,
      ),
    ).toThrow('Shape must be rank 1 but is rank 2');
  });
});

describe('InTopK', () => {
  // Rows: ties at the boundary, NaN, infinities, all equal. Probed in TensorFlow 2.21.
  const predictions = f32([
    [1, 2, 2, 3],
    [NaN, 1, 2, 3],
    [Infinity, 1, 2, 3],
    [1, Infinity, Infinity, 2],
    [1, 1, 1, 1],
    [-Infinity, 1, 2, 3],
  ]);
  const targets = (target: number): NdArray => i32(new Array<number>(6).fill(target));

  it.each([
    [1, 3, [1, 0, 0, 0, 1, 0]],
    [2, 1, [1, 0, 0, 0, 1, 0]],
    [2, 0, [0, 0, 0, 0, 1, 0]],
    [5, 0, [1, 0, 0, 0, 1, 0]],
    [5, 4, [0, 0, 0, 0, 0, 0]],
    [5, -1, [0, 0, 0, 0, 0, 0]],
    [0, 3, [0, 0, 0, 0, 0, 0]],
    [-1, 3, [0, 0, 0, 0, 0, 0]],
  ])('for k %i and target %i', (k, target, want) => {
    const v1 = evaluateOp(InTopK, [predictions, targets(target)], { T: 'int32', k });
    const v2 = evaluateOp(InTopKV2, [predictions, targets(target), i32(k)], { T: 'int32' });
    expect(numbersOf(v1)).toEqual(want);
    expect(numbersOf(v2)).toEqual(want);
  });
});
