/** Which runtime a session gets: one of its own, or one it shares with others. */
import { DTypeError, UnavailableError, ValueError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { checkedOptions } from '../graph/options.js';
import { CpuRuntime } from '../runtime/cpu/cpu-runtime.js';
import { GpuRuntime } from '../runtime/gpu/device.js';
import { findAdapter } from '../runtime/gpu/provider.js';
import type { Runtime } from '../runtime/runtime.js';

/** `gpu`: any WebGPU adapter; `cpu`: none; `auto`: a hardware adapter if there is one, else cpu. */
export type DeviceName = 'gpu' | 'cpu' | 'auto';
/**
 * A WebGPU `GPU` object, such as a browser's `navigator.gpu`. Only what can be said without the
 * DOM's types, so that servers need none.
 */
export interface GpuObject {
  requestAdapter(): Promise<unknown>;
}

/** A device by name, which the session opens and closes, or one that `openDevice` opened. */
export type Device = DeviceName | OpenDevice;

/** @throws ValueError for another name of a device, DTypeError for what is no device or no GPU object. */
export function checkDevice(fn: string, device: Device, gpu: GpuObject | undefined): void {
  if (typeof device === 'string') checkDeviceName(device);
  else if (!((device as unknown) instanceof OpenDevice))
    throw new DTypeError(
      `${fn}: Expected 'gpu', 'cpu', 'auto' or what openDevice() gives for option 'device' not ${describeValue(device)}.`,
    );
  const { requestAdapter } = (gpu ?? {}) as Partial<GpuObject>;
  if (gpu !== undefined && typeof requestAdapter !== 'function')
    throw new DTypeError(
      `${fn}: Expected a WebGPU GPU object, such as navigator.gpu, for option 'gpu' not ${describeValue(gpu)}.`,
    );
}

function checkDeviceName(device: string): void {
  if (!['gpu', 'cpu', 'auto'].includes(device))
    throw new ValueError(`No device is called '${device}': use 'gpu', 'cpu' or 'auto'.`);
}

/** A device that sessions share. Close it when they are closed. */
export class OpenDevice {
  constructor(
    /** @internal */
    readonly runtime: Runtime,
  ) {}

  /** Adapter or engine, for people. */
  get description(): string {
    return this.runtime.description;
  }

  /** Waits for work in flight and gives the device back. Calling it again changes nothing. */
  close(): Promise<void> {
    return this.runtime.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens a device for several sessions: they share its compiled kernels, and opening a session then
 * costs nothing.
 *
 * @throws UnavailableError if `gpu` is asked for and there is no adapter, saying how to get one.
 * @example
 * await using device = await openDevice('gpu');
 * const one = new Session({ graph, device });
 * const two = new Session({ graph: other, device });
 */
export const openDevice = async (
  device: DeviceName = 'auto',
  options: { readonly gpu?: GpuObject } = {},
): Promise<OpenDevice> => {
  const { gpu } = checkedOptions('openDevice', options, { gpu: 'any' });
  checkDevice('openDevice', device, gpu);
  if ((device as Device) instanceof OpenDevice)
    throw new DTypeError("openDevice: that device is open already. Give 'gpu', 'cpu' or 'auto'.");
  return new OpenDevice(await createRuntime(device, gpu));
};

/** @throws UnavailableError if `gpu` is asked for and there is no adapter, saying how to get one. */
export async function createRuntime(
  device: DeviceName,
  given: GpuObject | undefined,
): Promise<Runtime> {
  const gpu = given as GPU | undefined;
  if (device === 'cpu') return new CpuRuntime();
  if (device === 'gpu') return GpuRuntime.create({ gpu });
  try {
    const { adapter, facts } = await findAdapter({ gpu });
    if (!facts.isSoftware) return await GpuRuntime.create({ adapter });
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
  }
  return new CpuRuntime();
}
