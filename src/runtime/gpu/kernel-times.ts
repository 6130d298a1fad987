/** Times of a run's kernels, by timestamp queries around one pass per kernel. */
import type { KernelTime } from '../runtime.js';
import type { BufferAllocator, DeviceBuffer } from './buffers.js';
import { bufferUsage } from './gpu-constants.js';
import { readStaging, type StagingPool } from './staging.js';

/** WebGPU allows 4096 queries in a set; kernels beyond are not timed. */
const maxKernels = 2048;

export class KernelTimer {
  private readonly labels: string[] = [];
  private readonly queries: GPUQuerySet;
  private readonly resolved: DeviceBuffer;
  private staging: DeviceBuffer | undefined;

  constructor(
    device: GPUDevice,
    allocator: BufferAllocator,
    private readonly pool: StagingPool,
    kernelCount: number,
  ) {
    const count = 2 * Math.max(Math.min(kernelCount, maxKernels), 1);
    this.queries = device.createQuerySet({ label: 'kernel times', type: 'timestamp', count });
    this.resolved = allocator.create({
      use: 'staging',
      byteLength: 8 * count,
      usage: bufferUsage.queryResolve | bufferUsage.copySource,
      label: 'kernel times',
    });
  }

  /** What a pass that holds just this kernel must be begun with. */
  passOf(label: string): GPUComputePassDescriptor {
    if (this.labels.length >= maxKernels) return { label };
    const first = 2 * this.labels.length;
    this.labels.push(label);
    const timestampWrites = {
      querySet: this.queries,
      beginningOfPassWriteIndex: first,
      endOfPassWriteIndex: first + 1,
    };
    return { label, timestampWrites };
  }

  /** Adds the copy of the times to the encoder, after the last pass. */
  encode(encoder: GPUCommandEncoder): void {
    const count = 2 * this.labels.length;
    if (count === 0) return;
    encoder.resolveQuerySet(this.queries, 0, count, this.resolved.buffer, 0);
    this.staging = this.pool.take(8 * count);
    encoder.copyBufferToBuffer(this.resolved.buffer, 0, this.staging.buffer, 0, 8 * count);
  }

  async read(): Promise<KernelTime[]> {
    const { staging, labels } = this;
    if (staging === undefined) return [];
    const byteLength = 16 * labels.length;
    return readStaging(this.pool, staging, byteLength, (bytes) => {
      const times = new BigUint64Array(bytes);
      const start = times[0] ?? 0n;
      return labels.map((label, i) => {
        const begin = times[2 * i] ?? 0n;
        const end = times[2 * i + 1] ?? 0n;
        // Adapters are allowed to give zeros, and times that run backwards.
        const durationNs = end > begin ? Number(end - begin) : 0;
        return { label, startNs: begin > start ? Number(begin - start) : 0, durationNs };
      });
    });
  }

  destroy(): void {
    this.queries.destroy();
    this.resolved.destroy();
  }
}
