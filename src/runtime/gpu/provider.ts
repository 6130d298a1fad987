/**
 * Finds an adapter: one that was given, the environment's own `navigator.gpu`, or one of this
 * machine's drivers. Hardware comes first.
 */
import { findLocalAdapter } from '#local-gpu';
import { UnavailableError } from '../../errors.js';
import { found, hold, pickAdapter, type FoundAdapter } from './pick-adapter.js';

export interface AdapterRequest {
  /** A `GPU` object to use instead of looking for one. */
  readonly gpu?: GPU | undefined;
  /** An adapter to use as it is; a device must not have been made from it. */
  readonly adapter?: GPUAdapter | undefined;
  /** Prefers a software adapter even where there is hardware. */
  readonly forceSoftware?: boolean | undefined;
}

const navigatorGpu = (): GPU | undefined =>
  (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;

/**
 * Finds the best adapter.
 * @throws UnavailableError if there is none, saying what to install.
 * @example
 * const { adapter, facts } = await findAdapter();
 * console.log(facts.description, facts.isSoftware);
 */
export async function findAdapter(request: AdapterRequest = {}): Promise<FoundAdapter> {
  const forceSoftware = request.forceSoftware === true;
  if (request.adapter !== undefined) return found(request.adapter, 'given');
  const given = request.gpu ?? navigatorGpu();
  if (given === undefined) return findLocalAdapter(forceSoftware);
  const source = request.gpu === undefined ? 'navigator' : 'given';
  const best = await pickAdapter(hold(given), forceSoftware, source);
  if (best !== undefined) return best;
  throw new UnavailableError(`The ${source} GPU object offers no adapter.`);
}
