/** One case of the graph fuzzer: load damaged bytes, run what loads, and judge how it ended. */
import { TfError, type NdArray, type Tensor } from 'defrun';
import { arrayConstructor, isNumericDType } from '../../src/graph/dtype.js';
import { elementCount } from '../../src/graph/shape.js';
import { loadGraph } from '../../src/serialize/load-graph.js';
import { Session } from '../../src/session/session.js';

export interface FuzzOutcome {
  readonly kind: 'refused' | 'refused to run' | 'ran';
  /** What was thrown that should not have been, or that it took too long. */
  readonly complaint: string | null;
}

/** Longest a case may take, in milliseconds; other work on the machine counts too. */
const patienceMs = 4000;
/** A run that computes on and on is legitimate; it is stopped. */
const runLimitMs = 500;

/** @param also nodes to fetch too, where the graph has them. */
export async function fuzzCase(
  bytes: Uint8Array,
  also: readonly string[] = [],
): Promise<FuzzOutcome> {
  const begin = performance.now();
  const outcome = await attempt(bytes, also);
  const elapsed = performance.now() - begin;
  return elapsed > patienceMs && outcome.complaint === null
    ? { ...outcome, complaint: `took ${elapsed.toFixed(0)} ms` }
    : outcome;
}

async function attempt(bytes: Uint8Array, also: readonly string[]): Promise<FuzzOutcome> {
  let loaded: Awaited<ReturnType<typeof loadGraph>>;
  try {
    loaded = await loadGraph(bytes);
  } catch (error) {
    return { kind: 'refused', complaint: strange(error) };
  }
  const { graph, inputs, outputs } = loaded;
  if (graph.operations.length === 0) return { kind: 'refused', complaint: null };
  const session = new Session({ graph, device: 'cpu' });
  try {
    const named = graph.operations.filter((op) => also.includes(op.name));
    const wanted = [...outputs.slice(0, 2), ...named.flatMap((op) => op.outputs)];
    for (const output of wanted) {
      const feeds = inputs.flatMap((input) => feedOf(input));
      await session.run(output, feeds, { timeoutMs: runLimitMs });
    }
    return { kind: 'ran', complaint: null };
  } catch (error) {
    return { kind: 'refused to run', complaint: strange(error) };
  } finally {
    await session.close();
  }
}

/** Ones for a placeholder of a sane size, else nothing. */
function feedOf(input: Tensor): [Tensor, NdArray][] {
  const { dtype } = input;
  const shape = (input.shape ?? []).map((dim) => dim ?? 2);
  if (!isNumericDType(dtype) || elementCount(shape) > 1e6) return [];
  const data = new (arrayConstructor(dtype) as Float32ArrayConstructor)(elementCount(shape));
  return [[input, { dtype, shape, data } as unknown as NdArray]];
}

const strange = (error: unknown): string | null =>
  error instanceof TfError && error.name !== 'InternalError'
    ? null
    : error instanceof Error
      ? (error.stack ?? `${error.name}: ${error.message}`)
      : String(error);
