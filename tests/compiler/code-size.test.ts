/** Fusion stops before a kernel's code takes a driver long to compile. */
import { describe, expect, it } from '@jest/globals';
import type { Tensor } from '../../src/graph/operation.js';
import * as tf from '../../src/index.js';
import { codeSize, maxCodeSize } from '../../src/ir/code-size.js';
import { add, constant, index, unary, type Expr } from '../../src/ir/expr.js';
import { kernelExprs } from '../../src/ir/kernel.js';
import type { Program } from '../../src/ir/program.js';
import { CompiledRunner } from '../support/run-compiled.js';
import { GpuRuntime } from '../../src/runtime/gpu/device.js';
import { compileGraph, inGraph, kernelsOf, placeholder, type Builder } from './compile-graph.js';

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const shifted = (b: Builder, type: string, x: Tensor, i: number): Tensor =>
  b.op(type, [b.op('Add', [x, 0.001 * i], {}, `shift${i}`)], {}, `term${i}`);

const sizesOf = (program: Program): number[] =>
  program.steps.map((step) => (step.kind === 'kernel' ? codeSize(kernelExprs(step.kernel)) : 0));

describe('the code of a kernel', () => {
  it('counts a sine as hundreds of additions, and what is shared once', () => {
    const x: Expr = { kind: 'load', type: 'f32', value: 0, index: [index(0)] };
    const sum = codeSize([add(x, constant('f32', 1))]);
    expect(codeSize([unary('sin', x)])).toBeGreaterThan(50 * sum);
    const sine = unary('sin', x);
    expect(codeSize([add(sine, sine)])).toBe(codeSize([sine]) + 1);
  });

  it.each(['Sin', 'Erf', 'Pow'])('is bounded in sums of many of %s', (type) => {
    for (const chain of [true, false]) {
      const program = inGraph((b) => {
        const x = placeholder(b, [64]);
        const terms = count(80).map((i) =>
          type === 'Pow' ? b.op('Pow', [x, 2.5 + i], {}, `term${i}`) : shifted(b, type, x, i),
        );
        const y = chain
          ? terms.reduce((sum, term, i) => b.op('Add', [sum, term], {}, `sum${i}`))
          : b.op('AddN', [terms], {}, 'sum');
        return compileGraph([y], [x]);
      });
      for (const size of sizesOf(program)) expect(size).toBeLessThanOrEqual(maxCodeSize);
      expect(program.steps.length).toBeLessThan(40);
    }
  });

  it('is no limit to cheap chains of a thousand ops', () => {
    const kernels = inGraph((b) => {
      const x = placeholder(b, [64]);
      let y = x;
      for (const i of count(1000)) y = b.op('Mul', [y, 1 + 0.001 * i], {}, `mul${i}`);
      return kernelsOf(compileGraph([y], [x]));
    });
    expect(kernels).toHaveLength(1);
  });
});

describe('a sum of sixty sines', () => {
  // As one kernel it kept llvmpipe busy for half a minute.
  it('is soon computed on a device', async () => {
    const { x, y } = new tf.Graph().asDefault(() => {
      const input = tf.placeholder('float32', [64]);
      return { x: input, y: tf.addN(count(60).map((i) => tf.sin(tf.add(input, 0.1 * i)))) };
    });
    const data = Float32Array.from(count(64), (i) => (i % 4 === 3 ? 1e5 : 0.1) * i);
    const runtime = await GpuRuntime.create({});
    try {
      const runner = new CompiledRunner(runtime, true);
      const feeds = new Map([[x, tf.ndArray('float32', [64], data)]]);
      const [result] = await runner.run({ fetches: [y], feeds });
      const got = Array.from(result?.data as Float32Array);
      for (const [i, value] of data.entries()) {
        const want = count(60).reduce(
          (sum, k) => sum + Math.sin(Math.fround(value + Math.fround(0.1 * k))),
          0,
        );
        expect(Math.abs((got[i] ?? NaN) - want)).toBeLessThan(2e-4);
      }
    } finally {
      await runtime.close();
    }
  }, 60_000);
});
