/**
 * Reading an operation through its schema: attrs as plain values with defaults, and flat inputs and
 * outputs grouped by argument name. Used by shape inference, gradients, compiler and importer.
 */
import { InvalidArgumentError } from '../errors.js';
import type { AttrValue } from './attrs.js';
import type { DType } from './dtype.js';
import type { AnyOpSchema, ArgSpec, AttrSchema, AttrSpec } from './op-schema.js';
import type { OutputType } from './operation.js';

export type PlainAttrs = Readonly<Record<string, unknown>>;

const specsOf = (schema: AnyOpSchema): [string, AttrSpec][] =>
  Object.entries(schema.attrs as Record<string, AttrSpec>);

/**
 * Attrs of a node as an op definition sees them; absent ones take their default.
 * @throws InvalidArgumentError for a missing attr without default, or one of the wrong kind.
 */
export function plainAttrs(
  schema: AnyOpSchema,
  attrs: ReadonlyMap<string, AttrValue>,
  node: string,
): PlainAttrs {
  const plain: Record<string, unknown> = {};
  for (const [name, spec] of specsOf(schema)) {
    const given = attrs.get(name);
    if (given === undefined) {
      if (spec.default === undefined)
        throw new InvalidArgumentError(
          `NodeDef missing attr '${name}' from Op<name=${schema.name}>; NodeDef: {{node ${node}}}`,
          { node, op: schema.name },
        );
      plain[name] = spec.default;
    } else if (given.kind === spec.kind || given.kind === 'list()') plain[name] = given.value;
    else if (spec.kind === 'float' && given.kind === 'int') plain[name] = given.value;
    else
      throw new InvalidArgumentError(
        `AttrValue of '${name}' had kind ${given.kind} when ${spec.kind} was expected; NodeDef: {{node ${node}}}; Op<name=${schema.name}>`,
        { node, op: schema.name },
      );
  }
  return plain;
}

/** One named argument with the dtypes of its tensors, in wire order. */
export interface ResolvedArg {
  readonly name: string;
  /** True for list arguments, whose value is an array even when it has one tensor. */
  readonly list: boolean;
  readonly isRef: boolean;
  readonly dtypes: readonly DType[];
}

function resolveArg(name: string, spec: ArgSpec<AttrSchema>, attrs: PlainAttrs): ResolvedArg {
  const dtypeOf = (ref: string): DType => (attrs[ref] ?? ref) as DType;
  if (typeof spec === 'string') return { name, list: false, isRef: false, dtypes: [dtypeOf(spec)] };
  if ('ref' in spec) return { name, list: false, isRef: true, dtypes: [dtypeOf(spec.ref)] };
  if ('types' in spec)
    return { name, list: true, isRef: false, dtypes: attrs[spec.types] as readonly DType[] };
  const count = attrs[spec.count] as number;
  const dtype = dtypeOf(spec.list);
  return { name, list: true, isRef: false, dtypes: Array.from({ length: count }, () => dtype) };
}

export const resolveArgs = (
  args: Readonly<Record<string, ArgSpec<AttrSchema>>>,
  attrs: PlainAttrs,
): ResolvedArg[] => Object.entries(args).map(([name, spec]) => resolveArg(name, spec, attrs));

/** Flat values grouped by argument: one value, or an array for list arguments. */
export function groupByArg<V>(
  args: readonly ResolvedArg[],
  flat: readonly V[],
): Record<string, V | readonly V[]> {
  const grouped: Record<string, V | readonly V[]> = {};
  let at = 0;
  for (const arg of args) {
    grouped[arg.name] = arg.list ? flat.slice(at, at + arg.dtypes.length) : (flat[at] as V);
    at += arg.dtypes.length;
  }
  return grouped;
}

/** Values given per argument, flattened in wire order. */
export function flattenArgs<V>(
  args: readonly ResolvedArg[],
  grouped: Readonly<Record<string, V | readonly V[]>>,
): V[] {
  return args.flatMap((arg) => {
    const value = grouped[arg.name];
    return arg.list ? (value as readonly V[]) : [value as V];
  });
}

/** Position of an argument's first tensor among the flat ones. */
export function offsetOfArg(args: readonly ResolvedArg[], name: string): number {
  let at = 0;
  for (const arg of args) {
    if (arg.name === name) return at;
    at += arg.dtypes.length;
  }
  return -1;
}

export const outputTypes = (schema: AnyOpSchema, attrs: PlainAttrs): OutputType[] =>
  resolveArgs(schema.outputs as Record<string, ArgSpec<AttrSchema>>, attrs).flatMap((arg) =>
    arg.dtypes.map((dtype) => ({ dtype, isRef: arg.isRef })),
  );

export const inputArgs = (schema: AnyOpSchema, attrs: PlainAttrs): ResolvedArg[] =>
  resolveArgs(schema.inputs as Record<string, ArgSpec<AttrSchema>>, attrs);

export const outputArgs = (schema: AnyOpSchema, attrs: PlainAttrs): ResolvedArg[] =>
  resolveArgs(schema.outputs as Record<string, ArgSpec<AttrSchema>>, attrs);
