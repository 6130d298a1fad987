/**
 * Session: runs parts of a graph on a device and keeps its Variables there. Each distinct run
 * signature is compiled once. Calls are started in call order and overlap: one run's upload and
 * readback go on while another computes.
 */
import { CancelledError, DeadlineExceededError, RuntimeError, ValueError } from '../errors.js';
import { compile, type Compiled } from '../compiler/compile.js';
import type { RunSignature } from '../compiler/prune.js';
import type { NdArray } from '../graph/dtype.js';
import { getDefaultGraph, type Graph } from '../graph/graph.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { isCompatible, type StaticShape } from '../graph/shape.js';
import type { Program } from '../ir/program.js';
import { runProgramSync } from '../runtime/cpu/fold-constants.js';
import type { MemoryUse, RunResult, Runtime } from '../runtime/runtime.js';
import { createRuntime, type Device } from './device-choice.js';
import {
  feedArray,
  feedTensor,
  resolveFeeds,
  type Feed,
  type Feeds,
  type FeedValue,
} from './feeds.js';
import { planFetches, type Fetched, type Fetches, type FetchPlan } from './fetches.js';
import { ProgramCache, type CachedProgram } from './program-cache.js';
import { RandomStreams } from './random-streams.js';
import type { RunStats, RunTrace } from './stats.js';
import { VariableStore } from './variable-store.js';

export interface SessionOptions {
  /** Graph to run; the default graph if absent. */
  readonly graph?: Graph;
  /** `auto` (default): a hardware GPU if there is one, else the CPU. */
  readonly device?: Device;
  /** A WebGPU `GPU` object to use instead of the `webgpu` package's. */
  readonly gpu?: GPU;
  /** Compiled programs kept; the least recently used are dropped. Default 64. */
  readonly maxPrograms?: number;
}

export interface RunOptions {
  /** Aborting rejects the run with CancelledError. Work already on the device still completes. */
  readonly signal?: AbortSignal;
  /** Rejects with DeadlineExceededError after this many milliseconds. */
  readonly timeoutMs?: number;
  /** Filled with what the run moved and did. */
  readonly stats?: RunStats;
  /** Filled with per-kernel times; slows the run down. */
  readonly trace?: RunTrace;
}

/** Bytes in use, by class. */
export interface SessionMemory extends MemoryUse {
  /** Compiled programs held. */
  readonly programs: number;
}

const noFeeds: Feeds = {};

/**
 * Runs a graph.
 *
 * @example
 * const session = new Session({ graph, device: 'gpu' });
 * await session.run(init);
 * const [lossValue] = await session.run([loss, train], { 'x:0': batch });
 * await session.close();
 */
export class Session {
  readonly graph: Graph;
  readonly #runtime: Promise<Runtime>;
  readonly #variables = new VariableStore();
  readonly #random = new RandomStreams();
  readonly #programs: ProgramCache;
  readonly #serial = new Map<Tensor | Operation, number>();
  /** Settles when the last call has been started, so that calls start in order. */
  #started: Promise<unknown> = Promise.resolve();
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | null = null;

  constructor(options: SessionOptions = {}) {
    this.graph = options.graph ?? getDefaultGraph();
    this.#programs = new ProgramCache(options.maxPrograms ?? 64);
    this.#runtime = createRuntime(options.device ?? 'auto', options.gpu);
    // A failure to get a device is reported by the first run, not as an unhandled rejection.
    this.#runtime.catch(() => undefined);
  }

  /**
   * Computes the fetches from the feeds.
   *
   * @returns arrays in the structure of `fetches`; null for operations.
   * @throws InvalidArgumentError for a placeholder not fed or shapes that do not fit,
   *   FailedPreconditionError for a variable without value, ValueError and TypeError for feeds and
   *   fetches that are wrong in themselves, RuntimeError after close().
   */
  run<const F extends Fetches>(
    fetches: F,
    feeds: Feeds = noFeeds,
    options: RunOptions = {},
  ): Promise<Fetched<F>> {
    return this.#run(fetches, feeds, options) as Promise<never>;
  }

  async #run(fetches: Fetches, feeds: Feeds, options: RunOptions): Promise<unknown> {
    const begin = performance.now();
    this.#assertOpen();
    const plan = planFetches(this.graph, fetches);
    const resolved = resolveFeeds(this.graph, feeds);
    return plan.assemble(await this.#execute(plan, resolved, options, begin));
  }

