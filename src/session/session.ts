/**
 * Session: runs parts of a graph on a device and keeps its Variables there. Each distinct run
 * signature is compiled once. Calls are started in call order and overlap: one run's upload and
 * readback go on while another computes.
 */
import { InvalidArgumentError, RuntimeError, ValueError } from '../errors.js';
import { NeedsFeedValues } from '../compiler/needed-feeds.js';
import { describeValue } from '../graph/describe-value.js';
import { copyNdArray, type NdArray } from '../graph/dtype.js';
import { getDefaultGraph, type Graph } from '../graph/graph.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { checkedList, checkedOptions } from '../graph/options.js';
import { answerOf, arrayOf } from '../ir/feed-array.js';
import type { Program } from '../ir/program.js';
import type { MemoryUse, RunResult, Runtime } from '../runtime/runtime.js';
import {
  checkDevice,
  createRuntime,
  OpenDevice,
  type Device,
  type GpuObject,
} from './device-choice.js';
import {
  feedOf,
  feedTensor,
  keepFeed,
  resolveFeeds,
  type Feed,
  type Feeds,
  type FeedValue,
} from './feeds.js';
import { resolveFeedShapes, type FeedShapes } from './feed-shapes.js';
import { planFetches, type Fetched, type Fetches, type FetchPlan } from './fetches.js';
import type { CachedProgram } from './program-cache.js';
import { Programs, type ProgramRequest } from './programs.js';
import { RandomStreams } from './random-streams.js';
import { RunLimit } from './run-limit.js';
import { checkedRunOptions, noRunOptions, type RunOptions } from './run-options.js';
import { VariableStore } from './variable-store.js';

export interface SessionOptions {
  /** Graph to run; the default graph if absent. */
  readonly graph?: Graph;
  /** `auto` (default): a hardware GPU if there is one, else the CPU. Or one `openDevice` opened. */
  readonly device?: Device;
  /** A WebGPU `GPU` object to use instead of the `webgpu` package's. */
  readonly gpu?: GpuObject;
  /** Compiled programs kept; the least recently used are dropped. Default 64. */
  readonly maxPrograms?: number;
}

/** Bytes in use, by class. */
export interface SessionMemory extends MemoryUse {
  /** Compiled programs held. */
  readonly programs: number;
}

/** A run under way. */
interface StartedRun {
  readonly program: Program;
  /** Fetched feeds, as they were at the start. */
  readonly echoes: readonly (NdArray | null)[];
  readonly result: Promise<RunResult>;
  readonly isCompiled: boolean;
}

const noFeeds: Feeds = {};

/**
 * Runs a graph: compiles what is asked for once per signature, and keeps the graph's Variables on
 * the device until it is closed. A device that cannot be had is reported by the first run.
 *
 * @throws ValueError for `maxPrograms` below 1, or an option or device of another name; DTypeError for
 *   an option of the wrong kind.
 * @example
 * const session = new Session({ graph, device: 'gpu' });
 * await session.run(init);
 * const [lossValue] = await session.run([loss, train], { 'x:0': batch });
 * await session.close();
 */
export class Session {
  /** The graph it runs; ops may be added between runs. */
  readonly graph: Graph;
  readonly #runtime: Promise<Runtime>;
  /** The runtime, once it is there. */
  #current: Runtime | null = null;
  /** Whether the device is somebody else's to close. */
  readonly #isShared: boolean;
  readonly #variables = new VariableStore();
  readonly #random = new RandomStreams();
  readonly #programs: Programs;
  /** Settles when the last call has been started, so that calls start in order. */
  #started: Promise<unknown> = Promise.resolve();
  /** Calls not yet started. */
  #waiting = 0;
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | null = null;

