import { walk } from '../../src/ir/expr.js';
import { kernelExprs } from '../../src/ir/kernel.js';
import { printKernel } from '../../src/ir/print.js';
import type { Program } from '../../src/ir/program.js';
import { compileGraph, inGraph, kernelsOf, placeholder } from './compile-graph.js';

describe('fusion', () => {
  it('makes one kernel of a chain of elementwise ops', () => {
    const kernels = inGraph((b) => {
      const x = placeholder(b, [4, 5]);
      const y = b.op(
        'Tanh',
        [b.op('Mul', [b.op('Add', [x, 1], {}, 'add'), x], {}, 'mul')],
        {},
        'tanh',
      );
      return kernelsOf(compileGraph([y], [x]));
    });
    expect(kernels).toEqual(['map: add + mul + tanh']);
  });

  it('folds a bias and an activation into the product that they follow', () => {
    const kernels = inGraph((b) => {
      const x = placeholder(b, [8, 4]);
      const w = placeholder(b, [4, 3], 'w');
      const c = placeholder(b, [3], 'c');
      const product = b.op('MatMul', [x, w], {}, 'product');
      const y = b.op('Relu', [b.op('BiasAdd', [product, c], {}, 'bias')], {}, 'relu');
      return kernelsOf(compileGraph([y], [x, w, c]));
    });
    expect(kernels).toEqual(['contract: product + bias + relu']);
  });

  it('reads a square through the reduction that sums it', () => {
    const kernels = inGraph((b) => {
      const x = placeholder(b, [8, 6]);
      const y = b.op('Sum', [b.op('Square', [x], {}, 'square'), [1]], {}, 'sum');
      return kernelsOf(compileGraph([y], [x]));
    });
    expect(kernels).toEqual(['reduce: square + sum']);
  });

  it('makes nothing of reshapes and transposes but other indices', () => {
    const program = inGraph((b) => {
      const x = placeholder(b, [6, 4]);
      const turned = b.op('Transpose', [b.op('Reshape', [x, [4, 6]]), [1, 0]], {}, 'turned');
      return compileGraph([b.op('Neg', [b.op('Reshape', [turned, [24]])], {}, 'neg')], [x]);
    });
    const [step] = program.steps;
    expect(program.steps).toHaveLength(1);
    expect(step?.kind === 'kernel' ? printKernel(step.kernel) : '').toBe(
      `map [24] "turned+neg"
  b0: read f32[24]
  b1: read_write f32[24]
  b1[i0] = -b0[i0 % 4 * 6 + i0 / 4]`,
    );
  });

  it('computes a costly value with two distant readers once', () => {
    const program = inGraph((b) => {
      const x = placeholder(b, [64, 32]);
      const y = b.op('Erf', [x], {}, 'erf');
      const rows = b.op('Sum', [y, [1]], {}, 'rows');
      const columns = b.op('Sum', [y, [0]], {}, 'columns');
      return compileGraph([rows, columns], [x]);
    });
    const erfs = countFunctions(program, 'erf');
    expect(erfs).toBe(1);
    expect(kernelsOf(program)).toHaveLength(3);
  });

  it('binds no more buffers than the device has', () => {
    const program = inGraph((b) => {
      const xs = Array.from({ length: 12 }, (_, i) => placeholder(b, [4], `x${i}`));
      return compileGraph([b.op('AddN', [xs], {}, 'sum')], xs, [], { maxBindings: 16 });
    });
    expect(kernelsOf(program)).toHaveLength(1);
    const narrow = inGraph((b) => {
      const xs = Array.from({ length: 12 }, (_, i) => placeholder(b, [4], `x${i}`));
      const y = xs.reduce((sum, x, i) => b.op('Add', [sum, x], {}, `add${i}`));
      return compileGraph([y], xs, [], { maxBindings: 4 });
    });
    for (const step of narrow.steps)
      if (step.kind === 'kernel') expect(step.buffers.length).toBeLessThanOrEqual(4);
  });

  it('does not order a group before what it needs', () => {
    // c joins a's group; d needs both, b stands between.
    const kernels = inGraph((b) => {
      const x = placeholder(b, [4, 4]);
      const a = b.op('MatMul', [x, x], {}, 'a');
      const m = b.op('MatMul', [a, x], {}, 'b');
      const y = b.op('Add', [a, m], {}, 'c');
      return kernelsOf(compileGraph([y, a], [x]));
    });
    expect(kernels).toEqual(['contract: a', 'contract: b + c']);
  });

  it('gives every op a kernel of its own when it is off', () => {
    const kernels = inGraph((b) => {
      const x = placeholder(b, [4]);
      const y = b.op('Neg', [b.op('Exp', [x], {}, 'exp')], {}, 'neg');
      return kernelsOf(compileGraph([y], [x], [], { fuse: false }));
    });
    expect(kernels).toEqual(['map: exp', 'map: neg']);
  });

  it('needs no kernel for what is known at compile time', () => {
    const program = inGraph((b) => {
      const x = placeholder(b, [4, 6]);
      const size = b.op('Prod', [b.op('Shape', [x]), 0], {}, 'size');
      return compileGraph([size], [x]);
    });
    expect(program.steps).toEqual([]);
    expect(program.fetches).toEqual([
      { kind: 'constant', data: { dtype: 'int32', shape: [], data: Int32Array.of(24) } },
    ]);
  });
});

function countFunctions(program: Program, fn: string): number {
  let count = 0;
  for (const step of program.steps) {
    if (step.kind !== 'kernel') continue;
    walk(kernelExprs(step.kernel), (node) => {
      if (node.kind === 'unary' && node.fn === fn) count++;
    });
  }
  return count;
}
