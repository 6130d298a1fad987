/** Graphs as protobuf text (`.pbtxt`): the form for reading and for diffs. */
import { DataLossError, DTypeError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import type { Graph } from '../graph/graph.js';
import { messageType } from './codec.js';
import { graphDefOf, graphFromGraphDef } from './graph-def.js';
import type { GraphDefMessage, MessageOf } from './messages.js';
import { parseMessage } from './text-parse.js';
import { printMessage } from './text-print.js';

/** Text of a message; `type` is its name in package `tensorflow`. Unknown fields are left out. */
export const messageToText = (type: string, message: object): string =>
  printMessage(message, messageType(type));

/**
 * Message of its text.
 * @param what how an error names the text, before line and column
 * @throws InvalidArgumentError with line and column.
 */
export const messageFromText = <N extends string>(
  type: N,
  text: string,
  what = 'text',
): MessageOf<N> => parseMessage(text, messageType(type), what) as MessageOf<N>;

/** Text of UTF-8 bytes. @throws DataLossError if they are not UTF-8. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataLossError(`${what} is not UTF-8 text.`, { cause });
  }
}

/**
 * The graph in protobuf text format, as TensorFlow's `write_graph(as_text=True)` writes it.
 * @throws DTypeError for what is neither a graph nor a message.
 * @example console.log(toGraphDefText(graph));
 */
export const toGraphDefText = (graph: Graph | GraphDefMessage): string =>
  messageToText('GraphDef', graphDefOf('toGraphDefText', graph));

/**
 * GraphDef message of its text; `graphFromGraphDef` makes a graph of it.
 * @throws InvalidArgumentError with line and column.
 */
export function graphDefFromText(text: string, what = 'pbtxt'): GraphDefMessage {
  if (typeof (text as unknown) !== 'string')
    throw new DTypeError(
      `graphDefFromText: Expected a string for argument 'text' not ${describeValue(text)}.`,
    );
  return messageFromText('GraphDef', text, what);
}

/** A new graph of a GraphDef in text format. @throws as `graphDefFromText` and `graphFromGraphDef`. */
export const graphFromText = (text: string, what?: string): Graph =>
  graphFromGraphDef(graphDefFromText(text, what));
