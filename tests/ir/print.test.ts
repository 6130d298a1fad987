import {
  acc,
  add,
  and,
  bitcast,
  call,
  cast,
  constant,
  div,
  fold,
  index,
  int,
  load,
  lt,
  max,
  mul,
  neg,
  select,
  stage,
  sub,
  unary,
  type Expr,
} from '../../src/ir/expr.js';
import type { Kernel } from '../../src/ir/kernel.js';
import { printExpr, printKernel, printProgram } from '../../src/ir/print.js';
import type { Program } from '../../src/ir/program.js';
import { rowScatter } from '../runtime/scatter-kernel.js';

const i0 = index(0);
const i1 = index(1);
const f = (value: number): Expr => constant('f32', value);
const read = (binding: number, at: Expr): Expr => ({ kind: 'read', type: 'f32', binding, at });

describe('printExpr', () => {
  it.each<[string, Expr]>([
    ['i0 + i1 * 3', add(i0, mul(i1, int(3)))],
    ['(i0 + i1) * 3', mul(add(i0, i1), int(3))],
    ['i0 - (i1 - 1)', sub(i0, sub(i1, int(1)))],
    ['i0 - i1 - 1', sub(sub(i0, i1), int(1))],
    ['-(i0 + 1)', neg(add(i0, int(1)))],
    ['-(-1)', neg(int(-1))],
    ['max(i0, i1)', max(i0, i1)],
    ['i0 < 3 & i1 < 4', and(lt(i0, int(3)), lt(i1, int(4)))],
    ['i0 < 3 ? 1f : 0f', select(lt(i0, int(3)), f(1), f(0))],
    ['(i0 < 3 ? 1 : 0) + 2', add(select(lt(i0, int(3)), int(1), int(0)), int(2))],
    ['f32(i0) / 2f', div(cast('f32', i0), f(2))],
    ['bits_u32(1f)', bitcast('u32', f(1))],
    ['%7[i0, 0]', load(7, 'f32', [i0, int(0)])],
    ['b2[i0]', read(2, i0)],
    ['exp(s0) + acc', add(unary('exp', stage(0, 'f32')), acc('f32'))],
    ['philox(1u)', call('philox', [constant('u32', 1)])],
  ])('prints %s', (text, expr) => {
    expect(printExpr(expr)).toBe(text);
  });

  it.each<[string, Expr]>([
    ['0.1f', f(0.1)],
    ['16777216f', f(2 ** 24)],
    ['0.041666667f', f(1 / 24)],
    ['inff', f(Infinity)],
    ['-0f', f(-0)],
    ['nand', constant('f64', NaN)],
    ['7L', constant('i64', 7)],
    ['true', constant('bool', true)],
  ])('prints the constant %s in as few digits as its type needs', (text, expr) => {
    expect(printExpr(expr)).toBe(text);
  });

  it('gives a node used twice a name', () => {
    const t = unary('exp', read(0, i0));
    expect(printExpr(div(t, add(t, f(1))))).toBe('t0 = exp(b0[i0])\nt0 / (t0 + 1f)');
  });

  it('numbers loop variables by appearance, so that text does not depend on history', () => {
    const sum = (): string => printExpr(fold('sum', 3, (j) => fold('max', 2, (k) => add(j, k))));
    expect(sum()).toBe('sum(j1 < 3: max(j0 < 2: j1 + j0))');
    expect(sum()).toBe(sum());
  });

  it('prints chains of a hundred thousand nodes without running out of stack', () => {
    let expr = read(0, i0);
    for (let i = 0; i < 100_000; i++) expr = neg(expr);
    expect(printExpr(expr)).toHaveLength('b0[i0]'.length + '-'.length + 99_999 * '-()'.length);
  });
});

