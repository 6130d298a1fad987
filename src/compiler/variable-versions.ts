/**
 * Variables in single-assignment form. Every write in a run makes a version; a read sees the newest
 * version among the writes that data or control edges put before it, and otherwise the value the
 * run found. Writes themselves happen one after another, in dependency then creation order.
 */
import { InvalidArgumentError, UnimplementedError } from '../errors.js';
import { shortNameOf, type DType } from '../graph/dtype.js';
import type { Operation, Tensor } from '../graph/operation.js';
import type { Shape, StaticShape } from '../graph/shape.js';
import type { PlainAttrs } from '../graph/signature.js';
import type { Place } from '../ir/program.js';
import type { FlowVariable } from './flow.js';

/** What the session knows of its variables. Answers become part of what a program is valid for. */
export interface VariableStates {
  /** Shape of the value held, else the declared one if that is static, else null. */
  shape(key: string, declared: Shape): StaticShape | null;
  isInitialized(key: string): boolean;
}

interface Versions {
  readonly key: string;
  readonly node: string;
  readonly op: string;
  readonly dtype: DType;
  /** Shape attr. */
  readonly declared: Shape;
  /** Value ids; entry 0 is the value found, null until somebody reads it. */
  readonly ids: (number | null)[];
}

type Seen = ReadonlyMap<string, number>;
const nothing: Seen = new Map();

/** Key of a variable's storage in a session: container and shared name, else the node's name. */
export function variableKey(op: Operation): string {
  const text = (name: string): string => {
    const value = op.attrs.get(name)?.value;
    return typeof value === 'string' ? value : '';
  };
  return `${text('container')}/${text('shared_name') || op.name}`;
}

export class VariableVersions {
  readonly #byKey = new Map<string, Versions>();
  readonly #keys = new Map<Tensor, string>();
  /** For each op, the newest version of each variable that is ordered before or at it. */
  readonly #seen = new Map<Operation, Seen>();

  constructor(
    readonly states: VariableStates,
    readonly makeInitial: (init: {
      readonly dtype: DType;
      readonly shape: StaticShape;
      readonly node: string;
      readonly variable: number;
    }) => number,
  ) {}

  /** To be called once per op, in dependency order, before its reads and writes. */
  enter(op: Operation, dependencies: readonly Operation[]): void {
    let merged: Seen = nothing;
    for (const input of dependencies) {
      const seen = this.#seen.get(input) ?? nothing;
      if (seen === merged || seen.size === 0) continue;
      merged = merged.size === 0 ? seen : newest(merged, seen);
    }
    this.#seen.set(op, merged);
  }

  declare(op: Operation, attrs: PlainAttrs): void {
    const key = variableKey(op);
    const output = op.outputs[0] as Tensor;
    this.#keys.set(output, key);
    const dtype = attrs['dtype'] as DType;
    const other = this.#byKey.get(key);
    if (other !== undefined && other.dtype !== dtype) throw otherDType(op, dtype, other.dtype);
    if (other !== undefined) return;
    const raw = attrs['shape'] as Shape;
    // The old `Variable` op wrote an unknown shape as rank 0.
    const declared = op.type === 'Variable' && raw?.length === 0 ? null : raw;
    this.#byKey.set(key, { key, node: op.name, op: op.type, dtype, declared, ids: [null] });
  }

  alias(tensor: Tensor, key: string): void {
    this.#keys.set(tensor, key);
  }

  keyOf(tensor: Tensor): string | undefined {
    return this.#keys.get(tensor);
  }

  get(key: string): Versions {
    const versions = this.#byKey.get(key);
    if (versions === undefined)
      throw new UnimplementedError(`The variable behind '${key}' is not in the graph that runs.`);
    return versions;
  }

  placeOf(key: string, placeOf: (dtype: DType) => Place): Place {
    return placeOf(this.get(key).dtype);
  }

  /** The version `reader` sees. */
  valueFor(key: string, reader: Operation): number {
    return this.#id(this.get(key), this.#seen.get(reader)?.get(key) ?? 0);
  }

  /** The newest version so far: what a further write starts from. */
  latest(key: string): number {
    const versions = this.get(key);
    return this.#id(versions, versions.ids.length - 1);
  }

  write(key: string, id: number, writer: Operation): void {
    const { ids } = this.get(key);
    ids.push(id);
    this.#seen.set(writer, new Map([...(this.#seen.get(writer) ?? []), [key, ids.length - 1]]));
  }

  isInitialized(op: Operation): boolean {
    const key = this.keyOf(op.inputs[0] as Tensor);
    if (key === undefined) return true;
    return (this.#seen.get(op)?.get(key) ?? 0) > 0 || this.states.isInitialized(key);
  }

  list(placeOf: (dtype: DType) => Place): FlowVariable[] {
    return [...this.#byKey.values()].map((v) => {
      const final = v.ids.length > 1 ? (v.ids[v.ids.length - 1] ?? null) : null;
      return {
        key: v.key,
        node: v.node,
        op: v.op,
        dtype: v.dtype,
        shape: this.#shape(v) ?? [],
        place: placeOf(v.dtype),
        initial: v.ids[0] ?? null,
        final,
      };
    });
  }

  #id(versions: Versions, version: number): number {
    const known = versions.ids[version];
    if (known !== null && known !== undefined) return known;
    const shape = this.#shape(versions);
    if (shape === null)
      throw new InvalidArgumentError(
        `Attempting to use uninitialized value ${versions.node}: its shape is not known before it is assigned.`,
        { node: versions.node, op: versions.op },
      );
    const variable = [...this.#byKey.keys()].indexOf(versions.key);
    const id = this.makeInitial({ dtype: versions.dtype, shape, node: versions.node, variable });
    versions.ids[0] = id;
    return id;
  }

  #shape(versions: Versions): StaticShape | null {
    return this.states.shape(versions.key, versions.declared);
  }
}

const otherDType = (op: Operation, dtype: DType, held: DType): InvalidArgumentError =>
  new InvalidArgumentError(
    `${op}: Trying to access variable with wrong dtype. Expected ${shortNameOf(dtype)} got ${shortNameOf(held)}: another variable of this shared_name has that dtype. Give it a shared_name of its own.`,
    { node: op.name, op: op.type },
  );

function newest(a: Seen, b: Seen): Seen {
  const merged = new Map(a);
  for (const [key, version] of b) merged.set(key, Math.max(version, merged.get(key) ?? 0));
  return merged;
}
