/** Storage of a Variable: on the device, or on the host for types the device lacks. */
import type { TfError } from '../../errors.js';
import { byteLengthOf, type StorageArray } from '../../ir/storage.js';
import type { VariableBuffer } from '../runtime.js';
import type { DeviceBuffer } from './buffers.js';

let nextId = 0;

export class GpuVariable implements VariableBuffer {
  /** Tells variables apart in keys of bind group caches. */
  readonly id = nextId++;
  readonly byteLength: number;
  isDestroyed = false;
  /** Whether the device has said that the allocation succeeded or failed. */
  isAllocated = false;
  /** Why the device could not allocate it, once known. */
  failure: TfError | null = null;
  readonly allocated: Promise<void>;

  /** @param outcome the allocation's error, or null. */
  constructor(
    readonly storage: DeviceBuffer,
    outcome: Promise<TfError | null>,
  ) {
    this.byteLength = storage.byteLength;
    this.allocated = outcome.then((failure) => {
      this.failure = failure;
      this.isAllocated = true;
    });
  }

  destroy(): void {
    this.isDestroyed = true;
    this.storage.destroy();
  }
}

export class HostVariable implements VariableBuffer {
  isDestroyed = false;

  constructor(readonly array: StorageArray) {}

  get byteLength(): number {
    return byteLengthOf(this.array);
  }

  /** Host memory is freed with the object; there is nothing to give back to the device. */
  destroy(): void {
    this.isDestroyed = true;
  }
}
