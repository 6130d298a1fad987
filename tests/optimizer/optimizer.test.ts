import '../../src/ops/index.js';
import { convertToTensor } from '../../src/graph/add-node.js';
import { graphBuilder } from '../../src/graph/builder.js';
import { Graph } from '../../src/graph/graph.js';
import { globalVariablesInitializer } from '../../src/ops/state/initialize.js';
import { variable, type Variable } from '../../src/ops/state/variable.js';
import { AdagradOptimizer } from '../../src/optimizer/adagrad.js';
import { AdamOptimizer } from '../../src/optimizer/adam.js';
import { getOrCreateGlobalStep } from '../../src/optimizer/global-step.js';
import { GradientDescentOptimizer } from '../../src/optimizer/gradient-descent.js';
import { MomentumOptimizer } from '../../src/optimizer/momentum.js';
import type { Optimizer } from '../../src/optimizer/optimizer.js';
import { RMSPropOptimizer } from '../../src/optimizer/rms-prop.js';
import { Session } from '../../src/session/session.js';

const gradient = [0.5, -2];
const start = [1, -1];

/** The variable after three steps of a constant gradient. */
async function threeSteps(optimizer: Optimizer, useResource: boolean): Promise<number[]> {
  const graph = new Graph();
  const { v, step, init } = graph.asDefault(() => {
    const v = variable(start, { name: 'v', useResource });
    const step = optimizer.applyGradients([[convertToTensor(gradient), v]]);
    return { v: v.read(), step, init: globalVariablesInitializer() };
  });
  const session = new Session({ graph, device: 'cpu' });
  await session.run(init);
  for (let i = 0; i < 3; i++) await session.run(step);
  const value = await session.run(v);
  await session.close();
  return Array.from(value.data as Float32Array);
}

/** Three steps of a scalar rule, for each element. */
const expected = (rule: (w: number, g: number, t: number) => number): number[] =>
  start.map((w, i) => [1, 2, 3].reduce((value, t) => rule(value, gradient[i] ?? 0, t), w));

function momentum(nesterov: boolean): number[] {
  return start.map((w0, i) => {
    const g = gradient[i] ?? 0;
    let [w, a] = [w0, 0];
    for (let t = 0; t < 3; t++) {
      a = 0.9 * a + g;
      w -= 0.1 * (nesterov ? g + 0.9 * a : a);
    }
    return w;
  });
}

function adam(): number[] {
  return start.map((w0, i) => {
    const g = gradient[i] ?? 0;
    let [w, m, v] = [w0, 0, 0];
    for (let t = 1; t <= 3; t++) {
      m += (g - m) * 0.1;
      v += (g * g - v) * 0.001;
      w -= ((0.1 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t)) * (m / (Math.sqrt(v) + 1e-8));
    }
    return w;
  });
}

function rmsProp(centered: boolean): number[] {
  return start.map((w0, i) => {
    const g = gradient[i] ?? 0;
    let [w, ms, mg, mom] = [w0, 1, 0, 0];
    for (let t = 0; t < 3; t++) {
      ms += (g * g - ms) * 0.1;
      mg += (g - mg) * 0.1;
      mom = 0.5 * mom + (0.1 * g) / Math.sqrt(ms - (centered ? mg * mg : 0) + 1e-10);
      w -= mom;
    }
    return w;
  });
}

const optimizers: readonly [string, () => Optimizer, number[]][] = [
  ['gradient descent', () => new GradientDescentOptimizer(0.1), expected((w, g) => w - 0.1 * g)],
  ['momentum', () => new MomentumOptimizer(0.1, 0.9), momentum(false)],
  [
    'Nesterov momentum',
    () => new MomentumOptimizer(0.1, 0.9, { useNesterov: true }),
    momentum(true),
  ],
  ['Adam', () => new AdamOptimizer(0.1), adam()],
  [
    'Adagrad',
    () => new AdagradOptimizer(0.1),
    expected((w, g, t) => w - (0.1 * g) / Math.sqrt(0.1 + t * g * g)),
  ],
  ['RMSProp', () => new RMSPropOptimizer(0.1, { momentum: 0.5 }), rmsProp(false)],
  [
    'centered RMSProp',
    () => new RMSPropOptimizer(0.1, { momentum: 0.5, centered: true }),
    rmsProp(true),
  ],
];

describe.each([
  ['reference', false],
  ['resource', true],
])('on %s variables', (_, useResource) => {
  it.each(optimizers)('%s follows its formula for three steps', async (__, make, want) => {
    const got = await threeSteps(make(), useResource);
    for (const [i, value] of got.entries()) expect(value).toBeCloseTo(want[i] ?? NaN, 5);
  });
});

/** Names of the nodes added after variables v and w, for a step with given gradients. */
function nodesOf(make: () => Optimizer, withStep = false, useResource = false): string[] {
  const graph = new Graph();
  return graph.asDefault(() => {
    const v = variable(start, { name: 'v', useResource });
    const w = variable(start, { name: 'w', useResource });
    const g = convertToTensor(gradient, { name: 'g' });
    const before = graph.operations.length;
    const options = withStep ? { globalStep: getOrCreateGlobalStep() } : {};
    make().applyGradients(
      [
        [g, v],
        [g, w],
      ],
      options,
    );
    return graph.operations.slice(before).map((op) => `${op.name}: ${op.type}`);
  });
}

