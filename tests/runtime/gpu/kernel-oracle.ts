/** Runs a kernel on the device and on the host, and compares. */
import { expect } from '@jest/globals';
import type { Kernel } from '../../../src/ir/kernel.js';
import { createStorage, type StorageArray } from '../../../src/ir/storage.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';
import { writtenBuffers } from '../../../src/runtime/cpu/program-memory.js';
import { buffer, emptyProgram, kernelStep, openGpu } from './gpu-harness.js';
import type { NdArray } from '../../../src/graph/dtype.js';

const dtypes = { f32: 'float32', i32: 'int32', u32: 'uint32' } as const;

/** Small values that f32 sums exactly, different at every place. */
export function fillStorage(array: StorageArray): StorageArray {
  for (let i = 0; i < array.length; i++) {
    const value = ((i * 7919) % 64) - (array instanceof Uint32Array ? 0 : 31);
    (array as Float32Array)[i] = array instanceof Float32Array ? value / 4 : value;
  }
  return array;
}

/** Contents of every binding after the kernel ran on the device. */
async function onDevice(
  kernel: Kernel,
  contents: readonly StorageArray[],
): Promise<StorageArray[]> {
  const gpu = await openGpu();
  const dtypeAt = (i: number): 'float32' | 'int32' | 'uint32' =>
    dtypes[(kernel.bindings[i]?.storage ?? 'f32') as 'f32'];
  const decls = contents.map((array, feed) => ({ dtype: dtypeAt(feed), shape: [array.length] }));
  const program = {
    ...emptyProgram,
    feeds: decls.map((decl, i) => ({ ...decl, name: `x${i}:0` })),
    buffers: decls.map(({ dtype, shape }, feed) => buffer({ kind: 'feed', feed }, dtype, shape)),
    steps: [
      kernelStep(
        kernel,
        contents.map((_, i) => i),
      ),
    ],
    fetches: decls.map((decl, i) => ({ ...decl, kind: 'buffer' as const, buffer: i })),
  };
  const loaded = await gpu.load(program);
  const feeds = contents.map((data, i) => ({ ...decls[i], data }) as NdArray);
  const { fetched } = await loaded.run({ feeds, variables: [], random: [] });
  loaded.dispose();
  return fetched.map((array) => array?.data as StorageArray);
}

/**
 * Expects device and host to leave the same in every buffer the kernel writes.
 * @param tolerance relative; 0 for exact equality.
 */
export async function expectSameOnHost(kernel: Kernel, tolerance = 0): Promise<StorageArray[]> {
  const start = kernel.bindings.map(({ storage, length }) =>
    fillStorage(createStorage(storage, length)),
  );
  const host = start.map((array) => array.slice());
  compileHostKernel(kernel).run(host);
  const device = await onDevice(kernel, start);
  for (const i of writtenBuffers(
    kernelStep(
      kernel,
      start.map((_, at) => at),
    ),
  )) {
    const [actual = [], expected = []] = [device[i], host[i]].map((a) =>
      Array.from(a as Float32Array),
    );
    const at = actual.findIndex((value, place) => {
      const target = expected[place] ?? 0;
      if (Object.is(value, target) || value === target) return false;
      return !(Math.abs(value - target) <= tolerance * Math.max(Math.abs(target), 1));
    });
    expect({ at, actual: actual[at], expected: expected[at] }).toEqual({
      at: -1,
      actual: undefined,
      expected: undefined,
    });
  }
  return device;
}
