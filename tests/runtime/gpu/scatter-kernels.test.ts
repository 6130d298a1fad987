/** Scatter kernels on the device, against a plain loop over the updates. */
import { describe, expect, it } from '@jest/globals';
import { GpuRuntime } from '../../../src/runtime/gpu/device.js';
import { fillOf } from '../../../src/ir/scatter-fill.js';
import { printScatter } from '../../../src/runtime/gpu/wgsl-scatter.js';
import { plainRowScatter, rowScatter, type RowScatter } from '../scatter-kernel.js';
import { f32, hardwareCaps, i32, kernelProgram, openGpu, runKernel } from './gpu-harness.js';

const updates = 500;
const ids = Int32Array.from({ length: updates }, (_, i) => ((i * 7919) % 45) - 2);
/** Quarters, so that sums are exact in any order. */
const quarters = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => (((i * 7919) % 64) - 31) / 4);

async function run(of: RowScatter, values: ArrayLike<number>, places = ids): Promise<number[]> {
  const { type = 'f32', rows, width } = of;
  const data = type === 'f32' ? f32(values) : type === 'i32' ? i32(values) : unsigned(values);
  const dtype = ({ f32: 'float32', i32: 'int32', u32: 'uint32' } as const)[type as 'f32'];
  const [result = []] = await runKernel(
    rowScatter(of),
    [i32(places), data],
    [{ dtype, shape: [rows, width] }],
  );
  return result;
}

const unsigned = (values: ArrayLike<number>) =>
  ({ dtype: 'uint32', shape: [values.length], data: Uint32Array.from(values) }) as const;

describe('scatter kernels on the device', () => {
  it.each(['sum', 'prod', 'max', 'min'] as const)('combine floats with %s', async (combine) => {
    const of = { combine, rows: 40, width: 5, updates, start: combine === 'prod' ? 1 : 0 };
    // Powers of two, for products that are exact in any order.
    const values = quarters(updates * 5).map((x) => (combine === 'prod' ? 2 ** Math.sign(x) : x));
    expect(await run(of, values)).toEqual(plainRowScatter(of, ids, values));
  });

  it.each([
    ['sum', 'i32'],
    ['max', 'i32'],
    ['min', 'i32'],
    ['prod', 'i32'],
    ['sum', 'u32'],
    ['max', 'u32'],
    ['min', 'u32'],
  ] as const)('combine integers with %s of %s', async (combine, type) => {
    const of = { combine, type, rows: 40, width: 3, updates, start: 1 };
    const fit = (x: number): number => (type === 'i32' ? x | 0 : x >>> 0);
    const product = combine === 'prod';
    const values = Array.from({ length: updates * 3 }, (_, i) =>
      product ? (i % 2 === 0 ? 1 : -1) : fit((i * 7919) % 1000) - (type === 'i32' ? 500 : 0),
    );
    expect(await run(of, values)).toEqual(plainRowScatter(of, ids, values, fit));
  });

  it('add up many updates of one element', async () => {
    const count = 4096;
    const of = { rows: 2, width: 1, updates: count };
    const values = quarters(count);
    const same = new Int32Array(count).fill(1);
    expect(await run(of, values, same)).toEqual(plainRowScatter(of, same, values));
  });

  it('round every step of a narrow type', async () => {
    const of = { rows: 1, width: 1, updates: 2 };
    const zero = new Int32Array(2);
    expect(await run({ ...of, round: 'roundF16' }, [2048, 1], zero)).toEqual([2048]);
    expect(await run({ ...of, type: 'i32', round: 'wrapI8' }, [100, 100], zero)).toEqual([-56]);
  });

  it('let NaN and infinity through', async () => {
    const places = Int32Array.from([0, 1, 2, 2, 3]);
    const of = { rows: 4, width: 1, updates: 5 };
    const sums = await run(of, [NaN, Infinity, Infinity, -Infinity, -0], places);
    expect(sums).toEqual([NaN, Infinity, NaN, 0]);
    const most = await run({ ...of, combine: 'max', start: -1 }, [NaN, 1, 0, 5, -3], places);
    expect(most).toEqual([NaN, 1, 5, -1]);
  });

  it('update in place where the result holds its initial values', async () => {
    const of = { rows: 40, width: 5, updates, start: null };
    const kernel = rowScatter(of);
    expect(fillOf(kernel)).toBeNull();
    const values = quarters(updates * 5);
    const before = quarters(200).map((x) => 3 * x);
    const program = kernelProgram(kernel, [i32(ids), f32(values), f32(before)], []);
    const gpu = await openGpu();
    const loaded = await gpu.load({
      ...program,
      fetches: [{ kind: 'buffer', buffer: 2, dtype: 'float32', shape: [200] }],
    });
    const feeds = [i32(ids), f32(values), f32(before)];
    const { fetched, counts } = await loaded.run({ feeds, variables: [], random: [] });
    loaded.dispose();
    expect([...(fetched[0]?.data as Float32Array)]).toEqual(
      plainRowScatter(of, ids, values, Math.fround, before),
    );
    expect(counts.dispatches).toBe(1);
  });

  it('fill and update in one submit, and make nothing after the first run', async () => {
    const kernel = rowScatter({ rows: 40, width: 5, updates });
    const feeds = [i32(ids), f32(quarters(updates * 5))];
    const loaded = await (
      await openGpu()
    ).load(kernelProgram(kernel, feeds, [{ dtype: 'float32', shape: [40, 5] }]));
    await loaded.run({ feeds, variables: [], random: [] });
    const { counts } = await loaded.run({ feeds, variables: [], random: [] });
    loaded.dispose();
    expect(counts).toMatchObject({
      dispatches: 2,
      submits: 1,
      buffersCreated: 0,
      bindGroupsCreated: 0,
      pipelinesCreated: 0,
    });
  });

  it('are timed as a fill and its updates', async () => {
    const gpu = await GpuRuntime.create();
    const kernel = rowScatter({ rows: 40, width: 5, updates });
    const feeds = [i32(ids), f32(quarters(updates * 5))];
    const loaded = await gpu.load(
      kernelProgram(kernel, feeds, [{ dtype: 'float32', shape: [40, 5] }]),
    );
    const { trace } = await loaded.run({ feeds, variables: [], random: [], trace: true });
    loaded.dispose();
    await gpu.close();
    expect(trace.map(({ label }) => label)).toEqual(['sum of rows (fill)', 'sum of rows']);
  });
});

