/** Programs whose steps go to the host and back: 64-bit kernels between device segments. */
import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from '../../../src/errors.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import { add, check, constant, ge, index, mul } from '../../../src/ir/expr.js';
import type { MapKernel, StorageType } from '../../../src/ir/kernel.js';
import type { BufferDecl, Program, Step, VariableDecl } from '../../../src/ir/program.js';
import { mustWait } from '../../../src/runtime/gpu/host-steps.js';
import { printKernel } from '../../../src/runtime/gpu/print-kernel.js';
import type { LoadedProgram, RunResult, VariableBuffer } from '../../../src/runtime/runtime.js';
import {
  buffer,
  emptyProgram,
  hardwareCaps,
  i32,
  kernelStep,
  openGpu,
  read,
} from './gpu-harness.js';

const n = 8;
const at = index(0);

const addOne: MapKernel = {
  kind: 'map',
  label: 'addOne',
  bindings: (['read', 'read_write'] as const).map((access) => ({
    access,
    storage: 'i32',
    length: n,
  })),
  shape: [n],
  stores: [{ binding: 1, at, value: add(read(0, at, 'i32'), constant('i32', 1)) }],
};
/** Multiplies int64s on the host. */
const scale: MapKernel = {
  kind: 'map',
  label: 'scale',
  bindings: (['read', 'read_write'] as const).map((access) => ({
    access,
    storage: 'i64',
    length: n,
  })),
  shape: [n],
  stores: [{ binding: 1, at, value: mul(read(0, at, 'i64'), constant('i64', 1000)) }],
};

const hostBuffer = (role: BufferDecl['role'], storage: StorageType, label: string): BufferDecl => ({
  role,
  place: 'host',
  dtype: 'int64',
  storage,
  shape: [n],
  byteLength: 8 * n,
  label,
});
const variable: VariableDecl = {
  key: 'v',
  node: 'v',
  op: 'VariableV2',
  dtype: 'int32',
  shape: [n],
  place: 'device',
  storage: 'i32',
  reads: true,
  writes: true,
};

/** v = v + x on the device; 1000 v on the host; that, plus one, on the device again. */
const accumulate: MapKernel = {
  ...addOne,
  label: 'accumulate',
  stores: [{ binding: 1, at, value: add(read(1, at, 'i32'), read(0, at, 'i32')) }],
};
const program: Program = {
  ...emptyProgram,
  buffers: [
    buffer({ kind: 'feed', feed: 0 }, 'int32', [n], 'x'),
    buffer({ kind: 'variable', variable: 0 }, 'int32', [n], 'v'),
    hostBuffer({ kind: 'temp', slot: 0 }, 'i64', 'wide'),
    hostBuffer({ kind: 'temp', slot: 1 }, 'i64', 'scaled'),
    buffer({ kind: 'temp', slot: 2 }, 'int32', [n], 'narrow'),
    buffer({ kind: 'temp', slot: 3 }, 'int32', [n], 'result'),
  ],
  feeds: [{ name: 'x:0', dtype: 'int32', shape: [n] }],
  variables: [variable],
  steps: [
    kernelStep(accumulate, [0, 1]),
    { kind: 'transfer', from: 1, to: 2 },
    { ...kernelStep(scale, [2, 3]), place: 'host' } as Step,
    { kind: 'transfer', from: 3, to: 4 },
    kernelStep(addOne, [4, 5]),
  ],
  fetches: [
    { kind: 'buffer', buffer: 5, dtype: 'int32', shape: [n] },
    { kind: 'buffer', buffer: 3, dtype: 'int64', shape: [n] },
  ],
  slots: [
    { byteLength: 8 * n, place: 'host' },
    { byteLength: 8 * n, place: 'host' },
    { byteLength: 4 * n, place: 'device' },
    { byteLength: 4 * n, place: 'device' },
  ],
};
const plain: Program = {
  ...program,
  steps: [kernelStep(accumulate, [0, 1])],
  fetches: [{ kind: 'buffer', buffer: 1, dtype: 'int32', shape: [n] }],
};

const filled = (value: number): NdArray => i32(new Array<number>(n).fill(value));
const first = ({ fetched }: RunResult, i = 0): number | bigint | undefined =>
  (fetched[i]?.data as Int32Array | undefined)?.[0];

async function load(which: Program): Promise<LoadedProgram> {
  return (await openGpu()).load(which);
}
const runWith = (loaded: LoadedProgram, v: VariableBuffer, value: number): Promise<RunResult> =>
  loaded.run({ feeds: [filled(value)], variables: [v], random: [] });

