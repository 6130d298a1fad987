/** Verifier of Flows: what lowering may rely on. A failure is a bug of the compiler. */
import { InternalError } from '../errors.js';
import { elementCount } from '../graph/shape.js';
import type { Lowering } from '../ops/op-def.js';
import type { Flow, FlowNode, FlowVariable, Value } from './flow.js';

/** Kinds of ops that specialisation leaves to lowering. */
const lowered: ReadonlySet<Lowering<never, never, never>['kind']> = new Set([
  'elementwise',
  'map',
  'random',
  'update',
  'reduce',
  'contract',
  'scatter',
]);

function fail(where: string, rule: string, node?: string): never {
  throw new InternalError(`Invalid flow, ${where}: ${rule}.`, { node });
}

/** @throws InternalError naming the value or node and the rule it breaks. */
export function verifyFlow(flow: Flow): void {
  for (const [id, value] of flow.values.entries()) verifyValue(flow, value, id);
  const known = new Set(flow.values.filter((v) => v.source.kind !== 'node').map((v) => v.id));
  for (const node of flow.nodes) verifyNode(flow, node, known);
  const isKnown = (id: number): boolean => known.has(flow.values[id]?.base ?? -1);
  for (const [i, id] of flow.fetches.entries())
    if (!isKnown(id)) fail(`fetch ${i}`, `nothing computes value ${id}`);
  for (const [i, variable] of flow.variables.entries()) verifyVariable(flow, variable, i, isKnown);
}

function verifyValue(flow: Flow, value: Value, id: number): void {
  const where = `value ${id} "${value.label}"`;
  if (value.id !== id) fail(where, `it calls itself ${value.id}`, value.label);
  const base = flow.values[value.base];
  if (base === undefined) fail(where, `there is no base value ${value.base}`, value.label);
  if (base.base !== base.id) fail(where, `its base ${base.id} has a base of its own`, value.label);
  if (base.dtype !== value.dtype || elementCount(base.shape) !== elementCount(value.shape))
    fail(
      where,
      `it is ${value.dtype} [${value.shape.join(',')}], its base ${base.dtype} [${base.shape.join(',')}]`,
      value.label,
    );
  if (!value.shape.every((dim) => Number.isInteger(dim) && dim >= 0))
    fail(where, `its shape is [${value.shape.join(',')}]`, value.label);
  const { source } = value;
  const count = elementCount(value.shape);
  if (source.kind === 'feed' && flow.feeds[source.feed] === undefined)
    fail(where, `there is no feed ${source.feed}`, value.label);
  if (source.kind === 'variable' && flow.variables[source.variable] === undefined)
    fail(where, `there is no variable ${source.variable}`, value.label);
  if (source.kind === 'constant' && elementCount(source.data.shape) !== count)
    fail(where, `its data has shape [${source.data.shape.join(',')}]`, value.label);
}

/** @param known values at hand so far; the node's outputs are added. */
function verifyNode(flow: Flow, node: FlowNode, known: Set<number>): void {
  const where = `${node.def.name} "${node.name}"`;
  const { kind } = node.def.lower;
  if (!lowered.has(kind)) fail(where, `an op of kind ${kind} is left`, node.name);
  for (const id of node.inputs) {
    // An update does not look at the value it replaces.
    if (id === -1 && kind === 'update') continue;
    const value = flow.values[id];
    if (value === undefined) fail(where, `there is no value ${id}`, node.name);
    if (!known.has(value.base))
      fail(where, `value ${value.base} is used before it is computed`, node.name);
  }
  for (const id of node.outputs) {
    const value = flow.values[id];
    if (value?.source.kind !== 'node' || value.base !== id)
      fail(where, `its output ${id} is not a value that a node computes`, node.name);
    if (known.has(id)) fail(where, `value ${id} is computed twice`, node.name);
    if (value.place !== node.place)
      fail(where, `it runs on the ${node.place}, its output is on the ${value.place}`, node.name);
    known.add(id);
  }
  if ((kind === 'random') !== (node.random !== undefined))
    fail(where, 'random streams belong to random ops', node.name);
  if (node.random !== undefined && flow.random[node.random] === undefined)
    fail(where, `there is no random stream ${node.random}`, node.name);
}

function verifyVariable(
  flow: Flow,
  { node, dtype, initial, final }: FlowVariable,
  i: number,
  isKnown: (id: number) => boolean,
): void {
  const where = `variable ${i} "${node}"`;
  const found = initial === null ? undefined : flow.values[initial];
  if (initial !== null && !(found?.source.kind === 'variable' && found.source.variable === i))
    fail(where, `value ${initial} is not what the run finds in it`, node);
  if (final === null) return;
  if (!isKnown(final)) fail(where, `nothing computes its new value ${final}`, node);
  if (flow.values[final]?.dtype !== dtype)
    fail(where, `its new value is ${flow.values[final]?.dtype ?? 'missing'}, not ${dtype}`, node);
}
