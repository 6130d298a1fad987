/**
 * Merge maps: small updates of variables that do not wait for each other become one kernel of several
 * parts, so that an optimizer's step is few dispatches. An update is put off until another can join
 * it or something needs it; never past a step that touches what it writes.
 *
 * Updates alone, because the sizes of parts are in a kernel's text: those of variables stay, while
 * another batch size would mean another pipeline.
 */
import { elementCount } from '../graph/shape.js';
import { codeSize, maxCodeSize } from '../ir/code-size.js';
import { rewrite, type Expr } from '../ir/expr.js';
import {
  hasChecks,
  kernelExprs,
  type Binding,
  type MapKernel,
  type MapPart,
  type MapsKernel,
} from '../ir/kernel.js';
import type { Place, Step } from '../ir/program.js';
import { labelOf } from './emit-kernel.js';
import { touchedBy, writtenBy } from './step-buffers.js';

/**
 * Larger maps keep a device busy by themselves, and what they read need not be kept for longer. On
 * llvmpipe, four momentum updates take 0.7 of the time as one kernel at 1,024 elements each, as long
 * at 65,536, and twice as long at 262,144.
 */
export const maxPartElements = 2 ** 16;

type KernelStep = Step & { readonly kind: 'kernel' };
type MapStep = KernelStep & { readonly kernel: MapKernel };

export interface MergeOptions {
  readonly maxBindings: number;
  readonly isVariable: (buffer: number) => boolean;
}

/**
 * What a part costs a driver's compiler beside its expressions, in additions: measured on llvmpipe,
 * where sixteen parts that add 1 take a quarter of a second.
 */
const partSize = 64;

/**
 * The same steps, small updates merged; those that stay alone keep their place. Merged kernels are
 * one of a kind, while lone updates of equal formulas share a pipeline: so a program's merged kernels
 * together have no more code than one kernel may have.
 */
export function mergeMaps(steps: readonly Step[], options: MergeOptions): readonly Step[] {
  const slots: (Step | null)[] = [];
  let open = new Merging();
  let left = maxCodeSize;
  const close = (): void => {
    left -= open.putInto(slots, left);
    open = new Merging();
  };
  for (const step of steps) {
    if (isSmallUpdate(step, options)) {
      if (!open.admits(step, options)) close();
      open.add(step, slots.push(null) - 1);
    } else {
      if (open.conflicts(step)) close();
      slots.push(step);
    }
  }
  close();
  return slots.filter((step) => step !== null);
}

const sizeOf = (step: MapStep): number => partSize + codeSize(kernelExprs(step.kernel));

function isSmallUpdate(step: Step, { isVariable }: MergeOptions): step is MapStep {
  if (step.kind !== 'kernel' || step.kernel.kind !== 'map') return false;
  if (elementCount(step.kernel.shape) > maxPartElements || hasChecks(step.kernel)) return false;
  return writtenBy(step).some(isVariable);
}

/** Maps that are to be one kernel. */
class Merging {
  readonly #members: { readonly step: MapStep; readonly slot: number }[] = [];
  readonly #touched = new Set<number>();
  readonly #written = new Set<number>();
  #codeSize = 0;

  add(step: MapStep, slot: number): void {
    this.#members.push({ step, slot });
    for (const buffer of touchedBy(step)) this.#touched.add(buffer);
    for (const buffer of writtenBy(step)) this.#written.add(buffer);
    this.#codeSize += sizeOf(step);
  }

  admits(step: MapStep, { maxBindings }: MergeOptions): boolean {
    const [first] = this.#members;
    if (first === undefined) return true;
    const more = touchedBy(step).filter((buffer) => !this.#touched.has(buffer));
    return (
      step.place === first.step.place &&
      !this.conflicts(step) &&
      this.#touched.size + more.length <= maxBindings &&
      this.#codeSize + sizeOf(step) <= maxCodeSize
    );
  }

  /** Whether the order of the members and the step matters. */
  conflicts(step: Step): boolean {
    return (
      touchedBy(step).some((buffer) => this.#written.has(buffer)) ||
      writtenBy(step).some((buffer) => this.#touched.has(buffer))
    );
  }

  /**
   * Several members become a kernel where the last was, if they are no more code than `left`;
   * otherwise they stay where they were. Returns the code of the kernel made.
   */
  putInto(slots: (Step | null)[], left: number): number {
    const [first, second] = this.#members;
    const last = this.#members.at(-1);
    if (
      first === undefined ||
      second === undefined ||
      last === undefined ||
      this.#codeSize > left
    ) {
      for (const { step, slot } of this.#members) slots[slot] = step;
      return 0;
    }
    const steps = this.#members.map(({ step }) => step);
    slots[last.slot] = mergedStep(steps, first.step.place);
    return this.#codeSize;
  }
}

function mergedStep(steps: readonly MapStep[], place: Place): KernelStep {
  const buffers: number[] = [];
  const bindings: Binding[] = [];
  const parts = steps.map(({ kernel, buffers: own }): MapPart => {
    const numbers = own.map((buffer, i) => {
      const known = buffers.indexOf(buffer);
      if (known >= 0) return known;
      bindings.push(kernel.bindings[i] as Binding);
      return buffers.push(buffer) - 1;
    });
    return renumbered(kernel, numbers);
  });
  const nodes = [...new Set(steps.flatMap((step) => step.nodes))];
  const kernel: MapsKernel = { kind: 'maps', label: labelOf(nodes), bindings, parts };
  return { kind: 'kernel', place, kernel, buffers, nodes };
}

/** The map with other numbers for its bindings. */
function renumbered({ shape, stores }: MapKernel, numbers: readonly number[]): MapPart {
  const memo = new Map<Expr, Expr>();
  const change = (expr: Expr): Expr =>
    rewrite(
      expr,
      (node) =>
        node.kind === 'read' ? { ...node, binding: numbers[node.binding] ?? node.binding } : node,
      memo,
    );
  return {
    shape,
    stores: stores.map(({ binding, at, value }) => ({
      binding: numbers[binding] ?? binding,
      at: change(at),
      value: change(value),
    })),
  };
}
