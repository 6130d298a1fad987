/**
 * Pieces every printed kernel is made of: the function around it, its loop counters, its stores.
 */
import type { Kernel, Store } from '../../ir/kernel.js';
import type { CheckFailure } from '../../ir/expr.js';
import type { Environment, ExprGraph, Node, Scope, Variable } from './expr-graph.js';
import { bufferName } from './js-expr.js';

export interface PrintedKernel {
  /** Body of a function of `L` (the library) that returns the kernel function. */
  readonly source: string;
  /** Length of the range. */
  readonly units: number;
  /** Slices should be multiples of this where they are longer. */
  readonly grain: number;
  /** Estimated work of the whole kernel, in additions (about a nanosecond each). */
  readonly work: number;
  /** What `fail` is called with the numbers of. */
  readonly failures: readonly CheckFailure[];
}

export function wrapSource(kernel: Kernel, lines: readonly string[]): string {
  const buffers = kernel.bindings.map((_, i) => `const ${bufferName(i)} = buffers[${i}];`);
  return [
    "'use strict';",
    // Local names: a lookup on the global object is slow where it is a sandbox's.
    'const { Math, Number, BigInt } = L;',
    'return function kernel(buffers, begin, end, fail) {',
    ...buffers,
    ...lines,
    '};',
  ].join('\n');
}

/** Index of an axis of length 1. One object, so that equal expressions stay equal. */
const zero: Variable = { text: '0', scope: null };

/** Loop variable of an axis in a scope. */
export const indexVariable = (axis: number, extent: number, scope: Scope): Variable =>
  extent === 1 ? zero : { text: `i${axis}`, scope };

export interface PreparedStore {
  readonly binding: number;
  readonly at: Node;
  readonly value: Node;
}

export const prepareStores = (
  graph: ExprGraph,
  stores: readonly Store[],
  scope: Scope,
  env: Environment,
): PreparedStore[] =>
  stores.map(({ binding, at, value }) => ({
    binding,
    at: graph.use(at, scope, env),
    value: graph.use(value, scope, env),
  }));

export interface StoreLines {
  /** Names every place and value, before anything is stored. */
  readonly compute: readonly string[];
  readonly store: readonly string[];
}

/** `prefix` keeps the names of two sets of stores apart. */
export function splitStores(stores: readonly PreparedStore[], prefix: string): StoreLines {
  return {
    compute: stores.flatMap(({ at, value }, i) => [
      `const ${prefix}at${i} = ${at.text};`,
      `const ${prefix}${i} = ${storedText(value)};`,
    ]),
    store: stores.map(
      ({ binding }, i) => `${bufferName(binding)}[${prefix}at${i}] = ${prefix}${i};`,
    ),
  };
}

const storedText = (value: Node): string =>
  value.expr.type === 'bool' ? `(${value.text} ? 1 : 0)` : value.text;

/** Statements of the stores of one point. */
export function storeLines(stores: readonly PreparedStore[]): readonly string[] {
  const [only] = stores;
  if (only !== undefined && stores.length === 1)
    return [`${bufferName(only.binding)}[${only.at.text}] = ${storedText(only.value)};`];
  const { compute, store } = splitStores(stores, 's');
  return [...compute, ...store];
}

export interface Counter {
  readonly axis: number;
  readonly extent: number;
}

export const countersOf = (extents: readonly number[], firstAxis = 0): Counter[] =>
  extents
    .map((extent, i) => ({ axis: firstAxis + i, extent }))
    .filter(({ extent }) => extent !== 1);

/** Declares the counters at flat position `from`. */
export function startCounters(counters: readonly Counter[], from: string): string[] {
  const lines = [`let rest = ${from};`];
  for (const { axis, extent } of [...counters].reverse())
    lines.push(`let i${axis} = rest % ${extent} | 0;`, `rest = (rest - i${axis}) / ${extent};`);
  return counters.length === 0 ? [] : lines;
}

/** Moves the counters on by one, last axis first. */
export function advanceCounters(counters: readonly Counter[]): string[] {
  return counters.reduce<string[]>(
    (carry, { axis, extent }) => [
      `if (++i${axis} === ${extent}) {`,
      `i${axis} = 0;`,
      ...carry,
      '}',
    ],
    [],
  );
}
