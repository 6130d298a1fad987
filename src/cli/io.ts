/** What a command has of the outside world: streams, environment, folder, and a wish to stop. */
import { resolve } from 'node:path';
import { CliError, exitCodes } from './exit-codes.js';

/** Where text goes. A terminal may show progress. */
export interface TextSink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  /** Calls `done` when the text has been handed on. */
  write(text: string, done?: (error?: Error | null) => void): unknown;
}

export interface CliIo {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted when the user interrupts. */
  readonly signal?: AbortSignal | undefined;
}

export const inFolder = (io: CliIo, path: string): string => resolve(io.cwd, path);

/** Writes pieces of text one after the other, each when the last has been taken. */
export async function writeAll(sink: TextSink, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces)
    await new Promise<void>((done) => {
      sink.write(piece, () => {
        done();
      });
    });
}

export const writeLine = (sink: TextSink, text: string): Promise<void> =>
  writeAll(sink, [`${text}\n`]);

/** Rejects when the signal is aborted; never resolves. */
export const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });

/** Most bytes taken from stdin: JSON text must fit a JavaScript string. */
const maxStdinBytes = 2 ** 29 - 32;

/** All of stdin as text. @throws CliError if it is larger than a string can be. */
export async function readStdin(io: CliIo, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const aborted = abortOf(signal);
  const reading = async (): Promise<string> => {
    for await (const chunk of io.stdin) {
      const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
      length += bytes.byteLength;
      if (length > maxStdinBytes)
        throw new CliError(exitCodes.badInput, 'stdin holds more than 512 MiB; use a .npy file.');
      chunks.push(bytes);
    }
    return new TextDecoder().decode(Buffer.concat(chunks));
  };
  return Promise.race([reading(), aborted]);
}

/** A line on stderr that says what is going on; only where stderr is a terminal. */
export class Progress {
  #shown = false;

  constructor(readonly io: CliIo) {}

  show(text: string): void {
    if (this.io.stderr.isTTY !== true) return;
    this.io.stderr.write(`\r\x1b[K${text}...`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.io.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** An end to a command's patience: the user's interrupt, or so many milliseconds from now. */
export class Limit {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #interrupt = (): void => {
    this.#controller.abort(new CliError(exitCodes.interrupted, 'Interrupted.'));
  };

  constructor(io: CliIo, timeoutMs?: number) {
    this.#outer = io.signal;
    if (this.#outer?.aborted === true) this.#interrupt();
    this.#outer?.addEventListener('abort', this.#interrupt, { once: true });
    if (timeoutMs !== undefined)
      this.#timer = setTimeout(() => {
        const text = `Not done after ${timeoutMs} ms (--timeout).`;
        this.#controller.abort(new CliError(exitCodes.timeout, text));
      }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs `work`; whatever it throws once the limit is reached counts as the limit's doing. */
  async within<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    try {
      this.signal.throwIfAborted();
      return await work(this.signal);
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      clearTimeout(this.#timer);
      this.#outer?.removeEventListener('abort', this.#interrupt);
    }
  }
}
