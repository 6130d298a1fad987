/** Storage of a Variable on the host. */
import type { StorageArray } from '../../ir/storage.js';
import type { VariableBuffer } from '../runtime.js';

export class CpuVariable implements VariableBuffer {
  readonly byteLength: number;
  #isDestroyed = false;
  readonly #onDestroy: (byteLength: number) => void;

  /** @param onDestroy told the bytes freed, once. */
  constructor(
    readonly array: StorageArray,
    onDestroy: (byteLength: number) => void,
  ) {
    this.byteLength = array.byteLength;
    this.#onDestroy = onDestroy;
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#onDestroy(this.byteLength);
  }
}
