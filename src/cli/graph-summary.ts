/** What `defrun inspect` tells of a graph, as plain data. */
import { byteSizeOf, isFloating, type DType } from '../graph/dtype.js';
import type { Graph } from '../graph/graph.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { findSchema } from '../graph/registry.js';
import type { Shape } from '../graph/shape.js';
import { headerOf } from '../serialize/graph-wire.js';
import { flopsOf } from './flops.js';
import { displayName, type LoadedGraph } from './graph-file.js';

export interface TensorFacts {
  readonly name: string;
  readonly dtype: DType;
  /** null for an unknown rank, null dims for unknown sizes. */
  readonly shape: Shape;
}

export interface OpTypeFacts {
  readonly type: string;
  readonly count: number;
  /** Whether defrun knows the op type. */
  readonly known: boolean;
  /** Estimate over the nodes whose shapes are static but for the batch. */
  readonly flops: number;
  /** Nodes left out of `flops` because a feed decides their shape. */
  readonly openShapes: number;
}

export interface GraphSummary {
  readonly nodes: number;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  /** By count, then name. */
  readonly ops: readonly OpTypeFacts[];
  readonly unknownOps: readonly string[];
  /** Elements and bytes of Const nodes of floating types. */
  readonly parameters: number;
  readonly parameterBytes: number;
  readonly flops: number;
  readonly openShapes: number;
  readonly versions: { readonly producer: number; readonly minConsumer: number };
  /** Functions in the file's library. */
  readonly functions: number;
}

const factsOf = (tensor: Tensor): TensorFacts => ({
  name: displayName(tensor),
  dtype: tensor.dtype,
  shape: tensor.shape,
});

function opFacts(operations: readonly Operation[]): OpTypeFacts[] {
  const byType = new Map<string, { count: number; flops: number; openShapes: number }>();
  for (const op of operations) {
    const facts = byType.get(op.type) ?? { count: 0, flops: 0, openShapes: 0 };
    byType.set(op.type, facts);
    const flops = flopsOf(op);
    facts.count++;
    facts.flops += flops ?? 0;
    facts.openShapes += flops === null ? 1 : 0;
  }
  return [...byType]
    .map(([type, facts]) => ({ type, known: findSchema(type) !== undefined, ...facts }))
    .sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
}

function parametersOf(operations: readonly Operation[]): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  for (const op of operations) {
    const value = op.attrs.get('value');
    if (op.type !== 'Const' || value?.kind !== 'tensor' || !isFloating(value.value.dtype)) continue;
    const elements = value.value.shape.reduce((n, dim) => n * dim, 1);
    count += elements;
    bytes += elements * byteSizeOf(value.value.dtype);
  }
  return { count, bytes };
}

const versionsOf = (graph: Graph): GraphSummary['versions'] => {
  const versions = headerOf(graph).versions;
  return { producer: versions?.producer ?? 0, minConsumer: versions?.min_consumer ?? 0 };
};

export function summarise({ graph, inputs, outputs }: LoadedGraph): GraphSummary {
  const operations = graph.operations;
  const ops = opFacts(operations);
  const { count, bytes } = parametersOf(operations);
  return {
    nodes: operations.length,
    inputs: inputs.map(factsOf),
    outputs: outputs.map(factsOf),
    ops,
    unknownOps: ops.filter(({ known }) => !known).map(({ type }) => type),
    parameters: count,
    parameterBytes: bytes,
    flops: ops.reduce((sum, { flops }) => sum + flops, 0),
    openShapes: ops.reduce((sum, { openShapes }) => sum + openShapes, 0),
    versions: versionsOf(graph),
    functions: headerOf(graph).library?.function?.length ?? 0,
  };
}
