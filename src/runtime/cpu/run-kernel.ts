/**
 * Kernels as host functions: printed, compiled and cached by their source text. A kernel can run in
 * one go, or in slices that let the event loop turn between them.
 */
import { CancelledError, InvalidArgumentError } from '../../errors.js';
import type { CheckFailure } from '../../ir/expr.js';
import type { Kernel } from '../../ir/kernel.js';
import { fillOf, type ScatterFill } from '../../ir/scatter-fill.js';
import type { StorageArray } from '../../ir/storage.js';
import { printKernelJs } from './js-kernel.js';
import { library } from './js-library.js';
import { createPacer, type Pacer } from './pacer.js';

type Library = typeof library;

/** Computes the units from `begin` to before `end` of a kernel. */
type RangeFunction = (
  buffers: readonly StorageArray[],
  begin: number,
  end: number,
  fail: (failure: number, values: readonly CheckValue[]) => never,
) => void;

/** Compiled text and what it was seen to cost, shared by all kernels that print alike. */
interface CompiledSource {
  readonly compute: RangeFunction;
  msPerUnit: number;
}

export interface HostKernel {
  /** Estimated work in additions, about a nanosecond each. */
  readonly work: number;
  /** Whether it may fail halfway, on the values it is given. */
  readonly hasChecks: boolean;
  /**
   * Runs to the end. `buffers[i]` is bound at binding i.
   * @throws InvalidArgumentError if a check fails; buffers are then half written.
   */
  run(buffers: readonly StorageArray[]): void;
  /**
   * Runs in slices and lets the event loop turn when `pacer` says so, every 10 ms by default. A row
   * of a reduction or contraction is never split.
   * @throws CancelledError between slices, if `signal` has aborted, and InvalidArgumentError if a
   * check fails; buffers are then half written.
   */
  runSliced(buffers: readonly StorageArray[], signal?: AbortSignal, pacer?: Pacer): Promise<void>;
}

/** Enough for several large models; beyond it the functions used longest ago are dropped. */
const maxCompiled = 2048;
const compiled = new Map<string, CompiledSource>();
const prepared = new WeakMap<Kernel, HostKernel>();

function compileSource(source: string, msPerUnit: number): CompiledSource {
  let entry = compiled.get(source);
  if (entry === undefined) {
    // The text comes from the printer alone: names and numbers it chose. Of what a graph spells it
    // holds short strings, as literals in which every byte but printable ASCII is escaped.
    const create = Reflect.construct(Function, ['L', source]) as (lib: Library) => RangeFunction;
    entry = { compute: create(library), msPerUnit };
    const [oldest] = compiled.keys();
    if (compiled.size >= maxCompiled && oldest !== undefined) compiled.delete(oldest);
  } else {
    compiled.delete(source);
  }
  compiled.set(source, entry);
  return entry;
}

/** @throws CancelledError if the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new CancelledError('The run was cancelled by its AbortSignal; no variable was changed.', {
      cause: signal.reason,
    });
}

type CheckValue = number | bigint | boolean | string;

function failureOf(
  failure: CheckFailure | undefined,
  values: readonly CheckValue[],
): InvalidArgumentError {
  const { message = 'invalid value', node, op } = failure ?? {};
  const text = message.replace(/\{(\d+)\}/g, (_, i) => String(values[Number(i)]));
  return new InvalidArgumentError(`${op} "${node}": ${text}.`, { node, op });
}

/** Slices shorter than this are too short to time. */
const measurableMs = 0.2;
/** First guess for code that still runs in the interpreter. */
const coldNsPerWork = 10;

/** Compiles a kernel for the host. Kernels that compute the same share one compiled function. */
export function compileHostKernel(kernel: Kernel): HostKernel {
  const known = prepared.get(kernel);
  if (known !== undefined) return known;
  const fill = kernel.kind === 'scatter' ? fillOf(kernel) : null;
  const hostKernel = fill === null ? compileLoops(kernel) : filledFirst(fill, compileLoops(kernel));
  prepared.set(kernel, hostKernel);
  return hostKernel;
}

/** A scatter: its result filled, then updated. */
function filledFirst({ kernel, bindings }: ScatterFill, updates: HostKernel): HostKernel {
  const fill = compileHostKernel(kernel);
  type Buffers = readonly StorageArray[];
  const ofFill = (buffers: Buffers): Buffers => bindings.map((i) => buffers[i] as StorageArray);
  return {
    work: fill.work + updates.work,
    hasChecks: fill.hasChecks || updates.hasChecks,
    run: (buffers) => {
      fill.run(ofFill(buffers));
      updates.run(buffers);
    },
    runSliced: async (buffers, signal, pacer = createPacer()) => {
      await fill.runSliced(ofFill(buffers), signal, pacer);
      await updates.runSliced(buffers, signal, pacer);
    },
  };
}

function compileLoops(kernel: Kernel): HostKernel {
  const { source, units, grain, work, failures } = printKernelJs(kernel);
  const entry = compileSource(source, (work * coldNsPerWork * 1e-6) / Math.max(units, 1));
  const fail = (failure: number, values: readonly CheckValue[]): never => {
    throw failureOf(failures[failure], values);
  };

  const sliceFrom = (begin: number, budgetMs: number): number => {
    const count = Math.floor(Math.max(budgetMs, 1) / Math.max(entry.msPerUnit, 1e-9));
    const whole = count > grain ? count - (count % grain) : Math.max(count, 1);
    return Math.min(units, begin + whole);
  };
  const runSlice = (buffers: readonly StorageArray[], begin: number, end: number): void => {
    const started = performance.now();
    entry.compute(buffers, begin, end, fail);
    const elapsed = performance.now() - started;
    const seen = elapsed > measurableMs ? elapsed / (end - begin) : 0;
    entry.msPerUnit = Math.max(seen, entry.msPerUnit / 4); // a slice grows fourfold at most
  };

  return {
    work,
    hasChecks: failures.length > 0,
    run: (buffers) => {
      if (units > 0) entry.compute(buffers, 0, units, fail);
    },
    runSliced: async (buffers, signal, pacer = createPacer()) => {
      for (let begin = 0; begin < units;) {
        throwIfAborted(signal);
        const end = sliceFrom(begin, pacer.remainingMs());
        runSlice(buffers, begin, end);
        begin = end;
        if (pacer.remainingMs() <= 0) await pacer.turn();
      }
    },
  };
}
