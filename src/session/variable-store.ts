/**
 * Variables of a session: their buffers stay on the device between runs. Runs overlap, so a
 * variable counts as initialised as soon as a run that writes it has started; a run that read it on
 * that promise fails if the writing run did.
 */
import { FailedPreconditionError, InvalidArgumentError } from '../errors.js';
import { shortNameOf, type DType } from '../graph/dtype.js';
import { isStatic, sameShape, type Shape, type StaticShape } from '../graph/shape.js';
import type { VariableStates } from '../compiler/variable-versions.js';
import type { Program, VariableDecl } from '../ir/program.js';
import type { Runtime, VariableBuffer } from '../runtime/runtime.js';

interface Held {
  readonly buffer: VariableBuffer;
  readonly dtype: DType;
  readonly shape: StaticShape;
  /** Whether a run that wrote it has succeeded. */
  isWritten: boolean;
  /** Runs under way that write it: whether they succeed. */
  readonly writers: Set<Promise<boolean>>;
}

const holdsValue = (held: Held | undefined): boolean =>
  held !== undefined && (held.isWritten || held.writers.size > 0);

/** The variables of one run. */
export interface Binding {
  readonly buffers: readonly VariableBuffer[];
  /**
   * Waits for earlier runs whose writes this one has read, if they are still under way.
   * @throws FailedPreconditionError if they failed, so that what was read is no value.
   */
  confirm(): Promise<void> | undefined;
  /** To be called once, when the run is over. A failed run's writes count for nothing. */
  settle(isSuccess: boolean): void;
}

export class VariableStore implements VariableStates {
  readonly #held = new Map<string, Held>();

  shape(key: string, declared: Shape): StaticShape | null {
    const held = this.#held.get(key);
    if (held !== undefined && holdsValue(held)) return held.shape;
    return isStatic(declared) ? declared : null;
  }

  isInitialized(key: string): boolean {
    return holdsValue(this.#held.get(key));
  }

  /**
   * Buffers for a program's variables, made where they are missing.
   * @throws FailedPreconditionError if the run reads a variable that holds no value.
   */
  bind(program: Program, runtime: Runtime): Binding {
    const { variables } = program;
    for (const decl of variables) this.#checkDType(decl);
    for (const decl of variables)
      if (decl.reads && !this.isInitialized(decl.key)) throw uninitialized(decl);
    const promised = variables
      .filter((decl) => decl.reads && this.#held.get(decl.key)?.isWritten === false)
      .map((decl) => ({ decl, writers: [...(this.#held.get(decl.key)?.writers ?? [])] }));
    const replaced = new Map<string, Held>();
    const bound = variables.map((decl) => this.#heldFor(decl, runtime, replaced));
    const written = bound.filter((_, i) => variables[i]?.writes === true);
    let report: (isSuccess: boolean) => void = () => undefined;
    const outcome = new Promise<boolean>((resolve) => {
      report = resolve;
    });
    for (const held of written) held.writers.add(outcome);
    return {
      buffers: bound.map((held) => held.buffer),
      confirm: () => (promised.length === 0 ? undefined : confirmAll(promised)),
      settle: (isSuccess) => {
        for (const held of written) {
          held.writers.delete(outcome);
          held.isWritten ||= isSuccess;
        }
        for (const [key, old] of replaced) this.#retire(key, old);
        report(isSuccess);
      },
    };
  }

  /** Two variables of one shared_name are one variable, in this graph or in an earlier run. */
  #checkDType(decl: VariableDecl): void {
    const held = this.#held.get(decl.key);
    if (held === undefined || held.dtype === decl.dtype) return;
    const { node, op, dtype } = decl;
    throw new InvalidArgumentError(
      `${op} "${node}": Trying to access variable with wrong dtype. Expected ${shortNameOf(dtype)} got ${shortNameOf(held.dtype)}: another variable of this shared_name has that dtype. Give it a shared_name of its own.`,
      { node, op },
    );
  }

  /** The buffer of the right shape; one of another shape goes to `replaced` until the run is over. */
  #heldFor(decl: VariableDecl, runtime: Runtime, replaced: Map<string, Held>): Held {
    const known = this.#held.get(decl.key);
    if (known && sameShape(known.shape, decl.shape)) return known;
    const buffer = runtime.createVariable(decl);
    const { dtype, shape } = decl;
    const held: Held = { buffer, dtype, shape, isWritten: false, writers: new Set() };
    this.#held.set(decl.key, held);
    if (known) replaced.set(decl.key, known);
    return held;
  }

  /** Frees what a run replaced, or brings it back if nothing was put in its place. */
  #retire(key: string, old: Held): void {
    const current = this.#held.get(key);
    if (current === undefined || holdsValue(current)) old.buffer.destroy();
    else {
      current.buffer.destroy();
      this.#held.set(key, old);
    }
  }

  destroy(): void {
    for (const { buffer } of this.#held.values()) buffer.destroy();
    this.#held.clear();
  }
}

interface Promised {
  readonly decl: VariableDecl;
  readonly writers: readonly Promise<boolean>[];
}

async function confirmAll(promised: readonly Promised[]): Promise<void> {
  for (const { decl, writers } of promised) {
    const outcomes = await Promise.all(writers);
    if (!outcomes.includes(true)) throw uninitialized(decl);
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
