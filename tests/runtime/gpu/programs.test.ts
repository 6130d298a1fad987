/** Whole programs on the device: variables, copies, fetches, order, counts, aborts, and what goes wrong. */
import { describe, expect, it } from '@jest/globals';
import { CancelledError, ResourceExhaustedError, RuntimeError } from '../../../src/errors.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import { add, constant, fold, index, int, mod, mul, sub } from '../../../src/ir/expr.js';
import type { Binding, MapKernel } from '../../../src/ir/kernel.js';
import type { Program, VariableDecl } from '../../../src/ir/program.js';
import { GpuRuntime } from '../../../src/runtime/gpu/device.js';
import type { RunRequest, RunResult } from '../../../src/runtime/runtime.js';
import { buffer, emptyProgram, f32, kernelStep, openGpu, read } from './gpu-harness.js';

const n = 64;
const at = index(0);
const bindings = (...access: Binding['access'][]): Binding[] =>
  access.map((mode) => ({ access: mode, storage: 'f32', length: n }));

/** v = v + x, in place. */
const accumulate: MapKernel = {
  kind: 'map',
  label: 'accumulate',
  bindings: bindings('read', 'read_write'),
  shape: [n],
  stores: [{ binding: 1, at, value: add(read(1, at), read(0, at)) }],
};
const timesTwo: MapKernel = {
  kind: 'map',
  label: 'timesTwo',
  bindings: bindings('read', 'read_write'),
  shape: [n],
  stores: [{ binding: 1, at, value: mul(read(0, at), constant('f32', 2)) }],
};

const variableDecl: VariableDecl = {
  key: 'v',
  node: 'v',
  op: 'VariableV2',
  dtype: 'float32',
  shape: [n],
  place: 'device',
  storage: 'f32',
  reads: true,
  writes: true,
};

/** Fetches the variable's value before and after the update, and twice the value after. */
const counter: Program = {
  ...emptyProgram,
  buffers: [
    buffer({ kind: 'feed', feed: 0 }, 'float32', [n], 'x'),
    buffer({ kind: 'variable', variable: 0 }, 'float32', [n], 'v'),
    buffer({ kind: 'temp', slot: 0 }, 'float32', [n], 'before'),
    buffer({ kind: 'temp', slot: 1 }, 'float32', [n], 'twice'),
  ],
  feeds: [{ name: 'x:0', dtype: 'float32', shape: [n] }],
  variables: [variableDecl],
  steps: [
    { kind: 'copy', place: 'device', from: 1, to: 2 },
    kernelStep(accumulate, [0, 1]),
    kernelStep(timesTwo, [1, 3]),
  ],
  fetches: [2, 1, 3].map((at) => ({ kind: 'buffer', buffer: at, dtype: 'float32', shape: [n] })),
  slots: [
    { byteLength: 4 * n, place: 'device' },
    { byteLength: 4 * n, place: 'device' },
  ],
};

const ones = f32(new Array<number>(n).fill(1));
const firsts = ({ fetched }: RunResult): (number | bigint | undefined)[] =>
  fetched.map((array) => (array?.data as Float32Array | undefined)?.[0]);

/** The program loaded, with a fresh variable. */
async function setUp(program = counter): Promise<{
  gpu: GpuRuntime;
  run: (extra?: Partial<RunRequest>) => Promise<RunResult>;
  end: () => void;
}> {
  const gpu = await openGpu();
  const loaded = await gpu.load(program);
  const variables = program.variables.map((decl) => gpu.createVariable(decl));
  return {
    gpu,
    run: (extra = {}) => loaded.run({ feeds: [ones], variables, random: [], ...extra }),
    end: () => {
      loaded.dispose();
      for (const variable of variables) variable.destroy();
    },
  };
}

