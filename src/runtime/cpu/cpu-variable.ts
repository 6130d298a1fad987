/** Storage of a Variable on the host. */
import { byteLengthOf, type StorageArray } from '../../ir/storage.js';
import type { VariableBuffer } from '../runtime.js';

export class CpuVariable implements VariableBuffer {
  readonly #onDestroy: (variable: CpuVariable) => void;

  /** @param onDestroy told that the variable is no more, again at each call of `destroy`. */
  constructor(
    readonly array: StorageArray,
    onDestroy: (variable: CpuVariable) => void,
  ) {
    this.#onDestroy = onDestroy;
  }

  /** Bytes now: those of strings change with the value. */
  get byteLength(): number {
    return byteLengthOf(this.array);
  }

  destroy(): void {
    this.#onDestroy(this);
  }
}
