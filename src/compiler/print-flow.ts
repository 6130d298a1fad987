/** A Flow as text: one line per node, with its values' dtypes, shapes and places. */
import { formatShape } from '../graph/shape.js';
import type { Flow, FlowNode, FlowVariable, Value } from './flow.js';

/**
 * Values are `%id`; a value that shares another's elements under a new shape is `%id of %base`.
 *
 * @example printFlow(flow); // '%2 float32 [8,3] device = MatMul(%0, %1) "dense/MatMul"'
 */
export function printFlow(flow: Flow): string {
  const computed = new Set(flow.nodes.flatMap((node) => node.outputs));
  const used = new Set([
    ...flow.nodes.flatMap((node) => node.inputs),
    ...flow.fetches,
    ...flow.variables.flatMap((v) => [v.initial ?? -1, v.final ?? -1]),
  ]);
  for (const id of [...used]) used.add(flow.values[id]?.base ?? id);
  const isGiven = (value: Value): boolean => used.has(value.id) && !computed.has(value.id);
  return [
    ...flow.values.filter(isGiven).map((value) => `${valueText(value)} = ${sourceText(value)}`),
    ...flow.nodes.map((node) => nodeLine(flow, node)),
    ...flow.variables.map(variableLine),
    `fetch ${flow.fetches.map((id) => `%${id}`).join(', ') || 'nothing'}`,
  ].join('\n');
}

const valueText = ({ id, dtype, shape, place }: Value): string =>
  `%${id} ${dtype} ${formatShape(shape)} ${place}`;

function sourceText(value: Value): string {
  const { source } = value;
  if (value.base !== value.id) return `elements of %${value.base} "${value.label}"`;
  switch (source.kind) {
    case 'feed':
      return `feed ${source.feed} "${value.label}"`;
    case 'variable':
      return `variable ${source.variable} as found "${value.label}"`;
    case 'constant':
      return `constant "${value.label}"`;
    case 'node':
      return `nothing "${value.label}"`;
  }
}

function nodeLine(flow: Flow, node: FlowNode): string {
  const outputs = node.outputs.map((id) => {
    const value = flow.values[id];
    return value === undefined ? `%${id}` : valueText(value);
  });
  const inputs = node.inputs.map((id) => (id < 0 ? 'unread' : `%${id}`));
  const stream = node.random === undefined ? '' : ` stream ${node.random}`;
  return `${outputs.join(', ')} = ${node.def.name}(${inputs.join(', ')})${stream} "${node.name}"`;
}

function variableLine({ key, initial, final }: FlowVariable, i: number): string {
  const found = initial === null ? 'not read' : `found as %${initial}`;
  return `variable ${i} ${key}: ${found}, ${final === null ? 'not written' : `left as %${final}`}`;
}
