/**
 * The CPU runtime: runs Programs on the host, one after the other in call order, in stretches of
 * about 10 ms between which the event loop turns. It needs no GPU, computes 64-bit types exactly,
 * and is what the GPU's results are compared with.
 */
import { CancelledError, RuntimeError } from '../../errors.js';
import { feedBytesOf, takeFeed, type FeedArray } from '../../ir/feed-array.js';
import type { Program, VariableDecl } from '../../ir/program.js';
import { createStorage, storedLength } from '../../ir/storage.js';
import type {
  DeviceCaps,
  LoadedProgram,
  MemoryUse,
  RunRequest,
  RunResult,
  Runtime,
  VariableBuffer,
} from '../runtime.js';
import { CpuProgram } from './cpu-program.js';
import { CpuVariable } from './cpu-variable.js';
import { createPacer } from './pacer.js';

const sumBytes = (feeds: readonly FeedArray[]): number =>
  feeds.reduce((sum, feed) => sum + feedBytesOf(feed), 0);

/** Rejects when the signal aborts before the run has started; from then on the run itself answers. */
function abortableUntil(
  hasStarted: () => boolean,
  result: Promise<RunResult>,
  signal: AbortSignal | undefined,
): Promise<RunResult> {
  if (signal === undefined) return result;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      if (hasStarted()) return;
      const { reason } = signal as { readonly reason: unknown };
      reject(new CancelledError('The run was cancelled before it started.', { cause: reason }));
    };
    signal.addEventListener('abort', stop, { once: true });
    const done = (): void => {
      signal.removeEventListener('abort', stop);
    };
    void result.then(resolve, reject).finally(done);
  });
}

export class CpuRuntime implements Runtime {
  /**
   * Bindings are bounded because V8 does not optimise functions of more than about 60 KB of
   * bytecode; bytes because index arithmetic is in 32-bit integers.
   */
  readonly caps: DeviceCaps = { kind: 'cpu', maxBindings: 256, maxBindingBytes: 2 ** 32 };
  readonly description = 'host CPU (JavaScript, one thread)';
  readonly lost = new Promise<string>(() => undefined);

  readonly #pacer = createPacer();
  readonly #programs = new Set<CpuProgram>();
  #lastRun: Promise<unknown> = Promise.resolve();
  #pendingRuns = 0;
  #queuedFeedBytes = 0;
  readonly #variables = new Set<CpuVariable>();
  #isClosed = false;

  /** @throws RuntimeError (as a rejection) if the runtime is closed. */
  load(program: Program): Promise<LoadedProgram> {
    return new Promise((resolve) => {
      if (this.#isClosed)
        throw new RuntimeError('The CPU runtime is closed. Create a new session.');
      const loaded = new CpuProgram(program);
      this.#programs.add(loaded);
      resolve({
        run: (request) => this.#run(loaded, request),
        dispose: () => void this.#programs.delete(loaded),
      });
    });
  }

  createVariable({ storage, dtype, shape }: VariableDecl): VariableBuffer {
    const array = createStorage(storage, Math.max(storedLength(dtype, shape), 1));
    const variable = new CpuVariable(array, (destroyed) => void this.#variables.delete(destroyed));
    this.#variables.add(variable);
    return variable;
  }

  memory(): MemoryUse {
    const programs = [...this.#programs];
    const sum = (bytes: (program: CpuProgram) => number): number =>
      programs.reduce((total, program) => total + bytes(program), 0);
    return {
      variables: [...this.#variables].reduce((total, { byteLength }) => total + byteLength, 0),
      constants: sum(({ memory }) => memory.constantBytes),
      feeds: this.#queuedFeedBytes,
      arena: sum(({ memory }) => memory.arenaBytes),
      staging: sum(({ savedBytes }) => savedBytes),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastRun;
    this.#programs.clear();
  }

  /** Starts at once if it has nothing to wait for, else in its turn, with copied feeds. */
  #run(loaded: CpuProgram, request: RunRequest): Promise<RunResult> {
    if (this.#isClosed || !this.#programs.has(loaded)) {
      request.onEnd?.(false);
      return Promise.reject(
        new RuntimeError('The run has nothing to run on: its program or runtime was closed.'),
      );
    }
    const isQueued = this.#pendingRuns++ > 0 || request.before !== undefined;
    const feeds = isQueued ? request.feeds.map(takeFeed) : request.feeds;
    const queuedBytes = isQueued ? sumBytes(feeds) : 0;
    this.#queuedFeedBytes += queuedBytes;
    let hasStarted = false;
    const start = (): Promise<RunResult> => {
      hasStarted = true;
      return loaded.run({ ...request, feeds }, this.#pacer, isQueued);
    };
    const inTurn = async (): Promise<RunResult> => {
      await request.before;
      return start();
    };
    const result = isQueued ? this.#lastRun.then(inTurn) : start();
    const finish = (isSuccess: boolean): void => {
      this.#pendingRuns--;
      this.#queuedFeedBytes -= queuedBytes;
      request.onEnd?.(isSuccess);
    };
    this.#lastRun = result.then(
      () => {
        finish(true);
      },
      () => {
        finish(false);
      },
    );
    return isQueued ? abortableUntil(() => hasStarted, result, request.signal) : result;
  }
}
