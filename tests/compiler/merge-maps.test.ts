/** Small updates become parts of few kernels; what depends on order keeps it. */
import { describe, expect, it } from '@jest/globals';
import * as tf from '../../src/index.js';
import { mergeMaps, maxPartElements } from '../../src/compiler/merge-maps.js';
import { add, constant, index, type Expr } from '../../src/ir/expr.js';
import { printKernel } from '../../src/ir/print.js';
import type { Step } from '../../src/ir/program.js';

type KernelStep = Step & { readonly kind: 'kernel' };

const read = (binding: number): Expr => ({ kind: 'read', type: 'f32', binding, at: index(0) });

/** Adds one to the elements of a buffer, into another or the same. */
function addOne(from: number, to: number, length = 8): KernelStep {
  const binding = { storage: 'f32', length } as const;
  const store = (at: number): KernelStep['kernel'] => ({
    kind: 'map',
    label: `${from} to ${to}`,
    shape: [length],
    bindings:
      at === 0
        ? [{ access: 'read_write', ...binding }]
        : [
            { access: 'read', ...binding },
            { access: 'read_write', ...binding },
          ],
    stores: [{ binding: at, at: index(0), value: add(read(0), constant('f32', 1)) }],
  });
  const inPlace = from === to;
  return {
    kind: 'kernel',
    place: 'device',
    kernel: store(inPlace ? 0 : 1),
    buffers: inPlace ? [to] : [from, to],
    nodes: [`${from} to ${to}`],
  };
}

const copy = (from: number, to: number): Step => ({ kind: 'copy', place: 'device', from, to });

/** Steps by what they move: parts of one kernel between brackets. */
const textOf = (steps: readonly Step[]): string[] =>
  steps.map((step) =>
    step.kind === 'kernel' ? `[${step.nodes.join(', ')}]` : `${step.from} to ${step.to}`,
  );

/** Buffers below 100 are variables. */
const isVariable = (buffer: number): boolean => buffer < 100;

const merged = (steps: readonly Step[], maxBindings = 10): string[] =>
  textOf(mergeMaps(steps, { maxBindings, isVariable }));

describe('small updates', () => {
  it('become parts of one kernel, which binds what they share once', () => {
    const steps = [addOne(0, 1), addOne(0, 2), addOne(3, 3, 5)];
    const [step, ...rest] = mergeMaps(steps, { maxBindings: 10, isVariable });
    expect(rest).toEqual([]);
    expect(step).toMatchObject({ buffers: [0, 1, 2, 3] });
    expect(step?.kind === 'kernel' ? printKernel(step.kernel) : '').toBe(
      `maps "0 to 1+0 to 2+3 to 3"
  b0: read f32[8]
  b1: read_write f32[8]
  b2: read_write f32[8]
  b3: read_write f32[5]
  [8]:
    b1[i0] = b0[i0] + 1f
  [8]:
    b2[i0] = b0[i0] + 1f
  [5]:
    b3[i0] = b3[i0] + 1f`,
    );
  });

  it('wait for each other where one touches what another writes', () => {
    expect(merged([addOne(0, 1), addOne(1, 2)])).toEqual(['[0 to 1]', '[1 to 2]']);
    expect(merged([addOne(0, 1), addOne(2, 0)])).toEqual(['[0 to 1]', '[2 to 0]']);
    expect(merged([addOne(0, 1), addOne(2, 1)])).toEqual(['[0 to 1]', '[2 to 1]']);
  });

  it('are put off until another joins them, never past what needs them', () => {
    expect(merged([addOne(0, 1), copy(5, 6), addOne(2, 3)])).toEqual([
      '5 to 6',
      '[0 to 1, 2 to 3]',
    ]);
    for (const between of [copy(1, 6), copy(6, 1), copy(6, 0)])
      expect(merged([addOne(0, 1), between, addOne(2, 3)])).toEqual([
        '[0 to 1]',
        ...textOf([between]),
        '[2 to 3]',
      ]);
  });

  it('keep their place where they stay alone', () => {
    expect(merged([addOne(0, 1), copy(5, 6)])).toEqual(['[0 to 1]', '5 to 6']);
  });

  it('bind no more buffers together than a device has', () => {
    const steps = [addOne(0, 1), addOne(2, 3), addOne(4, 5)];
    expect(merged(steps, 4)).toEqual(['[0 to 1, 2 to 3]', '[4 to 5]']);
  });

  it('do not join maps that update no variable, whose sizes may change', () => {
    const steps = [addOne(0, 1), addOne(2, 103), addOne(4, 5)];
    expect(merged(steps)).toEqual(['[2 to 103]', '[0 to 1, 4 to 5]']);
  });

  it('do not join large ones', () => {
    const steps = [addOne(0, 1), addOne(2, 3, maxPartElements + 1), addOne(4, 5)];
    expect(merged(steps)).toEqual(['[2 to 3]', '[0 to 1, 4 to 5]']);
  });
});

describe('an optimizer', () => {
  const shapes = [[64, 32], [32], [32, 10], [10], [5], [5], [3], [2]];

  /** Kernels of an update of eight variables on a device that binds ten buffers to a kernel. */
  function kernelsOf(optimizer: () => tf.train.Optimizer): number {
    const graph = new tf.Graph();
    const update = graph.asDefault(() => {
      const pairs = shapes.map((shape) => {
        const zeros = tf.initializers.zerosInitializer()(shape);
        return [tf.identity(tf.variable(zeros)), tf.variable(zeros)] as [tf.Tensor, tf.Variable];
      });
      return optimizer().applyGradients(pairs);
    });
    return tf.explain(graph, [update]).dispatches;
  }

  it('updates eight variables in few kernels', () => {
    expect({
      gradientDescent: kernelsOf(() => new tf.train.GradientDescentOptimizer(0.1)),
      momentum: kernelsOf(() => new tf.train.MomentumOptimizer(0.1, 0.9)),
      adam: kernelsOf(() => new tf.train.AdamOptimizer(1e-3)),
    }).toEqual({ gradientDescent: 2, momentum: 3, adam: 5 });
  });

  it('updates a layer where its gradient is computed, with all of its slots', () => {
    const graph = new tf.Graph();
    const train = graph.asDefault(() => {
      const x = tf.placeholder('float32', [8, 4], 'x');
      const w = tf.variable(tf.initializers.onesInitializer()([4, 3]), { name: 'w' });
      const loss = tf.reduceMean(tf.square(tf.matMul(x, w)));
      return new tf.train.AdamOptimizer(1e-3).minimize(loss);
    });
    const { kernels } = tf.explain(graph, [train], { x: [8, 4] });
    const update = kernels.find(({ nodes }) => nodes.some((node) => node.endsWith('ApplyAdam')));
    expect(update?.kind).toBe('contract');
    expect(kernels).toHaveLength(3);
  });

  it('leaves alone what would make more kernels of a kind than drivers compile in about a second', () => {
    const steps = Array.from({ length: 300 }, (_, i) => addOne(i, i));
    const merged = mergeMaps(steps, { maxBindings: 16, isVariable: () => true });
    const parts = merged.flatMap((step) =>
      step.kind === 'kernel' && step.kernel.kind === 'maps' ? [step.kernel.parts.length] : [],
    );
    expect(parts).toEqual([16, 16, 16, 16, 16]);
    expect(merged).toHaveLength(5 + 300 - 80);
  });
});
