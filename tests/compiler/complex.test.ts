/** How complex values become real kernels: fusion is that of real ones, and no printer hears of them. */
import { add, complex, index, int, mul, type Expr } from '../../src/ir/expr.js';
import type { ContractKernel, MapKernel, Store } from '../../src/ir/kernel.js';
import { printKernel } from '../../src/ir/print.js';
import type { Program } from '../../src/ir/program.js';
import { verifyKernel } from '../../src/ir/verify-kernel.js';
import { explainProgram } from '../../src/compiler/explain.js';
import { splitComplex } from '../../src/compiler/split-complex.js';
import type { Tensor } from '../../src/graph/operation.js';
import { compileGraph, inGraph, kernelsOf, placeholder, type Builder } from './compile-graph.js';

const complexInput = (b: Builder, shape: readonly number[], name = 'x'): Tensor =>
  placeholder(b, shape, name, 'complex64');

const printed = (program: Program): string[] =>
  program.steps.map((step) => (step.kind === 'kernel' ? printKernel(step.kernel) : step.kind));

const read = (binding: number, at: Expr, type: Expr['type'] = 'c64'): Expr => ({
  kind: 'read',
  type,
  binding,
  at,
});

const mapKernel = (shape: readonly number[], stores: readonly Store[]): MapKernel => ({
  kind: 'map',
  label: 'test',
  bindings: [
    { access: 'read', storage: 'f32', length: 64 },
    { access: 'read_write', storage: 'f32', length: 64 },
  ],
  shape,
  stores,
});

describe('complex work', () => {
  it('fuses like real work: a chain is one kernel', () => {
    const kernels = inGraph((b) => {
      const x = complexInput(b, [4, 5]);
      const y = b.op('Mul', [b.op('Exp', [x], {}, 'exp'), x], {}, 'mul');
      const size = b.op('ComplexAbs', [y], {}, 'size');
      return kernelsOf(compileGraph([y, size], [x]));
    });
    expect(kernels).toEqual(['map: exp + mul + size']);
  });

  it('reads what a reduction sums through it, one stage per part', () => {
    const program = inGraph((b) => {
      const x = complexInput(b, [8, 6]);
      return compileGraph([b.op('Sum', [b.op('Conj', [x], {}, 'conj'), [1]], {}, 'sum')], [x]);
    });
    expect(printed(program)).toEqual([
      `reduce rows [8] inner [6] "conj+sum"
  b0: read f32[96]
  b1: read_write f32[16]
  s0: f32 = sum of b0[i0 * 12 + i1 * 2]
  s1: f32 = sum of -b0[i0 * 12 + i1 * 2 + 1]
  each row:
    b1[i0 * 2] = s0
    b1[i0 * 2 + 1] = s1`,
    ]);
  });

  it('makes of a product a real one of twice the columns and terms', () => {
    const program = inGraph((b) => {
      const x = complexInput(b, [4, 3]);
      const w = complexInput(b, [3, 5], 'w');
      return compileGraph([b.op('MatMul', [x, w], {}, 'product')], [x, w]);
    });
    expect(printed(program)).toEqual([
      `contract f32 batch 1 m 4 n 10 k 6 "product"
  b0: read f32[24]
  b1: read f32[30]
  b2: read_write f32[40]
  a = b0[m * 6 + k]
  t0 = b1[k / 2 * 10 + n / 2 * 2 + (n + k) % 2]
  b = n % 2 == 0 & k % 2 == 1 ? -t0 : t0
  b2[m * 10 + n] = acc`,
    ]);
    const [kernel] = explainProgram(program).kernels;
    // Four products and four sums each, and the negations of half of b.
    expect(kernel?.flops).toBeGreaterThanOrEqual(8 * 4 * 5 * 3);
    expect(kernel?.bytesWritten).toBe(8 * 4 * 5);
  });

  it('keeps its hands off a complex product, whose parts lie in different elements', () => {
    const kernels = inGraph((b) => {
      const x = complexInput(b, [4, 3]);
      const w = complexInput(b, [3, 5], 'w');
      const product = b.op('MatMul', [x, w], {}, 'product');
      return kernelsOf(compileGraph([b.op('Square', [product], {}, 'square')], [x, w]));
    });
    expect(kernels).toEqual(['contract: product', 'map: square']);
  });

  it('makes of copies and sums real work on twice the elements', () => {
    const program = inGraph((b) => {
      const x = complexInput(b, [4, 6]);
      const turned = b.op('Transpose', [x, [1, 0]], {}, 'turned');
      const y = b.op('Add', [turned, b.op('Neg', [turned], {}, 'neg')], {}, 'add');
      return compileGraph([y, b.op('Sub', [x, x], {}, 'sub')], [x]);
    });
    expect(printed(program)).toEqual([
      `map [6,8] "turned+neg+add"
  b0: read f32[48]
  b1: read_write f32[48]
  t0 = b0[i1 / 2 * 12 + i0 * 2 + i1 % 2]
  b1[i0 * 8 + i1] = t0 + -t0`,
      `map [48] "sub"
  b0: read f32[48]
  b1: read_write f32[48]
  b1[i0] = b0[i0] - b0[i0]`,
    ]);
  });

  it('updates a variable in place', () => {
    const program = inGraph((b) => {
      const v = b.op('VariableV2', [], { dtype: 'complex64', shape: [7] }, 'v');
      const x = complexInput(b, [7]);
      const step = b.op('AssignAdd', [v, b.op('Mul', [x, x])]);
      return compileGraph([], [x], [step.op]);
    });
    expect(program.steps.map((step) => step.kind)).toEqual(['kernel']);
    const [v] = explainProgram(program).variables;
    expect(v).toMatchObject({ dtype: 'complex64', shape: [7], byteLength: 56, place: 'device' });
  });

  it('is done on the host where it takes 64-bit floats', () => {
    const program = inGraph((b) => {
      const x = placeholder(b, [3], 'x', 'complex128');
      return compileGraph([b.op('Exp', [x])], [x]);
    });
    expect(explainProgram(program).kernels.map((kernel) => kernel.place)).toEqual(['host']);
  });
});

