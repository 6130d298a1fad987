/**
 * Updates of variables (Assign, ScatterAdd, ApplyAdam ...): the op becomes a node that takes the
 * newest versions of the variables it reads and gives new versions of those it writes.
 */
import { InvalidArgumentError } from '../errors.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { formatShape, type StaticShape } from '../graph/shape.js';
import { inputArgs, type PlainAttrs, type ResolvedArg } from '../graph/signature.js';
import type { AnyOpDef } from '../ops/op-def.js';
import type { FlowBuilder } from './flow-builder.js';
import { checkUpdateShapes } from './update-shapes.js';
import type { VariableVersions } from './variable-versions.js';
import { writtenArgs } from './written-args.js';

/** An update op with what its arguments stand for, one entry per flat input. */
interface Update {
  readonly op: Operation;
  readonly def: AnyOpDef;
  readonly attrs: PlainAttrs;
  readonly args: readonly ResolvedArg[];
  /** Keys of the variables given as state; undefined for inputs that are plain values. */
  readonly keys: readonly (string | undefined)[];
  /** Value ids; -1 for state that is not read. */
  readonly inputs: readonly number[];
}

/** What updates need of the specialisation they are part of. */
export interface UpdateScope {
  readonly flow: FlowBuilder;
  readonly variables: VariableVersions;
  readonly isFed: (tensor: Tensor) => boolean;
  /** Value of a tensor as `reader` sees it. */
  readonly read: (tensor: Tensor, reader: Operation) => number;
}

export function specialiseUpdate(
  scope: UpdateScope,
  op: Operation,
  def: AnyOpDef,
  attrs: PlainAttrs,
): void {
  const { flow, variables } = scope;
  const update = resolve(scope, op, def, attrs);
  const { args, keys, inputs } = update;
  checkShapes(flow, update);
  const [first] = keys.filter((key) => key !== undefined);
  const place = variables.placeOf(first ?? '', (dtype) => flow.placeOf(dtype));
  const shape = writtenShape(scope, update);
  const written = writtenArgs(def, attrs, op.name, inputs, place, flow.value);
  const outputs: number[] = [];
  for (const [i, key] of keys.entries()) {
    if (key === undefined || !written.includes(args[i]?.name ?? '')) continue;
    const { dtype, node: label } = variables.get(key);
    const source = { kind: 'node' } as const;
    const id = flow.addValue({ dtype, shape: shape(key), place, source, label });
    outputs.push(id);
    variables.write(key, id, op);
  }
  flow.push({ name: op.name, def, attrs, inputs, outputs, place });
  if (op.outputs[0]?.isRef && first !== undefined) variables.alias(op.outputs[0], first);
}

function resolve(scope: UpdateScope, op: Operation, def: AnyOpDef, attrs: PlainAttrs): Update {
  const { variables } = scope;
  const args = inputArgs(def, attrs);
  const reads = new Set<string>(def.lower.kind === 'update' ? def.lower.reads : []);
  // A reference given as a plain value (what another Assign gives back) is read like any tensor.
  const keys = op.inputs.map((input, i) =>
    args[i]?.isRef === true || input.dtype === 'resource' ? variables.keyOf(input) : undefined,
  );
  const inputs = op.inputs.map((input, i) => {
    const key = keys[i];
    if (key === undefined || scope.isFed(input)) return scope.read(input, op);
    return reads.has(args[i]?.name ?? '') ? variables.latest(key) : -1;
  });
  return { op, def, attrs, args, keys, inputs };
}

function checkShapes(flow: FlowBuilder, { op, args, keys, inputs }: Update): void {
  const operands = inputs.flatMap((id, i) => {
    const { name = '' } = args[i] ?? {};
    return id < 0 ? [] : [{ name, isState: keys[i] !== undefined, shape: flow.value(id).shape }];
  });
  checkUpdateShapes(op, operands);
}

/** Shape a variable has after the update; an Assign takes the shape of its value. */
function writtenShape(
  { flow, variables }: UpdateScope,
  { op, def, args, inputs }: Update,
): (key: string) => StaticShape {
  const valueAt = args.findIndex(({ name }) => name === 'value');
  const value = valueAt < 0 ? undefined : flow.value(inputs[valueAt] as number);
  const isPureAssign = def.lower.kind === 'update' && def.lower.reads.length === 0;
  if (!isPureAssign || value === undefined) return (key) => flow.value(variables.latest(key)).shape;
  return (key) => {
    const declared =
      op.attrs.get('validate_shape')?.value === false ? null : variables.get(key).declared;
    const fits =
      declared === null ||
      (declared.length === value.shape.length &&
        declared.every((dim, axis) => dim === null || dim === value.shape[axis]));
    if (!fits)
      throw new InvalidArgumentError(
        `${op}: Assign requires shapes of both tensors to match. lhs shape= ${formatShape(declared)} rhs shape= ${formatShape(value.shape)}`,
        { node: op.name, op: op.type },
      );
    return value.shape;
  };
}
