/** Graphs to and from GraphDef bytes: the file format of frozen models. */
// Fills the registry: without it every op type would be unknown.
import '../ops/index.js';
import { Graph } from '../graph/graph.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { decodeMessage, encodeMessage } from './codec.js';
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

const messageOf = (source: Uint8Array | GraphDefMessage): GraphDefMessage =>
  source instanceof Uint8Array ? decodeGraphDef(source) : source;

/**
 * Adds the nodes of a GraphDef to a graph (tf.import_graph_def).
 *
 * Op types this library does not know are kept: they matter only if a run needs them. Missing attrs
 * take their defaults.
 * @returns what `returnElements` names, in that order.
 * @throws DataLossError for damaged bytes, InvalidArgumentError for a graph that contradicts itself,
 *   ValueError for a shape error or an `inputMap` key that the file lacks. What was added before an
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
): (Operation | Tensor)[] => importMessage(messageOf(source), options);

/**
 * A new graph of a GraphDef, names as in the file.
 * @throws DataLossError, InvalidArgumentError, ValueError as `importGraphDef`.
 * @example const graph = graphFromGraphDef(await readFile('frozen.pb'));
 */
export function graphFromGraphDef(source: Uint8Array | GraphDefMessage): Graph {
  const graph = new Graph();
  importGraphDef(source, { graph, name: '' });
  return graph;
}

/** GraphDef message of a graph, or the message itself. */
export const graphDefOf = (source: Graph | GraphDefMessage): GraphDefMessage =>
  'isGraph' in source ? graphToMessage(source) : source;

/**
 * A graph, or the message `freezeGraph` gives, as GraphDef bytes. What was imported is written as it
 * was read: node order, devices, unknown ops and attrs, function library, versions.
 * @throws InvalidArgumentError at 2 GiB.
 * @example
 * await writeFile('graph.pb', toGraphDef(graph));
 * const bytes = toGraphDef(await freezeGraph(session, graph, ['probabilities']));
 */
export const toGraphDef = (source: Graph | GraphDefMessage): Uint8Array =>
  encodeGraphDef(graphDefOf(source));
