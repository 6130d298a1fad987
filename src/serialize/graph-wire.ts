/**
 * What a Graph and its Operations remember of the file they came from, and its rules on versions.
 */
import { InvalidArgumentError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Operation } from '../graph/operation.js';
import type { GraphDefMessage, LibraryMessage, NodeMessage, VersionsMessage } from './messages.js';

/** Newest GraphDef version whose meaning this library follows (TensorFlow 2.21's). */
export const consumerVersion = 2474;
/** Version written into graphs made here: TensorFlow 1.x reads it as its own. */
export const producerVersion = 27;
/** Up to this producer, a rank-0 `shape` of Placeholder means that nothing is known of its shape. */
export const lastProducerOfScalarUnknown = 21;

/** Message of an operation and its place among the graph's nodes when it is written. */
export class NodeWire {
  constructor(
    readonly message: NodeMessage,
    readonly position: number,
  ) {}
}

/** Everything of a GraphDef but its nodes. */
export class GraphWire {
  constructor(readonly header: GraphDefMessage) {}
}

export const nodeWireOf = (op: Operation): NodeWire | undefined =>
  op.wire instanceof NodeWire ? op.wire : undefined;

/** The file's header, or an empty message for a graph made here. */
export const headerOf = (graph: Graph): GraphDefMessage =>
  graph.wire instanceof GraphWire ? graph.wire.header : {};

const unknowns = '$unknowns';

/** `to` with the fields of `from` that the descriptor does not know. */
export function withUnknowns<T extends object>(to: T, from: object): T {
  const kept: unknown = Object.getOwnPropertyDescriptor(from, unknowns)?.value;
  return kept === undefined ? to : Object.defineProperty(to, unknowns, { value: kept });
}

/** The message without its nodes. */
export function headerOfMessage(message: GraphDefMessage): GraphDefMessage {
  const own = Object.entries(message).filter(([field]) => field !== 'node');
  return withUnknowns(Object.fromEntries(own) as GraphDefMessage, message);
}

/** @throws InvalidArgumentError if the file's writer rules this library out as a reader. */
export function checkVersions(versions: VersionsMessage | null | undefined): void {
  const minConsumer = versions?.min_consumer ?? 0;
  if (minConsumer > consumerVersion)
    throw new InvalidArgumentError(
      `GraphDef min consumer version ${minConsumer} above current version ${consumerVersion} of this library. Please upgrade it, or re-export the graph.`,
    );
  if (versions?.bad_consumers?.includes(consumerVersion) === true)
    throw new InvalidArgumentError(
      `GraphDef disallows consumer version ${consumerVersion}. Please upgrade this library, or re-export the graph.`,
    );
}

/** Header of a graph that holds nodes of two files, or of a file and of its own. */
export function mergeHeaders(a: GraphDefMessage, b: GraphDefMessage): GraphDefMessage {
  const both = [a.versions, b.versions];
  const versions: VersionsMessage = {
    producer: Math.max(producerVersion, ...both.map((v) => v?.producer ?? 0)),
    min_consumer: Math.max(...both.map((v) => v?.min_consumer ?? 0)),
    bad_consumers: [...new Set(both.flatMap((v) => [...(v?.bad_consumers ?? [])]))],
  };
  const library = mergeLibraries(a.library, b.library);
  return withUnknowns({ ...a, versions, ...(library ? { library } : {}) }, a);
}

function mergeLibraries(
  a: LibraryMessage | null | undefined,
  b: LibraryMessage | null | undefined,
): LibraryMessage | null | undefined {
  if (!a || !b) return a ?? b;
  const functions = new Map((a.function ?? []).map((f) => [f.signature?.name, f]));
  for (const added of b.function ?? []) {
    const name = added.signature?.name;
    const known = functions.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(added))
      throw new InvalidArgumentError(
        `Cannot add function '${name ?? ''}' because a different function with the same name already exists.`,
      );
    functions.set(name, added);
  }
  const gradients = new Map(
    [...(a.gradient ?? []), ...(b.gradient ?? [])].map((g) => [g.function_name, g]),
  );
  return { ...a, function: [...functions.values()], gradient: [...gradients.values()] };
}
