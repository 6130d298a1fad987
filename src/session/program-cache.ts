/** Compiled and loaded programs by run signature, bounded, least recently used out first. */
import type { Compiled } from '../compiler/compile.js';
import type { NdArray } from '../graph/dtype.js';
import type { Tensor } from '../graph/operation.js';
import type { LoadedProgram } from '../runtime/runtime.js';

export interface CachedProgram {
  readonly compiled: Compiled;
  readonly loaded: LoadedProgram;
}

interface Entry extends CachedProgram {
  /** Values that went into the program. */
  readonly values: ReadonlyMap<Tensor, NdArray>;
}

export class ProgramCache {
  readonly #bySignature = new Map<string, Entry[]>();
  #size = 0;

  constructor(readonly limit: number) {}

  get size(): number {
    return this.#size;
  }

  /** The program for a signature that holds for these fed values and the variables' state. */
  find(
    signature: string,
    valueOf: (feed: Tensor) => NdArray | undefined,
  ): CachedProgram | undefined {
    const entries = this.#bySignature.get(signature);
    if (entries === undefined) return undefined;
    const at = entries.findIndex(
      (entry) =>
        [...entry.values].every(([feed, value]) => sameData(value, valueOf(feed))) &&
        entry.compiled.isCurrent(),
    );
    const entry = entries[at];
    if (entry === undefined) return undefined;
    if (this.#bySignature.size > 1) {
      this.#bySignature.delete(signature);
      this.#bySignature.set(signature, entries);
    }
    if (at < entries.length - 1) entries.push(...entries.splice(at, 1));
    return entry;
  }

  add(signature: string, program: CachedProgram, values: ReadonlyMap<Tensor, NdArray>): void {
    const entries = this.#bySignature.get(signature) ?? [];
    entries.push({ ...program, values });
    this.#bySignature.set(signature, entries);
    this.#size++;
    while (this.#size > this.limit) this.#evictOldest();
  }

  #evictOldest(): void {
    const [oldest] = this.#bySignature;
    if (oldest === undefined) return;
    const [signature, entries] = oldest;
    entries.shift()?.loaded.dispose();
    this.#size--;
    if (entries.length === 0) this.#bySignature.delete(signature);
  }

  clear(): void {
    while (this.#size > 0) this.#evictOldest();
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

function sameData(a: NdArray, b: NdArray | undefined): boolean {
  if (b === undefined || a.dtype !== b.dtype || a.data.length !== b.data.length) return false;
  if (a.dtype === 'string')
    return a.data.every((bytes, i) => sameBytes(bytes, b.data[i] as Uint8Array));
  // -0 is not 0, and NaN is NaN.
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return false;
  return true;
}
