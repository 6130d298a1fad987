/** An op's signature in TensorFlow's one-line notation, as its import errors quote it. */
import { attr, type AttrValue } from '../graph/attrs.js';
import { enumNameOf, type DType } from '../graph/dtype.js';
import type { AnyOpSchema, ArgSpec, AttrSchema, AttrSpec } from '../graph/op-schema.js';
import { formatShape, type Shape } from '../graph/shape.js';

const dtypeText = (source: string, attrs: AttrSchema): string =>
  source in attrs
    ? source
    : enumNameOf(source as DType)
        .slice(3)
        .toLowerCase();

function argText(name: string, spec: ArgSpec<AttrSchema>, attrs: AttrSchema): string {
  if (typeof spec === 'string') return `${name}:${dtypeText(spec, attrs)}`;
  if ('ref' in spec) return `${name}:Ref(${dtypeText(spec.ref, attrs)})`;
  if ('types' in spec) return `${name}:${spec.types}`;
  return `${name}:${spec.count}*${dtypeText(spec.list, attrs)}`;
}

/** An attr's value for messages: `DT_FLOAT`, `[1, 2]`, `"SAME"`. */
export function attrText(value: AttrValue): string {
  switch (value.kind) {
    case 'string':
      return JSON.stringify(value.value);
    case 'type':
      return enumNameOf(value.value);
    case 'shape':
      return formatShape(value.value);
    case 'tensor':
      return `<Tensor: ${enumNameOf(value.value.dtype)} ${formatShape(value.value.shape)}>`;
    case 'func':
      return value.value.name;
    case 'list(type)':
      return `[${value.value.map(enumNameOf).join(', ')}]`;
    case 'list(shape)':
      return `[${value.value.map((shape: Shape) => formatShape(shape)).join(', ')}]`;
    case 'list(string)':
      return `[${value.value.map((text) => JSON.stringify(text)).join(', ')}]`;
    case 'list(func)':
      return `[${value.value.map((func) => func.name).join(', ')}]`;
    case 'list(tensor)':
      return `[${value.value.length} tensors]`;
    case 'list(int)':
    case 'list(float)':
    case 'list(bool)':
      return `[${value.value.join(', ')}]`;
    default:
      return String(value.value);
  }
}

function attrSpecText(name: string, spec: AttrSpec): string {
  const text = (value: unknown): string => attrText(attr(spec.kind, value as never));
  const fallback = spec.default === undefined ? '' : `,default=${text(spec.default)}`;
  const allowed: readonly unknown[] = (spec.allowed ?? []).flat();
  const list = allowed.map((value) =>
    spec.kind.includes('type') ? enumNameOf(value as DType) : JSON.stringify(value),
  );
  return `attr=${name}:${spec.kind}${fallback}${list.length > 0 ? `,allowed=[${list.join(', ')}]` : ''}`;
}

/** `Op<name=Identity; signature=input:T -> output:T; attr=T:type>`. */
export function opText(schema: AnyOpSchema): string {
  const attrs = schema.attrs as AttrSchema;
  const args = (specs: object): string =>
    Object.entries(specs as Record<string, ArgSpec<AttrSchema>>)
      .map(([name, spec]) => argText(name, spec, attrs))
      .join(', ');
  const parts = Object.entries(attrs).map(([name, spec]) => `; ${attrSpecText(name, spec)}`);
  return `Op<name=${schema.name}; signature=${args(schema.inputs as object)} -> ${args(schema.outputs as object)}${parts.join('')}>`;
}
