/** Variables in a Program: reads before writes, in place where that is safe, copies where it is not. */
import { Graph } from '../../src/graph/graph.js';
import type { Operation, Tensor } from '../../src/graph/operation.js';
import type { Program } from '../../src/ir/program.js';
import { builder, compileGraph, kernelsOf, type Builder } from './compile-graph.js';

interface Built {
  readonly fetches?: readonly Tensor[];
  readonly targets?: readonly Operation[];
}

/** Compiles a graph around one float32 variable of shape [4, 4]. */
function withVariable(
  build: (b: Builder, v: Tensor, graph: Graph) => Built,
  shape: readonly number[] = [4, 4],
): Program {
  const graph = new Graph();
  return graph.asDefault(() => {
    const b = builder;
    const v = b.op('VariableV2', [], { shape, dtype: 'float32' }, 'v');
    const { fetches = [], targets = [] } = build(b, v, graph);
    return compileGraph(fetches, [], targets);
  });
}

const after = <R>(graph: Graph, ops: readonly Tensor[], make: () => R): R =>
  graph.controlDependencies(ops, make);

const stepsOf = (program: Program): string[] =>
  program.steps.map((step) => {
    const label = (id: number): string => program.buffers[id]?.label ?? '';
    if (step.kind === 'kernel') return `kernel ${step.nodes.join('+')}`;
    return `${step.kind} ${label(step.from)} to ${label(step.to)}`;
  });

describe('a variable in a program', () => {
  it('is updated in place by one kernel', () => {
    const program = withVariable((b, v) => ({
      targets: [b.op('AssignAdd', [v, b.op('Fill', [[4, 4], 2])], {}, 'add').op],
    }));
    expect(stepsOf(program)).toEqual(['kernel add']);
    expect(program.buffers.filter(({ role }) => role.kind === 'temp')).toEqual([]);
    expect(program.variables).toMatchObject([{ node: 'v', reads: true, writes: true }]);
  });

  it('is not read by a run that only replaces it', () => {
    const program = withVariable((b, v) => ({
      targets: [b.op('Assign', [v, b.op('Fill', [[4, 4], 2])], {}, 'set').op],
    }));
    expect(program.variables).toMatchObject([{ reads: false, writes: true }]);
  });

  it('is read, through every index, before it is written', () => {
    const program = withVariable((b, v) => {
      const columns = b.op('Sum', [v, [0]], {}, 'columns');
      return { fetches: [columns], targets: [b.op('AssignAdd', [v, v], {}, 'add').op] };
    });
    expect(stepsOf(program)).toEqual(['kernel columns', 'kernel add']);
  });

  it('is computed aside and copied where its update reads other elements', () => {
    const program = withVariable((b, v) => ({
      targets: [b.op('AssignAdd', [v, b.op('Transpose', [v, [1, 0]], {}, 'turned')], {}, 'add').op],
    }));
    expect(stepsOf(program)).toEqual(['kernel turned+add', 'copy v to v']);
  });

  it('is snapshot first where a fetch wants the old value', () => {
    const program = withVariable((b, v) => ({
      fetches: [b.op('Identity', [v], {}, 'before')],
      targets: [b.op('AssignAdd', [v, b.op('Fill', [[4, 4], 2])], {}, 'add').op],
    }));
    expect(stepsOf(program)).toEqual(['copy v to v/snapshot', 'kernel add']);
  });

  it('is snapshot first where a read of the old value needs the new one', () => {
    const program = withVariable((b, v, graph) => {
      const before = b.op('Identity', [v], {}, 'before');
      const grown = b.op('AssignAdd', [v, b.op('Exp', [v], {}, 'exp')], {}, 'add');
      const read = after(graph, [grown], () => b.op('Identity', [v], {}, 'read'));
      const rows = b.op('Sum', [read, [1]], { keep_dims: true }, 'rows');
      const columns = b.op('Sum', [read, [0]], {}, 'columns');
      // Reads the old value everywhere, after sums over the new one.
      return {
        fetches: [
          b.op('MatMul', [before, b.op('Add', [rows, columns], {}, 'sums')], {}, 'product'),
        ],
      };
    });
    expect(stepsOf(program)).toEqual([
      'copy v to v/snapshot',
      'kernel exp+add',
      'kernel columns',
      'kernel rows+sums',
      'kernel product',
    ]);
    const product = program.steps.at(-1);
    const bound = product?.kind === 'kernel' ? product.buffers : [];
    expect(bound.map((id) => program.buffers[id]?.label)).toContain('v/snapshot');
  });

  it('takes no snapshot where an edge orders the read after the write', () => {
    const program = withVariable((b, v, graph) => {
      const sum = b.op('AssignAdd', [v, b.op('Fill', [[4, 4], 2])], {}, 'add');
      return { fetches: [after(graph, [sum], () => b.op('Identity', [v], {}, 'later'))] };
    });
    expect(stepsOf(program)).toEqual(['kernel add']);
  });

  it('goes through a chain of writes in one kernel', () => {
    const program = withVariable((b, v, graph) => {
      const two = b.op('Fill', [[4, 4], 2]);
      const first = b.op('AssignAdd', [v, two], {}, 'first');
      const second = after(graph, [first], () => b.op('AssignSub', [v, two], {}, 'second'));
      return { targets: [second.op] };
    });
    expect(kernelsOf(program)).toEqual(['map: first + second']);
  });
});

describe('int64 in a program', () => {
  it('is computed on the host, with one transfer where the device wants it', () => {
    const graph = new Graph();
    const program = graph.asDefault(() => {
      const b = builder;
      const i = b.op('Placeholder', [], { dtype: 'int64', shape: [4] }, 'i');
      const x = b.op('Placeholder', [], { dtype: 'float32', shape: [4] }, 'x');
      const sum = b.op('Add', [i, i], {}, 'sum');
      const y = b.op('Mul', [b.op('Cast', [sum], { DstT: 'float32' }, 'cast'), x], {}, 'mul');
      return compileGraph([y, sum], [i, x]);
    });
    const places = program.steps.map((step) => (step.kind === 'kernel' ? step.place : step.kind));
    expect(places[0]).toBe('host');
    expect(places.filter((place) => place === 'transfer')).toHaveLength(1);
    expect(places.at(-1)).toBe('device');
  });
});
