/** The options of one run, and whether they are what a run takes. */
import { DTypeError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { checkedOptions } from '../graph/options.js';
import type { RunStats, RunTrace } from './stats.js';

export interface RunOptions {
  /** Aborting rejects the run with CancelledError. Work already on the device still completes. */
  readonly signal?: AbortSignal;
  /**
   * Rejects with DeadlineExceededError after this many milliseconds. Above 2^31 - 1 (24.8 days), or
   * Infinity, there is no limit.
   */
  readonly timeoutMs?: number;
  /** Filled with what the run moved and did. */
  readonly stats?: RunStats;
  /** Filled with per-kernel times; slows the run down. */
  readonly trace?: RunTrace;
}

/** What a run without options gets: known to be right. */
export const noRunOptions: RunOptions = {};

/** By what it does, so that a signal of another realm or library serves too. */
const isSignal = ({ aborted, addEventListener }: Partial<AbortSignal>): boolean =>
  typeof aborted === 'boolean' && typeof addEventListener === 'function';

/** @throws DTypeError if they are no options or one is of the wrong kind, ValueError for an unknown one. */
export function checkedRunOptions(fn: string, options: RunOptions): RunOptions {
  if (options === noRunOptions) return options;
  checkedOptions(fn, options, {
    signal: 'object',
    timeoutMs: 'number',
    stats: 'object',
    trace: 'object',
  });
  const { signal } = options;
  if (signal === undefined || isSignal(signal)) return options;
  throw new DTypeError(
    `${fn}: Expected an AbortSignal for option 'signal' not ${describeValue(signal)}. Give controller.signal of an AbortController.`,
  );
}
