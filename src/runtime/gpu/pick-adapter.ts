/** Picks the best adapter a GPU object offers: hardware before software. */
import { factsOf, type AdapterFacts } from './adapter-facts.js';

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

/** Keeps a GPU object or an adapter from the garbage collector. */
export function hold<T>(object: T): T {
  held.push(object);
  return object;
}

export const found = (adapter: GPUAdapter, source: FoundAdapter['source']): FoundAdapter => ({
  adapter: hold(adapter),
  facts: factsOf(adapter),
  source,
});

async function ask(
  gpu: GPU,
  options: GPURequestAdapterOptions,
  source: FoundAdapter['source'],
): Promise<FoundAdapter | undefined> {
  const adapter = await gpu.requestAdapter(options);
  return adapter === null ? undefined : found(adapter, source);
}

/** @param forceSoftware takes none but a software adapter. */
export async function pickAdapter(
  gpu: GPU,
  forceSoftware: boolean,
  source: FoundAdapter['source'],
): Promise<FoundAdapter | undefined> {
  if (forceSoftware) {
    const fallback = await ask(gpu, { forceFallbackAdapter: true }, source);
    return fallback?.facts.isSoftware === true ? fallback : undefined;
  }
  const fast = await ask(gpu, { powerPreference: 'high-performance' }, source);
  if (fast?.facts.isSoftware === false) return fast;
  const other = await ask(gpu, {}, source);
  return other?.facts.isSoftware === false ? other : (fast ?? other);
}
