/**
 * addNode: how every op function adds its op. Converts plain values to constants, works out type
 * attrs from the inputs, checks dtypes, and names the op as TensorFlow does.
 */
import { DTypeError, TfError, ValueError } from '../errors.js';
import { attr, tensorValue, type AttrKind, type AttrTypes, type AttrValue } from './attrs.js';
import { attrsOfKinds, checkAllowed } from './check-attr.js';
import { describeValue } from './describe-value.js';
import type { DType, NdArray } from './dtype.js';
import { getDefaultGraph, graphOf, type Graph } from './graph.js';
import { toNdArray, type ArrayLike } from './nd-array.js';
import type {
  ArgSchema,
  ArgSpec,
  AttrSchema,
  AttrSpec,
  AttrsIn,
  OpSchema,
  PerArg,
} from './op-schema.js';
import { Tensor, type Operation } from './operation.js';
import { checkedOptions } from './options.js';

/** What the graph layer knows of a Variable; the class lives with the state ops. */
export interface VariableLike {
  readonly isVariable: true;
  readonly dtype: DType;
  /** The reference (VariableV2) or resource handle (VarHandleOp). */
  readonly handle: Tensor;
  readonly initializer: Operation;
  /** The value as a tensor: the snapshot of a ref variable, a fresh read of a resource variable. */
  asTensor(): Tensor;
}

/** What op functions accept where a tensor is wanted. */
export type TensorLike = Tensor | VariableLike | ArrayLike;

export const isVariable = (value: unknown): value is VariableLike =>
  typeof value === 'object' && value !== null && 'isVariable' in value;

/** An argument that must be a tensor of a graph. @throws DTypeError if it is none. */
export function checkedTensor(fn: string, arg: string, value: Tensor): Tensor {
  if (!((value as unknown) instanceof Tensor))
    throw new DTypeError(
      `${fn}: Expected a Tensor for argument '${arg}' not ${describeValue(value)}.`,
    );
  return value;
}

export interface ConvertOptions {
  readonly dtype?: DType | undefined;
  /** Dtype of plain numbers when `dtype` is not given. */
  readonly fallback?: DType | undefined;
  readonly name?: string | undefined;
  readonly graph?: Graph | undefined;
}

/**
 * The tensor itself, a variable's value, or a new Const of a plain value.
 * @throws DTypeError if a tensor has another dtype than `dtype`.
 */
export function convertToTensor(value: TensorLike, options: ConvertOptions = {}): Tensor {
  const { dtype, name = 'Const' } = checkedOptions('convertToTensor', options, {
    dtype: 'dtype',
    fallback: 'dtype',
    name: 'string',
    graph: 'any',
  });
  if (value instanceof Tensor || isVariable(value)) {
    const tensor = value instanceof Tensor ? value : value.asTensor();
    if (dtype !== undefined && tensor.dtype !== dtype)
      throw new DTypeError(
        `Tensor conversion requested dtype ${dtype} for Tensor with dtype ${tensor.dtype}: ${tensor}`,
        { node: tensor.op.name, op: tensor.op.type },
      );
    return tensor;
  }
  const graph = options.graph ?? getDefaultGraph();
  const array = arrayOf(value, options, graph);
  const op = graph.createScoped({
    type: 'Const',
    name: graph.uniqueName(name),
    attrs: new Map<string, AttrValue>([
      ['dtype', attr('type', array.dtype)],
      ['value', attr('tensor', tensorValue(array))],
    ]),
  });
  return op.output();
}

/** The data of a plain value; an error says which argument of which node it was for. */
function arrayOf(value: ArrayLike, options: ConvertOptions, graph: Graph): NdArray {
  const { dtype, fallback, name } = options;
  try {
    return toNdArray(value, { dtype, fallback });
  } catch (error) {
    if (name === undefined || !(error instanceof TfError)) throw error;
    const Same = error.constructor as new (message: string) => TfError;
    throw new Same(
      `Tried to convert '${graph.scope}${name}' to a tensor and failed. Error: ${error.message}`,
    );
  }
}

