/** Refuses strings where an op's definition names the dtypes it computes with, and string is not one. */
import { InvalidArgumentError } from '../errors.js';
import { shortNameOf, type DType } from '../graph/dtype.js';
import type { PlainAttrs } from '../graph/signature.js';
import type { AnyOpDef } from '../ops/op-def.js';

interface Spec {
  readonly kind: string;
  readonly allowed?: readonly unknown[];
}

/**
 * Ops made by functions are checked when they are made; those of a file only if a run needs them.
 *
 * @throws InvalidArgumentError naming the node, the attr and what it may be.
 */
export function checkDTypes(def: AnyOpDef, attrs: PlainAttrs, node: string): void {
  for (const [name, { kind, allowed }] of Object.entries(def.attrs as Record<string, Spec>)) {
    if (kind !== 'type' || attrs[name] !== 'string') continue;
    if (allowed === undefined || allowed.includes('string')) continue;
    const list = allowed.map((dtype) => shortNameOf(dtype as DType)).join(', ');
    throw new InvalidArgumentError(
      `Value for attr '${name}' of string is not in the list of allowed values: ${list}; NodeDef: {{node ${node}}}; Op<name=${def.name}>`,
      { node, op: def.name },
    );
  }
}
