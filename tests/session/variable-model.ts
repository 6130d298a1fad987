/**
 * What a run of variable ops must give, worked out one op at a time: a read sees the newest write
 * that edges put before it, else the value of before the run; writes follow in creation order.
 */
import type * as tf from '../../src/index.js';

type Vector = readonly number[];

export class VariableModel {
  readonly #values = new Map<string, Vector>();

  constructor(initial: ReadonlyMap<string, Vector>) {
    for (const [name, value] of initial) this.#values.set(name, value);
  }

  valueOf(name: string): Vector {
    return this.#values.get(name) ?? [];
  }

  run(fetches: readonly tf.Tensor[], fed: tf.Tensor, value: Vector): Vector[] {
    const one = new ModelRun(this.#values, fed, value);
    for (const op of ancestors(fetches, fed)) one.visit(op);
    const answers = fetches.map((fetch) => one.read(fetch, fetch.op));
    for (const [name, versions] of one.versions) this.#values.set(name, versions.at(-1) ?? []);
    return answers;
  }
}

/** All ops needed, in creation order. */
function ancestors(fetches: readonly tf.Tensor[], fed: tf.Tensor): tf.Operation[] {
  const needed = new Set<tf.Operation>();
  const stack = fetches.map((fetch) => fetch.op);
  for (let op = stack.pop(); op !== undefined; op = stack.pop()) {
    if (needed.has(op)) continue;
    needed.add(op);
    if (op !== fed.op) stack.push(...op.inputs.map((input) => input.op), ...op.controlInputs);
  }
  return [...needed].sort((a, b) => a.id - b.id);
}

class ModelRun {
  readonly versions = new Map<string, Vector[]>();
  readonly #seen = new Map<tf.Operation, Map<string, number>>();
  readonly #known = new Map<tf.Tensor, Vector>();
  readonly #variable = new Map<tf.Tensor, string>();

  constructor(values: ReadonlyMap<string, Vector>, fed: tf.Tensor, value: Vector) {
    for (const [name, start] of values) this.versions.set(name, [start]);
    this.#known.set(fed, value);
  }

  read(tensor: tf.Tensor, reader: tf.Operation): Vector {
    const known = this.#known.get(tensor);
    if (known !== undefined) return known;
    const name = this.#variable.get(tensor) ?? '';
    return this.versions.get(name)?.[this.#seen.get(reader)?.get(name) ?? 0] ?? [];
  }

  visit(op: tf.Operation): void {
    const seen = new Map<string, number>();
    for (const before of [...op.inputs.map((input) => input.op), ...op.controlInputs])
      for (const [name, version] of this.#seen.get(before) ?? [])
        seen.set(name, Math.max(version, seen.get(name) ?? 0));
    this.#seen.set(op, seen);
    const [out] = op.outputs;
    if (op.type.startsWith('Assign')) this.#write(op, seen);
    else if (out && (op.type === 'VariableV2' || op.type === 'VarHandleOp'))
      this.#variable.set(out, op.name);
    else if (out && op.type !== 'Placeholder') this.#known.set(out, this.#compute(op));
  }

  #write(op: tf.Operation, seen: Map<string, number>): void {
    const [target, value] = op.inputs as [tf.Tensor, tf.Tensor];
    const name = this.#variable.get(target) ?? '';
    const versions = this.versions.get(name) ?? [];
    const by = this.read(value, op);
    const sign = op.type.includes('Add') ? 1 : op.type.includes('Sub') ? -1 : null;
    const start = versions.at(-1) ?? [];
    versions.push(sign === null ? by : start.map((v, i) => Math.fround(v + sign * (by[i] ?? 0))));
    seen.set(name, versions.length - 1);
    if (op.outputs[0]) this.#variable.set(op.outputs[0], name);
  }

  #compute(op: tf.Operation): Vector {
    const [a = [], b = []] = op.inputs.map((input) => this.read(input, op));
    switch (op.type) {
      case 'Identity':
      case 'ReadVariableOp':
        return a;
      case 'AddV2':
        return a.map((v, i) => Math.fround(v + (b[i] ?? 0)));
      case 'Maximum':
        return a.map((v, i) => Math.max(v, b[i] ?? 0));
      case 'ReverseV2':
        return a.toReversed();
      default:
        return [];
    }
  }
}
