/** Which runtime a session gets. */
import { CpuRuntime } from '../runtime/cpu/cpu-runtime.js';
import { GpuRuntime } from '../runtime/gpu/device.js';
import type { Runtime } from '../runtime/runtime.js';

/** `gpu`: any WebGPU adapter; `cpu`: none; `auto`: a hardware adapter if there is one, else cpu. */
export type Device = 'gpu' | 'cpu' | 'auto';

/**
 * @throws UnavailableError if `gpu` is asked for and there is no adapter, saying how to get one.
 */
export async function createRuntime(device: Device, gpu: GPU | undefined): Promise<Runtime> {
  if (device === 'cpu') return new CpuRuntime();
  if (device === 'gpu') return GpuRuntime.create(gpu ? { gpu } : {});
  const hardware = await GpuRuntime.createHardware(gpu ? { gpu } : {});
  return hardware ?? new CpuRuntime();
}