const specOf = (schema: AttrSchema, name: string): AttrSpec | undefined => schema[name];

/** Name of the type attr (or fixed dtype) behind an argument; undefined for `list(type)` ones. */
function dtypeSource(spec: ArgSpec<AttrSchema>): string | undefined {
  if (typeof spec === 'string') return spec;
  if ('list' in spec) return spec.list;
  if ('ref' in spec) return spec.ref;
  return undefined;
}

/** Adds one op to the graph that owns its inputs and returns its outputs by argument name. */
export function addNode<A extends AttrSchema, I extends ArgSchema<A>, O extends ArgSchema<A>>(
  schema: OpSchema<A, I, O>,
  inputs: PerArg<I, TensorLike>,
  attrs: AttrsIn<A>,
  name?: string,
): PerArg<O, Tensor> {
  const op = addOperation(schema as unknown as OpSchema, inputs, attrs, name);
  return groupOutputs(schema as unknown as OpSchema, op) as PerArg<O, Tensor>;
}

/** As `addNode`, giving the Operation (for ops without outputs). */
export function addOperation(
  schema: OpSchema,
  inputs: Readonly<Record<string, TensorLike | readonly TensorLike[]>>,
  attrs: Readonly<Record<string, unknown>>,
  name: string | undefined,
  controlInputs: readonly Operation[] = [],
): Operation {
  const graph = graphOfInputs(Object.values(inputs).flat());
  return graph.asDefault(() => {
    const opName = graph.uniqueName(name === undefined || name === '' ? schema.name : name);
    const given = attrsOfKinds(schema, attrs, opName);
    checkLists(schema, inputs);
    const types = typeAttrs(schema, inputs, given);
    const tensors = graph.nameScope(`${opName}/`, () =>
      convertInputs(schema, inputs, types, graph),
    );
    return graph.createScoped({
      type: schema.name,
      name: opName,
      inputs: tensors.flat(),
      controlInputs,
      attrs: tagAttrs(schema, tensors, types, given, opName),
    });
  });
}

function graphOfInputs(values: readonly unknown[]): Graph {
  for (const value of values) {
    if (value instanceof Tensor) return graphOf(value);
    if (isVariable(value)) return graphOf(value.handle);
  }
  return getDefaultGraph();
}

const symbolicDType = (value: unknown): DType | undefined =>
  value instanceof Tensor || isVariable(value) ? value.dtype : undefined;

const isListSpec = (spec: ArgSpec<AttrSchema>): boolean =>
  typeof spec === 'object' && ('list' in spec || 'types' in spec);

function checkLists(schema: OpSchema, inputs: Readonly<Record<string, unknown>>): void {
  for (const [arg, spec] of Object.entries(schema.inputs))
    if (isListSpec(spec) && !Array.isArray(inputs[arg]))
      throw new DTypeError(
        `Expected list for '${arg}' argument to '${schema.name}' Op, not ${describeValue(inputs[arg])}.`,
        { op: schema.name },
      );
}

/** Type attrs given, or taken from the first symbolic input that carries each. */
function typeAttrs(
  schema: OpSchema,
  inputs: Readonly<Record<string, unknown>>,
  attrs: Readonly<Record<string, unknown>>,
): Map<string, DType> {
  const types = new Map<string, DType>();
  for (const [name, spec] of Object.entries(schema.attrs))
    if (spec.kind === 'type' && attrs[name] !== undefined) types.set(name, attrs[name] as DType);
  for (const [arg, spec] of Object.entries(schema.inputs)) {
    const source = dtypeSource(spec);
    if (source === undefined || !(source in schema.attrs) || types.has(source)) continue;
    const values = isListSpec(spec) ? (inputs[arg] as readonly unknown[]) : [inputs[arg]];
    const dtype = values.map(symbolicDType).find((d) => d !== undefined);
    if (dtype !== undefined) types.set(source, dtype);
  }
  return types;
}

