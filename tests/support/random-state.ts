/**
 * Random programs over variables, with an interpreter of what they mean: a read sees the newest
 * version that its data and control edges put before it, else the value the run found; writes
 * happen one after another in the order of creation. All values are small integers, hence exact.
 */
import * as tf from 'defrun';
import { getItem } from '../../src/ops/array/get-item.js';
import { Rng } from './rng.js';

/** Elements of every variable and value. */
const size = 12;
type Values = readonly number[];

const clip = (x: number): number => Math.min(100, Math.max(-100, x));
const total = (x: Values): number => x.reduce((sum, v) => sum + v, 0);

/** Functions of two vectors: some read other elements than their own, some all of them. */
const functions = {
  sum: {
    build: (a: tf.Tensor, b: tf.Tensor) => tf.add(a, b),
    value: (a: Values, b: Values) => a.map((v, i) => v + (b[i] ?? 0)),
  },
  largest: {
    build: (a: tf.Tensor, b: tf.Tensor) => tf.maximum(a, b),
    value: (a: Values, b: Values) => a.map((v, i) => Math.max(v, b[i] ?? 0)),
  },
  reversed: {
    build: (a: tf.Tensor, b: tf.Tensor) => tf.sub(getItem(a, { step: -1 }), b),
    value: (a: Values, b: Values) => a.toReversed().map((v, i) => v - (b[i] ?? 0)),
  },
  totalled: {
    build: (a: tf.Tensor, b: tf.Tensor) => tf.add(tf.reduceSum(a), b),
    value: (a: Values, b: Values) => b.map((v) => v + total(a)),
  },
  running: {
    build: (a: tf.Tensor, b: tf.Tensor) => tf.sub(tf.cumsum(a), b),
    value: (a: Values, b: Values) => a.map((_, i) => total(a.slice(0, i + 1)) - (b[i] ?? 0)),
  },
  transposed: {
    build: (a: tf.Tensor, b: tf.Tensor) =>
      tf.add(tf.reshape(tf.transpose(tf.reshape(a, [3, 4])), [size]), b),
    value: (a: Values, b: Values) => b.map((v, i) => v + (a[(i % 3) * 4 + Math.floor(i / 3)] ?? 0)),
  },
} as const;

const kinds = ['assign', 'assignAdd', 'assignSub'] as const;

/** Statements refer to others by number. */
export type Statement =
  | { readonly kind: 'read'; readonly variable: number; readonly after: readonly number[] }
  | {
      readonly kind: 'compute';
      readonly fn: keyof typeof functions;
      readonly a: number;
      readonly b: number;
    }
  | {
      readonly kind: (typeof kinds)[number];
      readonly variable: number;
      readonly value: number;
      readonly after: readonly number[];
    };

export interface StateProgram {
  readonly initial: readonly Values[];
  readonly statements: readonly Statement[];
  /** Statements to bring back, and to run for their effect, in each run. */
  readonly runs: readonly {
    readonly fetches: readonly number[];
    readonly targets: readonly number[];
  }[];
}

export function randomStateProgram(seed: number): StateProgram {
  const rng = new Rng(seed);
  const count = 1 + rng.below(3);
  const initial = Array.from({ length: count }, () =>
    Array.from({ length: size }, () => rng.below(21) - 10),
  );
  const statements: Statement[] = [{ kind: 'read', variable: 0, after: [] }];
  const some = (): number => rng.below(statements.length);
  const after = (): number[] => (rng.chance(0.4) ? [some()] : []);
  const length = 4 + rng.below(10);
  while (statements.length < length) {
    const variable = rng.below(count);
    if (rng.chance(0.25)) statements.push({ kind: 'read', variable, after: after() });
    else if (rng.chance(0.5)) {
      const fn = rng.pick(Object.keys(functions) as (keyof typeof functions)[]);
      statements.push({ kind: 'compute', fn, a: some(), b: some() });
    } else statements.push({ kind: rng.pick(kinds), variable, value: some(), after: after() });
  }
  const all = [...statements.keys()];
  const runs = Array.from({ length: 3 }, () => ({
    fetches: all.filter(() => rng.chance(0.3)),
    targets: all.filter(() => rng.chance(0.4)),
  }));
  return { initial, statements, runs };
}

