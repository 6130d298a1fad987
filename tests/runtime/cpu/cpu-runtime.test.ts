/** Programs on the CPU runtime: variables, order, aborts that change nothing, feeds, counts, memory. */
import { CancelledError, InvalidArgumentError, RuntimeError } from '../../../src/errors.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import { add, cast, constant, index, int, mul, unary, type Expr } from '../../../src/ir/expr.js';
import type { Kernel } from '../../../src/ir/kernel.js';
import type { Program, Step, VariableDecl } from '../../../src/ir/program.js';
import type { StorageArray } from '../../../src/ir/storage.js';
import { CpuRuntime } from '../../../src/runtime/cpu/cpu-runtime.js';
import { CpuVariable } from '../../../src/runtime/cpu/cpu-variable.js';
import type { LoadedProgram, RunRequest, VariableBuffer } from '../../../src/runtime/runtime.js';
import { buffer, f32, mapKernel, output, read } from './kernels.js';

const x = (): Expr => read(0, index(0));
const step = (kernel: Kernel, buffers: readonly number[]): Step => ({
  kind: 'kernel',
  place: 'host',
  kernel,
  buffers,
  nodes: [],
});
const variable = (n: number): VariableDecl => ({
  key: 'w',
  node: 'w',
  op: 'VariableV2',
  dtype: 'float32',
  shape: [n],
  place: 'host',
  storage: 'f32',
  reads: true,
  writes: true,
});
const empty: Program = {
  buffers: [],
  steps: [],
  feeds: [],
  variables: [],
  fetches: [],
  random: [],
  slots: [],
};

/** w[i] = w[i] + feed[i], in place. */
const accumulate = (n: number): Kernel => ({
  ...mapKernel(n, ['f32'], add(read(1, index(0)), x())),
  bindings: [...mapKernel(n, ['f32'], x()).bindings],
});

/** Adds its feed to a variable and fetches the variable. */
const addProgram = (n: number): Program => ({
  ...empty,
  buffers: [buffer({ kind: 'feed', feed: 0 }, [n]), buffer({ kind: 'variable', variable: 0 }, [n])],
  feeds: [{ name: 'x:0', dtype: 'float32', shape: [n] }],
  variables: [variable(n)],
  steps: [step(accumulate(n), [0, 1])],
  fetches: [{ kind: 'buffer', buffer: 1, dtype: 'float32', shape: [n] }],
});

function costly(value: Expr, repeats: number): Expr {
  let result = value;
  for (let i = 0; i < repeats; i++) result = unary('sin', add(result, constant('f32', i)));
  return result;
}

/** As `addProgram`, followed by long work on a temporary. */
const longProgram = (n: number): Program => {
  const program = addProgram(n);
  return {
    ...program,
    buffers: [...program.buffers, buffer({ kind: 'temp', slot: 0 }, [n])],
    slots: [{ byteLength: 4 * n, place: 'host' }],
    steps: [...program.steps, step(mapKernel(n, ['f32'], costly(x(), 30)), [1, 2])],
    fetches: [{ kind: 'buffer', buffer: 2, dtype: 'float32', shape: [n] }],
  };
};

const request = (
  feeds: NdArray[],
  variables: VariableBuffer[] = [],
  more: Partial<RunRequest> = {},
): RunRequest => ({
  feeds,
  variables,
  random: [],
  ...more,
});
const arrayOf = (held: VariableBuffer): StorageArray => {
  if (held instanceof CpuVariable) return held.array;
  throw new Error('not a variable of the CPU runtime');
};
const valuesOf = (held: VariableBuffer): number[] => [...arrayOf(held)].map(Number);

async function fetch(loaded: LoadedProgram, run: RunRequest): Promise<number[]> {
  const { fetched } = await loaded.run(run);
  return [...(fetched[0]?.data as Float32Array)];
}