describe('the WGSL of a scatter', () => {
  it('exchanges the bits of floats until no other update came between', () => {
    const kernel = rowScatter({ rows: 1000, width: 64, updates: 32 });
    expect(printScatter(kernel, hardwareCaps).code).toMatchInlineSnapshot(`
     "// sum of rows
     @group(0) @binding(0) var<storage, read> b0: array<i32>;
     @group(0) @binding(1) var<storage, read> b1: array<f32>;
     @group(0) @binding(2) var<storage, read_write> b2: array<atomic<u32>>;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       let i1 = unit & 63;
       let i1_rest = unit >> 6u;
       let i0 = i1_rest;
       let at = (b0[i0] * 64) + i1;
       if (at < 0 || at >= 64000) { return; }
       let value = b1[(i0 * 64) + i1];
       var old = atomicLoad(&b2[at]);
       loop {
         let next = bitcast<u32>(bitcast<f32>(old) + value);
         if (next == old) { break; }
         let tried = atomicCompareExchangeWeak(&b2[at], old, next);
         if (tried.exchanged) { break; }
         old = tried.old_value;
       }
     }
     "
    `);
  });

  it('adds integers at once', () => {
    const kernel = rowScatter({ type: 'i32', rows: 8, width: 1, updates: 3 });
    expect(printScatter(kernel, hardwareCaps).code).toMatchInlineSnapshot(`
     "// sum of rows
     @group(0) @binding(0) var<storage, read> b0: array<i32>;
     @group(0) @binding(1) var<storage, read> b1: array<i32>;
     @group(0) @binding(2) var<storage, read_write> b2: array<atomic<i32>>;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= 3) { return; }
       let i1 = 0;
       let i0 = unit;
       let at = (b0[i0] * 1) + i1;
       if (at < 0 || at >= 8) { return; }
       let value = b1[(i0 * 1) + i1];
       atomicAdd(&b2[at], value);
     }
     "
    `);
  });
});