describe('programs with host steps', () => {
  it('widens to int64 on the host and narrows on the way back', async () => {
    const v = (await openGpu()).createVariable(variable);
    const loaded = await load(program);
    const result = await runWith(loaded, v, 3);
    expect(first(result)).toBe(3001);
    expect(first(result, 1)).toBe(3000n);
    expect(result.counts).toMatchObject({
      dispatches: 3,
      submits: 2,
      bytesUp: 8 * n,
      bytesDown: 8 * n,
    });
    loaded.dispose();
    v.destroy();
  });

  it('keeps overlapping runs of both kinds of program in call order', async () => {
    const v = (await openGpu()).createVariable(variable);
    const hosted = await load(program);
    const simple = await load(plain);
    const x = filled(1);
    const runs: Promise<RunResult>[] = [];
    for (let i = 0; i < 5; i++) {
      (x.data as Int32Array).fill(1);
      runs.push(hosted.run({ feeds: [x], variables: [v], random: [] }));
      (x.data as Int32Array).fill(10);
      runs.push(simple.run({ feeds: [x], variables: [v], random: [] }));
      (x.data as Int32Array).fill(999);
    }
    const values = (await Promise.all(runs)).map((result) => first(result));
    expect(values).toEqual([1001, 11, 12001, 22, 23001, 33, 34001, 44, 45001, 55]);
    hosted.dispose();
    simple.dispose();
    v.destroy();
  });

  it('gives variables their old values when a value does not fit on the way back', async () => {
    const v = (await openGpu()).createVariable(variable);
    const hosted = await load(program);
    const simple = await load(plain);
    await runWith(hosted, v, 5);
    await expect(runWith(hosted, v, 2_500_000)).rejects.toThrow(InvalidArgumentError);
    expect(first(await runWith(simple, v, 0))).toBe(5);
    expect(first(await runWith(hosted, v, 1))).toBe(6001);
    hosted.dispose();
    simple.dispose();
    v.destroy();
  });

  it('holds no more memory after hundreds of runs', async () => {
    const gpu = await openGpu();
    const v = gpu.createVariable(variable);
    const hosted = await load(program);
    await runWith(hosted, v, 1);
    const before = gpu.memory();
    for (let i = 0; i < 300; i++) await runWith(hosted, v, 0);
    expect(gpu.memory()).toEqual(before);
    hosted.dispose();
    v.destroy();
  });

  it('lets a run in flight finish after dispose', async () => {
    const v = (await openGpu()).createVariable(variable);
    const hosted = await load(program);
    const last = runWith(hosted, v, 2);
    hosted.dispose();
    expect(first(await last)).toBe(2001);
    v.destroy();
  });

  it('keeps host variables between runs', async () => {
    const gpu = await openGpu();
    const decl: VariableDecl = { ...variable, dtype: 'int64', place: 'host', storage: 'i64' };
    const grow: MapKernel = {
      ...scale,
      bindings: [{ access: 'read_write', storage: 'i64', length: n }],
      stores: [
        {
          binding: 0,
          at,
          value: add(mul(read(0, at, 'i64'), constant('i64', 3)), constant('i64', 1)),
        },
      ],
    };
    const v = gpu.createVariable(decl);
    const loaded = await load({
      ...emptyProgram,
      buffers: [hostBuffer({ kind: 'variable', variable: 0 }, 'i64', 'v')],
      variables: [decl],
      steps: [{ ...kernelStep(grow, [0]), place: 'host' } as Step],
      fetches: [{ kind: 'buffer', buffer: 0, dtype: 'int64', shape: [n] }],
    });
    const run = (): Promise<RunResult> => loaded.run({ feeds: [], variables: [v], random: [] });
    await run();
    expect(first(await run())).toBe(4n);
    loaded.dispose();
  });
});

describe('A check of the host', () => {
  const failure = { message: 'negative', node: 'n', op: 'Root' };
  const checked: MapKernel = {
    ...scale,
    stores: [
      {
        binding: 1,
        at,
        value: check(read(0, at, 'i64'), ge(read(0, at, 'i64'), constant('i64', 0)), failure),
      },
    ],
  };
  const onHost = (kernel: MapKernel): Step =>
    ({ ...kernelStep(kernel, [2, 3]), place: 'host' }) as Step;
  const write = kernelStep(accumulate, [0, 1]);

  it.each([
    ['ahead of all writes to variables', [onHost(checked), write], false],
    ['after a write', [write, onHost(checked)], true],
    ['that there is not', [write, onHost(scale)], false],
  ] as const)('%s: the run waits for it or not', (_, steps, waits) => {
    expect(mustWait([], { ...program, steps })).toBe(waits);
  });
});

describe('A check in a kernel of the device', () => {
  it('is left out: the value alone is computed', () => {
    const failing = check(
      add(read(0, at, 'i32'), constant('i32', 1)),
      constant('bool', false),
      { message: 'never', node: 'n', op: 'Root' },
      [at],
    );
    const kernel = { ...addOne, stores: [{ binding: 1, at, value: failing }] };
    expect(printKernel(kernel, hardwareCaps).code).toBe(printKernel(addOne, hardwareCaps).code);
  });
});
