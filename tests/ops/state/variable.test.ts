import '../../../src/ops/index.js';
import { convertToTensor } from '../../../src/graph/add-node.js';
import { graphBuilder } from '../../../src/graph/builder.js';
import { Graph } from '../../../src/graph/graph.js';
import { onesInitializer, zerosInitializer } from '../../../src/ops/random/initializers.js';
import { assign, assignAdd } from '../../../src/ops/state/assign-functions.js';
import { globalVariablesInitializer } from '../../../src/ops/state/initialize.js';
import { group, tuple } from '../../../src/ops/state/no-op.js';
import {
  getVariable,
  getVariableScope,
  variableScope,
} from '../../../src/layers/variable-scope.js';
import { globalVariables, trainableVariables, variable } from '../../../src/ops/state/variable.js';

/** `name: type(inputs)^controls` of every node `build` adds. */
function nodesOf(build: () => unknown): string[] {
  const graph = new Graph();
  graph.asDefault(build);
  return graph.operations.map((op) => {
    const inputs = op.inputs.map((t) => t.op.name).join(', ');
    const controls = op.controlInputs.map((c) => ` ^${c.name}`).join('');
    return `${op.name}: ${op.type}(${inputs})${controls}`;
  });
}
const inGraph = <R>(fn: (graph: Graph) => R): R => {
  const graph = new Graph();
  return graph.asDefault(() => fn(graph));
};

describe('variable', () => {
  it('makes the nodes of a reference variable under TensorFlow 1 names', () => {
    expect(nodesOf(() => variable([1, 2], { name: 'v' }))).toEqual([
      'v/initial_value: Const()',
      'v: VariableV2()',
      'v/Assign: Assign(v, v/initial_value)',
      'v/read: Identity(v)',
    ]);
  });
  it('makes the nodes of a resource variable', () => {
    expect(nodesOf(() => variable([1, 2], { name: 'v', useResource: true }))).toEqual([
      'v/Initializer/initial_value: Const()',
      'v: VarHandleOp()',
      'v/IsInitialized/VarIsInitializedOp: VarIsInitializedOp(v)',
      'v/Assign: AssignVariableOp(v, v/Initializer/initial_value)',
      'v/Read/ReadVariableOp: ReadVariableOp(v)',
    ]);
  });
  it('makes an initial value given as a function under Initializer', () => {
    const nodes = nodesOf(() => variable(() => zerosInitializer()([2]), { name: 'v' }));
    expect(nodes[0]).toBe('v/Initializer/zeros: Const()');
    expect(nodes[2]).toBe('v/Assign: Assign(v, v/Initializer/zeros)');
  });
  it('numbers variables of one name', () => {
    const names = inGraph(() => [variable(1), variable(2)].map((v) => v.name));
    expect(names).toEqual(['Variable:0', 'Variable_1:0']);
  });
  it('knows its shape and dtype, through a resource handle too', () => {
    for (const useResource of [false, true]) {
      const v = inGraph(() => variable([[1, 2, 3]], { dtype: 'float64', useResource }));
      expect([v.shape, v.dtype]).toEqual([[1, 3], 'float64']);
      expect(v.asTensor().shape).toEqual([1, 3]);
    }
  });
  it('reads a resource variable afresh at each use, inside the user of the value', () => {
    const nodes = nodesOf(() => {
      const v = variable(1, { name: 'v', useResource: true });
      assign(v, 2);
      return v.asTensor();
    });
    expect(nodes.slice(5)).toEqual([
      'Const: Const()',
      'AssignVariableOp: AssignVariableOp(v, Const)',
      'ReadVariableOp: ReadVariableOp(v) ^AssignVariableOp',
      'ReadVariableOp_1: ReadVariableOp(v)',
    ]);
  });
  it('joins the collections it should', () => {
    inGraph(() => {
      const a = variable(1, { name: 'a' });
      const b = variable(1, { name: 'b', trainable: false });
      variable(1, { name: 'c', trainable: false, collections: ['local_variables'] });
      expect(globalVariables()).toEqual([a, b]);
      expect(trainableVariables()).toEqual([a]);
    });
  });
  it('does not wait for the control dependencies around it', () => {
    inGraph((graph) => {
      const gate = group([]);
      const v = graph.controlDependencies([gate], () => variable(1));
      expect(v.initializer.controlInputs).toEqual([]);
    });
  });
  it('rejects an initial value of unknown shape', () => {
    inGraph(() => {
      const x = graphBuilder().op('Placeholder', [], { dtype: 'float32', shape: [null] });
      expect(() => variable(x)).toThrow('initial_value must have a shape specified');
      expect(variable(x, { validateShape: false }).shape).toBeNull();
    });
  });
  it('rejects an assigned value of another shape', () => {
    inGraph(() => {
      for (const useResource of [false, true]) {
        const v = variable([1, 2], { useResource });
        expect(() => v.assign([1, 2, 3])).toThrow('must be equal, but are 2 and 3');
      }
    });
  });
  it('names assignments as TensorFlow does, and places them with the variable', () => {
    inGraph((graph) => {
      const v = variable(1, { name: 'v' });
      assign(v, 2);
      assignAdd(v, 2);
      expect(graph.operation('AssignAdd').inputs.map((t) => t.name)).toEqual([
        'v:0',
        'AssignAdd/value:0',
      ]);
      expect(graph.operation('Assign').attrs.get('_class')?.value).toEqual(['loc:@v']);
      expect(graph.operation('Assign').attrs.get('use_locking')?.value).toBe(true);
      expect(graph.operation('v/Assign').attrs.get('_class')?.value).toEqual(['loc:@v']);
    });
  });
});

