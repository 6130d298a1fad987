/** Decompositions: the node's own rule builds it from other ops, which are added in its stead. */
import type { OpBuilder } from '../graph/op-schema.js';
import { toNdArray } from '../graph/nd-array.js';
import { groupByArg, inputArgs, type PlainAttrs } from '../graph/signature.js';
import { opDef } from '../ops/index.js';
import type { AnyOpDef, Part } from '../ops/op-def.js';
import type { FlowNode } from './flow.js';
import type { FlowBuilder } from './flow-builder.js';
import { completeAttrs } from './op-attrs.js';

/** Adds an op over values; returns its flat outputs. */
export type Apply = (
  def: AnyOpDef,
  attrs: PlainAttrs,
  inputs: readonly number[],
  name: string,
) => readonly number[];

/** Value ids of the node's flat outputs. */
export function decompose(
  flow: FlowBuilder,
  node: FlowNode,
  context: unknown,
  apply: Apply,
): readonly number[] {
  if (node.def.lower.kind !== 'decompose') return node.outputs;
  const into = node.def.lower.into as (
    b: OpBuilder<Part>,
    x: unknown,
    context: unknown,
  ) => readonly Part[];
  const inputs = groupByArg<Part>(
    inputArgs(node.def, node.attrs),
    node.inputs.map((part) => ({ part })),
  );
  return into(partBuilder(flow, node.name, apply), inputs, context).map(({ part }) => part);
}

function partBuilder(flow: FlowBuilder, scope: string, apply: Apply): OpBuilder<Part> {
  const ops: OpBuilder<Part>['ops'] = (type, inputs, attrs = {}, name = type) => {
    const def = opDef(type);
    const ids = inputs.flat().map((part) => part.part);
    const complete = completeAttrs(def, attrs, inputs, (part) => flow.value(part.part).dtype);
    return apply(def, complete, ids, `${scope}/${name}`).map((part) => ({ part }));
  };
  return {
    ops,
    op: (type, inputs, attrs, name) => ops(type, inputs, attrs, name)[0] as Part,
    constant: (value, dtype) => ({
      part: flow.addConstant(toNdArray(value, { dtype, fallback: 'float32' }), `${scope}/Const`),
    }),
    shapeOf: ({ part }) => flow.value(part).shape,
    dtypeOf: ({ part }) => flow.value(part).dtype,
  };
}