describe('the graph of a step', () => {
  it('has TensorFlow 1 names without a global step', () => {
    expect(nodesOf(() => new GradientDescentOptimizer(0.1))).toEqual([
      'GradientDescent/learning_rate: Const',
      'GradientDescent/update_v/ApplyGradientDescent: ApplyGradientDescent',
      'GradientDescent/update_w/ApplyGradientDescent: ApplyGradientDescent',
      'GradientDescent: NoOp',
    ]);
  });
  it('increments a global step after the updates', () => {
    expect(nodesOf(() => new GradientDescentOptimizer(0.1), true)).toEqual([
      'global_step/Initializer/zeros: Const',
      'global_step: VariableV2',
      'global_step/Assign: Assign',
      'global_step/read: Identity',
      'GradientDescent/learning_rate: Const',
      'GradientDescent/update_v/ApplyGradientDescent: ApplyGradientDescent',
      'GradientDescent/update_w/ApplyGradientDescent: ApplyGradientDescent',
      'GradientDescent/update: NoOp',
      'GradientDescent/value: Const',
      'GradientDescent: AssignAdd',
    ]);
  });
  it('names slots after variable and optimizer', () => {
    const names = nodesOf(() => new AdamOptimizer(0.1)).map((node) => node.split(':')[0] ?? '');
    expect(names.filter((name) => !/(Assign(_1)?|read|zeros|initial_value)$/.test(name))).toEqual([
      'beta1_power',
      'beta2_power',
      'v/Adam',
      'v/Adam_1',
      'w/Adam',
      'w/Adam_1',
      'Adam/learning_rate',
      'Adam/beta1',
      'Adam/beta2',
      'Adam/epsilon',
      'Adam/update_v/ApplyAdam',
      'Adam/update_w/ApplyAdam',
      'Adam/mul',
      'Adam/mul_1',
      'Adam',
    ]);
  });
  it('reads the powers of Adam inside each update, for resources', () => {
    const names = nodesOf(() => new AdamOptimizer(0.1), false, true);
    expect(names).toContain('Adam/update_v/ResourceApplyAdam/ReadVariableOp: ReadVariableOp');
    expect(names).toContain('Adam/update_w/ResourceApplyAdam/ReadVariableOp_1: ReadVariableOp');
    expect(names).toContain('Adam/AssignVariableOp_1: AssignVariableOp');
  });
});

describe('Optimizer', () => {
  const build = <R>(fn: (v: Variable, graph: Graph) => R): R => {
    const graph = new Graph();
    return graph.asDefault(() => fn(variable(start, { name: 'v' }), graph));
  };
  it('gives its slots by name', () => {
    build((v) => {
      const optimizer = new AdamOptimizer(0.1);
      expect(optimizer.getSlot(v, 'm')).toBeNull();
      optimizer.applyGradients([[convertToTensor(gradient), v]]);
      expect(optimizer.getSlotNames()).toEqual(['m', 'v']);
      expect(optimizer.getSlot(v, 'v')?.name).toBe('v/Adam_1:0');
      expect(optimizer.variables().map((s) => s.name)).toEqual([
        'beta1_power:0',
        'beta2_power:0',
        'v/Adam:0',
        'v/Adam_1:0',
      ]);
    });
  });
  it('makes slots once, however often gradients are applied', () => {
    build((v, graph) => {
      const optimizer = new MomentumOptimizer(0.1, 0.9);
      optimizer.applyGradients([[convertToTensor(gradient), v]]);
      optimizer.applyGradients([[convertToTensor(gradient), v]]);
      expect(graph.operations.filter((op) => op.type === 'VariableV2')).toHaveLength(2);
    });
  });
  it('does not train slots or the global step', () => {
    build((v, graph) => {
      const globalStep = getOrCreateGlobalStep();
      new MomentumOptimizer(0.1, 0.9).applyGradients([[convertToTensor(gradient), v]], {
        globalStep,
      });
      expect(graph.getCollection('trainable_variables')).toEqual([v]);
    });
  });
  it('rejects a loss that depends on no variable', () => {
    build((v) => {
      const loss = graphBuilder().op('L2Loss', [convertToTensor([1, 2])]);
      const optimizer = new GradientDescentOptimizer(0.1);
      expect(() => optimizer.minimize(loss)).toThrow('No gradients provided for any variable');
      expect(() => optimizer.applyGradients([[null, v]])).toThrow(
        'No gradients provided for any variable: [v:0]',
      );
    });
  });
  it('rejects a graph without variables, and integer variables', () => {
    new Graph().asDefault(() => {
      const loss = graphBuilder().op('L2Loss', [convertToTensor([1, 2])]);
      const optimizer = new GradientDescentOptimizer(0.1);
      expect(() => optimizer.minimize(loss)).toThrow('No variables to optimize');
      const n = variable(1, { dtype: 'int32', name: 'n' });
      expect(() => optimizer.computeGradients(loss, { varList: [n] })).toThrow(
        'Invalid type int32 for n:0',
      );
    });
  });
  it('brings a loss down, with a rate that is itself a tensor', async () => {
    const graph = new Graph();
    const { loss, step, init } = graph.asDefault(() => {
      const v = variable(start, { name: 'v' });
      const loss = graphBuilder().op('L2Loss', [v.asTensor()]);
      const step = new GradientDescentOptimizer(convertToTensor(0.5)).minimize(loss);
      return { loss, step, init: globalVariablesInitializer() };
    });
    const session = new Session({ graph, device: 'cpu' });
    await session.run(init);
    for (let i = 0; i < 4; i++) await session.run(step);
    const value = await session.run(loss);
    await session.close();
    // Each step halves both elements: the loss falls by 4 each time.
    expect(Number(value.data[0])).toBeCloseTo(1 / 256, 6);
  });
});
