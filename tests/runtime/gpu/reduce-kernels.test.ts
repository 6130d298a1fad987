/** Reduce kernels on the device against the host's engine, in both strategies and both vector axes. */
import { describe, expect, it } from '@jest/globals';
import {
  add,
  binary,
  cast,
  constant,
  div,
  eq,
  gt,
  index,
  int,
  max,
  mul,
  select,
  stage,
  sub,
  unary,
  type Combiner,
  type Expr,
} from '../../../src/ir/expr.js';
import type { Binding, ReduceKernel } from '../../../src/ir/kernel.js';
import { printReduce } from '../../../src/runtime/gpu/wgsl-reduce.js';
import { f32, hardwareCaps, read, runKernel } from './gpu-harness.js';
import { expectSameOnHost } from './kernel-oracle.js';

const input = (length: number, storage: Binding['storage'] = 'f32'): Binding => ({
  access: 'read',
  storage,
  length,
});
const output = (length: number, storage: Binding['storage'] = 'f32'): Binding => ({
  access: 'read_write',
  storage,
  length,
});
const at = (...terms: (readonly [Expr, number])[]): Expr =>
  terms.map(([axis, stride]) => mul(axis, int(stride))).reduce(add);

/** Combines each row of a matrix. */
function rows(combine: Combiner, m: number, n: number): ReduceKernel {
  const value = read(0, at([index(0), n], [index(1), 1]));
  return {
    kind: 'reduce',
    label: `${combine} of rows`,
    bindings: [input(m * n), output(m)],
    shape: [m],
    inner: [n],
    stages: [{ combine, type: 'f32', value }],
    rowStores: [{ binding: 1, at: index(0), value: stage(0, 'f32') }],
    elementStores: [],
  };
}

/** Combines each column. */
function columns(combine: Combiner, m: number, n: number): ReduceKernel {
  const value = read(0, at([index(1), n], [index(0), 1]));
  return { ...rows(combine, n, m), stages: [{ combine, type: 'f32', value }] };
}

/** Softmax of each row, with the row's logarithm of the sum on the side. */
function softmax(m: number, n: number): ReduceKernel {
  const place = at([index(0), n], [index(1), 1]);
  const shifted = unary('exp', sub(read(0, place), stage(0, 'f32')));
  return {
    kind: 'reduce',
    label: 'softmax',
    bindings: [input(m * n), output(m), output(m * n)],
    shape: [m],
    inner: [n],
    stages: [
      { combine: 'max', type: 'f32', value: read(0, place) },
      { combine: 'sum', type: 'f32', value: shifted },
    ],
    rowStores: [
      { binding: 1, at: index(0), value: add(stage(0, 'f32'), unary('log', stage(1, 'f32'))) },
    ],
    elementStores: [{ binding: 2, at: place, value: div(shifted, stage(1, 'f32')) }],
  };
}

/** First place of each row's largest value. */
function argMax(m: number, n: number): ReduceKernel {
  const value = read(0, at([index(0), n], [index(1), 1]));
  const place = select(eq(value, stage(0, 'f32')), index(1), int(0x7fffffff));
  return {
    ...rows('max', m, n),
    bindings: [input(m * n), output(m, 'i32')],
    stages: [
      { combine: 'max', type: 'f32', value },
      { combine: 'min', type: 'i32', value: place },
    ],
    rowStores: [{ binding: 1, at: index(0), value: stage(1, 'i32') }],
  };
}

const sizes: readonly (readonly [number, number])[] = [
  [1, 1],
  [5, 7],
  [3, 64],
  [64, 3],
  [8, 260],
  [3, 1000],
  [2, 4099],
  [40, 300],
  [256, 12],
  [1, 20000],
];

