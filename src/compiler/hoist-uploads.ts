/**
 * Hoist uploads: what the host gives to the device goes up as soon as it is there. An upload may
 * fail (an int64 that does not fit 32 bits), and before the first write of a variable that undoes
 * nothing; and uploads before all device work leave that in one submit.
 */
import type { Step } from '../ir/program.js';
import { touchedBy, writtenBy } from './step-buffers.js';

/** @param isOnHost whether a buffer, by number, is in the host's memory. */
export function hoistUploads(
  steps: readonly Step[],
  isOnHost: (buffer: number) => boolean,
): readonly Step[] {
  const ordered: Step[] = [];
  for (const step of steps) {
    let at = ordered.length;
    if (step.kind === 'transfer' && isOnHost(step.from))
      while (at > 0 && isIndependent(ordered[at - 1] as Step, step)) at--;
    ordered.splice(at, 0, step);
  }
  return ordered;
}

/** Whether two steps give the same in either order. */
function isIndependent(a: Step, b: Step): boolean {
  const [touched, written] = [new Set(touchedBy(a)), new Set(writtenBy(a))];
  return (
    !touchedBy(b).some((buffer) => written.has(buffer)) &&
    !writtenBy(b).some((buffer) => touched.has(buffer))
  );
}
