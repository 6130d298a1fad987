/** Every variant of the contraction printer against plain loops, on whatever adapter there is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { acc, add, constant, index, mul, sub } from '../../../src/ir/expr.js';
import { contractAxes, type ContractKernel } from '../../../src/ir/kernel.js';
import { printContract } from '../../../src/runtime/gpu/wgsl-contract.js';
import type { ContractOptions } from '../../../src/runtime/gpu/wgsl-contract-plan.js';
import type { GpuCaps } from '../../../src/runtime/gpu/wgsl-module.js';
import {
  binding,
  conv2d,
  conv2dFilterGradient,
  fill,
  masked,
  matMul,
  outputPlace,
  place,
  read,
  reference,
  relu,
  type MatMulShape,
} from './contract-cases.js';
import { ContractDevice, type KernelArray } from './contract-device.js';

let device: ContractDevice;
beforeAll(async () => {
  device = await ContractDevice.open();
});
afterAll(() => {
  device.close();
});

function expectClose(got: readonly KernelArray[], want: readonly KernelArray[], k: number): void {
  // Rounding of k products of values below 1, summed in any order.
  const tolerance = 1e-6 + 2e-6 * Math.sqrt(k) * 4;
  want.forEach((array, b) => {
    let worst = -1;
    let error = 0;
    array.forEach((value, i) => {
      const difference = Math.abs((got[b]?.[i] ?? Number.NaN) - value);
      if (Number.isNaN(difference) || difference > error) [worst, error] = [i, difference];
    });
    const limit = array instanceof Float32Array ? tolerance : 0;
    if (worst >= 0 && !(error <= limit))
      throw new Error(
        `Buffer ${b}, element ${worst}: got ${got[b]?.[worst]}, want ${array[worst]}, error ${error} > ${limit}.`,
      );
  });
}

async function check(
  kernel: ContractKernel,
  options?: ContractOptions,
  caps: Partial<GpuCaps> = {},
): Promise<void> {
  const module = printContract(kernel, { ...device.caps, ...caps }, options);
  const arrays = fill(kernel, kernel.m + 7 * kernel.n + 31 * kernel.k);
  expectClose(await device.evaluate(kernel, module, arrays), reference(kernel, arrays), kernel.k);
}

const variants: readonly (readonly [string, ContractOptions])[] = [
  ['subgroup', { variant: 'subgroup' }],
  ['subgroup, lanes along m', { variant: 'subgroup', swap: true }],
  ['subgroup, one column each', { variant: 'subgroup', width: 1, rows: 4 }],
  ['blocked', { variant: 'blocked', rows: 4 }],
  ['blocked, lanes along m', { variant: 'blocked', rows: 2, swap: true }],
  ['tiled 16', { variant: 'tiled', tile: 16, slices: 1 }],
  ['tiled 16 in 4 slices of k', { variant: 'tiled', tile: 16, slices: 4 }],
  ['tiled 32 in 2 slices of k', { variant: 'tiled', tile: 32, slices: 2 }],
  ['tiled 64', { variant: 'tiled', tile: 64 }],
];

const transposes = [
  { transposeA: false, transposeB: false },
  { transposeA: true, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: true },
];

/** Left out where the adapter has no subgroups of a fixed size. */
const canRun = (options: ContractOptions): boolean =>
  options.variant !== 'subgroup' || (device.caps.subgroups && device.caps.subgroupSizeFixed);

/** One variant of each kind is tried in full; the others where they differ. Kernels compile slowly. */
const some = variants.filter(([name]) => /^(subgroup|blocked|tiled 16 in.*)$/.test(name));
const others = variants.filter((variant) => !some.includes(variant));

