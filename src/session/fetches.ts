/** Fetches: what run() may be asked for, the types that come back, and how answers are put together. */
import { DTypeError, ValueError } from '../errors.js';
import { isVariable, type VariableLike } from '../graph/add-node.js';
import type { NdArray } from '../graph/dtype.js';
import type { Graph } from '../graph/graph.js';
import { Operation, Tensor } from '../graph/operation.js';

/** A tensor, a variable, an operation (runs, gives null), or the name of one: `y:0`, `train`. */
export type FetchLeaf = Tensor | Operation | VariableLike | string;
/** Leaves in any nesting of arrays and plain objects; the answer has the same structure. */
export type Fetches = FetchLeaf | readonly Fetches[] | { readonly [key: string]: Fetches };

/**
 * What a run gives back for `F`. A name known only as `string` may be of either kind; of fetches
 * known only as `Fetches` nothing can be said, so a list of such gives a list of unknowns.
 */
export type Fetched<F> = [Fetches] extends [F] ? unknown : FetchedOf<F>;

type FetchedOf<F> = F extends Operation
  ? null
  : F extends Tensor | VariableLike | `${string}:${number}`
    ? NdArray
    : F extends string
      ? NdArray | null
      : F extends object
        ? { -readonly [K in keyof F]: Fetched<F[K]> }
        : never;

export interface FetchPlan {
  /** Distinct tensors, in order of first appearance. */
  readonly tensors: readonly Tensor[];
  readonly targets: readonly Operation[];
  /** Rebuilds the caller's structure from one array per tensor. */
  readonly assemble: (arrays: readonly NdArray[]) => unknown;
}

/** Deepest nesting of arrays and objects. */
const maxDepth = 32;

export function planFetches(graph: Graph, fetches: Fetches): FetchPlan {
  const tensors = new Map<Tensor, number>();
  const targets = new Set<Operation>();
  const visit = (fetch: unknown, depth: number): ((arrays: readonly NdArray[]) => unknown) => {
    // The limit also ends the walk into a structure that holds itself.
    if (depth > maxDepth)
      throw new ValueError(
        `Fetches are nested more than ${maxDepth} deep. Does the structure hold itself?`,
      );
    if (Array.isArray(fetch)) {
      const parts = Array.from(fetch, (item) => visit(item, depth + 1));
      return (arrays) => parts.map((part) => part(arrays));
    }
    const leaf = leafOf(graph, fetch);
    if (leaf instanceof Operation) {
      targets.add(leaf);
      return () => null;
    }
    if (leaf instanceof Tensor) {
      const at = tensors.get(leaf) ?? tensors.size;
      tensors.set(leaf, at);
      return (arrays) => arrays[at];
    }
    const parts = Object.entries(fetch as object).map(
      ([key, value]) => [key, visit(value, depth + 1)] as const,
    );
    return (arrays) => Object.fromEntries(parts.map(([key, part]) => [key, part(arrays)]));
  };
  const assemble = visit(fetches, 0);
  return { tensors: [...tensors.keys()], targets: [...targets], assemble };
}

/** The graph element a leaf names; undefined for a plain object, whose values are fetches. */
function leafOf(graph: Graph, fetch: unknown): Tensor | Operation | undefined {
  if (typeof fetch === 'string') return byName(graph, fetch);
  if (isVariable(fetch)) return owned(graph, variableTensor(fetch));
  if (fetch instanceof Tensor || fetch instanceof Operation) return owned(graph, fetch);
  const isPlain =
    typeof fetch === 'object' &&
    fetch !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(fetch) as null);
  if (isPlain) return undefined;
  throw new DTypeError(
    `Fetch argument ${describe(fetch)} has invalid type, must be a string, Tensor, Operation or Variable, or arrays and objects of these.${fetch === null ? ' gradients() gives null where no path leads from x to y.' : ''}`,
  );
}

/** The reference itself, or the handle: either stands for the variable's value when fetched. */
const variableTensor = (variable: VariableLike): Tensor => variable.handle;

function byName(graph: Graph, name: string): Tensor | Operation {
  try {
    return name.includes(':') ? graph.tensor(name) : graph.operation(name);
  } catch (error) {
    throw new ValueError(
      `Fetch argument '${name}' cannot be interpreted as a Tensor. (${(error as Error).message})`,
      { node: name.split(':')[0], cause: error },
    );
  }
}

function owned<T extends Tensor | Operation>(graph: Graph, fetch: T): T {
  if (fetch.graph === graph) return fetch;
  throw new ValueError(
    `Fetch argument ${String(fetch)} cannot be interpreted as a Tensor. (${String(fetch)} is not an element of this graph.)`,
    { node: fetch.name.split(':')[0] },
  );
}

const describe = (value: unknown): string =>
  value === null || ['number', 'boolean', 'undefined'].includes(typeof value)
    ? String(value)
    : `of type ${typeof value}`;
