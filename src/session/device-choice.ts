/** Which runtime a session gets. */
import { UnavailableError } from '../errors.js';
import { CpuRuntime } from '../runtime/cpu/cpu-runtime.js';
import { GpuRuntime } from '../runtime/gpu/device.js';
import { findAdapter } from '../runtime/gpu/provider.js';
import type { Runtime } from '../runtime/runtime.js';

/** `gpu`: any WebGPU adapter; `cpu`: none; `auto`: a hardware adapter if there is one, else cpu. */
export type Device = 'gpu' | 'cpu' | 'auto';

/**
 * @throws UnavailableError if `gpu` is asked for and there is no adapter, saying how to get one.
 */
export async function createRuntime(device: Device, gpu: GPU | undefined): Promise<Runtime> {
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
