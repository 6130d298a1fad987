/** Which state inputs an update writes: asked of its rule once, at the origin of its operands. */
import { groupByArg, inputArgs, type PlainAttrs } from '../graph/signature.js';
import type { Place } from '../ir/program.js';
import type { AnyOpDef } from '../ops/op-def.js';
import { lowerContext } from './context.js';
import type { FlowNode, Value } from './flow.js';

/** Argument names of the state inputs the op gives a new value; none for ops that update nothing. */
export function writtenArgs(
  def: AnyOpDef,
  attrs: PlainAttrs,
  name: string,
  inputs: readonly number[],
  place: Place,
  lookup: (id: number) => Value,
): readonly string[] {
  if (def.lower.kind !== 'update') return [];
  const node: FlowNode = { name, def, attrs, inputs, outputs: [], place };
  const context = lowerContext(node, lookup);
  const args = inputArgs(def, attrs);
  const symbols = groupByArg(
    args,
    inputs.map((id, i) => operandAtOrigin(context, args[i]?.name ?? '', id, lookup)),
  );
  return Object.keys(def.lower.next(symbols as never, context as never));
}

function operandAtOrigin(
  context: unknown,
  arg: string,
  id: number,
  lookup: (id: number) => Value,
): unknown {
  const operand = (context as { x: Record<string, { at(index: readonly unknown[]): unknown }> }).x[
    arg
  ];
  const rank = id < 0 ? 0 : lookup(id).shape.length;
  return operand?.at(
    Array.from({ length: rank }, () => ({ kind: 'const', type: 'i32', value: 0 })),
  );
}
