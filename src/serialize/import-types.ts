/**
 * Dtypes of imported nodes: checked against the schema where the op type is registered, taken from
 * the function library or guessed from use where it is not.
 */
import { InvalidArgumentError } from '../errors.js';
import type { AttrValue } from '../graph/attrs.js';
import { dtypeOfNumber, shortNameOf, type DType } from '../graph/dtype.js';
import type { AnyOpSchema, ArgSpec, AttrSchema } from '../graph/op-schema.js';
import type { Tensor } from '../graph/operation.js';
import { findSchema } from '../graph/registry.js';
import { inputArgs, plainAttrs, type PlainAttrs } from '../graph/signature.js';
import type { ArgMessage, FunctionMessage } from './messages.js';
import { opText } from './op-text.js';

/** More tensors than this in one node means that the file is damaged. */
const maxTensorsPerNode = 2 ** 16;

/** A node about to be created. */
export interface TypedNode {
  /** Name it will have in the graph. */
  readonly name: string;
  readonly type: string;
  readonly attrs: ReadonlyMap<string, AttrValue>;
}

export interface InputType {
  readonly dtype: DType;
  readonly isRef: boolean;
}

/** Dtypes the schema asks of a node's inputs; undefined for an op type that is not registered. */
export function inputTypesOf(node: TypedNode): readonly InputType[] | undefined {
  const schema = findSchema(node.type);
  if (schema === undefined) return undefined;
  return inputArgs(schema, checkedAttrs(schema, node)).flatMap((arg) =>
    arg.dtypes.map((dtype) => ({ dtype, isRef: arg.isRef })),
  );
}

function checkedAttrs(schema: AnyOpSchema, node: TypedNode): PlainAttrs {
  const specs = Object.entries(schema.attrs as AttrSchema);
  const missing = specs.find(([name, spec]) => spec.default === undefined && !node.attrs.has(name));
  if (missing !== undefined)
    throw nodeDefError(node, schema, `NodeDef missing attr '${missing[0]}' from`);
  const attrs = plainAttrs(schema, node.attrs, node.name);
  const args = [schema.inputs, schema.outputs].flatMap((specs) =>
    Object.values(specs as Readonly<Record<string, ArgSpec<AttrSchema>>>),
  );
  for (const spec of args) {
    if (typeof spec !== 'object' || !('count' in spec)) continue;
    const count = attrs[spec.count] as number;
    if (!Number.isInteger(count) || count < 0 || count > maxTensorsPerNode)
      throw nodeDefError(node, schema, `attr '${spec.count}' is ${count}, which cannot be; in`);
  }
  return attrs;
}

const nodeDefError = (node: TypedNode, schema: AnyOpSchema, start: string): InvalidArgumentError =>
  new InvalidArgumentError(`${start} ${opText(schema)}; NodeDef: {{node ${node.name}}}`, {
    node: node.name,
    op: node.type,
  });

const typeText = (type: InputType): string =>
  `${shortNameOf(type.dtype)}${type.isRef ? '_ref' : ''}`;

/** @throws InvalidArgumentError if the inputs are not as many, or not of the dtypes, the op takes. */
export function checkInputs(
  node: TypedNode,
  expected: readonly InputType[],
  inputs: readonly Tensor[],
): void {
  const schema = findSchema(node.type);
  if (schema !== undefined && expected.length !== inputs.length)
    throw nodeDefError(
      node,
      schema,
      `NodeDef expected inputs '${expected.map(typeText).join(', ')}' do not match ${inputs.length} inputs specified;`,
    );
  for (const [port, want] of expected.entries()) {
    const input = inputs[port];
    if (input === undefined) continue;
    const lacksRef = want.isRef && !input.isRef && findSchema(input.op.type) !== undefined;
    if (input.dtype === want.dtype && !lacksRef) continue;
    throw new InvalidArgumentError(
      `Input ${port} of node ${node.name} was passed ${typeText(input)} from ${input.name} incompatible with expected ${typeText(want)}.`,
      { node: node.name, op: node.type },
    );
  }
}

/** Attrs that name the dtype of an unknown op's outputs, likeliest first. */
const dtypeAttrs = ['dtype', 'T', 'DstT', 'out_type', 'output_type', 'Tout', 'output_dtype'];

function ownDType(attrs: ReadonlyMap<string, AttrValue>): DType | undefined {
  for (const name of dtypeAttrs) {
    const value = attrs.get(name);
    if (value?.kind === 'type') return value.value;
  }
  return undefined;
}

const listDTypes = (attrs: ReadonlyMap<string, AttrValue>): readonly DType[] => {
  const value = attrs.get('Tout') ?? attrs.get('output_types') ?? attrs.get('dtypes');
  return value?.kind === 'list(type)' ? value.value : [];
};

/**
 * Output dtypes of a node whose op type is not registered: the signature of the library function of
 * that name, else as many as are used, of the dtypes their consumers ask for.
 * @param used number of outputs it must have at least
 * @param wanted dtype a registered consumer of output `i` expects
 */
export function guessOutputTypes(
  node: TypedNode,
  used: number,
  wanted: (i: number) => DType | undefined,
  functions: ReadonlyMap<string, FunctionMessage>,
): DType[] {
  if (used > maxTensorsPerNode)
    throw new InvalidArgumentError(
      `Node '${node.name}': an input names its output ${used - 1}, more than a node can have. The file is damaged.`,
      { node: node.name, op: node.type },
    );
  const called = functions.get(node.type);
  if (called !== undefined)
    return (called.signature?.output_arg ?? []).flatMap((arg) => argDTypes(arg, node.attrs));
  const listed = listDTypes(node.attrs);
  const own = ownDType(node.attrs) ?? 'variant';
  return Array.from(
    { length: Math.max(used, listed.length) },
    (_, i) => listed[i] ?? wanted(i) ?? own,
  );
}

function argDTypes(arg: ArgMessage, attrs: ReadonlyMap<string, AttrValue>): readonly DType[] {
  if (arg.type_list_attr) {
    const list = attrs.get(arg.type_list_attr);
    return list?.kind === 'list(type)' ? list.value : [];
  }
  const attr = arg.type_attr ? attrs.get(arg.type_attr) : undefined;
  const dtype = attr?.kind === 'type' ? attr.value : (dtypeOfNumber(arg.type ?? 0) ?? 'variant');
  const count = arg.number_attr ? attrs.get(arg.number_attr) : undefined;
  const length = count?.kind === 'int' ? Math.min(count.value, maxTensorsPerNode) : 1;
  return Array.from({ length }, () => dtype);
}