describe('programs on the device', () => {
  it('keeps a variable between runs, and copies its old value before the update', async () => {
    const { run, end } = await setUp();
    expect(firsts(await run())).toEqual([0, 1, 2]);
    expect(firsts(await run())).toEqual([1, 2, 4]);
    end();
  });

  it('creates nothing after the first run, and moves just feeds and fetches', async () => {
    const { run, end } = await setUp();
    await run();
    const { counts } = await run();
    expect(counts).toEqual({
      bytesUp: 4 * n,
      bytesDown: 3 * 4 * n,
      dispatches: 2,
      submits: 1,
      buffersCreated: 0,
      bindGroupsCreated: 0,
      pipelinesCreated: 0,
    });
    end();
  });

  it('executes runs in call order without waiting in between', async () => {
    const { run, end } = await setUp();
    const results = await Promise.all(Array.from({ length: 20 }, () => run()));
    expect(results.map((result) => firsts(result)[1])).toEqual(results.map((_, i) => i + 1));
    end();
  });

  it('reads the feeds before run returns', async () => {
    const { run, end } = await setUp();
    const x = f32(new Array<number>(n).fill(5));
    const result = run({ feeds: [x] });
    (x.data as Float32Array).fill(100);
    expect(firsts(await result)).toEqual([0, 5, 10]);
    end();
  });

  it('shares pipelines between programs', async () => {
    const first = await setUp();
    await first.run();
    const { gpu } = first;
    const before = gpu.memory();
    const second = await setUp();
    expect((await second.run()).counts.pipelinesCreated).toBe(0);
    second.end();
    expect(gpu.memory().arena).toBe(before.arena);
    first.end();
  });

  it('keeps bind groups for sets of variables that alternate', async () => {
    const { gpu, run, end } = await setUp();
    const others = [gpu.createVariable(variableDecl)];
    await run();
    await run({ variables: others });
    expect((await run()).counts.bindGroupsCreated).toBe(0);
    expect((await run({ variables: others })).counts.bindGroupsCreated).toBe(0);
    for (const variable of others) variable.destroy();
    end();
  });

  it('holds no more memory after thousands of runs', async () => {
    const { gpu, run, end } = await setUp();
    await Promise.all(Array.from({ length: 8 }, () => run()));
    const before = gpu.memory();
    for (let i = 0; i < 250; i++) await Promise.all(Array.from({ length: 8 }, () => run()));
    expect(gpu.memory()).toEqual(before);
    expect(firsts(await run())[1]).toBe(2009);
    end();
  });

  it('runs a program that fetches nothing', async () => {
    const { run, end } = await setUp({ ...counter, fetches: [] });
    const { fetched, counts } = await run();
    expect(fetched).toEqual([]);
    expect(counts.bytesDown).toBe(0);
    end();
  });

  it('gives empty tensors, constants and scalars', async () => {
    const seven: NdArray = f32([7], []);
    const program: Program = {
      ...emptyProgram,
      buffers: [
        buffer({ kind: 'constant', data: seven }, 'float32', []),
        buffer({ kind: 'temp', slot: 0 }, 'float32', [0, 3]),
      ],
      fetches: [
        { kind: 'buffer', buffer: 0, dtype: 'float32', shape: [] },
        { kind: 'buffer', buffer: 1, dtype: 'float32', shape: [0, 3] },
        { kind: 'constant', data: seven },
      ],
      slots: [{ byteLength: 4, place: 'device' }],
    };
    const { run, end } = await setUp(program);
    const { fetched } = await run({ feeds: [] });
    expect(fetched).toEqual([seven, f32([], [0, 3]), null]);
    end();
  });

  it('writes random positions as low and high words', async () => {
    const words: MapKernel = {
      ...timesTwo,
      bindings: [0, 1].map((i) => ({
        access: i === 0 ? ('read' as const) : ('read_write' as const),
        storage: 'u32',
        length: 4,
      })),
      shape: [4],
      stores: [{ binding: 1, at, value: read(0, at, 'u32') }],
    };
    const program: Program = {
      ...emptyProgram,
      buffers: [
        buffer({ kind: 'random' }, 'uint32', [4]),
        buffer({ kind: 'temp', slot: 0 }, 'uint32', [4]),
      ],
      steps: [kernelStep(words, [0, 1])],
      fetches: [{ kind: 'buffer', buffer: 1, dtype: 'uint32', shape: [4] }],
      random: [
        { node: 'a', seeded: true, advance: 256n },
        { node: 'b', seeded: true, advance: 256n },
      ],
      slots: [{ byteLength: 16, place: 'device' }],
    };
    const { run, end } = await setUp(program);
    const { fetched } = await run({ feeds: [], random: [5n, 0x1_8000_0002n] });
    expect(Array.from(fetched[0]?.data as Uint32Array)).toEqual([5, 0, 0x80000002, 1]);
    end();
  });

  it('times kernels when asked, where the adapter can', async () => {
    const { gpu, run, end } = await setUp();
    const { trace, fetched } = await run({ trace: true });
    expect(fetched).toHaveLength(3);
    const expected = gpu.facts.features.includes('timestamp-query')
      ? ['accumulate', 'timesTwo']
      : [];
    expect(trace.map(({ label }) => label)).toEqual(expected);
    for (const { startNs, durationNs } of trace) {
      expect(startNs).toBeGreaterThanOrEqual(0);
      expect(durationNs).toBeLessThan(1e9);
    }
    end();
  });
});

