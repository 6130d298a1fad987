/**
 * Buffers that results are copied into to be read by the host. Taken for a run and given back when
 * it has been read, so that steady work makes none; as many exist as runs were ever in flight.
 */
import type { BufferAllocator, DeviceBuffer } from './buffers.js';
import { bufferUsage, mapModeRead } from './gpu-constants.js';

/** Free buffers kept for later; beyond that the ones free longest are destroyed. */
const maxFree = 32;

/** Size classes are powers of two, so that runs of different programs share buffers. */
const sizeClass = (byteLength: number): number =>
  2 ** Math.ceil(Math.log2(Math.max(byteLength, 256)));

export class StagingPool {
  private readonly free: DeviceBuffer[] = [];

  constructor(
    private readonly allocator: BufferAllocator,
    private readonly maxBytes: number,
  ) {}

  take(byteLength: number): DeviceBuffer {
    const size = Math.min(sizeClass(byteLength), this.maxBytes);
    const at = this.free.findLastIndex((buffer) => buffer.byteLength === size);
    const known = at < 0 ? undefined : this.free.splice(at, 1)[0];
    if (known !== undefined) return known;
    return this.allocator.create({
      use: 'staging',
      byteLength: Math.max(size, byteLength),
      usage: bufferUsage.mapRead | bufferUsage.copyDestination,
      label: 'readback',
    });
  }

  give(buffer: DeviceBuffer): void {
    this.free.push(buffer);
    if (this.free.length > maxFree) this.free.shift()?.destroy();
  }

  destroy(): void {
    for (const buffer of this.free) buffer.destroy();
    this.free.length = 0;
  }
}

/** Maps a staging buffer, lets `read` see its bytes, and gives it back. */
export async function readStaging<T>(
  pool: StagingPool,
  staging: DeviceBuffer,
  byteLength: number,
  read: (bytes: ArrayBuffer) => T,
): Promise<T> {
  try {
    await staging.buffer.mapAsync(mapModeRead, 0, byteLength);
  } catch (error) {
    staging.destroy();
    throw error;
  }
  try {
    return read(staging.buffer.getMappedRange(0, byteLength));
  } finally {
    staging.buffer.unmap();
    pool.give(staging);
  }
}
