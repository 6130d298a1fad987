/**
 * Prune: the operations a run needs, in an order in which each comes after what it depends on.
 * Data edges stop at fed tensors; control edges are kept.
 */
import { InvalidArgumentError, UnimplementedError } from '../errors.js';
import type { Operation, Tensor } from '../graph/operation.js';

export interface RunSignature {
  /** Tensors to bring back. */
  readonly fetches: readonly Tensor[];
  /** Operations to run for their effect. */
  readonly targets: readonly Operation[];
  readonly feeds: readonly Tensor[];
}

/**
 * Ancestors of the fetches and targets, dependencies first; ties go by creation order.
 * @throws InvalidArgumentError if the ops needed form a cycle; UnimplementedError naming every op
 *   type needed that `isKnown` denies, with the way from a fetch to it.
 */
export function prune(
  signature: RunSignature,
  isKnown: (op: Operation) => boolean,
): readonly Operation[] {
  const fed = new Set(signature.feeds);
  const roots = [
    ...signature.fetches.filter((t) => !fed.has(t)).map((t) => t.op),
    ...signature.targets,
  ];
  const wantedBy = new Map<Operation, Operation | null>();
  const stack = [...new Set(roots)];
  for (const root of stack) wantedBy.set(root, null);
  for (let op = stack.pop(); op !== undefined; op = stack.pop()) {
    for (const input of dependenciesOf(op, fed)) {
      if (wantedBy.has(input)) continue;
      wantedBy.set(input, op);
      stack.push(input);
    }
  }
  const needed = [...wantedBy.keys()];
  reportUnknown(
    needed.filter((op) => !isKnown(op)),
    wantedBy,
  );
  return inOrder(needed, fed);
}

/** Ops that must come before `op`: producers of its unfed inputs, and its control inputs. */
export const dependenciesOf = (op: Operation, fed: ReadonlySet<Tensor>): Operation[] => [
  ...op.inputs.filter((input) => !fed.has(input)).map((input) => input.op),
  // A fed placeholder needs nothing; other fed ops keep their control edges through consumers.
  ...op.controlInputs.filter((c) => !(c.outputs.length > 0 && c.outputs.every((o) => fed.has(o)))),
];

function reportUnknown(
  unknown: readonly Operation[],
  wantedBy: ReadonlyMap<Operation, Operation | null>,
): void {
  const [first] = unknown;
  if (first === undefined) return;
  const lines = unknown.slice(0, 10).map((op) => {
    const path: string[] = [];
    for (let at: Operation | null | undefined = op; at; at = wantedBy.get(at)) path.push(at.name);
    return `  ${op}: needed by ${path.slice(1).join(' <- ') || 'the fetch itself'}`;
  });
  const types = [...new Set(unknown.map((op) => op.type))].join(', ');
  throw new UnimplementedError(
    `Op type not supported: ${types}.\n${lines.join('\n')}\nFetch a tensor that does not need them, or feed their outputs.`,
    { node: first.name, op: first.type },
  );
}

/** Kahn's algorithm with a heap on creation order, so that the result is the same every time. */
function inOrder(needed: readonly Operation[], fed: ReadonlySet<Tensor>): Operation[] {
  const waiting = new Map<Operation, number>();
  const followers = new Map<Operation, Operation[]>();
  for (const op of needed) {
    const inputs = new Set(dependenciesOf(op, fed));
    waiting.set(op, inputs.size);
    for (const input of inputs) {
      const list = followers.get(input);
      if (list) list.push(op);
      else followers.set(input, [op]);
    }
  }
  const ready = new MinHeap<Operation>((op) => op.id);
  for (const op of needed) if (waiting.get(op) === 0) ready.push(op);
  const ordered: Operation[] = [];
  for (let op = ready.pop(); op !== undefined; op = ready.pop()) {
    ordered.push(op);
    for (const follower of followers.get(op) ?? []) {
      const left = (waiting.get(follower) ?? 0) - 1;
      waiting.set(follower, left);
      if (left === 0) ready.push(follower);
    }
  }
  if (ordered.length < needed.length) {
    const done = new Set(ordered);
    const stuck = needed.filter((op) => !done.has(op));
    throw new InvalidArgumentError(
      `${stuck.length} nodes in a cycle: ${stuck
        .slice(0, 5)
        .map((op) => op.name)
        .join(', ')}.`,
      { node: stuck[0]?.name, op: stuck[0]?.type },
    );
  }
  return ordered;
}

/** Binary heap by a numeric key. */
export class MinHeap<T> {
  readonly #items: T[] = [];
  constructor(readonly keyOf: (item: T) => number) {}

  push(item: T): void {
    const items = this.#items;
    items.push(item);
    for (let i = items.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (this.keyOf(items[parent] as T) <= this.keyOf(items[i] as T)) break;
      [items[parent], items[i]] = [items[i] as T, items[parent] as T];
      i = parent;
    }
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    items[0] = last;
    for (let i = 0; ;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < items.length && this.keyOf(items[child] as T) < this.keyOf(items[least] as T))
          least = child;
      if (least === i) return top;
      [items[least], items[i]] = [items[i] as T, items[least] as T];
      i = least;
    }
  }
}
