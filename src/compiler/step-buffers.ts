/** The buffers a step touches, and those of them that it writes. */
import type { Step } from '../ir/program.js';

export const touchedBy = (step: Step): readonly number[] =>
  step.kind === 'kernel' ? step.buffers : [step.from, step.to];

export const writtenBy = (step: Step): readonly number[] =>
  step.kind === 'kernel'
    ? step.buffers.filter((_, i) => step.kernel.bindings[i]?.access === 'read_write')
    : [step.to];
