/**
 * Freezing: a graph whose variables have become constants, cut down to what its outputs need. The
 * result stands alone in one file.
 */
import { DTypeError, InvalidArgumentError, NotFoundError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { dataTypeNumbers, type NdArray } from '../graph/dtype.js';
import { checkedGraph, type Graph } from '../graph/graph.js';
import type { Operation } from '../graph/operation.js';
import { checkedNames, checkedOptions } from '../graph/options.js';
import { graphToMessage } from './export-graph.js';
import { freezeNodes, type FrozenVariable } from './freeze-handles.js';
import { graphDefOf } from './graph-def.js';
import { producerVersion } from './graph-wire.js';
import type { GraphDefMessage, NodeMessage } from './messages.js';
import { parseInput } from './node-order.js';
import { messageOfNdArray } from './tensor-proto.js';

/** Where freezing gets the values of variables from: a session, or a checkpoint. */
export interface VariableReader {
  /** Current value of the variable that a VariableV2 or VarHandleOp stands for. */
  read(op: Operation): Promise<NdArray>;
}

export interface FreezeOptions {
  /** Only these variables become constants (variable_names_whitelist). */
  readonly variableNames?: readonly string[];
  /** These stay variables (variable_names_blacklist). */
  readonly excludedVariableNames?: readonly string[];
  /** Empties the device of every node. */
  readonly clearDevices?: boolean;
}

const variableTypes: ReadonlySet<string> = new Set(['Variable', 'VariableV2', 'VarHandleOp']);
const decoder = new TextDecoder();

/** Nodes a node needs: its inputs, and what it is colocated with. */
function neighbours(node: NodeMessage): string[] {
  const places = (node.attr?.['_class']?.list?.s ?? []).map((bytes) => decoder.decode(bytes));
  return [
    ...(node.input ?? []).map((text) => parseInput(text).node),
    ...places.filter((p) => p.startsWith('loc:@')).map((p) => p.slice('loc:@'.length)),
  ];
}

/**
 * The nodes some outputs need, in their old order, with library and versions (extract_sub_graph).
 *
 * @param outputNodeNames names of nodes, without `:0`.
 * @throws NotFoundError for a name that is no node of the graph.
 * @example
 * const frozen = await freezeGraph(session, graph, ['features', 'probabilities']);
 * await saveGraph('features.pb', extractSubGraph(frozen, ['features']));
 */
export function extractSubGraph(
  source: Graph | GraphDefMessage,
  outputNodeNames: readonly string[],
): GraphDefMessage {
  const message = graphDefOf('extractSubGraph', source);
  checkedNames('extractSubGraph', 'outputNodeNames', outputNodeNames);
  const nodes = new Map((message.node ?? []).map((node) => [node.name ?? '', node]));
  for (const name of outputNodeNames)
    if (!nodes.has(name))
      throw new NotFoundError(`${name} is not in graph: give names of nodes, without ':0'.`);
  const kept = new Set(outputNodeNames);
  for (const name of kept)
    for (const next of neighbours(nodes.get(name) ?? {})) if (nodes.has(next)) kept.add(next);
  return { ...message, node: (message.node ?? []).filter((node) => kept.has(node.name ?? '')) };
}

/**
 * The graph that computes some outputs, with its variables turned into constants of their current
 * values (tf.graph_util.convert_variables_to_constants).
 *
 * A reference variable becomes a Const of its name; a resource variable's reads become Identity, its
 * gathers GatherV2 and GatherNd, also inside If, While and called functions. Unlike TensorFlow's, the
 * result carries a producer version, so that a scalar Placeholder stays one.
 *
 * @param reader gives the values; a session does.
 * @param outputNodeNames names of nodes, without `:0`.
 * @throws NotFoundError for an unknown output; InvalidArgumentError if an output needs a variable
 *   written, or a value does not fit its variable; what `reader` throws, FailedPreconditionError for
 *   a variable without a value.
 * @example
 * const frozen = await freezeGraph(session, graph, ['probabilities']);
 * await saveGraph('frozen.pb', frozen);
 */
export async function freezeGraph(
  reader: VariableReader,
  graph: Graph,
  outputNodeNames: readonly string[],
  options: FreezeOptions = {},
): Promise<GraphDefMessage> {
  if (typeof (reader as Partial<VariableReader> | null | undefined)?.read !== 'function')
    throw new DTypeError(
      `freezeGraph: Expected a Session for argument 'reader' not ${describeValue(reader)}.`,
    );
  checkedGraph('freezeGraph', graph);
  checkedNames('freezeGraph', 'outputNodeNames', outputNodeNames);
  checkedOptions('freezeGraph', options, {
    variableNames: 'strings',
    excludedVariableNames: 'strings',
    clearDevices: 'bool',
  });
  const whole = graphToMessage(graph, { producer: producerVersion });
  const part = extractSubGraph(whole, outputNodeNames);
  const wanted = options.variableNames && new Set(options.variableNames);
  const excluded = new Set(options.excludedVariableNames);
  const variables = new Map<string, FrozenVariable>();
  for (const { name = '', op } of part.node ?? []) {
    if (name === null || !variableTypes.has(op ?? '')) continue;
    if (wanted?.has(name) === false || excluded.has(name)) continue;
    variables.set(name, await readVariable(reader, graph.operation(name)));
  }
  const frozen = freezeNodes(part, variables);
  const hasFunctions = (frozen.library?.function ?? []).length > 0;
  return {
    node: (frozen.node ?? []).map((node) =>
      options.clearDevices === true ? { ...node, device: '' } : node,
    ),
    ...(hasFunctions ? { library: frozen.library } : {}),
    versions: { producer: producerVersion, ...(hasFunctions ? { min_consumer: 12 } : {}) },
  };
}

async function readVariable(reader: VariableReader, op: Operation): Promise<FrozenVariable> {
  const declared = op.attrs.get('dtype');
  const value = await reader.read(op);
  if (declared?.kind === 'type' && declared.value !== value.dtype)
    throw new InvalidArgumentError(
      `${op}: the variable is ${declared.value}, but its value was read as ${value.dtype}.`,
      { node: op.name, op: op.type },
    );
  const tensor = messageOfNdArray(value);
  return { dtype: dataTypeNumbers[value.dtype], shape: tensor.tensor_shape ?? {}, tensor };
}