/** Dtype a plain number takes where no tensor decides: the attr's default, else float32, else int32. */
function fallbackDType(schema: OpSchema, source: string | undefined): DType {
  const spec = source === undefined ? undefined : specOf(schema.attrs, source);
  if (spec?.kind !== 'type') return 'float32';
  if (spec.default !== undefined) return spec.default;
  if (spec.allowed === undefined || spec.allowed.includes('float32')) return 'float32';
  return spec.allowed.includes('int32') ? 'int32' : (spec.allowed[0] ?? 'float32');
}

function convertInputs(
  schema: OpSchema,
  inputs: Readonly<Record<string, unknown>>,
  types: Map<string, DType>,
  graph: Graph,
): Tensor[][] {
  return Object.entries(schema.inputs).map(([arg, spec]) => {
    const source = dtypeSource(spec);
    const isAttr = source !== undefined && source in schema.attrs;
    const values = isListSpec(spec)
      ? (inputs[arg] as readonly TensorLike[])
      : [inputs[arg] as TensorLike];
    return values.map((value, i) => {
      const wanted = isAttr ? types.get(source) : (source as DType | undefined);
      const wantsRef = typeof spec === 'object' && 'ref' in spec;
      const tensor =
        isVariable(value) && (wantsRef || source === 'resource')
          ? value.handle
          : convertToTensor(value, {
              dtype: symbolicDType(value) === undefined ? wanted : undefined,
              fallback: fallbackDType(schema, source),
              name: isListSpec(spec) ? `${arg}_${i}` : arg,
              graph,
            });
      if (isAttr && wanted === undefined) types.set(source, tensor.dtype);
      if (wanted !== undefined && tensor.dtype !== wanted)
        throw mismatch(schema, arg, tensor, wanted);
      return tensor;
    });
  });
}

function mismatch(schema: OpSchema, arg: string, tensor: Tensor, wanted: DType): DTypeError {
  return new DTypeError(
    `Input '${arg}' of '${schema.name}' Op has type ${tensor.dtype} that does not match type ${wanted} of its other inputs (got ${tensor}). Convert it with cast(x, '${wanted}').`,
    { node: tensor.op.name, op: schema.name },
  );
}

/** All attrs of the op, tagged with their kinds; recent ones with their default are left out. */
function tagAttrs(
  schema: OpSchema,
  tensors: readonly (readonly Tensor[])[],
  types: ReadonlyMap<string, DType>,
  given: Readonly<Record<string, unknown>>,
  node: string,
): Map<string, AttrValue> {
  const values: Record<string, unknown> = { ...given };
  for (const [name, dtype] of types) values[name] = dtype;
  for (const [i, [, spec]] of Object.entries(schema.inputs).entries()) {
    if (typeof spec !== 'object') continue;
    if ('list' in spec) values[spec.count] = tensors[i]?.length;
    if ('types' in spec) values[spec.types] = tensors[i]?.map((t) => t.dtype);
  }
  const tagged = new Map<string, AttrValue>();
  for (const [name, spec] of Object.entries(schema.attrs)) {
    // Null is a value: a shape of unknown rank.
    const value = values[name] === undefined ? spec.default : values[name];
    if (value === undefined)
      throw new ValueError(`${schema.name} "${node}": attr '${name}' is required.`, {
        node,
        op: schema.name,
      });
    if (spec.recent && values[name] === undefined) continue;
    checkAllowed(schema, spec, name, value, node);
    tagged.set(name, attr(spec.kind, value as AttrTypes[AttrKind]));
  }
  return tagged;
}

function groupOutputs(schema: OpSchema, op: Operation): Record<string, Tensor | readonly Tensor[]> {
  const grouped: Record<string, Tensor | readonly Tensor[]> = {};
  let at = 0;
  for (const [name, spec] of Object.entries(schema.outputs)) {
    if (typeof spec === 'string' || 'ref' in spec) {
      grouped[name] = op.output(at++);
      continue;
    }
    const counter = op.attrs.get('list' in spec ? spec.count : spec.types)?.value;
    const count = Array.isArray(counter) ? counter.length : Number(counter);
    grouped[name] = op.outputs.slice(at, at + count);
    at += count;
  }
  return grouped;
}
