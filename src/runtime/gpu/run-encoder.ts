/** Encodes the device's part of a run: kernels share one compute pass until a copy comes between. */
import type { KernelTimer } from './kernel-times.js';

export class RunEncoder {
  dispatches = 0;
  submits = 0;
  private encoder: GPUCommandEncoder | undefined;
  private pass: GPUComputePassEncoder | undefined;

  constructor(
    private readonly device: GPUDevice,
    private readonly label: string,
    readonly timer: KernelTimer | undefined,
  ) {}

  dispatch(
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    [x, y, z]: readonly [number, number, number],
    label: string,
  ): void {
    if (this.timer !== undefined) this.endPass();
    this.pass ??= this.open().beginComputePass(this.timer?.passOf(label) ?? { label: this.label });
    this.pass.setPipeline(pipeline);
    this.pass.setBindGroup(0, group);
    this.pass.dispatchWorkgroups(x, y, z);
    this.dispatches++;
  }

  copy(from: GPUBuffer, to: GPUBuffer, byteLength: number, toOffset = 0): void {
    this.endPass();
    this.open().copyBufferToBuffer(from, 0, to, toOffset, byteLength);
  }

  /** Submits what was encoded since the last time, if anything was. */
  submit(isLast = false): void {
    this.endPass();
    if (isLast && this.timer !== undefined) this.timer.encode(this.open());
    if (this.encoder === undefined) return;
    this.device.queue.submit([this.encoder.finish()]);
    this.encoder = undefined;
    this.submits++;
  }

  private open(): GPUCommandEncoder {
    this.encoder ??= this.device.createCommandEncoder({ label: this.label });
    return this.encoder;
  }

  private endPass(): void {
    this.pass?.end();
    this.pass = undefined;
  }
}