describe('group, tuple and initializers', () => {
  it('initialise all variables by one NoOp', () => {
    const nodes = nodesOf(() => {
      variable(1, { name: 'a' });
      variable(1, { name: 'b' });
      globalVariablesInitializer();
    });
    expect(nodes.at(-1)).toBe('init: NoOp() ^a/Assign ^b/Assign');
  });
  it('wait for each op once', () => {
    const nodes = nodesOf(() => {
      const a = convertToTensor(1, { name: 'a' });
      group([a, a, a.op]);
    });
    expect(nodes.at(-1)).toBe('group_deps: NoOp() ^a');
  });
  it('gate tensors on each other', () => {
    const nodes = nodesOf(() =>
      tuple([convertToTensor(1, { name: 'a' }), convertToTensor(2, { name: 'b' })]),
    );
    expect(nodes.slice(2)).toEqual([
      'tuple/group_deps: NoOp() ^a ^b',
      'tuple/control_dependency: Identity(a) ^tuple/group_deps',
      'tuple/control_dependency_1: Identity(b) ^tuple/group_deps',
    ]);
  });
});

describe('getVariable', () => {
  const shape = [2];
  it('names variables by variable scope alone, and ops by name scope', () => {
    inGraph((graph) => {
      const first = variableScope('s', {}, () =>
        getVariable('x', { shape, initializer: onesInitializer() }),
      );
      const [second, op] = variableScope('s', { reuse: true }, () => [
        getVariable('x', { shape }),
        convertToTensor(1),
      ]);
      expect(second).toBe(first);
      expect(first.name).toBe('s/x:0');
      expect(op.name).toBe('s_1/Const:0');
      const named = graph.nameScope('outer', () =>
        getVariable('y', { shape, initializer: zerosInitializer() }),
      );
      expect(named.name).toBe('y:0');
      expect(graph.operations.map((o) => o.name)).toContain('s/x/Initializer/ones');
    });
  });
  it('rejects a second variable of a name unless it is reused', () => {
    inGraph(() => {
      getVariable('v', { shape, initializer: zerosInitializer() });
      expect(() => getVariable('v', { shape })).toThrow(
        'Variable v already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?',
      );
      variableScope('', { reuse: true }, () => {
        expect(() => getVariable('v', { shape: [3] })).toThrow(
          'specified shape (3,) and found shape (2,)',
        );
        expect(() => getVariable('v', { dtype: 'int32' })).toThrow(
          'specified dtype int32 and found dtype float32',
        );
      });
    });
  });
  it('rejects a missing variable under reuse, and makes it under auto', () => {
    inGraph(() => {
      variableScope('q', { reuse: true }, () => {
        expect(() => getVariable('w', { shape })).toThrow(
          'Variable q/w does not exist, or was not created with tf.get_variable(). Did you mean to set reuse=tf.AUTO_REUSE in VarScope?',
        );
      });
      const make = (): unknown =>
        variableScope('q', { reuse: 'auto' }, () =>
          getVariable('w', { shape, initializer: zerosInitializer() }),
        );
      expect(make()).toBe(make());
    });
  });
  it('needs a shape for a function and none for a value', () => {
    inGraph(() => {
      expect(() => getVariable('a')).toThrow(
        'did not get an initializer, so its `shape` argument must be specified',
      );
      expect(() => getVariable('a', { shape: [null, 2] })).toThrow(
        'must be fully defined, but instead was (?, 2)',
      );
      expect(() => getVariable('a', { shape, initializer: [1, 2] })).toThrow(
        'If initializer is a constant, do not specify shape.',
      );
      expect(getVariable('a', { initializer: [1, 2] }).shape).toEqual([2]);
    });
  });
  it('inherits dtype, kind and initializer from the scope', () => {
    inGraph(() => {
      const v = variableScope(
        's',
        { dtype: 'float64', useResource: true, initializer: onesInitializer() },
        () => variableScope('t', {}, () => getVariable('x', { shape })),
      );
      expect([v.name, v.dtype, v.isResource, v.initialValue?.op.name]).toEqual([
        's/t/x:0',
        'float64',
        true,
        's/t/x/Initializer/ones',
      ]);
    });
  });
  it('makes default scope names unique, and enters a scope object again by its path', () => {
    inGraph(() => {
      const open = (): string => variableScope(null, { defaultName: 'd' }, (scope) => scope.name);
      expect([open(), open(), open()]).toEqual(['d', 'd_1', 'd_2']);
      const scope = variableScope('a', {}, () => variableScope('b', {}, (inner) => inner));
      expect(variableScope(scope, {}, () => getVariableScope().name)).toBe('a/b');
      expect(getVariableScope().name).toBe('');
      const nested = (): string => variableScope('p', {}, () => open());
      expect([nested(), nested()]).toEqual(['p/d', 'p/d']);
    });
  });
});
