/**
 * Schedule: an order of pieces in which every value is computed before it is loaded, and every read
 * of a variable's old value comes before the write that replaces it. Where both orders are asked
 * for, the old value is copied first and late readers get the copy.
 */
import { InternalError } from '../errors.js';
import { walk, type Expr } from '../ir/expr.js';
import type { FlowVariable } from './flow.js';
import { exprsOf, loadsOf, outputsOf, type Piece } from './piece.js';
import { MinHeap } from './prune.js';

export interface Schedule {
  readonly order: readonly Piece[];
  /** Variables whose old value some pieces read only after the write. */
  readonly snapshots: readonly {
    readonly variable: FlowVariable;
    readonly readers: readonly Piece[];
  }[];
}

export function schedule(pieces: readonly Piece[], variables: readonly FlowVariable[]): Schedule {
  const producer = new Map<number, Piece>();
  for (const piece of pieces) for (const o of outputsOf(piece)) producer.set(o.value, piece);
  const before = new Map<Piece, Set<Piece>>();
  const loads = new Map(pieces.map((piece) => [piece, loadsOf(exprsOf(piece))]));
  for (const [piece, values] of loads) {
    const inputs = [...values].map((value) => producer.get(value));
    before.set(piece, new Set(inputs.filter((p): p is Piece => p !== undefined && p !== piece)));
  }
  const snapshots: { variable: FlowVariable; readers: Piece[] }[] = [];
  for (const variable of variables) {
    if (variable.initial === null || variable.final === null) continue;
    const writer = producer.get(variable.final);
    if (writer === undefined) continue;
    const late: Piece[] = [];
    for (const reader of pieces) {
      if (reader === writer || loads.get(reader)?.has(variable.initial) !== true) continue;
      if (comesAfter(reader, writer, before)) late.push(reader);
      else before.get(writer)?.add(reader);
    }
    if (late.length > 0) snapshots.push({ variable, readers: late });
  }
  return { order: topological(pieces, before), snapshots };
}

function comesAfter(
  piece: Piece,
  other: Piece,
  before: ReadonlyMap<Piece, ReadonlySet<Piece>>,
): boolean {
  const seen = new Set<Piece>();
  const stack = [...(before.get(piece) ?? [])];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at === other) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    stack.push(...(before.get(at) ?? []));
  }
  return false;
}

/** Host pieces that need nothing from the device go first: a run then has fewer round trips. */
function topological(
  pieces: readonly Piece[],
  before: ReadonlyMap<Piece, ReadonlySet<Piece>>,
): readonly Piece[] {
  const place = new Map(pieces.map((piece, i) => [piece, i]));
  const waiting = new Map<Piece, number>();
  const followers = new Map<Piece, Piece[]>();
  for (const piece of pieces) {
    const inputs = before.get(piece) ?? new Set<Piece>();
    waiting.set(piece, inputs.size);
    for (const input of inputs) followers.set(input, [...(followers.get(input) ?? []), piece]);
  }
  const key = (piece: Piece): number =>
    (place.get(piece) ?? 0) + (piece.place === 'host' ? 0 : pieces.length);
  const ready = new MinHeap<Piece>(key);
  for (const piece of pieces) if (waiting.get(piece) === 0) ready.push(piece);
  const order: Piece[] = [];
  for (let piece = ready.pop(); piece !== undefined; piece = ready.pop()) {
    order.push(piece);
    for (const follower of followers.get(piece) ?? []) {
      const left = (waiting.get(follower) ?? 0) - 1;
      waiting.set(follower, left);
      if (left === 0) ready.push(follower);
    }
  }
  if (order.length !== pieces.length)
    throw new InternalError(`schedule: ${pieces.length - order.length} pieces form a cycle.`);
  return order;
}

/** Whether every load of a value in these pieces' expressions passes a test. */
export function everyLoad(
  piece: Piece,
  value: number,
  test: (index: readonly Expr[]) => boolean,
): boolean {
  let all = true;
  walk(exprsOf(piece), (node) => {
    if (node.kind === 'load' && node.value === value && !test(node.index)) all = false;
  });
  return all;
}