describe('CpuRuntime', () => {
  let runtime: CpuRuntime;
  beforeEach(() => {
    runtime = new CpuRuntime();
  });
  afterEach(() => runtime.close());

  it('keeps variables between runs and updates them in place', async () => {
    const loaded = await runtime.load(addProgram(2));
    const w = runtime.createVariable(variable(2));
    expect(await fetch(loaded, request([f32([2], [1, 2])], [w]))).toEqual([1, 2]);
    expect(await fetch(loaded, request([f32([2], [10, 20])], [w]))).toEqual([11, 22]);
    expect(valuesOf(w)).toEqual([11, 22]);
  });

  it('hands out fetches the next run does not touch', async () => {
    const loaded = await runtime.load(addProgram(1));
    const w = runtime.createVariable(variable(1));
    const first = await loaded.run(request([f32([1], [1])], [w]));
    await loaded.run(request([f32([1], [1])], [w]));
    expect([...(first.fetched[0]?.data as Float32Array)]).toEqual([1]);
  });

  it('runs overlapping calls in the order they were made', async () => {
    const [small, long] = [
      await runtime.load(addProgram(50_000)),
      await runtime.load(longProgram(50_000)),
    ];
    const w = runtime.createVariable(variable(50_000));
    const ones = f32([50_000], new Float32Array(50_000).fill(1));
    const order: string[] = [];
    const runs = [long, small, long, small].map(async (loaded, i) => {
      const values = await fetch(loaded, request([ones], [w]));
      order.push(`${i}:${loaded === small ? String(values[0]) : ''}`);
    });
    await Promise.all(runs);
    expect(order).toEqual(['0:', '1:2', '2:', '3:4']);
  });

  it('reads the feeds as they were when run was called', async () => {
    const n = 300_000;
    const loaded = await runtime.load(longProgram(n));
    const reference = runtime.createVariable(variable(n));
    const expected = await fetch(
      loaded,
      request([f32([n], new Float32Array(n).fill(0.5))], [reference]),
    );
    const feed = f32([n], new Float32Array(n).fill(0.5));
    const [v, w] = [runtime.createVariable(variable(n)), runtime.createVariable(variable(n))];
    const runs = [fetch(loaded, request([feed], [v])), fetch(loaded, request([feed], [w]))];
    feed.data.fill(99);
    for (const values of await Promise.all(runs)) expect(values).toEqual(expected);
    expect([valuesOf(v)[n - 1], valuesOf(w)[n - 1]]).toEqual([0.5, 0.5]);
  });

  it('does not read a feed again after a turn of the event loop', async () => {
    const n = 400_000;
    const program = addProgram(n);
    const lateRead: Program = {
      ...program,
      buffers: [...program.buffers, buffer({ kind: 'temp', slot: 0 }, [n])],
      slots: [{ byteLength: 4 * n, place: 'host' }],
      steps: [step(mapKernel(n, ['f32'], costly(x(), 20)), [0, 2]), ...program.steps],
    };
    const loaded = await runtime.load(lateRead);
    const feed = f32([n], new Float32Array(n).fill(0.25));
    const w = runtime.createVariable(variable(n));
    const run = fetch(loaded, request([feed], [w]));
    feed.data.fill(7);
    expect((await run)[n - 1]).toBe(0.25);
  });

  it('changes no variable when aborted after it began to write', async () => {
    const n = 1_000_000;
    const loaded = await runtime.load(longProgram(n));
    const w = runtime.createVariable(variable(n));
    const feed = f32([n], new Float32Array(n).fill(1));
    for (let attempt = 0; attempt < 2; attempt++) {
      const controller = new AbortController();
      const run = loaded.run(request([feed], [w], { signal: controller.signal }));
      setTimeout(() => {
        controller.abort(new Error('enough'));
      }, 15);
      await expect(run).rejects.toThrow(CancelledError);
      expect(valuesOf(w).every((value) => value === 0)).toBe(true);
    }
    const { signal } = new AbortController();
    await loaded.run(request([feed], [w], { signal }));
    expect(valuesOf(w).every((value) => value === 1)).toBe(true);
  });

  it('rejects a run whose signal aborted while it was queued, and goes on', async () => {
    const loaded = await runtime.load(longProgram(200_000));
    const w = runtime.createVariable(variable(200_000));
    const feed = f32([200_000], new Float32Array(200_000).fill(1));
    const controller = new AbortController();
    const runs = [
      loaded.run(request([feed], [w])),
      loaded.run(request([feed], [w], { signal: controller.signal })),
      loaded.run(request([feed], [w])),
    ];
    controller.abort();
    const outcome = await Promise.allSettled(runs);
    expect(outcome.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(valuesOf(w)[0]).toBe(2);
  });

  it('changes no variable when a later step fails', async () => {
    const program = addProgram(1);
    const failing: Program = {
      ...program,
      buffers: [
        ...program.buffers,
        buffer({ kind: 'feed', feed: 1 }, [1], 'int64'),
        buffer({ kind: 'temp', slot: 0 }, [1], 'int64', 'i32'),
      ],
      feeds: [...program.feeds, { name: 'y:0', dtype: 'int64', shape: [1] }],
      slots: [{ byteLength: 4, place: 'host' }],
      steps: [...program.steps, { kind: 'transfer', from: 2, to: 3 }],
      fetches: [{ kind: 'buffer', buffer: 3, dtype: 'int64', shape: [1] }],
    };
    const loaded = await runtime.load(failing);
    const w = runtime.createVariable(variable(1));
    const run = (y: bigint): Promise<unknown> =>
      loaded.run(
        request([f32([1], [5]), { dtype: 'int64', shape: [1], data: BigInt64Array.of(y) }], [w]),
      );
    await expect(run(2n ** 40n)).rejects.toThrow(InvalidArgumentError);
    expect(valuesOf(w)).toEqual([0]);
    await run(3n);
    expect(valuesOf(w)).toEqual([5]);
  });

  it('lets the event loop turn during long runs and between many short ones', async () => {
    const loaded = await runtime.load(addProgram(4));
    const w = runtime.createVariable(variable(4));
    const feed = f32([4], [1, 1, 1, 1]);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const started = performance.now();
    while (performance.now() - started < 200) await loaded.run(request([feed], [w]));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  it('shares one arena buffer among temporaries of a slot', async () => {
    const slots = [
      { byteLength: 8, place: 'host' as const },
      { byteLength: 8, place: 'host' as const },
    ];
    const temp = (slot: number): ReturnType<typeof buffer> => buffer({ kind: 'temp', slot }, [2]);
    const plusOne = mapKernel(2, ['f32'], add(x(), constant('f32', 1)));
    const loaded = await runtime.load({
      ...empty,
      buffers: [
        buffer({ kind: 'constant', data: f32([2], [1, 2]) }, [2]),
        temp(0),
        temp(1),
        temp(0),
      ],
      slots,
      steps: [
        step(plusOne, [0, 1]),
        step(plusOne, [1, 2]),
        { kind: 'copy', place: 'host', from: 2, to: 3 },
      ],
      fetches: [
        { kind: 'buffer', buffer: 3, dtype: 'float32', shape: [2] },
        { kind: 'feed', feed: 0, shape: [2] },
      ],
    });
    const { fetched, counts } = await loaded.run(request([]));
    expect(fetched).toEqual([f32([2], [3, 4]), null]);
    expect(counts).toMatchObject({ bytesUp: 0, bytesDown: 8, dispatches: 2, buffersCreated: 0 });
    expect(runtime.memory()).toEqual({
      variables: 0,
      constants: 8,
      feeds: 0,
      arena: 16,
      staging: 0,
    });
    loaded.dispose();
    expect(runtime.memory().arena).toBe(0);
    await expect(loaded.run(request([]))).rejects.toThrow(RuntimeError);
  });

  it('gives random kernels the stream position of the run', async () => {
    const word = (i: number): Expr => read(0, add(mul(index(0), int(0)), int(i)), 'u32');
    const value = add(mul(cast('u64', word(3)), constant('u64', 2n ** 32n)), cast('u64', word(2)));
    const loaded = await runtime.load({
      ...empty,
      buffers: [
        buffer({ kind: 'random' }, [4], 'uint32'),
        buffer({ kind: 'temp', slot: 0 }, [1], 'uint64'),
      ],
      slots: [{ byteLength: 8, place: 'host' }],
      random: [
        { node: 'a', seeded: true, advance: 1n },
        { node: 'b', seeded: true, advance: 1n },
      ],
      steps: [
        step(
          { ...mapKernel(1, ['u32'], value), bindings: [output('u32', 4), output('u64', 1)] },
          [0, 1],
        ),
      ],
      fetches: [{ kind: 'buffer', buffer: 1, dtype: 'uint64', shape: [1] }],
    });
    const position = 2n ** 40n + 12345n;
    const { fetched } = await loaded.run({ feeds: [], variables: [], random: [1n, position] });
    expect(fetched[0]?.data[0]).toBe(position);
  });

  it('traces each kernel with its label', async () => {
    const loaded = await runtime.load(addProgram(2));
    const { trace } = await loaded.run(
      request([f32([2], [1, 2])], [runtime.createVariable(variable(2))], { trace: true }),
    );
    expect(trace).toHaveLength(1);
    expect(trace[0]).toMatchObject({ label: 'map', startNs: 0 });
    expect(trace[0]?.durationNs).toBeGreaterThanOrEqual(0);
  });

  it('moves int64 between storages', async () => {
    const loaded = await runtime.load({
      ...empty,
      buffers: [
        buffer({ kind: 'feed', feed: 0 }, [2], 'int64'),
        buffer({ kind: 'temp', slot: 0 }, [2], 'int64', 'i32'),
        buffer({ kind: 'temp', slot: 1 }, [2], 'int64'),
      ],
      feeds: [{ name: 'x:0', dtype: 'int64', shape: [2] }],
      slots: [
        { byteLength: 8, place: 'device' },
        { byteLength: 16, place: 'host' },
      ],
      steps: [
        { kind: 'transfer', from: 0, to: 1 },
        { kind: 'transfer', from: 1, to: 2 },
      ],
      fetches: [1, 2].map((b) => ({
        kind: 'buffer' as const,
        buffer: b,
        dtype: 'int64' as const,
        shape: [2],
      })),
    });
    const feed: NdArray = { dtype: 'int64', shape: [2], data: BigInt64Array.of(-5n, 7n) };
    expect((await loaded.run(request([feed]))).fetched).toEqual([feed, feed]);
  });

  it('counts variables until they are destroyed, once', () => {
    const w = runtime.createVariable(variable(10));
    expect([w.byteLength, runtime.memory().variables]).toEqual([40, 40]);
    w.destroy();
    w.destroy();
    expect(runtime.memory().variables).toBe(0);
  });

  it('uses no more memory after a thousand runs than after a few', async () => {
    const n = 20_000;
    const loaded = await runtime.load(addProgram(n));
    const w = runtime.createVariable(variable(n));
    const feed = f32([n], new Float32Array(n));
    const before = runtime.memory();
    const external = async (runs: number): Promise<number> => {
      for (let i = 0; i < runs; i++) await loaded.run(request([feed], [w]));
      return process.memoryUsage().arrayBuffers;
    };
    const early = await external(50);
    const late = await external(1000);
    expect(runtime.memory()).toEqual(before);
    expect(late - early).toBeLessThan(64e6); // fetches await collection; 1000 would be 80 MB
  });

  it('refuses work after close, which waits for what was begun', async () => {
    const loaded = await runtime.load(longProgram(200_000));
    const w = runtime.createVariable(variable(200_000));
    let isDone = false;
    const run = loaded
      .run(request([f32([200_000], new Float32Array(200_000))], [w]))
      .then(() => (isDone = true));
    await runtime.close();
    expect(isDone).toBe(true);
    await run;
    await expect(runtime.load(empty)).rejects.toThrow(RuntimeError);
    await expect(loaded.run(request([]))).rejects.toThrow(RuntimeError);
  });
});