describe('reductions on the device', () => {
  it.each(sizes)('sums rows of %d x %d', async (m, n) => {
    await expectSameOnHost(rows('sum', m, n));
  });
  it.each(sizes)('sums columns of %d x %d', async (m, n) => {
    await expectSameOnHost(columns('sum', m, n));
  });
  it.each(sizes)('finds the largest of rows and columns of %d x %d', async (m, n) => {
    await expectSameOnHost(rows('max', m, n));
    await expectSameOnHost(columns('min', m, n));
  });
  it.each(sizes)('computes the softmax of %d x %d', async (m, n) => {
    await expectSameOnHost(softmax(m, n), 1e-5);
  });
  it.each(sizes)('finds the first largest of %d x %d', async (m, n) => {
    await expectSameOnHost(argMax(m, n));
  });
  it.each([
    [4, 5, 6, 8],
    [2, 30, 3, 40],
    [40, 30, 3, 40],
  ])('sums over the outer and inner axes of %d x %d x %d x %d', async (a, b, c, d) => {
    const place = at([index(2), b * c * d], [index(0), c * d], [index(1), d], [index(3), 1]);
    await expectSameOnHost({
      ...rows('sum', 1, 1),
      bindings: [input(a * b * c * d), output(b * c)],
      shape: [b, c],
      inner: [a, d],
      stages: [{ combine: 'sum', type: 'f32', value: read(0, place) }],
      rowStores: [{ binding: 1, at: at([index(0), c], [index(1), 1]), value: stage(0, 'f32') }],
    });
  });
  it.each([
    [6, 5],
    [2, 2000],
    [64, 400],
  ])('asks whether any and all of %d x %d hold', async (m, n) => {
    const holds = gt(read(0, at([index(0), n], [index(1), 1])), constant('f32', 7.6));
    await expectSameOnHost({
      ...rows('sum', m, n),
      bindings: [input(m * n), output(m, 'u32'), output(m, 'u32')],
      stages: [
        { combine: 'or', type: 'bool', value: holds },
        { combine: 'and', type: 'bool', value: unary('not', holds) },
      ],
      rowStores: [
        { binding: 1, at: index(0), value: stage(0, 'bool') },
        { binding: 2, at: index(0), value: stage(1, 'bool') },
      ],
    });
  });
  it('stores a row over what its elements read, after they have', async () => {
    const n = 2000;
    const place = at([index(0), n], [index(1), 1]);
    const centred = sub(read(0, place), read(1, index(0)));
    await expectSameOnHost({
      ...rows('sum', 2, n),
      bindings: [input(2 * n), output(2), output(2 * n)],
      rowStores: [{ binding: 1, at: index(0), value: add(read(1, index(0)), stage(0, 'f32')) }],
      elementStores: [{ binding: 2, at: place, value: centred }],
    });
  });
  it.each([
    [3, 0],
    [40, 0],
  ])('gives the identity of %d empty rows', async (m) => {
    const of = async (combine: Combiner): Promise<number | undefined> => {
      const kernel = { ...rows(combine, m, 0), bindings: [input(1), output(m)] };
      return (await runKernel(kernel, [f32([7])], [{ dtype: 'float32', shape: [m] }]))[0]?.[m - 1];
    };
    expect(await of('max')).toBe(-Infinity);
    expect(await of('min')).toBe(Infinity);
    expect(await of('sum')).toBe(0);
    expect(await of('prod')).toBe(1);
  });
  it.each([
    [2, 1000],
    [64, 300],
    [100, 6],
  ])('carries NaN through the largest of %d x %d', async (m, n) => {
    const values = Array.from({ length: m * n }, (_, i) => (i === n + 3 ? NaN : i % 5));
    for (const combine of ['max', 'min'] as const) {
      const kernel = rows(combine, m, n);
      const [result = []] = await runKernel(
        kernel,
        [f32(values)],
        [{ dtype: 'float32', shape: [m] }],
      );
      expect(result.slice(0, 2)).toEqual([combine === 'max' ? 4 : 0, NaN]);
    }
  });
});