  constructor(options: SessionOptions = {}) {
    checkedOptions('Session', options, {
      graph: 'graph',
      device: 'any',
      gpu: 'any',
      maxPrograms: 'number',
    });
    this.graph = options.graph ?? getDefaultGraph();
    const { maxPrograms = 64 } = options;
    if (!(maxPrograms >= 1))
      throw new ValueError(`maxPrograms must be 1 or more, not ${maxPrograms}.`);
    this.#programs = new Programs(maxPrograms, this.#variables);
    const { device = 'auto', gpu } = options;
    checkDevice('Session', device, gpu);
    this.#isShared = device instanceof OpenDevice;
    this.#runtime =
      device instanceof OpenDevice ? Promise.resolve(device.runtime) : createRuntime(device, gpu);
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
    options: RunOptions = noRunOptions,
  ): Promise<Fetched<F>> {
    return this.#run(fetches, feeds, options) as Promise<never>;
  }

  async #run(fetches: Fetches, feeds: Feeds, options: RunOptions): Promise<unknown> {
    const begin = performance.now();
    this.#assertOpen();
    checkedRunOptions('Session.run', options);
    const plan = planFetches(this.graph, fetches);
    const resolved = resolveFeeds(this.graph, feeds);
    return plan.assemble(await this.#execute(plan, resolved, options, begin));
  }