  /**
   * A function with the fetches and feed order fixed, for a hot loop: names are looked up once.
   *
   * @example const step = session.makeCallable([loss, train], [x, y]);
   * const [value] = await step([batchX, batchY]);
   */
  makeCallable<const F extends Fetches>(
    fetches: F,
    feedList: readonly (Tensor | string)[] = [],
  ): (values?: readonly FeedValue[], options?: RunOptions) => Promise<Fetched<F>> {
    const plan = planFetches(this.graph, fetches);
    const tensors = feedList.map((key) => feedTensor(this.graph, key));
    const call = async (values: readonly FeedValue[], options: RunOptions): Promise<unknown> => {
      const begin = performance.now();
      this.#assertOpen();
      if (values.length !== tensors.length)
        throw new ValueError(
          `makeCallable: expected ${tensors.length} feed values, got ${values.length}.`,
        );
      const feeds = tensors.map((tensor, i) => ({
        tensor,
        array: feedArray(tensor, values[i] as FeedValue),
      }));
      return plan.assemble(await this.#execute(plan, feeds, options, begin));
    };
    return (values = [], options = {}) => call(values, options) as Promise<never>;
  }

  /**
   * Compiles and loads the program for a run ahead of it, so that the first run is as fast as the
   * next. Feeds are described by their shapes.
   */
  async prepare(
    fetches: Fetches,
    feedShapes: Readonly<Record<string, StaticShape>> = {},
  ): Promise<void> {
    this.#assertOpen();
    const plan = planFetches(this.graph, fetches);
    const shapes = Object.entries(feedShapes).map(([key, shape]) => {
      const tensor = feedTensor(this.graph, key);
      if (!isCompatible(tensor.shape, shape))
        throw new ValueError(
          `prepare: shape [${shape.join(',')}] does not fit Tensor '${tensor.name}'.`,
          { node: tensor.op.name },
        );
      return { tensor, shape };
    });
    await this.#inOrder(async () => {
      await this.#program(plan, shapes, () => undefined);
    });
  }

  /**
   * Value of the variable a VariableV2 or VarHandleOp stands for.
   * @throws FailedPreconditionError if it is not initialised.
   */
  read(variable: Operation): Promise<NdArray> {
    return this.run(variable.output());
  }

  /** Bytes held on the device, by class. */
  async memory(): Promise<SessionMemory> {
    this.#assertOpen();
    return { ...(await this.#runtime).memory(), programs: this.#programs.size };
  }

  /** Adapter or engine the session runs on, for people. */
  async deviceDescription(): Promise<string> {
    return (await this.#runtime).description;
  }

  /** Waits for runs in flight, then frees everything. Calling it again changes nothing. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #shutDown(): Promise<void> {
    await this.#started.catch(() => undefined);
    await Promise.allSettled(this.#running);
    const runtime = await this.#runtime.catch(() => null);
    this.#programs.clear();
    this.#variables.destroy();
    await runtime?.close();
  }

  #assertOpen(): void {
    if (this.#closed !== null) throw new RuntimeError('Attempted to use a closed Session.');
    if (this.graph.operations.length === 0)
      throw new RuntimeError(
        'The Session graph is empty. Add operations to the graph before calling run().',
      );
  }

  #inOrder<R>(start: () => Promise<R>): Promise<R> {
    const next = this.#started.then(start, start);
    this.#started = next.catch(() => undefined);
    return next;
  }

  async #execute(
    plan: FetchPlan,
    feeds: readonly Feed[],
    options: RunOptions,
    begin: number,
  ): Promise<NdArray[]> {
    if (plan.tensors.length + plan.targets.length === 0) return [];
    const limit = new RunLimit(options);
    const values = new Map(feeds.map((feed) => [feed.tensor, feed.array]));
    try {
      const run = await this.#inOrder(async () => {
        limit.check();
        const shapes = feeds.map(({ tensor, array }) => ({ tensor, shape: array.shape }));
        const { program, compiled } = await this.#program(plan, shapes, (feed) => values.get(feed));
        limit.check();
        // Wrapped, so that the queue goes on while the run is under way.
        return { program, compiled, result: this.#start(program, feeds, limit, options) };
      });
      const result = await limit.race(run.result);
      fillStats(options, result, run.compiled, begin);
      return answers(run.program.compiled.program, result, feeds);
    } finally {
      limit.dispose();
    }
  }

  #start(
    cached: CachedProgram,
    feeds: readonly Feed[],
    limit: RunLimit,
    options: RunOptions,
  ): Promise<RunResult> {
    const running = this.#enqueue(cached, feeds, limit, options);
    this.#running.add(running);
    const done = (): void => void this.#running.delete(running);
    running.then(done, done);
    return running;
  }

  async #enqueue(
    cached: CachedProgram,
    feeds: readonly Feed[],
    limit: RunLimit,
    options: RunOptions,
  ): Promise<RunResult> {
    const { program } = cached.compiled;
    const { buffers, undo } = this.#variables.bind(program, this.#ready());
    try {
      return await cached.loaded.run({
        feeds: feeds.map((feed) => feed.array),
        variables: buffers,
        random: this.#random.take(program.random),
        signal: limit.signal,
        trace: options.trace !== undefined,
      });
    } catch (error) {
      undo();
      throw error;
    }
  }

  #current: Runtime | null = null;
  #ready(): Runtime {
    if (this.#current === null) throw new RuntimeError('The session has no device yet.');
    return this.#current;
  }

  async #program(
    plan: FetchPlan,
    feeds: readonly { readonly tensor: Tensor; readonly shape: StaticShape }[],
    valueOf: (feed: Tensor) => NdArray | undefined,
  ): Promise<{ readonly program: CachedProgram; readonly compiled: boolean }> {
    const runtime = (this.#current = await this.#runtime);
    const key = this.#signature(plan, feeds);
    const known = this.#programs.find(key, valueOf);
    if (known) return { program: known, compiled: false };
    const signature: RunSignature = {
      fetches: plan.tensors,
      targets: plan.targets,
      feeds: feeds.map((feed) => feed.tensor),
    };
    const compiled = this.#compile(signature, feeds, valueOf, runtime);
    const loaded = await runtime.load(compiled.program);
    const program = { compiled, loaded };
    const values = new Map<Tensor, NdArray>();
    for (const feed of compiled.valueFeeds) {
      const value = valueOf(feed);
      if (value) values.set(feed, copyOf(value));
    }
    this.#programs.add(key, program, values);
    return { program, compiled: true };
  }

  #compile(
    signature: RunSignature,
    feeds: readonly { readonly tensor: Tensor; readonly shape: StaticShape }[],
    feedValue: (feed: Tensor) => NdArray | undefined,
    runtime: Runtime,
  ): Compiled {
    return compile(signature, {
      hasDevice: runtime.caps.kind === 'gpu',
      maxBindings: runtime.caps.maxBindings,
      maxBindingBytes: runtime.caps.maxBindingBytes,
      feedShapes: new Map(feeds.map(({ tensor, shape }) => [tensor, shape])),
      feedValue,
      variables: this.#variables,
      evaluate: (program: Program) => evaluateConstants(program),
    });
  }

  /** Graph elements are numbered by first use, so a signature is short and needs no names. */
  #signature(
    plan: FetchPlan,
    feeds: readonly { readonly tensor: Tensor; readonly shape: StaticShape }[],
  ): string {
    const id = (item: Tensor | Operation): number => {
      const known = this.#serial.get(item) ?? this.#serial.size;
      this.#serial.set(item, known);
      return known;
    };
    const fed = feeds.map(({ tensor, shape }) => `${id(tensor)}[${shape.join(',')}]`);
    return `${plan.tensors.map(id).join(',')};${plan.targets.map(id).join(',')};${fed.join(',')}`;
  }
}

/** Fetches of a constant program: from its buffers, or constants that needed no kernel. */
function evaluateConstants(program: Program): (NdArray | null)[] {
  const computed = runProgramSync(program, []);
  return program.fetches.map((fetch, i) =>
    fetch.kind === 'constant' ? fetch.data : (computed[i] ?? null),
  );
}

function answers(program: Program, result: RunResult, feeds: readonly Feed[]): NdArray[] {
  return program.fetches.map((fetch, i) => {
    if (fetch.kind === 'constant') return copyOf(fetch.data);
    if (fetch.kind === 'feed')
      return copyOf({ ...(feeds[fetch.feed] as Feed).array, shape: fetch.shape });
    return result.fetched[i] as NdArray;
  });
}

const copyOf = (array: NdArray): NdArray =>
  ({ ...array, shape: [...array.shape], data: array.data.slice() }) as NdArray;

function fillStats(options: RunOptions, result: RunResult, compiled: boolean, begin: number): void {
  if (options.trace) options.trace.kernels = result.trace;
  if (options.stats)
    Object.assign(options.stats, result.counts, { compiled, elapsedMs: performance.now() - begin });
}

/** The end of a run's patience: an abort signal, a deadline, or both. */
class RunLimit {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort = (): void => {
    this.#end(
      new CancelledError('The run was cancelled: its AbortSignal was aborted.', {
        cause: this.#outer?.reason,
      }),
    );
  };
  #ended: Error | null = null;

  constructor(options: RunOptions) {
    this.#outer = options.signal;
    const { timeoutMs } = options;
    if (this.#outer?.aborted === true) this.#onAbort();
    this.#outer?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== undefined)
      this.#timer = setTimeout(() => {
        this.#end(new DeadlineExceededError(`The run did not finish within ${timeoutMs} ms.`));
      }, timeoutMs);
  }

  /** The signal to hand on, if anything can end this run. */
  get signal(): AbortSignal | undefined {
    return this.#outer || this.#timer ? this.#controller.signal : undefined;
  }

  check(): void {
    if (this.#ended) throw this.#ended;
  }

  async race<R>(work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      throw this.#ended ?? error;
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#controller.abort(error);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }
}