describe('printReduce', () => {
  it('gives each long row a workgroup', () => {
    const { code, workgroupCount } = printReduce(rows('sum', 3, 4096), hardwareCaps);
    expect(workgroupCount).toEqual([3, 1, 1]);
    expect(code).toMatchInlineSnapshot(`
     "// sum of rows
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
     var<workgroup> shared_f32: array<f32, 256>;
     @compute @workgroup_size(256)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x);
       let i0 = row;
       var p0 = vec4<f32>(0.0f);
       let t0 = i0 * 4096;
       for (var at = i32(lid); at < 1024; at += 256) {
         let i1 = at * 4;
         let t1 = b0[(t0 + (i1 * 1)) >> 2u];
         p0 = p0 + t1;
       }
       let p0a = p0.x + p0.y;
       let p0b = p0.z + p0.w;
       shared_f32[lid] = p0a + p0b;
       workgroupBarrier();
       for (var half = 128u; half > 0u; half >>= 1u) {
         if (lid < half) { shared_f32[lid] = shared_f32[lid] + shared_f32[lid + half]; }
         workgroupBarrier();
       }
       let s0 = shared_f32[0];
       if (lid == 0u) {
         b1[i0] = s0;
       }
     }
     "
    `);
  });
  it('gives each invocation four columns', () => {
    const mean = columns('sum', 10, 4096);
    const value = mul(stage(0, 'f32'), constant('f32', 0.1));
    const store = { binding: 1, at: index(0), value: max(value, cast('f32', int(0))) };
    const { code } = printReduce({ ...mean, rowStores: [store] }, hardwareCaps);
    expect(code.slice(code.indexOf('fn main'))).toMatchInlineSnapshot(`
     "fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x) * 64 + i32(lid);
       if (row >= bound) { return; }
       let i0 = row * 4;
       var p0 = vec4<f32>(0.0f);
       let t0 = i0 * 1;
       for (var i1 = 0; i1 < 10; i1++) {
         let t1 = b0[((i1 * 4096) + t0) >> 2u];
         p0 = p0 + t1;
       }
       let s0 = p0;
       let t2 = 0;
       let t3 = max_4((s0 * vec4<f32>(0.10000000149011612f)), (vec4<f32>(f32(t2))));
       b1[i0 >> 2u] = t3;
     }
     "
    `);
  });
  it('gives each short row an invocation', () => {
    const kernel = softmax(100, 8);
    const { code } = printReduce(kernel, hardwareCaps);
    expect(code.slice(code.indexOf('fn main'))).toMatchInlineSnapshot(`
     "fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x) * 64 + i32(lid);
       if (row >= bound) { return; }
       let i0 = row;
       var p0 = vec4<f32>(bitcast<f32>(neg_inf_bits));
       let t0 = i0 * 8;
       for (var i1 = 0; i1 < 8; i1 += 4) {
         let t1 = t0 + (i1 * 1);
         let t2 = b0[t1 >> 2u];
         p0 = max_4(p0, t2);
       }
       let p0a = max_(p0.x, p0.y);
       let p0b = max_(p0.z, p0.w);
       let s0 = max_(p0a, p0b);
       var p1 = vec4<f32>(0.0f);
       for (var i1 = 0; i1 < 8; i1 += 4) {
         let t3 = t0 + (i1 * 1);
         let t4 = b0[t3 >> 2u];
         let t5 = exp_4((t4 - vec4<f32>(s0)));
         p1 = p1 + t5;
       }
       let p1a = p1.x + p1.y;
       let p1b = p1.z + p1.w;
       let s1 = p1a + p1b;
       let t6 = s0 + log_(s1);
       for (var i1 = 0; i1 < 8; i1 += 4) {
         let t7 = t0 + (i1 * 1);
         let t8 = b0[t7 >> 2u];
         let t9 = exp_4((t8 - vec4<f32>(s0)));
         b2[t7 >> 2u] = t9 / vec4<f32>(s1);
       }
       b1[i0] = t6;
     }
     "
    `);
  });
  it('does not dispatch when there are no rows', () => {
    expect(printReduce(rows('sum', 0, 5), hardwareCaps).workgroupCount).toEqual([0, 0, 0]);
  });
});

describe('reductions of products', () => {
  it('multiplies rows', async () => {
    const value = binary(
      'add',
      mul(read(0, at([index(0), 9], [index(1), 1])), constant('f32', 0)),
      constant('f32', 2),
    );
    const kernel = {
      ...rows('prod', 4, 9),
      stages: [{ combine: 'prod' as const, type: 'f32' as const, value }],
    };
    const device = await expectSameOnHost(kernel);
    expect(Array.from(device[1] as Float32Array)).toEqual([512, 512, 512, 512]);
  });
});