  /**
   * A function with the fetches and feed order fixed, for a hot loop: names are looked up once.
   *
   * @throws ValueError or TypeError for fetches and feeds the graph lacks; calls throw as `run` does.
   * @example const step = session.makeCallable([loss, train], [x, y]);
   * const [value] = await step([batchX, batchY]);
   */
  makeCallable<const F extends Fetches>(
    fetches: F,
    feedList: readonly (Tensor | string)[] = [],
  ): (values?: readonly FeedValue[], options?: RunOptions) => Promise<Fetched<F>> {
    const plan = planFetches(this.graph, fetches);
    const tensors = checkedList('makeCallable', 'feedList', feedList).map((key) =>
      feedTensor(this.graph, key),
    );
    const call = async (values: readonly FeedValue[], options: RunOptions): Promise<unknown> => {
      const begin = performance.now();
      this.#assertOpen();
      checkedRunOptions('makeCallable', options);
      if (!Array.isArray(values) || values.length !== tensors.length)
        throw new ValueError(
          `makeCallable: expected ${tensors.length} feed values, got ${Array.isArray(values) ? values.length : describeValue(values)}.`,
        );
      const feeds = tensors.map((tensor, i) => feedOf(tensor, values[i] as FeedValue));
      return plan.assemble(await this.#execute(plan, feeds, options, begin));
    };
    return (values = [], options = noRunOptions) => call(values, options) as Promise<never>;
  }

  /**
   * Compiles and loads the program for a run ahead of it, so that the first run is as fast as the
   * next. Feeds are described by their shapes, by tensor name (or in a Map, by tensor or name).
   *
   * @throws InvalidArgumentError if the value of a feed, and not only its shape, decides shapes;
   *   ValueError for what is no shape, or does not fit its tensor.
   */
  async prepare(fetches: Fetches, feedShapes: FeedShapes = {}): Promise<void> {
    this.#assertOpen();
    const plan = planFetches(this.graph, fetches);
    const shapes = Array.from(
      resolveFeedShapes('prepare', this.graph, feedShapes),
      ([tensor, shape]) => ({ tensor, shape }),
    );
    await this.#inOrder(async () => {
      try {
        const runtime = (this.#current = await this.#runtime);
        const request = { plan, feeds: shapes, valueOf: () => undefined };
        if (!this.#programs.find(request)) await this.#programs.make(runtime, request);
      } catch (error) {
        if (!(error instanceof NeedsFeedValues)) throw error;
        const names = error.feeds.map((i) => `'${shapes[i]?.tensor.name}'`).join(', ');
        throw new InvalidArgumentError(
          `prepare: shapes depend on the value of ${names}, so there is one program per value. Leave it to the first run.`,
          { cause: error },
        );
      }
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
    this.#assertNotClosed();
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
    if (!this.#isShared) await runtime?.close();
  }

  #assertNotClosed(): void {
    if (this.#closed !== null) throw new RuntimeError('Attempted to use a closed Session.');
  }

  #assertOpen(): void {
    this.#assertNotClosed();
    if (this.graph.version === 0)
      throw new RuntimeError(
        'The Session graph is empty. Add operations to the graph before calling run().',
      );
  }

  #inOrder<R>(start: () => Promise<R>): Promise<R> {
    this.#waiting++;
    const next = this.#started.then(start);
    const done = (): void => {
      this.#waiting--;
    };
    this.#started = next.then(done, done);
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
    try {
      const run =
        this.#startNow(plan, feeds, limit, options) ??
        (await limit.untilBegun(this.#startInTurn(plan, feeds.map(keepFeed), limit, options)));
      const result = await limit.outcome(run.result);
      fillStats(options, result, run.isCompiled, begin);
      return answers(run, result);
    } finally {
      limit.dispose();
    }
  }

  /**
   * Starts a run of a program at hand before the call returns. This spares a hot loop the copy of
   * its feeds: what the caller does to them after `run` is too late to matter.
   */
  #startNow(
    plan: FetchPlan,
    feeds: readonly Feed[],
    limit: RunLimit,
    options: RunOptions,
  ): StartedRun | undefined {
    if (this.#waiting > 0 || this.#current === null) return undefined;
    const program = this.#programs.find(requestOf(plan, feeds));
    return program && this.#start(program, feeds, limit, options);
  }

  #startInTurn(
    plan: FetchPlan,
    feeds: readonly Feed[],
    limit: RunLimit,
    options: RunOptions,
  ): Promise<StartedRun> {
    return this.#inOrder(async () => {
      limit.check();
      const runtime = (this.#current = await this.#runtime);
      const request = requestOf(plan, feeds);
      const known = this.#programs.find(request);
      const program = known ?? (await this.#programs.make(runtime, request));
      return { ...this.#start(program, feeds, limit, options), isCompiled: !known };
    });
  }

  #start(
    cached: CachedProgram,
    feeds: readonly Feed[],
    limit: RunLimit,
    options: RunOptions,
  ): StartedRun {
    limit.begin();
    const { program } = cached.compiled;
    const echoes = program.fetches.map((fetch) =>
      fetch.kind === 'feed' ? answerOf((feeds[fetch.feed] as Feed).array, fetch.shape) : null,
    );
    const result = this.#enqueue(cached, feeds, limit, options);
    return { program, echoes, result, isCompiled: false };
  }

  /** Starts the work. Variables are settled when it is over, whoever still waits for it. */
  #enqueue(
    cached: CachedProgram,
    feeds: readonly Feed[],
    limit: RunLimit,
    options: RunOptions,
  ): Promise<RunResult> {
    const { program } = cached.compiled;
    const binding = this.#variables.bind(program, this.#ready());
    const before = binding.confirm();
    // The runtime may come to wait for it only after it has failed.
    before?.catch(() => undefined);
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#running.add(over);
    const onEnd = (isSuccess: boolean): void => {
      binding.settle(isSuccess);
      this.#running.delete(over);
      end();
    };
    return cached.loaded.run({
      feeds: feeds.map((feed) => feed.array),
      variables: binding.buffers,
      random: this.#random.take(program.random),
      signal: limit.signal,
      before,
      onEnd,
      trace: options.trace !== undefined,
    });
  }

  #ready(): Runtime {
    if (this.#current === null) throw new RuntimeError('The session has no device yet.');
    return this.#current;
  }
}

function answers({ program, echoes }: StartedRun, result: RunResult): NdArray[] {
  return program.fetches.map((fetch, i) => {
    if (fetch.kind === 'constant') return copyNdArray(fetch.data);
    return (fetch.kind === 'feed' ? echoes[i] : result.fetched[i]) as NdArray;
  });
}

const requestOf = (plan: FetchPlan, feeds: readonly Feed[]): ProgramRequest => ({
  plan,
  feeds: feeds.map(({ tensor, array }) => ({ tensor, shape: array.shape })),
  valueOf: (tensor) => {
    const feed = feeds.find((one) => one.tensor === tensor);
    return feed && arrayOf(feed.array);
  },
});

function fillStats(options: RunOptions, result: RunResult, compiled: boolean, begin: number): void {
  if (options.trace) options.trace.kernels = result.trace;
  if (options.stats)
    Object.assign(options.stats, result.counts, { compiled, elapsedMs: performance.now() - begin });
}
