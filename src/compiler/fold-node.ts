/** Folding: computes a node whose inputs are constants, if what it gives is small enough to keep. */
import type { NdArray } from '../graph/dtype.js';
import { elementCount } from '../graph/shape.js';
import { storageOf } from '../ir/storage.js';
import { constantOf } from './context.js';
import type { Flow, FlowNode, Value, ValueSource } from './flow.js';
import type { FlowBuilder } from './flow-builder.js';

/** Computes a flow of constants; null if that takes too long for a compilation. */
export type Evaluate = (flow: Flow) => readonly NdArray[] | null;

/** Folded results have at most this many elements. */
const maxFoldedElements = 2 ** 20;

/** The node's outputs, or null where a run had better compute them. */
export function foldNode(
  flow: FlowBuilder,
  node: FlowNode,
  evaluate: Evaluate,
): readonly NdArray[] | null {
  return isFoldable(flow, node) ? evaluate(flowOfOne(flow, node)) : null;
}

function isFoldable(flow: FlowBuilder, node: FlowNode): boolean {
  if (node.def.stateful === true || node.inputs.length === 0) return false;
  const inputs = node.inputs.map(flow.value);
  if (inputs.some((value) => constantOf(value, flow.value) === null)) return false;
  const outputs = node.outputs.map(flow.value);
  if ([...inputs, ...outputs].some((v) => storageOf(v.dtype, 'host') === undefined)) return false;
  const size = (values: readonly Value[]): number =>
    values.reduce((n, v) => n + elementCount(v.shape), 0);
  const out = size(outputs);
  // A large fill from small inputs costs less to compute than to upload.
  return out <= Math.max(1024, size(inputs)) && out <= maxFoldedElements;
}

/** The node alone on the host, its inputs constants. */
function flowOfOne(flow: FlowBuilder, node: FlowNode): Flow {
  const ids = new Map<number, number>();
  const values: Value[] = [];
  const add = (value: Value, source: ValueSource): void => {
    ids.set(value.id, values.length);
    values.push({ ...value, id: values.length, base: values.length, place: 'host', source });
  };
  for (const id of new Set(node.inputs)) {
    const value = flow.value(id);
    add(value, { kind: 'constant', data: constantOf(value, flow.value) as NdArray });
  }
  for (const id of node.outputs) add(flow.value(id), { kind: 'node' });
  const local = (list: readonly number[]): number[] => list.map((id) => ids.get(id) as number);
  const outputs = local(node.outputs);
  return {
    values,
    nodes: [{ ...node, place: 'host', inputs: local(node.inputs), outputs }],
    fetches: outputs,
    feeds: [],
    variables: [],
    random: [],
  };
}
