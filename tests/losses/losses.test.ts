import '../../src/ops/index.js';
import { convertToTensor } from '../../src/graph/add-node.js';
import { graphBuilder } from '../../src/graph/builder.js';
import { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/operation.js';
import {
  absoluteDifference,
  meanSquaredError,
  softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy,
} from '../../src/losses/losses.js';
import {
  addLoss,
  computeWeightedLoss,
  getLosses,
  getTotalLoss,
} from '../../src/losses/reduction.js';
import { Session } from '../../src/session/session.js';

async function valueOf(build: () => Tensor): Promise<number[]> {
  const graph = new Graph();
  const fetch = graph.asDefault(build);
  const session = new Session({ graph, device: 'cpu' });
  const value = await session.run(fetch);
  await session.close();
  return Array.from(value.data as Float32Array);
}
const labels = [
  [1, 2],
  [3, 4],
];
const predictions = [
  [2, 2],
  [1, 8],
];

describe('losses', () => {
  it('average squared and absolute differences', async () => {
    expect(await valueOf(() => meanSquaredError(labels, predictions))).toEqual([21 / 4]);
    expect(await valueOf(() => absoluteDifference(labels, predictions))).toEqual([7 / 4]);
  });
  it('divide by the number of losses whose weight is not 0', async () => {
    const weights = [[2], [0]];
    expect(await valueOf(() => meanSquaredError(labels, predictions, { weights }))).toEqual([
      2 / 2,
    ]);
    expect(await valueOf(() => meanSquaredError(labels, predictions, { weights: 3 }))).toEqual([
      63 / 4,
    ]);
    expect(await valueOf(() => meanSquaredError(labels, predictions, { weights: 0 }))).toEqual([0]);
  });
  it.each([
    ['none', [1, 0, 8, 32]],
    ['sum', [41]],
    ['sumOverBatchSize', [41 / 4]],
    ['meanOfWeights', [41 / 6]],
    ['sumByNonzeroWeights', [41 / 4]],
  ] as const)('reduce by %s', async (reduction, want) => {
    const got = await valueOf(() =>
      meanSquaredError(labels, predictions, { weights: [[1], [2]], reduction }),
    );
    got.forEach((value, i) => {
      expect(value).toBeCloseTo(want[i] ?? NaN, 5);
    });
    expect(got).toHaveLength(want.length);
  });
  it('take the logarithm of the softmax at the label', async () => {
    const logits = [
      [1, 2, 0],
      [0, 0, 0],
    ];
    const first = Math.log(Math.E + Math.E ** 2 + 1) - 2;
    const want = (first + Math.log(3)) / 2;
    const dense = await valueOf(() =>
      softmaxCrossEntropy(
        [
          [0, 1, 0],
          [1, 0, 0],
        ],
        logits,
      ),
    );
    const sparse = await valueOf(() => sparseSoftmaxCrossEntropy([1, 0], logits));
    expect(dense[0]).toBeCloseTo(want, 5);
    expect(sparse[0]).toBeCloseTo(want, 5);
  });
  it('smooth labels over all classes', async () => {
    const smooth = await valueOf(() =>
      softmaxCrossEntropy([[1, 0]], [[3, 1]], { labelSmoothing: 0.2 }),
    );
    const norm = Math.log(Math.exp(3) + Math.E);
    expect(smooth[0]).toBeCloseTo(0.9 * (norm - 3) + 0.1 * (norm - 1), 5);
  });
  it('are scalars under TensorFlow names in the losses collection', () => {
    new Graph().asDefault(() => {
      const a = meanSquaredError(labels, predictions);
      const b = meanSquaredError(labels, predictions, { scope: 'other' });
      meanSquaredError(labels, predictions, { lossCollection: null });
      expect([a.name, b.name]).toEqual(['mean_squared_error/value:0', 'other/value:0']);
      expect(getLosses()).toEqual([a, b]);
      expect(a.shape).toEqual([]);
    });
  });
  it('are summed to the total loss', async () => {
    const total = await valueOf(() => {
      meanSquaredError(labels, predictions);
      addLoss(convertToTensor(2));
      return getTotalLoss();
    });
    expect(total).toEqual([21 / 4 + 2]);
  });
  it('reject shapes that contradict, weights that do not broadcast, and an empty total', () => {
    new Graph().asDefault(() => {
      expect(() => meanSquaredError([1, 2, 3], [1, 2])).toThrow('(2,) and (3,) are incompatible');
      const losses = graphBuilder().op('Placeholder', [], { dtype: 'float32', shape: [4] });
      expect(() => computeWeightedLoss(losses, { weights: [1, 2] })).toThrow(
        'weights can not be broadcast to values',
      );
      expect(() => getTotalLoss()).toThrow('No losses were added');
    });
  });
});
