/**
 * A Program loaded on the host, and one run of it at a time.
 *
 * A run that fails or is aborted changes no variable. Most runs need nothing for that: the check
 * for an abort stops at the first write to a variable, and what follows cannot fail. Where a step
 * from that write on can fail (a checked narrowing, a check of values), or much work follows and there is a signal, each
 * variable is copied just before its first write, and copied back if the run does not finish. The
 * copies' memory is kept for the next run.
 */
import { InternalError } from '../../errors.js';
import { feedBytesOf } from '../../ir/feed-array.js';
import type { Program, Step } from '../../ir/program.js';
import { dataBytesOf, type NdArray } from '../../graph/dtype.js';
import { byteLengthOf, isText, type StorageArray } from '../../ir/storage.js';
import type { KernelTime, RunRequest, RunResult } from '../runtime.js';
import { CpuVariable } from './cpu-variable.js';
import { decodeFetch } from './fetched-strings.js';
import type { Pacer } from './pacer.js';
import {
  allocateProgram,
  arrayAt,
  bindFeeds,
  copyArray,
  dropStrings,
  transferArray,
  writtenBuffers,
  type ProgramMemory,
} from './program-memory.js';
import { compileHostKernel, throwIfAborted, type HostKernel } from './run-kernel.js';

/** Work below this is done in one go and not interrupted: a few milliseconds. */
const shortWork = 4e6;

interface PreparedStep {
  readonly step: Step;
  readonly kernel: HostKernel | undefined;
  /** Buffers of variables it writes. */
  readonly writes: readonly number[];
}

/** What one run carries along. */
interface RunState {
  readonly request: RunRequest;
  readonly pacer: Pacer;
  /** Whether variables are saved before they are written. */
  readonly saves: boolean;
  /** Whether feeds in use are copies that the caller cannot change. */
  ownsFeeds: boolean;
  hasWritten: boolean;
  /** Buffers whose variable was saved. */
  readonly saved: Set<number>;
  readonly trace: KernelTime[];
  traceStart: number | undefined;
}

export class CpuProgram {
  readonly memory: ProgramMemory;
  readonly #steps: readonly PreparedStep[];
  /** Reasons to save variables: a later step can fail, or takes long. */
  readonly #failsAfterWrite: boolean;
  readonly #longAfterWrite: boolean;
  readonly #kernelCount: number;
  /** A feed that some step writes must not be the caller's array. */
  readonly #writesFeeds: boolean;
  readonly #holdsStrings: boolean;
  readonly #savedArrays = new Map<number, StorageArray>();