describe.each(some)('contract, %s', (_, options) => {
  it.each(transposes)('multiplies odd sizes with %j', async (transposed) => {
    if (canRun(options)) await check(matMul({ m: 17, n: 37, k: 23, ...transposed }), options);
  });
  const shapes: readonly MatMulShape[] = [
    { m: 8, n: 36, k: 24 },
    { m: 8, n: 36, k: 24, transposeA: true, transposeB: true },
    { m: 1, n: 1, k: 1 },
    { m: 1, n: 9, k: 40 },
    { m: 70, n: 3, k: 5 },
    { batch: 3, m: 5, n: 8, k: 12, transposeB: true },
    { batch: 2, m: 7, n: 6, k: 1 },
    { m: 3, n: 12, k: 8, type: 'i32' },
  ];
  it.each(shapes)('multiplies %j', async (shape) => {
    if (canRun(options)) await check(matMul(shape), options);
  });
  it('gives zeros for k = 0', async () => {
    if (canRun(options)) await check(matMul({ m: 3, n: 5, k: 0 }), options);
  });
  it('convolves with padding', async () => {
    const shape = { batch: 2, height: 5, width: 6, channels: 3, kernel: 3, filters: 8 };
    if (canRun(options)) await check(conv2d(shape), options);
  });
  it('sums the gradient of a filter over images and places', async () => {
    const shape = { batch: 2, height: 4, width: 5, channels: 2, kernel: 3, filters: 8 };
    if (canRun(options)) await check(conv2dFilterGradient(shape), options);
  });
});

describe.each(others)('contract, %s', (_, options) => {
  const shapes: readonly MatMulShape[] = [
    { m: 20, n: 36, k: 24 },
    { m: 17, n: 37, k: 23, transposeA: true },
    { batch: 2, m: 5, n: 8, k: 12, transposeB: true },
  ];
  it.each(shapes)('multiplies %j', async (shape) => {
    if (canRun(options)) await check(matMul(shape), options);
  });
});

const { m, n, k } = contractAxes;

describe.each(some)('contract prologue and epilogue, %s', (_, options) => {
  it('masks an operand where the other layer was not positive', async () => {
    const shape = { m: 12, n: 20, k: 16 };
    const at = place([shape.m, shape.k], [index(m), index(k)]);
    const kernel = matMul(shape, {
      a: (e) => masked(e, 3, at),
      more: [binding(shape.m * shape.k)],
    });
    if (canRun(options)) await check(kernel, options);
  });
  it.each([20, 21])('adds a bias and cuts at zero with n = %i', async (width) => {
    const shape = { m: 12, n: width, k: 10 };
    const value = relu(add(acc('f32'), read(3, 'f32', index(n))));
    const kernel = matMul(shape, {
      stores: [{ binding: 2, at: outputPlace(shape), value }],
      more: [binding(width)],
    });
    if (canRun(options)) await check(kernel, options);
  });
  it('updates weights and momentum in place from their old values', async () => {
    const shape = { m: 10, n: 24, k: 9, transposeA: true };
    const at = outputPlace(shape);
    const momentum = add(mul(read(3, 'f32', at), constant('f32', 0.9)), acc('f32'));
    const step = mul(constant('f32', 0.1), add(momentum, read(3, 'f32', at)));
    const kernel = matMul(shape, {
      stores: [
        { binding: 3, at, value: momentum },
        { binding: 2, at, value: sub(read(2, 'f32', at), step) },
      ],
      more: [binding(shape.m * shape.n, 'read_write')],
    });
    if (canRun(options)) await check(kernel, options);
  });
  it('does not tell the number of batches', () => {
    if (!canRun(options)) return;
    const printed = (batch: number): string =>
      printContract(matMul({ batch, m: 9, n: 37, k: 23 }), device.caps, options).code;
    expect(printed(5)).toBe(printed(7));
  });
  it('stores a transposed result', async () => {
    const shape = { m: 8, n: 12, k: 8 };
    const at = place([shape.n, shape.m], [index(n), index(m)]);
    const kernel = matMul(shape, { stores: [{ binding: 2, at, value: acc('f32') }] });
    if (canRun(options)) await check(kernel, options);
  });
  it.each([1, 3])('folds a grid longer than the adapter allows, batch %i', async (batch) => {
    const kernel = matMul({ batch, m: 40, n: 70, k: 4 });
    const { workgroupCount } = printContract(kernel, device.caps, options);
    const limit = Math.ceil(Math.sqrt(workgroupCount[0])) + 1;
    if (canRun(options)) await check(kernel, options, { maxWorkgroupsPerDimension: limit });
  });
});

