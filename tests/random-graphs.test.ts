/**
 * Random graphs run three ways: fused on the CPU, fused on the GPU, and one kernel per op on the
 * CPU, which is the reference. A failure is cut down to the few ops it needs and printed.
 */
import { CpuRuntime } from '../src/runtime/cpu/cpu-runtime.js';
import { GpuRuntime } from '../src/runtime/gpu/device.js';
import type { Runtime } from '../src/runtime/runtime.js';
import { printGraph, type RandomGraph } from './support/random-graph.js';
import { minimised, randomGraph } from './support/random-steps.js';
import { CompiledRunner } from './support/run-compiled.js';
import { difference, runRandomGradients, runRandomGraph } from './support/run-random-graph.js';

const cpu = new CpuRuntime();
const reference = new CompiledRunner(cpu, false);

async function complaint(graph: RandomGraph, runner: CompiledRunner): Promise<string | null> {
  const want = await runRandomGraph(reference, graph);
  try {
    return difference(graph, await runRandomGraph(runner, graph), want);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

async function report(graph: RandomGraph, runner: CompiledRunner): Promise<string> {
  const fails = async (smaller: RandomGraph): Promise<boolean> =>
    (await complaint(smaller, runner)) !== null;
  const small = await minimised(graph, fails, (g, values) =>
    runRandomGraph(reference, { ...g, fetches: values }),
  );
  return `${await complaint(small, runner)}\n${printGraph(small)}`;
}

/** Failures among the graphs of some seeds, each with its smallest form. */
async function failures(
  runtime: Runtime,
  seeds: { readonly from: number; readonly count: number; readonly steps: number },
): Promise<string[]> {
  const runner = new CompiledRunner(runtime, true);
  const found: string[] = [];
  for (let seed = seeds.from; seed < seeds.from + seeds.count && found.length < 3; seed++) {
    const graph = randomGraph(seed, seeds.steps);
    if ((await complaint(graph, runner)) !== null)
      found.push(`seed ${seed}: ${await report(graph, runner)}`);
  }
  return found;
}

afterAll(() => cpu.close());

describe('random graphs', () => {
  it('give the same values fused and op by op on the CPU', async () => {
    expect(await failures(cpu, { from: 0, count: 250, steps: 14 })).toEqual([]);
  });

  it('give the same values with long chains of ops on the CPU', async () => {
    expect(await failures(cpu, { from: 10_000, count: 30, steps: 60 })).toEqual([]);
  });

  it('give the same values fused on the GPU', async () => {
    const gpu = await GpuRuntime.create({});
    try {
      expect(await failures(gpu, { from: 20_000, count: 20, steps: 14 })).toEqual([]);
    } finally {
      await gpu.close();
    }
  }, 120_000);
});

describe('gradients of random graphs', () => {
  it('are the same fused and op by op on the CPU', async () => {
    const fused = new CompiledRunner(cpu, true);
    let compared = 0;
    for (let seed = 40_000; seed < 40_080; seed++) {
      const graph = randomGraph(seed, 12);
      const want = await runRandomGradients(reference, graph);
      const got = await runRandomGradients(fused, graph);
      expect(got.map((g) => g.shape)).toEqual(want.map((w) => w.shape));
      for (const [i, { data }] of want.entries()) {
        const distance = relativeDistance(got[i]?.data as Float32Array, data as Float32Array);
        // Sums of up to 20,000 terms in another order.
        if (!(distance < 1e-3))
          throw new Error(
            `seed ${seed}: gradient ${i} is off by ${distance}\n${printGraph(graph)}`,
          );
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(80);
  });
});

/** Largest difference, relative to the largest magnitude or 1; NaN agrees with NaN. */
function relativeDistance(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let magnitude = 1;
  for (const [i, value] of b.entries()) {
    if (Number.isNaN(value) && Number.isNaN(a[i])) continue;
    difference = Math.max(difference, Math.abs(value - (a[i] ?? NaN)));
    magnitude = Math.max(magnitude, Math.abs(value));
  }
  return difference / magnitude;
}

describe('the comparison of random graphs', () => {
  it('notices a wrong value and prints only the ops that lead to it', async () => {
    const graph = randomGraph(3, 14);
    const want = await runRandomGraph(reference, graph);
    const wrong = want.map((array) => ({
      ...array,
      data: Array.from(array.data as Iterable<number | bigint>, (v) => Number(v) + 1),
    }));
    expect(difference(graph, want, want)).toBeNull();
    expect(difference(graph, wrong as unknown as typeof want, want)).toMatch(
      /^v\d+: element 0 of /,
    );
    const [first = 0] = graph.fetches;
    const small = await minimised(
      graph,
      (g) => Promise.resolve(g.fetches.length > 0),
      (g, values) => runRandomGraph(reference, { ...g, fetches: values }),
    );
    expect(first).toBeGreaterThan(0);
    expect(small.steps).toHaveLength(1);
    expect(printGraph(small)).toMatch(/^v0 = feed: [^]*\nfetch v\d+$/);
  });
});
