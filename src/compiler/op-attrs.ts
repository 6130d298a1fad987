/** Attrs of ops the compiler makes itself, and the key under which equal computations meet. */
import type { DType } from '../graph/dtype.js';
import type { PlainAttrs } from '../graph/signature.js';
import type { AnyOpDef, Part } from '../ops/op-def.js';

/** Attrs of an op made while decomposing: types from the inputs, defaults for the rest. */
export function completeAttrs(
  def: AnyOpDef,
  given: Readonly<Record<string, unknown>>,
  inputs: readonly (Part | readonly Part[])[],
  dtypeOf: (part: Part) => DType,
): PlainAttrs {
  const attrs: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(def.attrs as Record<string, { default?: unknown }>))
    attrs[name] = given[name] ?? spec.default;
  for (const [i, spec] of Object.values(def.inputs as Record<string, unknown>).entries()) {
    const parts = [inputs[i]].flat() as Part[];
    const [first] = parts;
    if (typeof spec === 'string' && spec in attrs && first)
      attrs[spec] = given[spec] ?? dtypeOf(first);
    if (typeof spec !== 'object' || spec === null) continue;
    if ('list' in spec && 'count' in spec) {
      attrs[spec.count as string] = parts.length;
      if ((spec.list as string) in attrs && first) attrs[spec.list as string] = dtypeOf(first);
    }
    if ('types' in spec) attrs[spec.types as string] = parts.map(dtypeOf);
  }
  return attrs;
}

/** Text under which equal computations are found, or null for attrs that have no short text. */
export function keyOf(def: AnyOpDef, attrs: PlainAttrs, inputs: readonly number[]): string | null {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(attrs)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return null;
    parts.push(`${name}=${JSON.stringify(value, exactly)}`);
  }
  return `${def.name}(${inputs.join(',')})${parts.join(';')}`;
}

/** Numbers JSON has no text for: NaN, the infinities and -0 are different attrs. */
const exactly = (_: string, value: unknown): unknown =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? { number: Object.is(value, -0) ? '-0' : String(value) }
    : value;