describe('splitComplex', () => {
  it('hands back a kernel without complex values as it is', () => {
    const kernel = mapKernel([8], [{ binding: 1, at: index(0), value: read(0, index(0), 'f32') }]);
    expect(splitComplex(kernel)).toBe(kernel);
  });

  it('leaves what the verifier of kernels accepts, which it did not before', () => {
    const x = read(0, index(0));
    const kernel = mapKernel([8], [{ binding: 1, at: index(0), value: mul(x, x) }]);
    expect(() => verifyKernel(kernel)).toThrow(/c64/);
    expect(() => verifyKernel(splitComplex(kernel))).not.toThrow();
  });

  it('shares what both parts need', () => {
    const x = read(0, index(0));
    const square = mul(x, x);
    const split = splitComplex(
      mapKernel([8], [{ binding: 1, at: index(0), value: mul(square, square) }]),
    );
    expect(printKernel(split)).toBe(
      `map [8] "test"
  b0: read f32[64]
  b1: read_write f32[64]
  t0 = b0[i0 * 2 + 1]
  t1 = b0[i0 * 2]
  t2 = t1 * t0
  t3 = t2 + t2
  t4 = t1 * t1 - t0 * t0
  b1[i0 * 2] = t4 * t4 - t3 * t3
  t5 = t4 * t3
  b1[i0 * 2 + 1] = t5 + t5`,
    );
  });

  it('refuses an epilogue of a product, and an order of complex numbers', () => {
    const x = read(0, index(0));
    const contract: ContractKernel = {
      ...mapKernel([], []),
      kind: 'contract',
      type: 'c64',
      batch: 1,
      m: 2,
      n: 2,
      k: 2,
      a: read(0, index(1)),
      b: read(0, index(2)),
      stores: [{ binding: 1, at: int(0), value: add({ kind: 'acc', type: 'c64' }, x) }],
    };
    expect(() => splitComplex(contract)).toThrow(/epilogue/);
    const larger: Expr = { kind: 'binary', type: 'c64', fn: 'max', a: x, b: complex(x, x) };
    expect(() =>
      splitComplex(mapKernel([8], [{ binding: 1, at: index(0), value: larger }])),
    ).toThrow(/no max|complex/);
  });
});
