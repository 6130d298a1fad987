/**
 * Buffers of one device, counted by class, with failed allocations turned into errors. Dawn reports
 * a buffer above the limits as a validation error and a full memory as out-of-memory: both mean the
 * same here.
 */
import { InternalError, ResourceExhaustedError, type TfError } from '../../errors.js';
import type { MemoryUse } from '../runtime.js';
import { alignBytes } from './gpu-constants.js';

export interface DeviceBuffer {
  readonly buffer: GPUBuffer;
  /** Padded length. */
  readonly byteLength: number;
  destroy(): void;
}

export interface BufferRequest {
  readonly use: keyof MemoryUse;
  readonly byteLength: number;
  readonly usage: number;
  /** Node name. */
  readonly label: string;
}

/** GPU objects made so far; runs report the difference. */
export interface CreationCounts {
  buffers: number;
  bindGroups: number;
  pipelines: number;
}

export class BufferAllocator {
  readonly counts: CreationCounts = { buffers: 0, bindGroups: 0, pipelines: 0 };
  private readonly bytes = { variables: 0, constants: 0, feeds: 0, arena: 0, staging: 0 };

  /**
   * @param maxBytes the largest buffer the device can make.
   * @param maxBindingBytes the largest it can bind to a kernel.
   */
  constructor(
    private readonly device: GPUDevice,
    private readonly maxBytes: number,
    private readonly maxBindingBytes: number,
  ) {}

  get memory(): MemoryUse {
    return { ...this.bytes };
  }

  /** @throws ResourceExhaustedError if the buffer is larger than the device allows. */
  create({ use, byteLength, usage, label }: BufferRequest): DeviceBuffer {
    const padded = alignBytes(byteLength);
    const most = use === 'staging' ? this.maxBytes : Math.min(this.maxBytes, this.maxBindingBytes);
    if (padded > most)
      throw new ResourceExhaustedError(
        `"${label}" needs a buffer of ${padded} bytes, and this device allows ${most}. ` +
          "Use a smaller batch, split the tensor, or use device 'cpu'.",
        { node: label },
      );
    const buffer = this.device.createBuffer({ label, size: padded, usage });
    this.counts.buffers++;
    this.bytes[use] += padded;
    let live = true;
    return {
      buffer,
      byteLength: padded,
      destroy: () => {
        if (!live) return;
        live = false;
        this.bytes[use] -= padded;
        buffer.destroy();
      },
    };
  }
}

/** Runs `work` with errors of the device caught; the promise gives the first one, or null. */
export function caught<T>(
  device: GPUDevice,
  what: string,
  work: () => T,
): { readonly value: T; readonly failure: Promise<TfError | null> } {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('internal');
  const pop = (): Promise<(GPUError | null)[]> =>
    Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()]);
  try {
    const value = work();
    return {
      value,
      failure: pop().then(
        (errors) => firstError(what, errors),
        () => null,
      ),
    };
  } catch (error) {
    void pop().catch(() => undefined);
    throw error;
  }
}

function firstError(
  what: string,
  [internal, memory, validation]: (GPUError | null)[],
): TfError | null {
  const error = memory ?? validation ?? internal ?? null;
  return error === null ? null : translateError(what, error);
}

/** A device's error as one of ours. */
export function translateError(what: string, error: GPUError): TfError {
  const exhausted =
    error.constructor.name === 'GPUOutOfMemoryError' ||
    /out of memory|buffer size .* exceeds|too large/i.test(error.message);
  return exhausted
    ? new ResourceExhaustedError(
        `${what}: the device has no memory left (${error.message}). Use a smaller batch, dispose ` +
          "of programs and variables no longer used, or use device 'cpu'.",
      )
    : new InternalError(`${what}: the device refused it: ${error.message}`);
}
