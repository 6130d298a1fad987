/** Reads the golden corpus and judges answers, one case at a time. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { NdArray } from '../../src/graph/dtype.js';
import { decodeGraphDef } from '../../src/serialize/graph-def.js';
// The corpus's own runner: its comparison is the one the tolerances were made for.
import { compare as compareAny, tensor as decodeAny } from '../golden/run.mjs';
import type { GoldenModule, GoldenSession } from './golden-device.js';

interface StoredTensor {
  readonly name: string;
  readonly const?: boolean;
  readonly dtype: string;
  readonly tol?: Tolerance;
}
interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}
interface Step {
  readonly feeds: readonly StoredTensor[];
  readonly fetches?: readonly string[];
  readonly targets?: readonly string[];
  readonly outputs: readonly StoredTensor[];
  readonly tol?: Tolerance;
  readonly loss?: number;
  readonly newSession?: boolean;
  readonly note?: string;
  readonly error?: { readonly class: string; readonly code: number | null; readonly text: string };
}
interface TrainVariable {
  readonly name: string;
  readonly read: string;
  readonly initial: StoredTensor;
  readonly final: StoredTensor;
  readonly tol: Tolerance;
}
/** Which fields a line has depends on its section. */
export interface Line {
  readonly id: string;
  readonly tfOp?: string;
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly graph: string;
  readonly inputs: readonly StoredTensor[];
  readonly fetches: readonly string[];
  readonly outputs: readonly StoredTensor[];
  readonly tol: Tolerance & { readonly loss: Tolerance };
  readonly tol2: Tolerance;
  readonly dy: StoredTensor;
  readonly dx: readonly (StoredTensor | null)[];
  readonly ddx: readonly (StoredTensor | null)[];
  readonly v: readonly (StoredTensor | null)[];
  readonly y: string;
  readonly xs: readonly string[];
  readonly steps: readonly Step[];
  readonly init: string;
  readonly train: string;
  readonly loss: string;
  readonly variables?: readonly TrainVariable[];
  readonly eval: readonly (StoredTensor & { readonly fetch: string })[];
}

const compare = compareAny as (
  got: NdArray | null | undefined,
  want: StoredTensor,
  tol: Tolerance,
  options?: { readonly tags?: readonly string[] | undefined },
) => string | null;
const decode = decodeAny as (stored: StoredTensor) => NdArray;

const folder = new URL('../golden/', import.meta.url);