  constructor(readonly program: Program) {
    this.memory = allocateProgram(program);
    this.#steps = program.steps.map((step) => ({
      step,
      kernel: step.kind === 'kernel' ? compileHostKernel(step.kernel) : undefined,
      writes: writtenBuffers(step).filter((buffer) => this.#roleOf(buffer) === 'variable'),
    }));
    const firstWrite = this.#steps.findIndex(({ writes }) => writes.length > 0);
    const rest = firstWrite < 0 ? [] : this.#steps.slice(firstWrite);
    this.#failsAfterWrite = rest.some(
      ({ step, kernel }) => step.kind === 'transfer' || kernel?.hasChecks === true,
    );
    this.#longAfterWrite =
      rest.reduce((sum, step) => sum + (step.kernel?.work ?? 0), 0) > shortWork;
    this.#kernelCount = this.#steps.filter(({ kernel }) => kernel !== undefined).length;
    this.#holdsStrings = program.buffers.some(({ storage }) => storage === 'str');
    this.#writesFeeds = program.steps.some((step) =>
      writtenBuffers(step).some((buffer) => this.#roleOf(buffer) === 'feed'),
    );
  }

  #roleOf(buffer: number): string | undefined {
    return this.program.buffers[buffer]?.role.kind;
  }

  /** Bytes kept for restoring variables. */
  get savedBytes(): number {
    return [...this.#savedArrays.values()].reduce((sum, array) => sum + byteLengthOf(array), 0);
  }

  /**
   * Runs once. Synchronous up to the first turn of the event loop; from there on the caller's feed
   * arrays are no longer read.
   * @param ownsFeeds whether the feeds are copies already.
   * @throws CancelledError if the signal aborts before the last step that may be undone.
   */
  async run(request: RunRequest, pacer: Pacer, ownsFeeds: boolean): Promise<RunResult> {
    throwIfAborted(request.signal);
    const state: RunState = {
      request,
      pacer,
      saves: this.#failsAfterWrite || (this.#longAfterWrite && request.signal !== undefined),
      ownsFeeds,
      hasWritten: false,
      saved: new Set(),
      trace: [],
      traceStart: undefined,
    };
    try {
      this.#bind(request);
      if (this.#writesFeeds) this.#takeFeeds(state);
      for (const step of this.#steps) {
        // Awaiting only where needed: each await would hand the feeds back to the caller.
        const wait = this.#runStep(step, state);
        if (wait !== undefined) await wait;
      }
      return await this.#result(state);
    } catch (error) {
      this.#restore(state);
      throw error;
    } finally {
      this.#release();
    }
  }

  #bind(request: RunRequest): void {
    const { arrays } = this.memory;
    bindFeeds(this.program, arrays, request.feeds);
    for (const [i, { role, label }] of this.program.buffers.entries()) {
      if (role.kind === 'variable') {
        const variable = request.variables[role.variable];
        if (!(variable instanceof CpuVariable))
          throw new InternalError(`Variable "${label}" has no storage on the CPU runtime.`);
        arrays[i] = variable.array;
      } else if (role.kind === 'random') {
        const positions = arrayAt(arrays, i);
        for (const [op, position] of request.random.entries()) {
          positions[2 * op] = Number(BigInt.asUintN(32, position));
          positions[2 * op + 1] = Number(BigInt.asUintN(32, position >> 32n));
        }
      }
    }
  }

  /** Replaces feeds that are the caller's arrays by copies. */
  #takeFeeds(state: RunState): void {
    if (state.ownsFeeds) return;
    state.ownsFeeds = true;
    for (const [i, { role }] of this.program.buffers.entries()) {
      const array = this.memory.arrays[i];
      const feed = role.kind === 'feed' ? state.request.feeds[role.feed] : undefined;
      const isShared = feed !== undefined && 'data' in feed && feed.data === array;
      if (array !== undefined && isShared) this.memory.arrays[i] = array.slice();
    }
  }

  /** The signal, while an abort can still leave variables as they were. */
  #signalOf(state: RunState): AbortSignal | undefined {
    return state.hasWritten && !state.saves ? undefined : state.request.signal;
  }

  /** Does a short step at once; returns a promise for a long one, or when a turn is due. */
  #runStep(prepared: PreparedStep, state: RunState): Promise<void> | undefined {
    const isLong = prepared.kernel !== undefined && prepared.kernel.work > shortWork;
    if (isLong || state.pacer.remainingMs() <= 0) {
      this.#takeFeeds(state);
      return this.#runSlowly(prepared, state);
    }
    throwIfAborted(this.#signalOf(state));
    this.#save(prepared, state);
    const started = this.#startTrace(prepared, state);
    if (prepared.kernel === undefined) this.#move(prepared.step);
    else prepared.kernel.run(this.#boundTo(prepared.step));
    this.#endTrace(prepared, state, started);
    return undefined;
  }

  async #runSlowly(prepared: PreparedStep, state: RunState): Promise<void> {
    if (state.pacer.remainingMs() <= 0) await state.pacer.turn();
    throwIfAborted(this.#signalOf(state));
    this.#save(prepared, state);
    const started = this.#startTrace(prepared, state);
    if (prepared.kernel === undefined) this.#move(prepared.step);
    else {
      const bound = this.#boundTo(prepared.step);
      await prepared.kernel.runSliced(bound, this.#signalOf(state), state.pacer);
    }
    this.#endTrace(prepared, state, started);
  }

  #boundTo(step: Step): StorageArray[] {
    const { arrays } = this.memory;
    return step.kind === 'kernel' ? step.buffers.map((buffer) => arrayAt(arrays, buffer)) : [];
  }

  #move(step: Step): void {
    if (step.kind === 'kernel') return;
    const from = arrayAt(this.memory.arrays, step.from);
    const to = arrayAt(this.memory.arrays, step.to);
    const decl = this.program.buffers[step.to];
    if (step.kind === 'copy' || decl === undefined) copyArray(from, to);
    else transferArray(from, to, decl);
  }

  #save({ writes }: PreparedStep, state: RunState): void {
    if (writes.length === 0) return;
    state.hasWritten = true;
    if (!state.saves) return;
    for (const buffer of writes) {
      if (state.saved.has(buffer)) continue;
      const current = arrayAt(this.memory.arrays, buffer);
      const kept = this.#savedArrays.get(buffer);
      if (kept === undefined) this.#savedArrays.set(buffer, current.slice());
      else copyArray(current, kept);
      state.saved.add(buffer);
    }
  }

  #restore(state: RunState): void {
    for (const buffer of state.saved) {
      const kept = this.#savedArrays.get(buffer);
      if (kept !== undefined) copyArray(kept, arrayAt(this.memory.arrays, buffer));
    }
  }

  #startTrace({ kernel }: PreparedStep, state: RunState): number {
    if (state.request.trace !== true || kernel === undefined) return 0;
    const now = performance.now();
    state.traceStart ??= now;
    return now;
  }

  #endTrace({ step }: PreparedStep, state: RunState, started: number): void {
    if (state.traceStart === undefined || step.kind !== 'kernel') return;
    state.trace.push({
      label: step.kernel.label,
      startNs: (started - state.traceStart) * 1e6,
      durationNs: (performance.now() - started) * 1e6,
    });
  }

  async #result({ request, trace, pacer }: RunState): Promise<RunResult> {
    const fetched: (NdArray | null)[] = [];
    for (const fetch of this.program.fetches) {
      if (fetch.kind !== 'buffer') fetched.push(null);
      else {
        const array = arrayAt(this.memory.arrays, fetch.buffer);
        const decoded = decodeFetch(array, fetch.dtype, fetch.shape, pacer);
        fetched.push(decoded instanceof Promise ? await decoded : decoded);
      }
    }
    const counts = {
      bytesUp: request.feeds.reduce((sum, feed) => sum + feedBytesOf(feed), 0),
      bytesDown: fetched.reduce((sum, array) => sum + (array ? dataBytesOf(array) : 0), 0),
      dispatches: this.#kernelCount,
      submits: 0,
      buffersCreated: 0,
      bindGroupsCreated: 0,
      pipelinesCreated: 0,
    };
    return { fetched, counts, trace };
  }

  /** Lets go of the caller's arrays, and of all strings but constants and variables. */
  #release(): void {
    for (const [i, { role }] of this.program.buffers.entries())
      if (role.kind === 'feed' || role.kind === 'variable') this.memory.arrays[i] = undefined;
    if (!this.#holdsStrings) return;
    dropStrings(this.program, this.memory.arrays);
    for (const [buffer, array] of this.#savedArrays)
      if (isText(array)) this.#savedArrays.delete(buffer);
  }
}
