import '../../src/ops/index.js';
import { graphBuilder } from '../../src/graph/builder.js';
import type { NdArray } from '../../src/graph/dtype.js';
import { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/operation.js';
import type { Shape } from '../../src/graph/shape.js';
import { dense } from '../../src/layers/dense.js';
import { relu } from '../../src/ops/nn/activations.js';
import { constantInitializer, onesInitializer } from '../../src/ops/random/initializers.js';
import { globalVariablesInitializer } from '../../src/ops/state/initialize.js';
import { trainableVariables } from '../../src/ops/state/variable.js';
import { Session } from '../../src/session/session.js';

const input = (shape: Shape): Tensor =>
  graphBuilder().op('Placeholder', [], { dtype: 'float32', shape }, 'x');
const fixed = { kernelInitializer: onesInitializer(), biasInitializer: constantInitializer(0.5) };

describe('dense', () => {
  it('names its nodes and variables as TensorFlow 1 does', () => {
    const graph = new Graph();
    graph.asDefault(() => {
      const hidden = dense(input([null, 3]), 4, { activation: (x) => relu(x) });
      const out = dense(hidden, 2);
      expect(hidden.name).toBe('dense/Relu:0');
      expect(out.name).toBe('dense_1/BiasAdd:0');
      expect(out.shape).toEqual([null, 2]);
      expect(trainableVariables().map((v) => v.name)).toEqual([
        'dense/kernel:0',
        'dense/bias:0',
        'dense_1/kernel:0',
        'dense_1/bias:0',
      ]);
    });
    const names = graph.operations.map((op) => op.name);
    expect(names).toContain('dense/kernel/Initializer/random_uniform/RandomUniform');
    expect(names).toContain('dense/bias/Initializer/zeros');
    expect(names).toContain('dense/MatMul');
  });
  it('shares variables under reuse', () => {
    new Graph().asDefault(() => {
      const x = input([null, 3]);
      dense(x, 4, { name: 'shared' });
      dense(x, 4, { name: 'shared', reuse: true });
      expect(trainableVariables()).toHaveLength(2);
      expect(() => dense(x, 4, { name: 'shared' })).toThrow('already exists');
    });
  });
  it('leaves out the bias', () => {
    new Graph().asDefault(() => {
      expect(dense(input([null, 3]), 4, { useBias: false }).name).toBe('dense/MatMul:0');
      expect(trainableVariables()).toHaveLength(1);
    });
  });
  it('needs a known last axis', () => {
    new Graph().asDefault(() => {
      expect(() => dense(input([2, null]), 4)).toThrow('known last axis');
      expect(() => dense(input([3]), 4)).toThrow('rank 2 or more');
    });
  });
  it.each([
    [
      [2, 3],
      [2, 2],
      [6.5, 6.5, 15.5, 15.5],
    ],
    [
      [2, 1, 3],
      [2, 1, 2],
      [6.5, 6.5, 15.5, 15.5],
    ],
  ])('multiplies the last axis of %j', async (shape, outShape, want) => {
    const graph = new Graph();
    const { x, y, init } = graph.asDefault(() => {
      const x = input(shape);
      return { x, y: dense(x, 2, fixed), init: globalVariablesInitializer() };
    });
    const session = new Session({ graph, device: 'cpu' });
    await session.run(init);
    const feed: NdArray = { dtype: 'float32', shape, data: Float32Array.from([1, 2, 3, 4, 5, 6]) };
    const value = await session.run(y, new Map([[x, feed]]));
    await session.close();
    expect(value.shape).toEqual(outShape);
    expect(Array.from(value.data as Float32Array)).toEqual(want);
  });
});
