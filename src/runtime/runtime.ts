/**
 * What a device implements. A runtime runs Programs; it has never heard of a Graph.
 */
import type { NdArray } from '../graph/dtype.js';
import type { FeedArray } from '../ir/feed-array.js';
import type { Program, VariableDecl } from '../ir/program.js';

/** What the compiler may rely on when it plans for a device. */
export interface DeviceCaps {
  readonly kind: 'gpu' | 'cpu';
  /** Storage buffers one kernel may bind. */
  readonly maxBindings: number;
  /** Bytes one binding may span. */
  readonly maxBindingBytes: number;
}

/** Storage of one Variable, kept between runs. Created by a runtime, owned by the session. */
export interface VariableBuffer {
  readonly byteLength: number;
  destroy(): void;
}

export interface RunRequest {
  /** One array per `Program.feeds` entry, dtype and shape already checked. */
  readonly feeds: readonly FeedArray[];
  /** One buffer per `Program.variables` entry. */
  readonly variables: readonly VariableBuffer[];
  /** Stream position of each `Program.random` entry. */
  readonly random: readonly bigint[];
  readonly signal?: AbortSignal | undefined;
  /** The run's turn has come only when this has resolved; if it rejects, so does the run, undone. */
  readonly before?: Promise<void> | undefined;
  /**
   * Called once, when the run's work is over and not before: also if the caller has long been told of
   * an abort. Success means that the variables hold what the run wrote.
   */
  readonly onEnd?: ((isSuccess: boolean) => void) | undefined;
  /** Collect per-kernel times. */
  readonly trace?: boolean | undefined;
}

/** What one run moved and did. */
export interface RunCounts {
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly dispatches: number;
  readonly submits: number;
  /** GPU objects created during this run; zero after a program's first run. */
  readonly buffersCreated: number;
  readonly bindGroupsCreated: number;
  readonly pipelinesCreated: number;
}

export interface KernelTime {
  readonly label: string;
  /** Nanoseconds since the run's first kernel began. */
  readonly startNs: number;
  readonly durationNs: number;
}

export interface RunResult {
  /** One per `Program.fetches` entry of kind `buffer`, in order; others are the session's to fill. */
  readonly fetched: readonly (NdArray | null)[];
  readonly counts: RunCounts;
  readonly trace: readonly KernelTime[];
}

/** A program made ready: pipelines, bind groups and buffers exist. */
export interface LoadedProgram {
  /**
   * Starts a run. The work is enqueued before the call returns its promise, so calls made in order
   * execute in order; the promise settles when the fetches are on the host.
   * @throws CancelledError if `signal` aborts first (work already enqueued still completes).
   */
  run(request: RunRequest): Promise<RunResult>;
  /** Frees the arena, constants and bind groups. Variables are not touched. */
  dispose(): void;
}

export interface MemoryUse {
  /** Bytes on the device (host bytes for a CPU runtime), by class. */
  readonly variables: number;
  readonly constants: number;
  readonly feeds: number;
  readonly arena: number;
  readonly staging: number;
}

export interface Runtime {
  readonly caps: DeviceCaps;
  /** Adapter or engine, for people: `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly description: string;
  load(program: Program): Promise<LoadedProgram>;
  /** Uninitialised (zeroed) storage for a variable. */
  createVariable(decl: VariableDecl): VariableBuffer;
  memory(): MemoryUse;
  /** Resolves with the reason if the device is lost before `close`. Never rejects. */
  readonly lost: Promise<string>;
  /** Idempotent. Waits for enqueued work. */
  close(): Promise<void>;
}
