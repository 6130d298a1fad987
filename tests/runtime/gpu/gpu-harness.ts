/** One device for a test file, and programs of a kernel or two written by hand. */
import { afterAll } from '@jest/globals';
import type { NdArray } from '../../../src/graph/dtype.js';
import { elementCount } from '../../../src/graph/shape.js';
import type { Expr, ScalarType } from '../../../src/ir/expr.js';
import type { Kernel } from '../../../src/ir/kernel.js';
import type { BufferDecl, Program, Step } from '../../../src/ir/program.js';
import { GpuRuntime } from '../../../src/runtime/gpu/device.js';
import type { RunResult } from '../../../src/runtime/runtime.js';
import type { GpuCaps } from '../../../src/runtime/gpu/wgsl-module.js';

/** Facts of a made-up adapter, for printing without a device. */
export const hardwareCaps: GpuCaps = {
  maxWorkgroupsPerDimension: 65535,
  subgroups: false,
  subgroupSize: 0,
  subgroupSizeFixed: false,
  maxWorkgroupStorageBytes: 16384,
  maxInvocationsPerWorkgroup: 256,
  isSoftware: false,
};

let opened: Promise<GpuRuntime> | undefined;

/** The file's device; fails the test when the machine offers no adapter. */
export function openGpu(): Promise<GpuRuntime> {
  opened ??= GpuRuntime.create();
  return opened;
}

afterAll(async () => {
  if (opened !== undefined) await (await opened).close();
});

type StoredType = 'float32' | 'int32' | 'uint32' | 'bool';
const storages = { float32: 'f32', int32: 'i32', uint32: 'u32', bool: 'u32' } as const;

export const buffer = (
  role: BufferDecl['role'],
  dtype: StoredType,
  shape: readonly number[],
  label: string = role.kind,
): BufferDecl => ({
  role,
  place: 'device',
  dtype,
  storage: storages[dtype],
  shape,
  byteLength: 4 * Math.max(elementCount(shape), 1),
  label,
});

export const f32 = (values: ArrayLike<number>, shape = [values.length]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
export const i32 = (values: ArrayLike<number>, shape = [values.length]): NdArray => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});

export const kernelStep = (kernel: Kernel, buffers: readonly number[]): Step => ({
  kind: 'kernel',
  place: 'device',
  kernel,
  buffers,
  nodes: [kernel.label],
});

export const emptyProgram: Program = {
  buffers: [],
  steps: [],
  feeds: [],
  variables: [],
  fetches: [],
  random: [],
  slots: [],
};

/** A program that runs one kernel: inputs are bindings 0.., outputs follow. */
export function kernelProgram(
  kernel: Kernel,
  inputs: readonly NdArray[],
  outputs: readonly { readonly dtype: StoredType; readonly shape: readonly number[] }[],
): Program {
  const feeds = inputs.map(({ dtype, shape }, i) => ({ name: `x${i}:0`, dtype, shape }));
  const buffers = [
    ...inputs.map(({ dtype, shape }, feed) =>
      buffer({ kind: 'feed', feed }, dtype as StoredType, shape),
    ),
    ...outputs.map(({ dtype, shape }, slot) => buffer({ kind: 'temp', slot }, dtype, shape)),
  ];
  return {
    ...emptyProgram,
    buffers,
    feeds,
    steps: [
      kernelStep(
        kernel,
        buffers.map((_, i) => i),
      ),
    ],
    fetches: outputs.map(({ dtype, shape }, i) => ({
      kind: 'buffer',
      buffer: inputs.length + i,
      dtype,
      shape,
    })),
    slots: outputs.map(({ shape }) => ({
      byteLength: 4 * Math.max(elementCount(shape), 1),
      place: 'device',
    })),
  };
}

export async function runProgram(program: Program, feeds: readonly NdArray[]): Promise<RunResult> {
  const gpu = await openGpu();
  const loaded = await gpu.load(program);
  try {
    return await loaded.run({ feeds, variables: [], random: [] });
  } finally {
    loaded.dispose();
  }
}

export async function runKernel(
  kernel: Kernel,
  inputs: readonly NdArray[],
  outputs: readonly { readonly dtype: StoredType; readonly shape: readonly number[] }[],
): Promise<number[][]> {
  const { fetched } = await runProgram(kernelProgram(kernel, inputs, outputs), inputs);
  return fetched.map((array) => Array.from((array as NdArray).data as ArrayLike<number>));
}

export const read = (binding: number, at: Expr, type: ScalarType = 'f32'): Expr => ({
  kind: 'read',
  type,
  binding,
  at,
});

const dtypes = { f32: 'float32', i32: 'int32', u32: 'uint32', bool: 'bool' } as const;
export type DeviceType = keyof typeof dtypes;
export const dtypeOf = (type: DeviceType): StoredType => dtypes[type];

/** Applies an expression of the inputs to each element, at width 1 or 4 as the length allows. */
export async function elementwise(
  body: (...inputs: Expr[]) => Expr,
  inputs: readonly NdArray[],
): Promise<number[]> {
  const at: Expr = { kind: 'index', type: 'i32', axis: 0 };
  const types = inputs.map(({ dtype }) =>
    dtype === 'bool' ? 'bool' : storages[dtype as StoredType],
  );
  const length = elementCount(inputs[0]?.shape ?? []);
  const value = body(...types.map((type, i) => read(i, at, type)));
  const out = dtypeOf(value.type as DeviceType);
  const bindings = [...inputs.map(({ dtype }) => dtype as StoredType), out].map((dtype, i) => ({
    access: i < inputs.length ? ('read' as const) : ('read_write' as const),
    storage: storages[dtype],
    length,
  }));
  const kernel: Kernel = {
    kind: 'map',
    label: 'elementwise',
    bindings,
    shape: [length],
    stores: [{ binding: inputs.length, at, value }],
  };
  const [result = []] = await runKernel(kernel, inputs, [{ dtype: out, shape: [length] }]);
  return result;
}
