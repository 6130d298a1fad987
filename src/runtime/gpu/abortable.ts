/** Lets a caller stop waiting for work that goes on by itself. */
import { CancelledError } from '../../errors.js';

export const cancelled = (signal: AbortSignal): CancelledError =>
  new CancelledError('The run was cancelled by its AbortSignal.', { cause: signal.reason });

/** @throws CancelledError as soon as the signal aborts, unless `work` settled before. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(cancelled(signal));
    };
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}
