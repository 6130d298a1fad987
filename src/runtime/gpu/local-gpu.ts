/**
 * The adapters of this machine where no browser brings them: Dawn through the `webgpu` package,
 * with SwiftShader as the driver where the machine has none. `local-gpu.browser.ts` stands in for
 * this file in a browser.
 */
import { UnavailableError } from '../../errors.js';
import { hold, pickAdapter, type FoundAdapter } from './pick-adapter.js';
import { useSwiftShader } from './swiftshader.js';
import { missingPackage, quietVulkanLoader } from './vulkan-loader.js';

/** Timestamps at full resolution; the default rounds them to 65 microseconds. */
const createOptions = ['disable-dawn-features=timestamp_quantization'];

let systemGpu: GPU | undefined;
let swiftShaderGpu: GPU | undefined;

/** A new Dawn instance; sees the Vulkan drivers the environment names now. */
export async function createDawn(options: readonly string[] = createOptions): Promise<GPU> {
  quietVulkanLoader();
  let create: (options: string[]) => GPU;
  try {
    ({ create } = await import('webgpu'));
  } catch (cause) {
    throw missingPackage('webgpu', 'A GPU outside a browser', cause);
  }
  return hold(create([...options]));
}

async function swiftShader(): Promise<FoundAdapter | undefined> {
  if (swiftShaderGpu === undefined) {
    await useSwiftShader();
    swiftShaderGpu = await createDawn();
  }
  return pickAdapter(swiftShaderGpu, false, 'swiftshader');
}

const howTo =
  'Install a Vulkan driver (Debian: mesa-vulkan-drivers 24 or newer), or, for a software GPU, run: ' +
  "npm install koffi @sparticuz/chromium. Or use device 'cpu'. `defrun doctor` shows what was found.";

/** @throws UnavailableError if there is none, saying what to install. */
export async function findLocalAdapter(forceSoftware: boolean): Promise<FoundAdapter> {
  systemGpu ??= await createDawn();
  const local = await pickAdapter(systemGpu, forceSoftware, 'webgpu');
  if (local !== undefined) return local;
  let cause: unknown;
  try {
    const software = await swiftShader();
    if (software !== undefined) return software;
  } catch (error) {
    cause = error;
  }
  const reason =
    cause instanceof Error ? ` SwiftShader: ${cause.message.replace(/[.]?$/, '.')}` : '';
  throw new UnavailableError(`No GPU adapter was found.${reason} ${howTo}`, { cause });
}
