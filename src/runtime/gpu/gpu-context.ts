/** What the programs of one device share. */
import type { TfError } from '../../errors.js';
import type { BufferAllocator } from './buffers.js';
import type { PipelineCache } from './pipelines.js';
import type { RunOrder } from './run-order.js';
import type { StagingPool } from './staging.js';
import type { GpuCaps } from './wgsl-module.js';

export interface GpuContext {
  readonly device: GPUDevice;
  readonly caps: GpuCaps;
  readonly allocator: BufferAllocator;
  readonly pipelines: PipelineCache;
  readonly staging: StagingPool;
  readonly order: RunOrder;
  /** Whether kernels can be timed. */
  readonly hasTimestamps: boolean;
  /** @throws if the runtime is closed, its device lost, or the device reported an error since. */
  check(): void;
  /** @throws what the device reported outside any program, once. */
  throwFault(): void;
  /** A failure of the device's API as one of our errors. */
  translate(error: unknown): TfError;
  /** Remembers work in flight until it settles, so that closing can wait for it. */
  track<T>(work: Promise<T>): Promise<T>;
}
