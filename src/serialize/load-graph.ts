/** Graph files: frozen GraphDefs in binary (.pb) or text (.pbtxt) form, read and safely written. */
import { readBytes, writeAtomically } from '#files';
import { DataLossError, DTypeError, InvalidArgumentError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import type { Graph } from '../graph/graph.js';
import type { Operation, Tensor } from '../graph/operation.js';
import {
  decodeGraphDef,
  encodeGraphDef,
  graphDefOf,
  graphFromGraphDef,
  isBytes,
} from './graph-def.js';
import type { GraphDefMessage } from './messages.js';
import { decodeText, graphDefFromText, toGraphDefText } from './text-format.js';

export interface LoadedGraph {
  readonly graph: Graph;
  /** Outputs of the graph's Placeholders, in file order. */
  readonly inputs: readonly Tensor[];
  /** Tensors of nodes whose results nobody takes, in file order: what the model computes. */
  readonly outputs: readonly Tensor[];
}

/** Text GraphDefs open with a byte order mark, comments, or one of GraphDef's fields by name. */
const textStart =
  /^(?:\u00EF\u00BB\u00BF)?(?:\s|#[^\n]*\n)*(?:node|library|versions|version|debug_info)\s*[:{<[]/;

const looksLikeText = (bytes: Uint8Array): boolean =>
  textStart.test(new TextDecoder('latin1').decode(bytes.subarray(0, 4096)));

/** A SavedModel starts with its schema version, then a MetaGraphDef. */
const looksLikeSavedModel = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x08 && bytes[1] === 0x01 && bytes[2] === 0x12;

/**
 * GraphDef message of a file's bytes, binary or text.
 * @param what how an error names the input, such as its path.
 * @throws DataLossError or InvalidArgumentError with the place that is wrong.
 */
export function graphDefFromFile(bytes: Uint8Array, what = 'GraphDef bytes'): GraphDefMessage {
  if (looksLikeText(bytes)) return graphDefFromText(decodeText(bytes, what), what);
  if (looksLikeSavedModel(bytes))
    throw new InvalidArgumentError(
      `${what} is a SavedModel, not a frozen GraphDef. Load its folder as a SavedModel, or freeze it first.`,
    );
  const message = decodeGraphDef(bytes, what);
  if ((message.node ?? []).length === 0 && bytes.byteLength > 0 && !message.library)
    throw new DataLossError(
      `${what} has ${bytes.byteLength} bytes, but no node. It is damaged, or of another format than GraphDef.`,
    );
  return message;
}

const isPlaceholder = (op: Operation): boolean =>
  op.type === 'Placeholder' || op.type === 'PlaceholderV2';

/** Op types that nobody need consume, yet are no result. */
const neverOutputs: ReadonlySet<string> = new Set([
  'Const',
  'Assert',
  'NoOp',
  'PlaceholderWithDefault',
]);

/** Placeholders of a graph, and the tensors of nodes that no other node waits for. */
export function graphInterface(graph: Graph): Omit<LoadedGraph, 'graph'> {
  const operations = graph.operations;
  const awaited = new Set(operations.flatMap((op) => op.controlInputs));
  const isResult = (op: Operation): boolean =>
    !isPlaceholder(op) &&
    !neverOutputs.has(op.type) &&
    !awaited.has(op) &&
    op.outputs.every((tensor) => tensor.consumers.length === 0);
  return {
    inputs: operations.filter(isPlaceholder).flatMap((op) => op.outputs),
    outputs: operations.filter(isResult).flatMap((op) => op.outputs),
  };
}

/** By class name: one of another realm is a URL too. */
const isUrl = (value: unknown): value is URL =>
  Object.prototype.toString.call(value) === '[object URL]';

/**
 * Reads a frozen GraphDef, binary or text (told apart by content).
 *
 * @param source path (in a browser: URL), or the bytes of the file; weights are views on the bytes.
 * @returns the graph, its Placeholders, and the tensors nobody consumes.
 * @throws NotFoundError for a missing file, DataLossError for damaged bytes, InvalidArgumentError
 *   for a graph that contradicts itself.
 * @example
 * const { graph, inputs, outputs } = await loadGraph('mobilenet.pb');
 */
export async function loadGraph(source: string | URL | Uint8Array): Promise<LoadedGraph> {
  const isFile = typeof source === 'string' || isUrl(source);
  const bytes = isFile ? await readBytes(source) : source;
  if (!isBytes(bytes))
    throw new DTypeError(
      `loadGraph: Expected a path, a URL or the bytes of a file (a Uint8Array) for argument 'source' not ${describeValue(source)}.${(source as unknown) instanceof ArrayBuffer ? ' Give new Uint8Array(buffer).' : ''}`,
    );
  const graph = graphFromGraphDef(graphDefFromFile(bytes, isFile ? String(source) : undefined));
  return { graph, ...graphInterface(graph) };
}

/**
 * Writes a graph: text if the path ends in `.pbtxt`, else binary. The file appears whole or not at
 * all: it is written beside its place, flushed to disk and renamed. A link stays: its file is replaced.
 * @throws DTypeError for what is no graph, NotFoundError for a missing folder, InvalidArgumentError for
 *   a path that is a folder or a device.
 * @example await saveGraph('frozen.pb', await freezeGraph(session, graph, ['probabilities']));
 */
export async function saveGraph(path: string, graph: Graph | GraphDefMessage): Promise<void> {
  if (typeof (path as unknown) !== 'string' || path === '')
    throw new DTypeError(
      `saveGraph: Expected a file's path for argument 'path' not ${describeValue(path)}.`,
    );
  const message = graphDefOf('saveGraph', graph);
  await writeAtomically(
    path,
    path.endsWith('.pbtxt') ? toGraphDefText(message) : encodeGraphDef(message),
  );
}
