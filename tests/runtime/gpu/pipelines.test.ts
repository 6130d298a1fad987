/** Which kernels share a pipeline. */
import { describe, expect, it } from '@jest/globals';
import { add, constant, index } from '../../../src/ir/expr.js';
import type { MapKernel } from '../../../src/ir/kernel.js';
import { PipelineCache } from '../../../src/runtime/gpu/pipelines.js';
import { printMap } from '../../../src/runtime/gpu/wgsl-map.js';
import { hardwareCaps, openGpu, read } from './gpu-harness.js';

const adding = (label: string, value: number, length = 8): MapKernel => ({
  kind: 'map',
  label,
  shape: [length],
  bindings: [
    { access: 'read', storage: 'f32', length },
    { access: 'read_write', storage: 'f32', length },
  ],
  stores: [{ binding: 1, at: index(0), value: add(read(0, index(0)), constant('f32', value)) }],
});

describe('the pipeline cache', () => {
  it('makes one pipeline of kernels that differ in their names alone', async () => {
    const device = (await openGpu()) as unknown as { readonly device: GPUDevice };
    const counts = { buffers: 0, bindGroups: 0, pipelines: 0 };
    const cache = new PipelineCache(device.device, counts, 8);
    const get = (kernel: MapKernel) => cache.get(kernel, printMap(kernel, hardwareCaps));
    const first = await get(adding('layer1/add', 1));
    expect(await get(adding('layer2/add', 1))).toBe(first);
    expect(counts.pipelines).toBe(1);
    expect(await get(adding('layer1/add', 2))).not.toBe(first);
    expect(counts.pipelines).toBe(2);
  });
});
