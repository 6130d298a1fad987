/**
 * A bare WebGPU device for contraction tests and benchmarks: runs one printed kernel on arrays.
 * Buffers are bound as the kernel says, so a wrong access mode fails validation.
 */
import type { ContractKernel } from '../../../src/ir/kernel.js';
import { capsOf } from '../../../src/runtime/gpu/adapter-facts.js';
import { findAdapter } from '../../../src/runtime/gpu/provider.js';
import type { GpuCaps, WgslModule } from '../../../src/runtime/gpu/wgsl-module.js';

export type KernelArray = Float32Array | Int32Array | Uint32Array;

const usage = { mapRead: 0x1, copySrc: 0x4, copyDst: 0x8, uniform: 0x40, storage: 0x80 } as const;

export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly module: WgslModule;
}

export class ContractDevice {
  private constructor(
    readonly adapter: GPUAdapter,
    readonly device: GPUDevice,
    readonly caps: GpuCaps,
  ) {}

  static async open(): Promise<ContractDevice> {
    const { adapter, facts } = await findAdapter();
    const caps = capsOf(facts);
    const device = await adapter.requestDevice({
      requiredFeatures: caps.subgroups ? ['subgroups'] : [],
    });
    return new ContractDevice(adapter, device, caps);
  }

  get description(): string {
    const { vendor, device, description } = this.adapter.info;
    return [vendor, device, description].filter((part) => part !== '').join(' ');
  }

  buffer(values: KernelArray): GPUBuffer {
    const size = Math.max(4, values.byteLength);
    const buffer = this.device.createBuffer({
      size,
      usage: usage.storage | usage.copySrc | usage.copyDst,
    });
    this.device.queue.writeBuffer(buffer, 0, values);
    return buffer;
  }

  private uniform(value: number): GPUBuffer {
    const buffer = this.device.createBuffer({ size: 4, usage: usage.uniform | usage.copyDst });
    this.device.queue.writeBuffer(buffer, 0, Int32Array.of(value));
    return buffer;
  }

  prepare(kernel: ContractKernel, module: WgslModule, buffers: readonly GPUBuffer[]): Dispatch {
    const { device } = this;
    const layoutEntries = kernel.bindings.map(({ access }, binding): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: 0x4,
      buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    const bound = [...buffers];
    if (module.bound !== undefined) {
      layoutEntries.push({ binding: bound.length, visibility: 0x4, buffer: { type: 'uniform' } });
      bound.push(this.uniform(module.bound));
    }
    const layout = device.createBindGroupLayout({ entries: layoutEntries });
    const pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ code: module.code }), entryPoint: 'main' },
    });
    const entries = bound.map((buffer, binding) => ({ binding, resource: { buffer } }));
    return { pipeline, bindGroup: device.createBindGroup({ layout, entries }), module };
  }

  /** Runs a dispatch `times` times in one submit and waits. */
  async run({ pipeline, bindGroup, module }: Dispatch, times = 1): Promise<void> {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...module.workgroupCount);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    await this.device.queue.onSubmittedWorkDone();
  }

  async read(buffer: GPUBuffer, like: KernelArray): Promise<KernelArray> {
    const { device } = this;
    const staging = device.createBuffer({
      size: buffer.size,
      usage: usage.mapRead | usage.copyDst,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(usage.mapRead);
    const bytes = staging.getMappedRange().slice(0, like.byteLength);
    staging.destroy();
    return like instanceof Float32Array
      ? new Float32Array(bytes)
      : like instanceof Int32Array
        ? new Int32Array(bytes)
        : new Uint32Array(bytes);
  }

  /** Runs a kernel once on copies of `arrays`; what the buffers hold afterwards. */
  async evaluate(
    kernel: ContractKernel,
    module: WgslModule,
    arrays: readonly KernelArray[],
  ): Promise<KernelArray[]> {
    if (module.workgroupCount.includes(0)) return arrays.map((array) => array.slice());
    const buffers = arrays.map((array) => this.buffer(array));
    this.device.pushErrorScope('validation');
    await this.run(this.prepare(kernel, module, buffers));
    const error = await this.device.popErrorScope();
    if (error !== null) throw new Error(`${error.message}\n${module.code}`);
    const out: KernelArray[] = [];
    for (const [i, buffer] of buffers.entries()) {
      out.push(await this.read(buffer, arrays[i] as KernelArray));
      buffer.destroy();
    }
    return out;
  }

  close(): void {
    this.device.destroy();
  }
}