describe('contract, chosen by shape and adapter', () => {
  it.each(transposes)('multiplies a wide layer with %j', async (transposed) => {
    await check(matMul({ m: 16, n: 100, k: 200, ...transposed }));
  });
  it('multiplies shapes drawn at random', async () => {
    let state = 12345;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    for (let i = 0; i < 8; i++) {
      const shape = { batch: 1 + below(3), m: 1 + below(40), n: 1 + below(60), k: 1 + below(30) };
      await check(matMul({ ...shape, transposeA: below(2) === 1, transposeB: below(2) === 1 }));
    }
  });
  it.each([
    { m: 4, n: 0, k: 3 },
    { m: 0, n: 4, k: 3 },
    { batch: 0, m: 4, n: 4, k: 3 },
  ])('computes nothing for an empty output, %j', (shape) => {
    const module = printContract(matMul(shape), device.caps);
    expect(module.workgroupCount).toEqual([0, 0, 0]);
  });
  it('does not let a masked tail of k meet an infinity', async () => {
    const kernel = matMul({ m: 1, n: 4, k: 3 });
    const arrays = fill(kernel);
    // b[2, 0] is infinite and its partner in a negative: the sum is -Infinity, never NaN.
    (arrays[0] as KernelArray).fill(-1);
    (arrays[1] as KernelArray)[8] = Infinity;
    for (const [, options] of some) {
      if (!canRun(options)) continue;
      const [, , got] = await device.evaluate(
        kernel,
        printContract(kernel, device.caps, options),
        arrays,
      );
      expect(got?.[0]).toBe(-Infinity);
      expect(Number.isFinite(got?.[1])).toBe(true);
    }
  });
  it('refuses subgroups where the adapter has none of a fixed size', () => {
    const caps: GpuCaps = { ...device.caps, subgroups: false };
    const kernel = matMul({ m: 4, n: 4, k: 4 });
    expect(() => printContract(kernel, caps, { variant: 'subgroup' })).toThrow(/fixed size/);
  });
});

describe('contract plans', () => {
  const llvmpipe: GpuCaps = {
    maxWorkgroupsPerDimension: 65535,
    subgroups: true,
    subgroupSize: 8,
    subgroupSizeFixed: true,
    maxWorkgroupStorageBytes: 32768,
    maxInvocationsPerWorkgroup: 1024,
    isSoftware: true,
  };
  it('broadcasts within subgroups on a software adapter', () => {
    const { code } = printContract(matMul({ m: 64, n: 100, k: 1000 }), llvmpipe);
    expect(code).toMatch(/subgroupBroadcast/);
    expect(code).not.toMatch(/workgroupBarrier/);
  });
  it('loads by fours where b is contiguous along n, and along k where it is not', () => {
    const straight = printContract(matMul({ m: 64, n: 96, k: 64 }), llvmpipe).code;
    const turned = printContract(matMul({ m: 64, n: 96, k: 64, transposeB: true }), llvmpipe).code;
    expect(straight).toMatch(/b1: array<vec4<f32>>/);
    expect(turned).toMatch(/b1: array<vec4<f32>>/);
  });
  it('shares tiles on a GPU, and slices a long k under a small output', () => {
    const hardware: GpuCaps = { ...llvmpipe, subgroupSize: 32, isSoftware: false };
    const large = printContract(matMul({ m: 1024, n: 1024, k: 64 }), hardware);
    expect(large.workgroupCount).toEqual([256, 1, 1]);
    const small = printContract(matMul({ m: 64, n: 100, k: 1000 }), hardware);
    expect(small.code).toMatch(/slice == 3/);
    expect(small.workgroupCount[0]).toBeGreaterThanOrEqual(28);
  });
  it('falls back to plain blocks on a software adapter without subgroups', () => {
    const { code } = printContract(matMul({ m: 64, n: 64, k: 64 }), {
      ...llvmpipe,
      subgroups: false,
    });
    expect(code).not.toMatch(/subgroup|workgroupBarrier/);
  });
});
