/** The graph a command works on: reading its file, naming its tensors, finding what it needs. */
import { readFile } from 'node:fs/promises';
import { TfError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { Operation, type Tensor } from '../graph/operation.js';
import { formatShape } from '../graph/shape.js';
import { loadGraph, type LoadedGraph } from '../serialize/load-graph.js';
import {
  CliError,
  exitCodes,
  inputError,
  isFileError,
  messageOf,
  shortened,
  usageError,
} from './exit-codes.js';
import { inFolder, type CliIo } from './io.js';

export type { LoadedGraph };

/** @throws CliError (bad input) for a missing, unreadable or damaged file. */
export async function readGraph(path: string, io: CliIo): Promise<LoadedGraph> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(inFolder(io, path));
  } catch (error) {
    if (!isFileError(error)) throw error;
    const isMissing = error.code === 'ENOENT';
    throw inputError(`${path}: ${isMissing ? 'no such file' : messageOf(error)}.`, error);
  }
  if (bytes.byteLength === 0) throw inputError(`${path}: the file is empty.`);
  try {
    return await loadGraph(bytes);
  } catch (error) {
    if (!(error instanceof TfError)) throw error;
    throw inputError(`${path}: ${error.message}`, error);
  }
}

/** A tensor's name as people write it: without `:0` where there is but one output. */
export const displayName = (tensor: Tensor): string =>
  tensor.op.outputs.length === 1 ? tensor.op.name : tensor.name;

export const describeTensor = (tensor: Tensor): string =>
  `${displayName(tensor)}  ${tensor.dtype} ${formatShape(tensor.shape)}`;

const listOf = (what: string, tensors: readonly Tensor[]): string =>
  tensors.length === 0
    ? ''
    : `\n${what}:\n${tensors.map((tensor) => `  ${describeTensor(tensor)}`).join('\n')}`;

/** What `find` finds by a name the user gave; if it finds nothing, the error goes on with `more`. */
function lookUp<R>(flag: string, name: string, find: (name: string) => R, more: string): R {
  try {
    return find(name);
  } catch (error) {
    if (!(error instanceof TfError)) throw error;
    throw usageError(`${flag}: ${error.message.replaceAll(name, shortened(name))}${more}`);
  }
}

/** Tensor a value is given for. @throws CliError (usage) for a name the graph lacks. */
export const namedInput = ({ graph, inputs }: LoadedGraph, name: string, flag: string): Tensor =>
  lookUp(flag, name, (wanted) => graph.tensor(wanted), listOf("The graph's placeholders", inputs));

/** What `--fetch` names, under the names as given. */
export interface NamedFetch {
  readonly name: string;
  readonly fetch: Tensor | Operation;
}

/**
 * Fetches by name, or the graph's outputs if none is named. `a,b` names two.
 * @throws CliError (usage) for a name the graph lacks, with near ones, or when there is nothing to fetch.
 */
export function resolveFetches(
  { graph, outputs }: LoadedGraph,
  names: readonly string[],
): NamedFetch[] {
  const wanted = [...new Set(names.flatMap((name) => name.split(',')).filter(Boolean))];
  if (wanted.length === 0) {
    if (names.length > 0) throw usageError('--fetch: expected the name of a tensor or node.');
    if (outputs.length === 0)
      throw usageError('The graph has no outputs of its own: name one with --fetch.');
    return outputs.map((fetch) => ({ name: displayName(fetch), fetch }));
  }
  const more = listOf("The graph's outputs", outputs);
  return wanted.map((name) => ({
    name,
    fetch: lookUp('--fetch', name, (one) => elementOf(graph, one), more),
  }));
}

function elementOf(graph: Graph, name: string): Tensor | Operation {
  if (name.includes(':')) return graph.tensor(name);
  const op = graph.operation(name);
  return op.outputs[0] ?? op;
}

/** Placeholders that the fetches need and that are not fed. */
export function unfedPlaceholders(
  fetches: readonly NamedFetch[],
  fed: ReadonlySet<Tensor>,
): Tensor[] {
  const roots = fetches.flatMap(({ fetch }) =>
    fetch instanceof Operation ? [fetch] : fed.has(fetch) ? [] : [fetch.op],
  );
  const seen = new Set(roots);
  // A Set grows while it is walked: this visits every ancestor once.
  for (const op of seen) {
    for (const input of op.inputs) if (!fed.has(input)) seen.add(input.op);
    for (const before of op.controlInputs) seen.add(before);
  }
  const isUnfed = (op: Operation): boolean =>
    (op.type === 'Placeholder' || op.type === 'PlaceholderV2') &&
    op.outputs.some((t) => !fed.has(t));
  return [...seen].filter(isUnfed).flatMap((op) => op.outputs);
}

/** @throws CliError (cannot run) listing the placeholders that want a value. */
export function assertAllFed(
  fetches: readonly NamedFetch[],
  fed: ReadonlySet<Tensor>,
  flag: string,
): void {
  const unfed = unfedPlaceholders(fetches, fed);
  if (unfed.length === 0) return;
  const lines = unfed.map((tensor) => `  ${describeTensor(tensor)}`).join('\n');
  throw new CliError(
    exitCodes.cannotRun,
    `The fetches need placeholders that have no value:\n${lines}\nGive each one with ${flag}.`,
  );
}
