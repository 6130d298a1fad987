/**
 * Finds an adapter: one that was given, the environment's own `navigator.gpu`, or Dawn through the
 * `webgpu` package, with SwiftShader as the driver where the machine has none. Hardware comes first.
 */
import { UnavailableError } from '../../errors.js';
import { factsOf, type AdapterFacts } from './adapter-facts.js';
import { useSwiftShader } from './swiftshader.js';
import { missingPackage, quietVulkanLoader } from './vulkan-loader.js';

export interface AdapterRequest {
  /** A `GPU` object to use instead of looking for one. */
  readonly gpu?: GPU | undefined;
  /** An adapter to use as it is; a device must not have been made from it. */
  readonly adapter?: GPUAdapter | undefined;
  /** Prefers a software adapter even where there is hardware. */
  readonly forceSoftware?: boolean | undefined;
}

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly facts: AdapterFacts;
  /** Where it came from. */
  readonly source: 'given' | 'navigator' | 'webgpu' | 'swiftshader';
}

/**
 * Dawn's instances and adapters, held for as long as the process lives: if the garbage collector
 * takes one while a device of it exists, the process crashes.
 */
const held: unknown[] = [];

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
  const gpu = create([...options]);
  held.push(gpu);
  return gpu;
}

async function adapterOf(
  gpu: GPU,
  options: GPURequestAdapterOptions,
  source: FoundAdapter['source'],
): Promise<FoundAdapter | undefined> {
  const adapter = await gpu.requestAdapter(options);
  if (adapter === null) return undefined;
  held.push(adapter);
  return { adapter, facts: factsOf(adapter), source };
}

async function best(
  gpu: GPU,
  forceSoftware: boolean,
  source: FoundAdapter['source'],
): Promise<FoundAdapter | undefined> {
  if (forceSoftware) {
    const fallback = await adapterOf(gpu, { forceFallbackAdapter: true }, source);
    return fallback?.facts.isSoftware === true ? fallback : undefined;
  }
  const fast = await adapterOf(gpu, { powerPreference: 'high-performance' }, source);
  if (fast?.facts.isSoftware === false) return fast;
  const other = await adapterOf(gpu, {}, source);
  return other?.facts.isSoftware === false ? other : (fast ?? other);
}

const navigatorGpu = (): GPU | undefined =>
  (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;

async function swiftShader(): Promise<FoundAdapter | undefined> {
  if (swiftShaderGpu === undefined) {
    await useSwiftShader();
    swiftShaderGpu = await createDawn();
  }
  return adapterOf(swiftShaderGpu, {}, 'swiftshader');
}

const howTo =
  'Install a Vulkan driver (Debian: mesa-vulkan-drivers 24 or newer), or, for a software GPU, run: ' +
  "npm install koffi @sparticuz/chromium. Or use device 'cpu'. `defrun doctor` shows what was found.";

/**
 * Finds the best adapter.
 * @throws UnavailableError if there is none, saying what to install.
 * @example
 * const { adapter, facts } = await findAdapter();
 * console.log(facts.description, facts.isSoftware);
 */
export async function findAdapter(request: AdapterRequest = {}): Promise<FoundAdapter> {
  const forceSoftware = request.forceSoftware === true;
  if (request.adapter !== undefined) {
    held.push(request.adapter);
    return { adapter: request.adapter, facts: factsOf(request.adapter), source: 'given' };
  }
  const given = request.gpu ?? navigatorGpu();
  if (given !== undefined) {
    const source = request.gpu === undefined ? 'navigator' : 'given';
    held.push(given);
    const found = await best(given, forceSoftware, source);
    if (found !== undefined) return found;
    throw new UnavailableError(`The ${source} GPU object offers no adapter.`);
  }
  systemGpu ??= await createDawn();
  const found = await best(systemGpu, forceSoftware, 'webgpu');
  if (found !== undefined) return found;
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