const contract: Kernel = {
  kind: 'contract',
  label: 'dense',
  type: 'f32',
  batch: 1,
  m: 2,
  n: 3,
  k: 4,
  bindings: [
    { access: 'read', storage: 'f32', length: 8 },
    { access: 'read', storage: 'f32', length: 12 },
    { access: 'read_write', storage: 'f32', length: 6 },
  ],
  a: read(0, add(mul(i1, int(4)), index(3))),
  b: read(1, add(mul(index(3), int(3)), index(2))),
  stores: [{ binding: 2, at: add(mul(i1, int(3)), index(2)), value: max(acc('f32'), f(0)) }],
};

const reduce: Kernel = {
  kind: 'reduce',
  label: 'mean',
  shape: [2],
  inner: [5],
  bindings: [
    { access: 'read', storage: 'f32', length: 10 },
    { access: 'read_write', storage: 'f32', length: 2 },
  ],
  stages: [{ combine: 'sum', type: 'f32', value: read(0, add(mul(i0, int(5)), i1)) }],
  rowStores: [{ binding: 1, at: i0, value: div(stage(0, 'f32'), f(5)) }],
  elementStores: [],
};

describe('printKernel', () => {
  it('prints a contraction with its axes by name', () => {
    expect(printKernel(contract)).toBe(
      `contract f32 batch 1 m 2 n 3 k 4 "dense"
  b0: read f32[8]
  b1: read f32[12]
  b2: read_write f32[6]
  a = b0[m * 4 + k]
  b = b1[k * 3 + n]
  b2[m * 3 + n] = max(acc, 0f)`,
    );
  });

  it('prints a reduction with its stages, and the buffers behind its bindings', () => {
    expect(printKernel(reduce, ['#4 "x"'])).toBe(
      `reduce rows [2] inner [5] "mean"
  b0: read f32[10] = #4 "x"
  b1: read_write f32[2]
  s0: f32 = sum of b0[i0 * 5 + i1]
  each row:
    b1[i0] = s0 / 5f`,
    );
  });

  it('prints a scatter with what fills the result, and what joins it where', () => {
    const scatter = rowScatter({ rows: 4, width: 3, updates: 5, round: 'roundF16' });
    expect(printKernel(scatter)).toBe(
      `scatter [5,3] into [4,3] "sum of rows"
  b0: read i32[5]
  b1: read f32[15]
  b2: read_write f32[12]
  each element:
    b2[i2 * 3 + i3] = 0f
  each update:
    b2[b0[i0] * 3 + i1] = sum with b1[i0 * 3 + i1], roundF16`,
    );
  });
});

describe('printProgram', () => {
  it('prints everything a run needs, in the order of a run', () => {
    const buffer = { place: 'host', dtype: 'float32', storage: 'f32' } as const;
    const program: Program = {
      buffers: [
        { ...buffer, role: { kind: 'feed', feed: 0 }, shape: [2, 5], byteLength: 40, label: 'x' },
        { ...buffer, role: { kind: 'temp', slot: 0 }, shape: [2], byteLength: 8, label: 'mean' },
      ],
      steps: [{ kind: 'kernel', place: 'host', kernel: reduce, buffers: [0, 1], nodes: ['mean'] }],
      feeds: [{ name: 'x:0', dtype: 'float32', shape: [2, 5] }],
      variables: [],
      fetches: [{ kind: 'buffer', buffer: 1, dtype: 'float32', shape: [2] }],
      random: [],
      slots: [{ byteLength: 8, place: 'host' }],
    };
    expect(printProgram(program)).toBe(
      `feeds:
  0: x:0 float32 [2,5]
buffers:
  #0: host f32 float32 [2,5] 40 bytes, feed 0 "x"
  #1: host f32 float32 [2] 8 bytes, slot 0 "mean"
slots:
  0: host 8 bytes
steps:
  0: host reduce rows [2] inner [5] "mean"
      b0: read f32[10] = #0 "x"
      b1: read_write f32[2] = #1 "mean"
      s0: f32 = sum of b0[i0 * 5 + i1]
      each row:
        b1[i0] = s0 / 5f
fetches:
  0: #1 as float32 [2]`,
    );
  });
});
