import { InvalidArgumentError, ValueError } from '../../src/errors.js';
import { graphBuilder } from '../../src/graph/builder.js';
import { Graph } from '../../src/graph/graph.js';
import '../../src/ops/index.js';
import { explain } from '../../src/session/explain.js';

function model(): Graph {
  const graph = new Graph();
  graph.asDefault(() => {
    const b = graphBuilder();
    const x = b.op('Placeholder', [], { dtype: 'float32', shape: [null, 4] }, 'x');
    const size = b.op('Placeholder', [], { dtype: 'int32', shape: [2] }, 'size');
    const w = b.op('VariableV2', [], { dtype: 'float32', shape: [4, 3] }, 'w');
    const y = b.op('Relu', [b.op('MatMul', [x, w], {}, 'product')], {}, 'y');
    b.op('Reshape', [y, size], {}, 'shaped');
  });
  return graph;
}

describe('explain', () => {
  it('plans for a GPU that need not be there', () => {
    const { kernels, variables } = explain(model(), 'y:0', { 'x:0': [8, 4] });
    expect(kernels).toMatchObject([{ kind: 'contract', place: 'device', shape: [1, 8, 3] }]);
    expect(variables).toMatchObject([{ name: 'w', shape: [4, 3], reads: true, writes: false }]);
  });

  it('plans for the CPU', () => {
    const { kernels } = explain(model(), 'y:0', { x: [8, 4] }, { device: 'cpu' });
    expect(kernels).toMatchObject([{ place: 'host' }]);
  });

  it('is text: a table, and the whole program', () => {
    const plan = explain(model(), 'y:0', { x: [8, 4] });
    expect(String(plan)).toContain('product + y');
    expect(plan.toProgramText()).toContain('a = b0[m * 4 + k]');
  });

  it('takes the values of feeds that decide shapes', () => {
    const plan = explain(model(), 'shaped:0', { x: [8, 4] }, { values: { size: [6, 4] } });
    expect(plan.fetches).toMatchObject([{ shape: [6, 4] }]);
  });

  it('says which value decides a shape and is missing', () => {
    const plan = (): unknown => explain(model(), 'shaped:0', { x: [8, 4], size: [2] });
    expect(plan).toThrow(InvalidArgumentError);
    expect(plan).toThrow("the values of 'size:0' decide shapes");
  });

  it('rejects a shape that does not fit its tensor', () => {
    const plan = (): unknown => explain(model(), 'y:0', { x: [8, 5] });
    expect(plan).toThrow(ValueError);
    expect(plan).toThrow("shape (8, 5) does not fit Tensor 'x:0', which has shape '(?, 4)'");
  });
});
