/** What a run did: filled in by Session.run when asked for. */
import type { KernelTime, RunCounts } from '../runtime/runtime.js';

/**
 * Statistics of one run. Pass one as `options.stats`; it is filled when the run is done.
 *
 * @example
 * const stats = new RunStats();
 * await session.run(loss, feeds, { stats });
 * stats.bytesUp; // bytes of the feeds
 */
export class RunStats implements RunCounts {
  /** Bytes from the host to the device: the feeds. */
  bytesUp = 0;
  /** Bytes from the device to the host: the fetched tensors. */
  bytesDown = 0;
  /** Kernels started. */
  dispatches = 0;
  /** Times work was submitted to the device. */
  submits = 0;
  /** GPU objects made by this run: none after a program's first run. */
  buffersCreated = 0;
  bindGroupsCreated = 0;
  pipelinesCreated = 0;
  /** Whether this run had to be compiled first. */
  compiled = false;
  /** Milliseconds from call to answer. */
  elapsedMs = 0;
}

/** Per-kernel times of one run; `toChromeTrace` opens in chrome://tracing or Perfetto. */
export class RunTrace {
  /** Start and duration of each kernel, in nanoseconds; empty where the device has no timestamps. */
  kernels: readonly KernelTime[] = [];

  /** JSON text in Chrome's trace event format; times in microseconds. */
  toChromeTrace(): string {
    const traceEvents = this.kernels.map(({ label, startNs, durationNs }) => ({
      name: label,
      ph: 'X',
      pid: 1,
      tid: 1,
      ts: startNs / 1000,
      dur: durationNs / 1000,
    }));
    return JSON.stringify({ traceEvents, displayTimeUnit: 'ns' });
  }
}
