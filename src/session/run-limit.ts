/** The end of a run's patience: an abort signal, a deadline, or both. */
import { CancelledError, DeadlineExceededError, ValueError } from '../errors.js';

export interface LimitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Longest delay a timer takes, some 24.8 days: a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

export class RunLimit {
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
  #giveUp: ((reason: Error) => void) | null = null;

  /** @throws ValueError for a `timeoutMs` that is not above 0. */
  constructor({ signal, timeoutMs }: LimitOptions) {
    if (timeoutMs !== undefined && !(timeoutMs > 0))
      throw new ValueError(
        `timeoutMs must be above 0, not ${timeoutMs}. Leave it out for no limit.`,
      );
    this.#outer = signal;
    if (signal?.aborted === true) this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== undefined && timeoutMs <= maxDelayMs)
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

  /** To be called when the run's work begins: from here on the device ends it, or not. */
  begin(): void {
    this.check();
    this.#giveUp = null;
  }

  /** Waits for the run's turn, but no longer than the limit. */
  untilBegun<R>(turn: Promise<R>): Promise<R> {
    if (this.signal === undefined) return turn;
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      turn.then(resolve, reject);
    });
  }

  /** The work's outcome; if it failed because of this limit, with the limit's own error. */
  async outcome<R>(work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch (error) {
      throw this.#ended ?? error;
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#controller.abort(error);
    this.#giveUp?.(this.#ended);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }
}