export function readLines(file: string): Line[] {
  const raw = readFileSync(new URL(file, folder));
  const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

export const families = (): string[] =>
  readdirSync(new URL('ops/', folder))
    .sort()
    .map((file) => file.replace('.jsonl.gz', ''));

export const graphBytes = (line: Line): Uint8Array =>
  Uint8Array.from(Buffer.from(line.graph, 'base64'));

/** Op types of a case's graph. */
export function opTypes(line: Line): string[] {
  const message = decodeGraphDef(graphBytes(line)) as {
    readonly node: readonly { readonly op: string }[];
  };
  return [...new Set(message.node.map((node) => node.op))];
}

export const feedsOf = (inputs: readonly StoredTensor[]): Record<string, NdArray> =>
  Object.fromEntries(inputs.filter((i) => i.const !== true).map((i) => [i.name, decode(i)]));

/** null if the case holds, else what is wrong. */
export type Check = (module: GoldenModule, line: Line) => Promise<string | null>;

export const checkOp: Check = async (module, line) => {
  const got = await module.runGraph(graphBytes(line), feedsOf(line.inputs), [...line.fetches]);
  for (const [i, want] of line.outputs.entries()) {
    const reason = compare(got[i], want, want.tol ?? line.tol, { tags: line.tags });
    if (reason !== null) return `${line.fetches[i]}: ${reason}`;
  }
  return null;
};

function checkGradients(
  got: readonly (NdArray | null)[],
  want: readonly (StoredTensor | null)[],
  tol: Tolerance,
): string | null {
  for (const [i, expected] of want.entries()) {
    if (expected === null) {
      const values = got[i] ? Array.from(got[i].data as Float32Array) : [];
      if (values.some((v) => v !== 0)) return `dx${i}: expected none`;
      continue;
    }
    const reason = compare(got[i], expected, expected.tol ?? tol);
    if (reason !== null) return `dx${i}: ${reason}`;
  }
  return null;
}

export const checkGrad: Check = async (module, line) => {
  const request = { y: line.y, xs: line.xs, dy: decode(line.dy) };
  const got = await module.runGradient(graphBytes(line), feedsOf(line.inputs), request);
  return checkGradients(got, line.dx, line.tol);
};

export const checkGrad2: Check = async (module, line) => {
  const v = line.v.map((t) => (t === null ? null : decode(t)));
  const request = { y: line.y, xs: line.xs, dy: decode(line.dy), v };
  const got = await module.runGradient2(graphBytes(line), feedsOf(line.inputs), request);
  return checkGradients(got, line.ddx, line.tol2);
};

/**
 * Where TensorFlow reports an internal error for what is the user's omission, we say which variable
 * has no value (FailedPreconditionError).
 */
const codeInstead: ReadonlyMap<string, number> = new Map([['Invalid variable reference.', 9]]);

function checkError(error: unknown, want: NonNullable<Step['error']>): string | null {
  const { name, code, message } = error as { name: string; code?: number | null; message: string };
  const wanted = codeInstead.get(want.text) ?? want.code;
  if (want.code !== null && typeof code === 'number')
    return code === wanted ? null : `error code ${code} is not ${wanted}: ${message}`;
  if (want.code !== null) return `${name} is not ${want.class}: ${message}`;
  return null;
}

async function runStep(session: GoldenSession, step: Step): Promise<NdArray[]> {
  return session.run({
    feeds: feedsOf(step.feeds),
    fetches: [...(step.fetches ?? [])],
    targets: [...(step.targets ?? [])],
  });
}

async function checkStep(
  session: GoldenSession,
  step: Step,
  where: string,
): Promise<string | null> {
  let out: NdArray[];
  try {
    out = await runStep(session, step);
  } catch (error) {
    if (step.error) return checkError(error, step.error);
    return `${where}: ${(error as Error).name}: ${(error as Error).message}`;
  }
  if (step.error) return `${where}: expected ${step.error.class}`;
  for (const [i, want] of step.outputs.entries()) {
    const reason = compare(out[i], want, want.tol ?? step.tol ?? { rtol: 1e-5, atol: 1e-6 });
    if (reason !== null) return `${where}: ${step.fetches?.[i] ?? ''}: ${reason}`;
  }
  return null;
}

export const checkSession: Check = async (module, line) => {
  let session = await module.createSession(graphBytes(line));
  try {
    for (const [k, step] of line.steps.entries()) {
      if (step.newSession === true) {
        await session.close();
        session = await module.createSession(graphBytes(line));
      }
      const reason = await checkStep(session, step, `step ${k} (${step.note ?? ''})`);
      if (reason !== null) return reason;
    }
    return null;
  } finally {
    await session.close();
  }
};

export const checkTraining: Check = async (module, line) => {
  const { variables } = line;
  if (variables === undefined) return checkSession(module, line);
  const session = await module.createSession(graphBytes(line));
  const at = { feeds: {}, targets: [] };
  try {
    await session.run({ feeds: {}, fetches: [], targets: [line.init] });
    for (const v of variables) {
      const [value] = await session.run({ ...at, fetches: [v.read] });
      const reason = compare(value, v.initial, { rtol: 1e-6, atol: 0 });
      if (reason !== null) return `initial ${v.name}: ${reason}`;
    }
    for (const [k, step] of line.steps.entries()) {
      const [loss] = await session.run({
        feeds: feedsOf(step.feeds),
        fetches: [line.loss],
        targets: [line.train],
      });
      const got = Number(loss?.data[0]);
      const { atol, rtol } = line.tol.loss;
      if (!(Math.abs(got - (step.loss ?? 0)) <= atol + rtol * Math.abs(step.loss ?? 0)))
        return `loss of step ${k}: ${got} is not ${step.loss}`;
    }
    for (const v of variables) {
      const [value] = await session.run({ ...at, fetches: [v.read] });
      const reason = compare(value, v.final, v.tol);
      if (reason !== null) return `final ${v.name}: ${reason}`;
    }
    const first = line.steps[0];
    for (const want of first ? line.eval : []) {
      const [value] = await session.run({
        feeds: feedsOf(first?.feeds ?? []),
        fetches: [want.fetch],
        targets: [],
      });
      const reason = compare(value, want, want.tol ?? { rtol: 5e-3, atol: 1e-4 });
      if (reason !== null) return `eval ${want.fetch}: ${reason}`;
    }
    return null;
  } finally {
    await session.close();
  }
};
