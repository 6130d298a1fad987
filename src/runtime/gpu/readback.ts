/** Brings a Program's fetches to the host: one staging buffer and one map per run. */
import type { NdArray } from '../../graph/dtype.js';
import { elementCount } from '../../graph/shape.js';
import type { Program } from '../../ir/program.js';
import { decode, storageBytes, storageView, storedLength } from '../../ir/storage.js';
import { decodeFetch } from '../cpu/fetched-strings.js';
import { createPacer } from '../cpu/pacer.js';
import type { VariableBuffer } from '../runtime.js';
import type { DeviceBuffer } from './buffers.js';
import { alignBytes } from './gpu-constants.js';
import type { GpuContext } from './gpu-context.js';
import type { ProgramBuffers } from './program-buffers.js';
import type { RunEncoder } from './run-encoder.js';
import { readStaging } from './staging.js';

/** A fetch that lies on the device, and where in the staging buffer it will be. */
interface DeviceFetch {
  readonly fetch: number;
  readonly buffer: number;
  readonly offset: number;
  readonly byteLength: number;
}

export class Readback {
  private readonly pacer = createPacer();
  /** Bytes of all fetches on the device. */
  readonly bytesDown: number;
  private readonly onDevice: readonly DeviceFetch[];
  private readonly stagingBytes: number;

  constructor(
    private readonly context: GpuContext,
    private readonly program: Program,
    private readonly buffers: ProgramBuffers,
  ) {
    const onDevice: DeviceFetch[] = [];
    let offset = 0;
    for (const [fetch, source] of program.fetches.entries()) {
      if (source.kind !== 'buffer') continue;
      const { place, storage } = buffers.declOf(source.buffer);
      const byteLength = storedLength(source.dtype, source.shape) * storageBytes(storage);
      if (place === 'host' || byteLength === 0) continue;
      onDevice.push({ fetch, buffer: source.buffer, offset, byteLength });
      offset += alignBytes(byteLength);
    }
    this.onDevice = onDevice;
    this.stagingBytes = offset;
    this.bytesDown = onDevice.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Adds the copies to a staging buffer, if anything is fetched from the device. */
  encode(encoder: RunEncoder, variables: readonly VariableBuffer[]): DeviceBuffer | undefined {
    if (this.onDevice.length === 0) return undefined;
    const staging = this.context.staging.take(this.stagingBytes);
    for (const { buffer, byteLength, offset } of this.onDevice)
      encoder.copy(this.buffers.deviceAt(buffer, variables), staging.buffer, byteLength, offset);
    return staging;
  }

  /** Waits for the device; one array per fetch, null for those the session fills in. */
  async read(staging: DeviceBuffer | undefined): Promise<(NdArray | null)[]> {
    const { program, context, onDevice } = this;
    const fromHost = program.fetches.map((_, fetch) => this.withoutDevice(fetch));
    if (staging === undefined) {
      await context.device.queue.onSubmittedWorkDone();
      return settled(fromHost);
    }
    const fromDevice = new Map<number, NdArray>();
    await readStaging(context.staging, staging, this.stagingBytes, (bytes) => {
      for (const { fetch, buffer, offset, byteLength } of onDevice) {
        const source = program.fetches[fetch];
        if (source?.kind !== 'buffer') continue;
        const { storage } = this.buffers.declOf(buffer);
        const view = storageView(storage, bytes, offset, byteLength / storageBytes(storage));
        fromDevice.set(fetch, decode(view, source.dtype, source.shape));
      }
    });
    const fetched = await settled(fromHost);
    for (const [fetch, array] of fromDevice) fetched[fetch] = array;
    return fetched;
  }

  /** A fetch that is on the host, as it is now, or empty; null for others. */
  private withoutDevice(fetch: number): NdArray | Promise<NdArray> | null {
    const source = this.program.fetches[fetch];
    if (source?.kind !== 'buffer') return null;
    const { place, storage } = this.buffers.declOf(source.buffer);
    if (place === 'host') {
      const array = this.buffers.hostAt(source.buffer);
      return decodeFetch(array, source.dtype, source.shape, this.pacer);
    }
    if (elementCount(source.shape) > 0) return null;
    return decode(storageView(storage, new ArrayBuffer(0), 0, 0), source.dtype, source.shape);
  }
}

async function settled(
  arrays: readonly (NdArray | Promise<NdArray> | null)[],
): Promise<(NdArray | null)[]> {
  const known: (NdArray | null)[] = [];
  for (const array of arrays) known.push(array instanceof Promise ? await array : array);
  return known;
}
