/** Ops with more inputs than a device binds to one kernel. */
import { GpuRuntime } from '../../src/runtime/gpu/device.js';
import * as tf from '../../src/index.js';
import type { Runtime } from '../../src/runtime/runtime.js';
import { CompiledRunner } from '../support/run-compiled.js';

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A device that binds no more than this to a kernel. */
const withBindings = (runtime: Runtime, maxBindings: number): Runtime => ({
  description: runtime.description,
  caps: { ...runtime.caps, maxBindings },
  load: (program) => runtime.load(program),
  createVariable: (decl) => runtime.createVariable(decl),
  memory: () => runtime.memory(),
  lost: runtime.lost,
  close: () => runtime.close(),
});

describe.each([
  { maxBindings: 8, fuse: true },
  { maxBindings: 8, fuse: false },
  { maxBindings: 4, fuse: true },
])('with $maxBindings bindings (fused: $fuse)', ({ maxBindings, fuse }) => {
  let runtime: GpuRuntime;
  beforeAll(async () => {
    runtime = await GpuRuntime.create({});
  });
  afterAll(() => runtime.close());

  const run = async (build: (xs: readonly tf.Tensor[]) => tf.Tensor): Promise<number[]> => {
    const { xs, y } = new tf.Graph().asDefault(() => {
      const inputs = count(30).map((i) => tf.placeholder('float32', [2, 1 + (i % 3)]));
      return { xs: inputs, y: build(inputs) };
    });
    const data = (i: number): number[] => count(2 * (1 + (i % 3))).map((j) => 10 * i + j);
    const feeds = new Map(
      xs.map((x, i) => [x, tf.ndArray('float32', [2, 1 + (i % 3)], Float32Array.from(data(i)))]),
    );
    const runner = new CompiledRunner(withBindings(runtime, maxBindings), fuse);
    const [result] = await runner.run({ fetches: [y], feeds });
    return Array.from(result?.data as Float32Array);
  };

  it('adds thirty tensors', async () => {
    const thirds = count(10).map((i) => 30 * i);
    const sum = (j: number): number => thirds.reduce((total, first) => total + first + j, 0);
    expect(await run((xs) => tf.addN(xs.filter((_, i) => i % 3 === 0)))).toEqual([sum(0), sum(1)]);
    const rows = (j: number): number =>
      count(30).reduce((total, i) => total + 10 * i + (j === 0 ? 0 : 1 + (i % 3)), 0);
    const firsts = (xs: readonly tf.Tensor[]) => xs.map((x) => tf.slice(x, [0, 0], [2, 1]));
    expect(await run((xs) => tf.addN(firsts(xs)))).toEqual([rows(0), rows(1)]);
  });

  it('joins thirty tensors, and turns the result around', async () => {
    const row = (r: number): number[] =>
      count(30).flatMap((i) => count(1 + (i % 3)).map((j) => 10 * i + r * (1 + (i % 3)) + j));
    expect(await run((xs) => tf.concat(xs, 1))).toEqual([...row(0), ...row(1)]);
    expect(await run((xs) => tf.reverse(tf.concat(xs, 1), [0, 1]))).toEqual(
      [...row(0), ...row(1)].reverse(),
    );
  });
});

describe('a graph of two thousand terms', () => {
  it('gives the right sum, and soon', async () => {
    const graph = new tf.Graph();
    const { x, y } = graph.asDefault(() => {
      const input = tf.placeholder('float32', [3]);
      return { x: input, y: tf.addN(count(2000).map((i) => tf.abs(tf.sub(input, i)))) };
    });
    const session = new tf.Session({ graph, device: 'cpu' });
    const result = await session.run(y, { [x.name]: [0, 1, 2000] });
    await session.close();
    const sum = (at: number): number => count(2000).reduce((s, i) => s + Math.abs(at - i), 0);
    expect(Array.from(result.data as Float32Array)).toEqual([sum(0), sum(1), sum(2000)]);
  }, 20_000);
});
