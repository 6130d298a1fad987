/** What a change of batch size costs: which kernels keep their text, and so their pipelines. */
import { describe, expect, it } from '@jest/globals';
import { Session, type NdArray } from '../../../src/index.js';
import { printKernel } from '../../../src/runtime/gpu/print-kernel.js';
import type { GpuCaps } from '../../../src/runtime/gpu/wgsl-module.js';
import { compileGraph } from '../../compiler/compile-graph.js';
import {
  cnn,
  countedGpu,
  mlp,
  pieces,
  serve,
  wave,
  type CountedGpu,
  type Model,
} from './batch-models.js';
import { hardwareCaps } from './gpu-harness.js';

const softwareCaps: GpuCaps = {
  ...hardwareCaps,
  subgroups: true,
  subgroupSize: 8,
  subgroupSizeFixed: true,
  isSoftware: true,
};

/** Texts of the model's kernels at a batch size. */
function textsAt(model: Model, batch: number, caps: GpuCaps): string[] {
  const { x, y } = serve(model);
  const shapes = new Map([[x, [batch, ...model.example]]]);
  return compileGraph([y], [x], [], { shapes }).steps.flatMap((step) =>
    step.kind === 'kernel' ? [printKernel(step.kernel, caps).code] : [],
  );
}

/** How many texts each size adds to those of the sizes before it. */
function newTexts(model: Model, sizes: readonly number[], caps: GpuCaps): number[] {
  const known = new Set<string>();
  return sizes.map((batch) => {
    const before = known.size;
    for (const text of textsAt(model, batch, caps)) known.add(text);
    return known.size - before;
  });
}

const models = Object.entries({ ...pieces, 'a dense net': mlp, 'a convolutional net': cnn });

describe.each([
  ['hardware', hardwareCaps],
  ['software', softwareCaps],
])('the text of kernels for %s', (_, caps) => {
  it.each(models)('does not tell the batch size of %s', (_name, model) => {
    // Of 5 and 8 only one makes multiples of four, which vec4 kernels ask for.
    const [five, eight, ...others] = newTexts(model, [5, 8, 6, 7], caps);
    expect(five).toBeGreaterThan(0);
    expect(eight).toBeLessThanOrEqual(1);
    expect(others).toEqual([0, 0]);
  });

  it.each([
    ['a dense net', mlp],
    ['a convolutional net', cnn],
  ])('takes few forms over all batch sizes up to 64 of %s', (_name, model) => {
    const sizes = Array.from({ length: 64 }, (_, i) => i + 1);
    const added = newTexts(model, sizes, caps);
    const kernels = textsAt(model, 2, caps).length;
    expect(added.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(7 * kernels);
    expect(added.slice(33).every((count) => count === 0)).toBe(true);
  });
});

/** Runs the model at each batch size, on the counted GPU and on the CPU; pipelines made for each. */
async function pipelinesFor(
  model: Model,
  sizes: readonly number[],
  { gpu, pipelines }: CountedGpu,
): Promise<number[]> {
  const { graph, x, y, init } = serve(model);
  await using session = new Session({ graph, device: 'gpu', gpu });
  await using oracle = new Session({ graph, device: 'cpu' });
  await session.run(init);
  await oracle.run(init);
  pipelines();
  const counts: number[] = [];
  for (const batch of sizes) {
    const feeds = new Map([[x, wave([batch, ...model.example])]]);
    const [got, want] = await Promise.all([session.run(y, feeds), oracle.run(y, feeds)]);
    counts.push(pipelines());
    expectClose(got, want);
  }
  return counts;
}

function expectClose(got: NdArray, want: NdArray): void {
  expect(got.shape).toEqual(want.shape);
  // Probabilities: sums in another order differ in the last bits.
  want.data.forEach((value, i) => expect(Number(got.data[i])).toBeCloseTo(Number(value), 5));
}

describe('a device', () => {
  it.each([
    ['a dense net', mlp, 3],
    ['a convolutional net', cnn, 6],
  ])('makes no pipeline for batches 6, 7, 8 after 5, nor for 64 after 33: %s', async (...given) => {
    const [, model, kernels] = given;
    const counts = await pipelinesFor(model, [5, 6, 7, 8, 33, 64], await countedGpu());
    const [first, six, seven, eight, large, larger] = counts;
    expect(first).toBe(kernels);
    expect([six, seven, eight, larger]).toEqual([0, 0, 0, 0]);
    expect(large).toBeLessThanOrEqual(kernels);
  });
});