describe('aborts and failures', () => {
  it('starts nothing when the signal has aborted, and changes no variable', async () => {
    const { run, end } = await setUp();
    await run();
    await expect(run({ signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
    expect(firsts(await run())[1]).toBe(2);
    end();
  });

  it('stops waiting when the signal aborts; the work that was enqueued completes', async () => {
    const { run, end } = await setUp();
    const abort = new AbortController();
    const first = run({ signal: abort.signal });
    abort.abort();
    await expect(first).rejects.toThrow(CancelledError);
    expect(firsts(await run())[1]).toBe(2);
    end();
  });

  it('changes no variable when a feed is missing', async () => {
    const { run, end } = await setUp();
    await expect(run({ feeds: [] })).rejects.toThrow(/Feed "x" was not given/);
    expect(firsts(await run())[1]).toBe(1);
    end();
  });

  it('refuses a program with a buffer above the limit, and goes on', async () => {
    const gpu = await openGpu();
    const shape = [2 ** 30];
    const program = {
      ...emptyProgram,
      buffers: [buffer({ kind: 'temp', slot: 0 }, 'float32', shape)],
      slots: [{ byteLength: 2 ** 32, place: 'device' }],
    } as const;
    const before = gpu.memory();
    await expect(gpu.load(program)).rejects.toThrow(ResourceExhaustedError);
    expect(() => gpu.createVariable({ ...variableDecl, shape })).toThrow(ResourceExhaustedError);
    expect(gpu.memory()).toEqual(before);
    const { run, end } = await setUp();
    expect(firsts(await run())[1]).toBe(1);
    end();
  });

  it('reports a kernel that does not compile, with its name', async () => {
    const gpu = await openGpu();
    const broken: MapKernel = {
      ...timesTwo,
      label: 'broken',
      shape: [n],
      bindings: bindings('read', 'read'),
    };
    await expect(gpu.load({ ...counter, steps: [kernelStep(broken, [0, 3])] })).rejects.toThrow(
      /Kernel "broken" does not compile/,
    );
  });

  it('reports commands the device refuses, once, from the run', async () => {
    const { run, end } = await setUp({
      ...counter,
      // One buffer bound to be read and to be written in one dispatch.
      steps: [kernelStep(timesTwo, [3, 3])],
    });
    await expect(run()).rejects.toThrow(/refused/);
    end();
  });

  it('refuses to run after dispose, and lets a run in flight finish', async () => {
    const { run, end } = await setUp();
    const last = run();
    end();
    expect(firsts(await last)).toEqual([0, 1, 2]);
    await expect(run()).rejects.toThrow(RuntimeError);
  });
});

describe('closing and losing the device', () => {
  it('waits for runs in flight, then refuses', async () => {
    const gpu = await GpuRuntime.create();
    const loaded = await gpu.load(counter);
    const variables = [gpu.createVariable(variableDecl)];
    const request = { feeds: [ones], variables, random: [] };
    const last = loaded.run(request);
    await Promise.all([gpu.close(), gpu.close()]);
    expect(firsts(await last)).toEqual([0, 1, 2]);
    await expect(loaded.run(request)).rejects.toThrow(/closed/);
    await expect(gpu.load(counter)).rejects.toThrow(/closed/);
  });

  it('tells of a lost device, and fails runs with the reason', async () => {
    const gpu = await GpuRuntime.create();
    const loaded = await gpu.load(counter);
    const variables = [gpu.createVariable(variableDecl)];
    const request = { feeds: [ones], variables, random: [] };
    const pending = loaded.run(request);
    const outcome = pending.then(
      () => 'finished',
      (error: unknown) => (error as Error).message,
    );
    (gpu as unknown as { device: GPUDevice }).device.destroy();
    await expect(gpu.lost).resolves.toMatch(/destroy/i);
    expect(await outcome).toMatch(/lost|finished/);
    await expect(loaded.run(request)).rejects.toThrow(/lost/);
    await gpu.close();
  });

  it('leaves timers running while the device works', async () => {
    const busy: MapKernel = {
      ...timesTwo,
      label: 'busy',
      stores: [
        {
          binding: 1,
          at,
          value: fold('sum', 3_000_000, (k) => sub(read(0, at), read(0, mod(k, int(n))))),
        },
      ],
    };
    const { run, end } = await setUp({ ...counter, steps: [kernelStep(busy, [0, 3])] });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const started = performance.now();
    await run();
    clearInterval(timer);
    const elapsed = performance.now() - started;
    expect(ticks).toBeGreaterThanOrEqual(elapsed > 50 ? 5 : 0);
    end();
  });
});
