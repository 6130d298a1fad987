/** The corpus by section, what of it is in scope, and the table of results. */
import { registeredTypes } from '../../src/graph/registry.js';
import '../../src/ops/index.js';
import {
  checkGrad,
  checkGrad2,
  checkOp,
  checkSession,
  checkTraining,
  families,
  opTypes,
  readLines,
  type Check,
  type Line,
} from './golden-corpus.js';
import type { GoldenModule } from './golden-device.js';

export interface Section {
  readonly name: string;
  readonly lines: readonly Line[];
  readonly check: Check;
}

export const sections = (): Section[] => [
  ...families().map((family) => ({
    name: `ops/${family}`,
    lines: readLines(`ops/${family}.jsonl.gz`),
    check: checkOp,
  })),
  { name: 'wire', lines: readLines('wire.jsonl.gz'), check: checkOp },
  { name: 'grads', lines: readLines('grads.jsonl.gz'), check: checkGrad },
  { name: 'grads2', lines: readLines('grads2.jsonl.gz'), check: checkGrad2 },
  { name: 'sessions', lines: readLines('sessions.jsonl'), check: checkSession },
  ...['kernels', 'optimizers', 'models'].map((part) => ({
    name: `train/${part}`,
    lines: readLines(`train/${part}.jsonl.gz`),
    check: checkTraining,
  })),
];

const known = new Set(registeredTypes());

/**
 * Cases that do not hold, each for a stated reason; anything else that fails fails the test, and so
 * does a case listed here that has come to hold.
 */
export const exceptions: ReadonlyMap<string, string> = new Map([
  ['math-unary/Sign/009', 'TensorFlow flushes denormal inputs to zero; we do not'],
  [
    'variables/ordering',
    'TensorFlow lets a reference that was read before a write show the written value; here it does not',
  ],
]);

/** Excused cases that hold on some adapters: those that flush denormals to zero as TensorFlow does. */
const mayHold: ReadonlySet<string> = new Set(['math-unary/Sign/009']);

/** Why a case is out of scope, or null: ops without a definition. */
export function outOfScope(line: Line): string | null {
  const missing = opTypes(line).filter((type) => !known.has(type));
  return missing.length === 0 ? null : `no ${missing.join(', ')}`;
}

export interface SectionResult {
  readonly passed: number;
  readonly excused: number;
  readonly outOfScope: number;
  readonly failures: readonly string[];
}

export async function runSection(section: Section, module: GoldenModule): Promise<SectionResult> {
  let [passed, excused, outside] = [0, 0, 0];
  const failures: string[] = [];
  for (const line of section.lines) {
    if (outOfScope(line) !== null) {
      outside++;
      continue;
    }
    const reason = await judge(section.check, module, line);
    if (reason === null && exceptions.has(line.id) && !mayHold.has(line.id))
      failures.push(`${line.id}: holds, but is excused`);
    else if (reason === null) passed++;
    else if (exceptions.has(line.id)) excused++;
    else failures.push(`${line.id}: ${reason}`);
  }
  return { passed, excused, outOfScope: outside, failures };
}

async function judge(check: Check, module: GoldenModule, line: Line): Promise<string | null> {
  try {
    return await check(module, line);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** Ops the corpus asks for that have no definition, with the number of cases each holds up. */
export function missingOps(all: readonly Section[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { lines } of all)
    for (const line of lines)
      for (const type of opTypes(line).filter((t) => !known.has(t)))
        counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}
