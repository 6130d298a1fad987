/** Graphs to and from GraphDef bytes: the file format of frozen models. */
// Fills the registry: without it every op type would be unknown.
import '../ops/index.js';
import { DTypeError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { Graph } from '../graph/graph.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { decodeMessage, encodeMessage, messageType } from './codec.js';
import { graphToMessage } from './export-graph.js';
import { importMessage, type ImportOptions } from './import-graph.js';
import type { GraphDefMessage } from './messages.js';

/**
 * GraphDef message of its bytes. Tensor contents are views on `bytes`: do not change them.
 * @throws DataLossError with the byte offset if the bytes are no GraphDef.
 */
export const decodeGraphDef = (bytes: Uint8Array, what?: string): GraphDefMessage =>
  decodeMessage('GraphDef', bytes, what);

/** Bytes of a GraphDef message. @throws InvalidArgumentError at 2 GiB or for a malformed message. */
export const encodeGraphDef = (message: GraphDefMessage): Uint8Array =>
  encodeMessage('GraphDef', message);

/** By class name: bytes of another realm count too. */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]';

const fields: ReadonlySet<string> = new Set(Object.keys(messageType('GraphDef').fields));

/** A message with nodes, or with the versions or functions of a graph that has none. */
function isMessage(value: unknown): value is GraphDefMessage {
  if (typeof value !== 'object' || value === null || isBytes(value)) return false;
  if (value instanceof messageType('GraphDef').ctor) return true;
  const names = Object.keys(value);
  const { node = [] } = value as { readonly node?: unknown };
  return names.length > 0 && names.every((name) => fields.has(name)) && Array.isArray(node);
}

const importOptions = {
  graph: 'graph',
  name: 'string',
  inputMap: 'object',
  returnElements: 'strings',
} as const;

function messageOf(fn: string, source: Uint8Array | GraphDefMessage): GraphDefMessage {
  if (isBytes(source)) return decodeGraphDef(source);
  if (isMessage(source)) return source;
  const remedy =
    typeof source === 'string'
      ? ' A file is read with loadGraph(path), text with graphDefFromText(text).'
      : (source as unknown) instanceof ArrayBuffer
        ? ' Give new Uint8Array(buffer).'
        : '';
  throw new DTypeError(
    `${fn}: Expected GraphDef bytes (a Uint8Array) or a GraphDef message for argument 'source' not ${describeValue(source)}.${remedy}`,
  );
}

/**
 * Adds the nodes of a GraphDef to a graph (tf.import_graph_def).
 *
 * Op types this library does not know are kept: they matter only if a run needs them. Missing attrs
 * take their defaults.
 * @returns what `returnElements` names, in that order.
 * @throws DataLossError for damaged bytes, InvalidArgumentError for a graph that contradicts itself,
 *   ValueError for a shape error or an `inputMap` key that the file lacks, DTypeError for an argument
 *   of the wrong kind. What was added before an
 *   error stays in the graph.
 * @example
 * const [probabilities] = importGraphDef(bytes, {
 *   inputMap: { 'x:0': pixels },
 *   returnElements: ['probabilities:0'],
 * });
 */
export const importGraphDef = (
  source: Uint8Array | GraphDefMessage,
  options: ImportOptions = {},
): (Operation | Tensor)[] => {
  checkedOptions('importGraphDef', options, importOptions);
  return importMessage(messageOf('importGraphDef', source), options);
};

/**
 * A new graph of a GraphDef, names as in the file.
 * @throws DataLossError, InvalidArgumentError, ValueError as `importGraphDef`.
 * @example const graph = graphFromGraphDef(await readFile('frozen.pb'));
 */
export function graphFromGraphDef(source: Uint8Array | GraphDefMessage): Graph {
  const graph = new Graph();
  importMessage(messageOf('graphFromGraphDef', source), { graph, name: '' });
  return graph;
}

/** GraphDef message of a graph, or the message itself. @throws DTypeError for what is neither. */
export function graphDefOf(fn: string, source: unknown): GraphDefMessage {
  if (source instanceof Graph) return graphToMessage(source);
  if (isMessage(source)) return source;
  const { graph } = (source ?? {}) as { readonly graph?: unknown };
  const remedy = isBytes(source)
    ? ' Bytes are written as they are with writeFile.'
    : graph instanceof Graph
      ? ' Give its .graph.'
      : '';
  throw new DTypeError(
    `${fn}: Expected a Graph or a GraphDef message for argument 'graph' not ${describeValue(source)}.${remedy}`,
  );
}

/**
 * A graph, or the message `freezeGraph` gives, as GraphDef bytes. What was imported is written as it
 * was read: node order, devices, unknown ops and attrs, function library, versions.
 * @throws InvalidArgumentError at 2 GiB; DTypeError for what is neither a graph nor a message.
 * @example
 * await writeFile('graph.pb', toGraphDef(graph));
 * const bytes = toGraphDef(await freezeGraph(session, graph, ['probabilities']));
 */
export const toGraphDef = (source: Graph | GraphDefMessage): Uint8Array =>
  encodeGraphDef(graphDefOf('toGraphDef', source));
