/**
 * Speed of printed contractions, one JSON line per shape and variant, with the adapter's name.
 * Variants of a shape are timed in turns within one process, so load from elsewhere hits all alike.
 *
 *   npx esbuild benchmarks/contract.ts --bundle --platform=node --format=esm --packages=external \
 *     --outfile=node_modules/.cache/contract.mjs && node node_modules/.cache/contract.mjs [all] [FILTER]
 */
import type { ContractKernel } from '../src/ir/kernel.js';
import { printContract } from '../src/runtime/gpu/wgsl-contract.js';
import { planContract, type ContractOptions } from '../src/runtime/gpu/wgsl-contract-plan.js';
import { conv2d, conv2dFilterGradient, fill, matMul } from '../tests/runtime/gpu/contract-cases.js';
import { ContractDevice, type Dispatch } from '../tests/runtime/gpu/contract-device.js';

const net = { N: 64, D: 1000, H: 100 };
const convolution = {
  batch: 32,
  height: 28,
  width: 28,
  channels: 16,
  kernel: 5,
  filters: 32,
};
const shapes: Readonly<Record<string, ContractKernel>> = {
  'matmul 512': matMul({ m: 512, n: 512, k: 512 }),
  'matmul 512 a.bT': matMul({ m: 512, n: 512, k: 512, transposeB: true }),
  'matmul 512 aT.b': matMul({ m: 512, n: 512, k: 512, transposeA: true }),
  'matmul 1024': matMul({ m: 1024, n: 1024, k: 1024 }),
  'net x.w1': matMul({ m: net.N, n: net.H, k: net.D }),
  'net h.w2': matMul({ m: net.N, n: net.D, k: net.H }),
  'net hT.dy': matMul({ m: net.H, n: net.D, k: net.N, transposeA: true }),
  'net dy.w2T': matMul({ m: net.N, n: net.H, k: net.D, transposeB: true }),
  'net xT.dh': matMul({ m: net.D, n: net.H, k: net.N, transposeA: true }),
  'logits 64x10': matMul({ m: 64, n: 10, k: 1024 }),
  'logits gradient 1024x10': matMul({ m: 1024, n: 10, k: 64, transposeA: true }),
  'vector 1x1024.1024': matMul({ m: 1, n: 1024, k: 1024 }),
  'batch 16 x 64': matMul({ batch: 16, m: 64, n: 64, k: 64, transposeB: true }),
  'odd 255x257x253': matMul({ m: 255, n: 257, k: 253 }),
  'conv 32x28x28x16 5x5x32': conv2d(convolution),
  'conv filter gradient': conv2dFilterGradient(convolution),
};
const forced: Readonly<Record<string, ContractOptions>> = {
  subgroup: { variant: 'subgroup' },
  blocked: { variant: 'blocked' },
  'blocked 4': { variant: 'blocked', rows: 4 },
  tiled: { variant: 'tiled' },
};
const rounds = 7;

interface Timed {
  readonly variant: string;
  readonly dispatch: Dispatch;
  readonly firstMs: number;
  readonly millis: number[];
}

async function prepare(
  device: ContractDevice,
  kernel: ContractKernel,
  all: boolean,
): Promise<Timed[]> {
  const buffers = fill(kernel).map((values) => device.buffer(values));
  const timed: Timed[] = [];
  for (const [variant, options] of Object.entries({ chosen: {}, ...(all ? forced : {}) })) {
    if (variant === 'subgroup' && !device.caps.subgroupSizeFixed) continue;
    const start = performance.now();
    const module = printContract(kernel, device.caps, options);
    const dispatch = device.prepare(kernel, module, buffers);
    await device.run(dispatch);
    timed.push({ variant, dispatch, firstMs: performance.now() - start, millis: [] });
  }
  return timed;
}

async function measure(
  device: ContractDevice,
  shape: string,
  kernel: ContractKernel,
  all: boolean,
): Promise<void> {
  const operations = 2 * kernel.batch * kernel.m * kernel.n * kernel.k;
  const times = Math.max(1, Math.round(2e8 / operations));
  const timed = await prepare(device, kernel, all);
  for (let round = 0; round < rounds; round++)
    for (const { dispatch, millis } of timed) {
      const start = performance.now();
      await device.run(dispatch, times);
      millis.push((performance.now() - start) / times);
    }
  for (const { variant, millis, firstMs } of timed) {
    millis.sort((x, y) => x - y);
    const best = millis[0] ?? 0;
    const median = millis[rounds >> 1] ?? 0;
    const line = {
      benchmark: 'contract',
      shape,
      variant,
      ...(variant === 'chosen' ? { plan: planContract(kernel, device.caps) } : {}),
      bestMs: Number(best.toFixed(3)),
      medianMs: Number(median.toFixed(3)),
      bestGflops: Number((operations / best / 1e6).toFixed(2)),
      medianGflops: Number((operations / median / 1e6).toFixed(2)),
      firstMs: Math.round(firstMs),
      adapter: device.description,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

const args = process.argv.slice(2);
const all = args.includes('all');
const filter = args.find((arg) => arg !== 'all') ?? '';
const device = await ContractDevice.open();
for (const [shape, kernel] of Object.entries(shapes))
  if (shape.includes(filter)) await measure(device, shape, kernel, all);
device.close();
