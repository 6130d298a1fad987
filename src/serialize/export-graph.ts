/**
 * Graph -> GraphDef. Nodes read from a file are written as they were read, in their old order, with
 * only names and inputs brought up to date.
 */
import type { AttrValue } from '../graph/attrs.js';
import type { Graph } from '../graph/graph.js';
import type { Operation } from '../graph/operation.js';
import { messageOfAttr } from './attr-value.js';
import {
  headerOf,
  lastProducerOfScalarUnknown,
  nodeWireOf,
  producerVersion,
  withUnknowns,
} from './graph-wire.js';
import type {
  AttrMap,
  AttrValueMessage,
  GraphDefMessage,
  NodeMessage,
  VersionsMessage,
} from './messages.js';
import { formatInput, isControl, parseInput } from './node-order.js';
import { messageOfShape } from './shape-proto.js';

function inputsOf(op: Operation): string[] {
  const data = op.inputs.map((x) => formatInput({ node: x.op.name, index: x.index }));
  return [...data, ...op.controlInputs.map((input) => `^${input.name}`)];
}

/** The inputs as the file spelled them (`x:0`, repeated controls), if they still mean the same. */
function inputsAsRead(written: readonly string[], op: Operation): readonly string[] {
  const refs = written.map(parseInput);
  const data = refs.filter((ref) => !isControl(ref)).map(formatInput);
  const controls = new Set(refs.filter(isControl).map(formatInput));
  const current = inputsOf(op);
  const same = [...data, ...controls].join('\n') === current.join('\n');
  return same ? written : current;
}

/**
 * An attr's message. A shape that an old producer's rule turned from scalar into unknown is spelled
 * out where the graph is written under a new one.
 */
function attrMessage(value: AttrValue, oldProducer: boolean): AttrValueMessage {
  const message = messageOfAttr(value);
  if (oldProducer || value.kind !== 'shape' || value.value !== null) return message;
  return message.shape?.unknown_rank === true ? message : { shape: messageOfShape(null) };
}

function nodeMessage(op: Operation, oldProducer: boolean): NodeMessage {
  const attrs = [...op.attrs].map(([name, value]) => [name, attrMessage(value, oldProducer)]);
  const wire = nodeWireOf(op)?.message;
  const own = {
    name: op.name,
    op: op.type,
    input: wire === undefined ? inputsOf(op) : inputsAsRead(wire.input ?? [], op),
    device: op.device,
    attr: Object.fromEntries(attrs) as AttrMap,
  };
  return wire === undefined ? own : withUnknowns({ ...wire, ...own }, wire);
}

const positionOf = (op: Operation): number => nodeWireOf(op)?.position ?? op.id;

/**
 * The graph as a GraphDef message, in file order for what was imported and creation order for the
 * rest. Graphs made here, and loaded ones that grew, carry producer version 27 or their own newer one.
 *
 * @param versions written in place of the graph's own; its producer must be newer than 21.
 */
export function graphToMessage(graph: Graph, versions?: VersionsMessage): GraphDefMessage {
  const operations = [...graph.operations].sort((a, b) => positionOf(a) - positionOf(b));
  const header = headerOf(graph);
  const isOld = (header.versions?.producer ?? 0) <= lastProducerOfScalarUnknown;
  const asRead = operations.length > 0 && operations.every((op) => nodeWireOf(op) !== undefined);
  const grown = { ...header.versions, producer: producerVersion };
  const replaced = versions ?? (isOld && !asRead ? grown : undefined);
  const oldProducer = isOld && replaced === undefined;
  return withUnknowns(
    {
      ...header,
      ...(replaced === undefined ? {} : { versions: replaced }),
      node: operations.map((op) => nodeMessage(op, oldProducer)),
    },
    header,
  );
}
