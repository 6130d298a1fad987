/** Variables of a session: their buffers stay on the device between runs. */
import { FailedPreconditionError } from '../errors.js';
import { isStatic, sameShape, type Shape, type StaticShape } from '../graph/shape.js';
import type { VariableStates } from '../compiler/variable-versions.js';
import type { Program, VariableDecl } from '../ir/program.js';
import type { Runtime, VariableBuffer } from '../runtime/runtime.js';

interface Held {
  readonly buffer: VariableBuffer;
  readonly shape: StaticShape;
  initialized: boolean;
}

export class VariableStore implements VariableStates {
  readonly #held = new Map<string, Held>();

  shape(key: string, declared: Shape): StaticShape | null {
    const held = this.#held.get(key);
    if (held?.initialized === true) return held.shape;
    return isStatic(declared) ? declared : null;
  }

  isInitialized(key: string): boolean {
    return this.#held.get(key)?.initialized === true;
  }

  /**
   * Buffers for a program's variables, made where they are missing; what the run writes counts as
   * initialised from now on. The answer's `undo` takes that back if the run fails.
   * @throws FailedPreconditionError if the run reads a variable that holds no value.
   */
  bind(
    program: Program,
    runtime: Runtime,
  ): { readonly buffers: VariableBuffer[]; readonly undo: () => void } {
    for (const decl of program.variables)
      if (decl.reads && !this.isInitialized(decl.key)) throw uninitialized(decl);
    const fresh: Held[] = [];
    const buffers = program.variables.map((decl) => {
      const held = this.#bufferFor(decl, runtime);
      if (decl.writes && !held.initialized) {
        held.initialized = true;
        fresh.push(held);
      }
      return held.buffer;
    });
    return {
      buffers,
      undo: () => {
        for (const held of fresh) held.initialized = false;
      },
    };
  }

  #bufferFor(decl: VariableDecl, runtime: Runtime): Held {
    const known = this.#held.get(decl.key);
    if (known && sameShape(known.shape, decl.shape)) return known;
    known?.buffer.destroy();
    const held: Held = {
      buffer: runtime.createVariable(decl),
      shape: decl.shape,
      initialized: false,
    };
    this.#held.set(decl.key, held);
    return held;
  }

  destroy(): void {
    for (const { buffer } of this.#held.values()) buffer.destroy();
    this.#held.clear();
  }
}

function uninitialized(decl: VariableDecl): FailedPreconditionError {
  const { node, op } = decl;
  const text =
    op === 'VarHandleOp'
      ? `Could not find variable ${node}. This could mean that the variable has been deleted. In TF1, it can also mean the variable is uninitialized.`
      : `Attempting to use uninitialized value ${node}.`;
  return new FailedPreconditionError(
    `${text} Run its initializer first (globalVariablesInitializer()).`,
    { node, op },
  );
}
