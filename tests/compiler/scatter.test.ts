/** Which scatters become kernels of their own kind, what fuses with them, and what they cost. */
import { explainProgram } from '../../src/compiler/explain.js';
import type { Tensor } from '../../src/graph/operation.js';
import { printKernel } from '../../src/ir/print.js';
import type { Program } from '../../src/ir/program.js';
import {
  compileGraph,
  inGraph,
  kernelsOf,
  placeholder,
  type Builder,
  type CompileOptions,
} from './compile-graph.js';

interface Sizes {
  readonly rows: number;
  readonly width: number;
  readonly updates: number;
}
const large: Sizes = { rows: 50_000, width: 64, updates: 1024 };
const small: Sizes = { rows: 50, width: 8, updates: 32 };

/** The sum of rows by id, with whatever is built around it. */
const sumOfRows = (
  { rows, width, updates }: Sizes,
  around: {
    readonly data?: (b: Builder, data: Tensor) => Tensor;
    readonly ids?: (b: Builder, ids: Tensor) => Tensor;
    readonly then?: (b: Builder, sum: Tensor) => Tensor;
    readonly dtype?: string;
    readonly ids64?: boolean;
  } = {},
  options: CompileOptions = {},
): Program =>
  inGraph((b) => {
    const data = placeholder(b, [updates, width], 'data', around.dtype);
    const ids = placeholder(b, [updates], 'ids', around.ids64 === true ? 'int64' : 'int32');
    const made = around.data?.(b, data) ?? data;
    const places = around.ids?.(b, ids) ?? ids;
    const sum = b.op('UnsortedSegmentSum', [made, places, rows], {}, 'sum');
    return compileGraph([around.then?.(b, sum) ?? sum], [data, ids], [], options);
  });

const printed = ({ steps: [step] }: Program): string =>
  step?.kind === 'kernel' ? printKernel(step.kernel) : '';

describe('a scatter', () => {
  it('is a kernel over its updates, whatever the number of rows', () => {
    expect(printed(sumOfRows(large))).toBe(
      `scatter [1024,64] into [3200000] "sum"
  b0: read i32[1024]
  b1: read f32[65536]
  b2: read_write f32[3200000]
  each element:
    b2[i2] = 0f
  each update:
    t0 = b0[i0]
    b2[t0 >= 0 & t0 < 50000 ? t0 * 64 + i1 : -1] = sum with b1[i0 * 64 + i1]`,
    );
  });

  it('is a reduction of each result on a device where that is little work', () => {
    expect(kernelsOf(sumOfRows(small))).toEqual(['reduce: sum']);
    expect(kernelsOf(sumOfRows(small, {}, { hasDevice: false }))).toEqual(['scatter: sum']);
  });

  it('is a reduction on a device where many updates would meet at few results', () => {
    expect(kernelsOf(sumOfRows({ rows: 5, width: 64, updates: 10_000 }))).toEqual(['reduce: sum']);
    expect(kernelsOf(sumOfRows({ rows: 200, width: 1, updates: 100_000 }))).toEqual([
      'reduce: sum',
    ]);
  });

  it('computes its updates and its ids from what they come from', () => {
    const program = sumOfRows(large, {
      data: (b, data) => b.op('Mul', [b.op('Tanh', [data], {}, 'tanh'), 0.5], {}, 'half'),
      ids: (b, ids) => b.op('Maximum', [ids, 3], {}, 'most'),
    });
    expect(kernelsOf(program)).toEqual(['scatter: most + tanh + half + sum']);
  });

  it('leaves what follows it to a kernel of its own', () => {
    const then = (b: Builder, sum: Tensor): Tensor => b.op('Neg', [sum], {}, 'neg');
    expect(kernelsOf(sumOfRows(large, { then }))).toEqual(['scatter: sum', 'map: neg']);
    expect(kernelsOf(sumOfRows(small, { then }))).toEqual(['reduce: sum + neg']);
  });

  it('without updates is what the elements hold anyway', () => {
    const program = sumOfRows({ ...small, updates: 0 }, {}, { hasDevice: false });
    expect(printed(program)).toBe(`map [400] "sum"
  b0: read_write f32[400]
  b0[i0] = 0f`);
  });

  it('without results is no kernel', () => {
    expect(kernelsOf(sumOfRows({ ...small, width: 0 }))).toEqual([]);
    expect(kernelsOf(sumOfRows({ ...small, rows: 0 }, {}, { hasDevice: false }))).toEqual([]);
  });

  it('rounds every step of a narrow type', () => {
    expect(printed(sumOfRows(large, { dtype: 'float16' }))).toContain(', roundF16');
    expect(printed(sumOfRows(large, { dtype: 'int8' }))).toContain(', wrapI8');
  });

  it('compares 64-bit ids before it makes them 32-bit places', () => {
    expect(printed(sumOfRows(small, { ids64: true }, { hasDevice: false }))).toContain(
      '>= 0L & t1 < 50L ? i32(t1) * 8 + i1 : -1',
    );
  });

  it('counts as a fill and its updates', () => {
    const { dispatches, kernels } = explainProgram(sumOfRows(large));
    const [kernel] = kernels;
    const { rows, width, updates } = large;
    expect(dispatches).toBe(2);
    expect(kernel).toMatchObject({
      kind: 'scatter',
      shape: [rows * width],
      reduced: [updates, width],
      flops: updates * width,
      bytesRead: 4 * (updates + 2 * updates * width),
      bytesWritten: 4 * rows * width,
    });
  });
});

describe('ScatterNd', () => {
  const scattered = (options: CompileOptions): Program =>
    inGraph((b) => {
      const indices = placeholder(b, [9, 2], 'indices', 'int32');
      const updates = placeholder(b, [9, 4], 'updates');
      const sum = b.op('ScatterNd', [indices, updates, [5, 6, 4]], {}, 'sum');
      return compileGraph([sum], [indices, updates], [], options);
    });

  it('checks every number of an index vector', () => {
    expect(printed(scattered({ hasDevice: false }))).toMatchInlineSnapshot(`
     "scatter [9,4] into [120] "sum"
       b0: read i32[18]
       b1: read f32[36]
       b2: read_write f32[120]
       each element:
         b2[i2] = 0f
       each update:
         t0 = b0[i0 * 2 + 1]
         t1 = b0[i0 * 2]
         t2 = check(t1, t1 >= 0 & t1 < 5 & t0 >= 0 & t0 < 6)
         b2[t2 >= 0 & t2 < 5 & t0 >= 0 & t0 < 6 ? t2 * 24 + t0 * 4 + i1 : -1] = sum with b1[i0 * 4 + i1]"
    `);
    expect(kernelsOf(scattered({}))).toEqual(['reduce: sum']);
  });
});
