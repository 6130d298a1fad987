/**
 * Variables of a session: their buffers stay on the device between runs. Runs overlap, so a
 * variable counts as initialised as soon as a run that writes it has started; a run that reads it on
 * that promise waits for the writing run, and fails if that did.
 */
import { FailedPreconditionError, InvalidArgumentError } from '../errors.js';
import { shortNameOf, type DType } from '../graph/dtype.js';
import { isStatic, sameShape, type Shape, type StaticShape } from '../graph/shape.js';
import type { VariableStates } from '../compiler/variable-versions.js';
import type { Program, VariableDecl } from '../ir/program.js';
import type { Runtime, VariableBuffer } from '../runtime/runtime.js';

/** One buffer of a variable: each run that changes the variable's shape puts a new one on top. */
interface Held {
  readonly buffer: VariableBuffer;
  readonly dtype: DType;
  readonly shape: StaticShape;
  /** Whether a run that wrote it has succeeded. */
  isWritten: boolean;
  /** Runs under way that write it: whether they succeed. */
  readonly writers: Set<Promise<boolean>>;
}

const holdsValue = (held: Held | undefined): held is Held =>
  held !== undefined && (held.isWritten || held.writers.size > 0);

/** The variables of one run. */
export interface Binding {
  readonly buffers: readonly VariableBuffer[];
  /**
   * Waits for earlier runs under way that are to give variables the first values that this one reads.
   * @throws FailedPreconditionError if they failed, so that there is nothing to read.
   */
  confirm(): Promise<void> | undefined;
  /** To be called once, when the run is over. A failed run's writes count for nothing. */
  settle(isSuccess: boolean): void;
}

export class VariableStore implements VariableStates {
  /** Per variable, oldest first; all but the newest are kept until the newer ones are sure. */
  readonly #held = new Map<string, readonly Held[]>();

  #newest(key: string): Held | undefined {
    return this.#held.get(key)?.at(-1);
  }

  shape(key: string, declared: Shape): StaticShape | null {
    const held = this.#newest(key);
    if (holdsValue(held)) return held.shape;
    return isStatic(declared) ? declared : null;
  }

  isInitialized(key: string): boolean {
    return holdsValue(this.#newest(key));
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
      .filter((decl) => decl.reads && this.#newest(decl.key)?.isWritten === false)
      .map((decl) => ({ decl, writers: [...(this.#newest(decl.key)?.writers ?? [])] }));
    const bound = variables.map((decl) => this.#heldFor(decl, runtime));
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
        for (const decl of variables) this.#prune(decl.key);
        report(isSuccess);
      },
    };
  }

  /** Two variables of one shared_name are one variable, in this graph or in an earlier run. */
  #checkDType(decl: VariableDecl): void {
    const held = this.#newest(decl.key);
    if (held === undefined || held.dtype === decl.dtype) return;
    const { node, op, dtype } = decl;
    throw new InvalidArgumentError(
      `${op} "${node}": Trying to access variable with wrong dtype. Expected ${shortNameOf(dtype)} got ${shortNameOf(held.dtype)}: another variable of this shared_name has that dtype. Give it a shared_name of its own.`,
      { node, op },
    );
  }

  /** The newest buffer if it has the right shape, else a new one on top of it. */
  #heldFor(decl: VariableDecl, runtime: Runtime): Held {
    const known = this.#held.get(decl.key) ?? [];
    const newest = known.at(-1);
    if (newest && sameShape(newest.shape, decl.shape)) return newest;
    const buffer = runtime.createVariable(decl);
    const { dtype, shape } = decl;
    const held: Held = { buffer, dtype, shape, isWritten: false, writers: new Set() };
    this.#held.set(decl.key, [...known, held]);
    return held;
  }

  /**
   * Frees what no outcome of the runs under way can bring back: buffers below the newest one that
   * surely holds a value, and those whose writers have all failed.
   */
  #prune(key: string): void {
    const all = this.#held.get(key) ?? [];
    const sure = all.findLastIndex((held) => held.isWritten);
    const isNeeded = (held: Held, i: number): boolean => held.writers.size > 0 || i === sure;
    if (all.every(isNeeded)) return;
    for (const [i, held] of all.entries()) if (!isNeeded(held, i)) held.buffer.destroy();
    const kept = all.filter(isNeeded);
    if (kept.length > 0) this.#held.set(key, kept);
    else this.#held.delete(key);
  }

  destroy(): void {
    for (const versions of this.#held.values()) for (const { buffer } of versions) buffer.destroy();
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