const inputsOf = (statement: Statement): readonly number[] => {
  if (statement.kind === 'read') return statement.after;
  if (statement.kind === 'compute') return [statement.a, statement.b];
  return [statement.value, ...statement.after];
};

export interface StateAnswer {
  readonly fetched: readonly Values[];
  readonly variables: readonly Values[];
}

/** What each run must answer, and leave in the variables. */
export function interpret({ initial, statements, runs }: StateProgram): StateAnswer[] {
  let found = initial;
  return runs.map(({ fetches, targets }) => {
    const answer = interpretRun(statements, found, [...fetches, ...targets]);
    found = answer.variables;
    return { fetched: fetches.map((at) => answer.values.get(at) ?? []), variables: found };
  });
}

function interpretRun(
  statements: readonly Statement[],
  found: readonly Values[],
  roots: readonly number[],
): { readonly values: ReadonlyMap<number, Values>; readonly variables: readonly Values[] } {
  const needed = new Set(roots);
  for (const at of [...statements.keys()].reverse()) {
    const statement = statements[at];
    if (statement !== undefined && needed.has(at))
      for (const input of inputsOf(statement)) needed.add(input);
  }
  const versions = found.map((value) => [value]);
  const seen = new Map<number, readonly number[]>();
  const values = new Map<number, Values>();
  for (const at of [...needed].sort((a, b) => a - b)) {
    const statement = statements[at] as Statement;
    const before = found.map((_, v) =>
      Math.max(0, ...inputsOf(statement).map((input) => seen.get(input)?.[v] ?? 0)),
    );
    seen.set(at, before);
    const valueOf = (input: number): Values => values.get(input) ?? [];
    if (statement.kind === 'compute') {
      const { fn, a, b } = statement;
      values.set(at, functions[fn].value(valueOf(a), valueOf(b)).map(clip));
      continue;
    }
    const { variable } = statement;
    const history = versions[variable] ?? [];
    if (statement.kind === 'read') {
      values.set(at, history[before[variable] ?? 0] ?? []);
      continue;
    }
    const old = history.at(-1) ?? [];
    const sign = { assign: 0, assignAdd: 1, assignSub: -1 }[statement.kind];
    const given = valueOf(statement.value);
    const next = sign === 0 ? given : old.map((v, i) => v + sign * (given[i] ?? 0));
    history.push(next);
    seen.set(at, before.with(variable, history.length - 1));
    values.set(at, next);
  }
  return { values, variables: versions.map((history) => history.at(-1) ?? []) };
}

export interface BuiltState {
  readonly graph: tf.Graph;
  readonly variables: readonly tf.Variable[];
  readonly nodes: readonly tf.Tensor[];
  readonly init: tf.Operation;
}

/** The program as a graph; reference variables or resource variables. */
export function buildState(program: StateProgram, useResource: boolean): BuiltState {
  const graph = new tf.Graph();
  return graph.asDefault(() => {
    const variables = program.initial.map((values) =>
      tf.variable(Float32Array.from(values), { useResource }),
    );
    const nodes: tf.Tensor[] = [];
    for (const statement of program.statements)
      nodes.push(build(graph, statement, variables, nodes));
    return { graph, variables, nodes, init: tf.globalVariablesInitializer() };
  });
}

function build(
  graph: tf.Graph,
  statement: Statement,
  variables: readonly tf.Variable[],
  nodes: readonly tf.Tensor[],
): tf.Tensor {
  const node = (at: number): tf.Tensor => nodes[at] as tf.Tensor;
  if (statement.kind === 'compute') {
    const { fn, a, b } = statement;
    return tf.clipByValue(functions[fn].build(node(a), node(b)), -100, 100);
  }
  const variable = variables[statement.variable] as tf.Variable;
  const after = statement.after.map((at) => node(at).op);
  return graph.controlDependencies(after, () => {
    if (statement.kind === 'read') return readNow(variable);
    // The new value as a plain tensor: a reference would see later writes.
    return tf.identity(tf[statement.kind](variable, tf.identity(node(statement.value))));
  });
}

/** A new node that reads the variable under the control dependencies in force. */
const readNow = (variable: tf.Variable): tf.Tensor =>
  variable.handle.dtype === 'resource' ? variable.asTensor() : tf.identity(variable.handle);
