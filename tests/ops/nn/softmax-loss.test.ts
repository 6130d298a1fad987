import { graphBuilder } from '../../../src/graph/builder.js';
import type { DType } from '../../../src/graph/dtype.js';
import { Graph } from '../../../src/graph/graph.js';
import type { Tensor } from '../../../src/graph/operation.js';
import type { Shape } from '../../../src/graph/shape.js';
import '../../../src/ops/index.js';
import { biasAdd } from '../../../src/ops/nn/bias.js';
import { inTopK } from '../../../src/ops/nn/in-top-k.js';
import { softmax } from '../../../src/ops/nn/softmax.js';
import { sparseSoftmaxCrossEntropyWithLogits } from '../../../src/ops/nn/softmax-loss.js';

const placeholder = (dtype: DType, shape: Shape): Tensor =>
  graphBuilder().op('Placeholder', [], { dtype, shape });

const inGraph = <R>(fn: () => R): R => new Graph().asDefault(fn);

describe('sparseSoftmaxCrossEntropyWithLogits', () => {
  it('is one op for a matrix of logits, under TensorFlow’s name', () => {
    inGraph(() => {
      const labels = placeholder('int32', [null]);
      const loss = sparseSoftmaxCrossEntropyWithLogits({
        labels,
        logits: placeholder('float32', [4, 5]),
      });
      const name = 'SparseSoftmaxCrossEntropyWithLogits';
      expect(loss.op.name).toBe(`${name}/${name}`);
      expect(loss.shape).toEqual([4]);
      expect(loss.op.attrs.get('Tlabels')?.value).toBe('int32');
    });
  });

  it('computes float16 logits in float32', () => {
    inGraph(() => {
      const labels = placeholder('int64', [4]);
      const logits = placeholder('float16', [4, 5]);
      const loss = sparseSoftmaxCrossEntropyWithLogits({ labels, logits });
      expect(loss.dtype).toBe('float16');
      expect(loss.op.inputs[0]?.dtype).toBe('float32');
    });
  });

  it('says which rule labels break', () => {
    const build = (labels: Shape, logits: Shape): Tensor =>
      inGraph(() =>
        sparseSoftmaxCrossEntropyWithLogits({
          labels: placeholder('int32', labels),
          logits: placeholder('float32', logits),
        }),
      );
    expect(() => build([4, 5], [4, 5])).toThrow(
      'labels.shape.rank must equal logits.shape.rank - 1. Received labels of shape (4, 5) and logits of shape (4, 5).',
    );
    expect(() => build([3], [4, 5])).toThrow(
      'labels.shape must equal logits.shape except for the last dimension.',
    );
    expect(() => build([], [])).toThrow('logits cannot be a scalar.');
  });
});

describe('other nn functions', () => {
  it('name their nodes and constants as TensorFlow does', () => {
    inGraph(() => {
      const x = placeholder('float32', [2, 3]);
      const y = biasAdd(x, [1, 2, 3]);
      expect(y.op.name).toBe('BiasAdd');
      expect(y.op.inputs[1]?.op.name).toBe('BiasAdd/bias');
      expect(softmax(x, { axis: 1 }).op.name).toBe('Softmax');
      expect(inTopK(x, [0, 1], 1).op.name).toBe('in_top_k/InTopKV2');
    });
  });

  it('reject an axis outside the rank and an unknown data format', () => {
    inGraph(() => {
      const x = placeholder('float32', [2, 3]);
      expect(() => softmax(x, { axis: 2 })).toThrow('axis must be in the range [-2, 2)');
      expect(() => biasAdd(x, [1, 2, 3], { dataFormat: 'CHWN' })).toThrow(
        "dataFormat must be of the form N...C or NC..., but is 'CHWN'.",
      );
    });
  });
});
