/**
 * Group: elementwise pieces join the kernel whose results they continue, as its epilogue, or a
 * sibling with the same iteration space. What stays becomes one kernel per piece.
 */
import { elementCount, type StaticShape } from '../graph/shape.js';
import { isComplexType, rewrite, walk, type Expr } from '../ir/expr.js';
import { codeSize, maxCodeSize } from '../ir/code-size.js';
import type { FlowVariable } from './flow.js';
import { readsOwnElement } from './in-place.js';
import { IndexAlgebra, indices, ravel, substitute, unravel } from './index-algebra.js';
import {
  certainLoads,
  exprsOf,
  extentOf,
  loadsOf,
  outputsOf,
  prologueOf,
  spaceOf,
  type MapPiece,
  type Piece,
  type PieceOutput,
} from './piece.js';

export interface GroupOptions {
  readonly maxBindings: number;
  readonly variables: readonly FlowVariable[];
  /** Values that must exist in memory whatever happens. */
  readonly external: ReadonlySet<number>;
  readonly shapeOf: (value: number) => StaticShape;
}

export function group(pieces: readonly Piece[], options: GroupOptions): readonly Piece[] {
  return new Grouping(pieces, options).run();
}

class Grouping {
  readonly #groups: Piece[] = [];
  /** Group index by value it computes. */
  readonly #producer = new Map<number, number>();
  readonly #writes = new Map<number, FlowVariable>();
  /** Pieces that load a value, before any joined. */
  readonly #readers = new Map<number, Piece[]>();
  /** Group of each piece that was looked at. */
  readonly #groupOf = new Map<Piece, number>();
  readonly #pieceOf = new Map<number, Piece>();
  readonly #loads = new Map<Piece, ReadonlySet<number>>();
  /** Upper bounds of the pieces' code. */
  readonly #sizes = new Map<Piece, number>();

  constructor(
    readonly pieces: readonly Piece[],
    readonly options: GroupOptions,
  ) {
    for (const variable of options.variables)
      if (variable.final !== null) this.#writes.set(variable.final, variable);
    for (const piece of pieces) {
      for (const output of outputsOf(piece)) this.#pieceOf.set(output.value, piece);
      for (const value of this.#loadsOf(piece)) {
        const list = this.#readers.get(value);
        if (list) list.push(piece);
        else this.#readers.set(value, [piece]);
      }
    }
  }

  run(): readonly Piece[] {
    for (const piece of this.pieces) {
      const joined = piece.kind === 'map' && this.#join(piece);
      if (!joined) this.#add(piece);
    }
    return this.#groups;
  }

  #loadsOf(piece: Piece): ReadonlySet<number> {
    const known = this.#loads.get(piece);
    if (known !== undefined) return known;
    const loads = loadsOf(exprsOf(piece));
    this.#loads.set(piece, loads);
    return loads;
  }

  #sizeOf(piece: Piece): number {
    const known = this.#sizes.get(piece);
    if (known !== undefined) return known;
    const size = codeSize(exprsOf(piece));
    this.#sizes.set(piece, size);
    return size;
  }

  #add(piece: Piece): void {
    this.#groups.push(piece);
    this.#groupOf.set(piece, this.#groups.length - 1);
    this.#record(this.#groups.length - 1);
  }

  #record(at: number): void {
    for (const output of outputsOf(this.#groups[at] as Piece)) this.#producer.set(output.value, at);
  }

  #join(piece: MapPiece): boolean {
    const inputs = [...this.#loadsOf(piece)];
    const candidates = new Set<number>();
    for (const value of inputs) {
      const at = this.#producer.get(value);
      if (at !== undefined) candidates.add(at);
    }
    for (const at of [...candidates].sort((a, b) => b - a)) {
      const merged = this.#merge(at, piece, inputs);
      if (merged === null) continue;
      this.#sizes.set(merged, this.#sizeOf(this.#groups[at] as Piece) + this.#sizeOf(piece));
      this.#loads.delete(this.#groups[at] as Piece);
      this.#groups[at] = merged;
      this.#groupOf.set(piece, at);
      this.#record(at);
      return true;
    }
    return false;
  }

  #merge(at: number, piece: MapPiece, inputs: readonly number[]): Piece | null {
    const target = this.#groups[at] as Piece;
    // A kernel has both parts of a complex product in neighbouring elements, and neither alone is it.
    if (target.kind === 'contract' && isComplexType(target.type)) return null;
    if (target.place !== piece.place || piece.outputs.length === 0) return null;
    const level = levelOf(target, elementCount(piece.shape));
    if (level === null || !this.#mayFit(target, piece)) return null;
    if (this.#sizeOf(target) + this.#sizeOf(piece) > maxCodeSize) return null;
    if (this.#makesCycle(at, inputs) || this.#breaksVariables(target, piece)) return null;
    const outputs = continued(target, piece, level === 'element', this.options.shapeOf);
    if (outputs === null) return null;
    const merged = withOutputs(target, outputs, level === 'element', piece.nodes);
    return this.#fits(merged, at, piece) ? merged : null;
  }

  /** Whether a device binds what both pieces load; their results need no loads. */
  #mayFit(target: Piece, piece: MapPiece): boolean {
    const results = new Set(outputsOf(target).map(({ value }) => value));
    let bindings = this.#loadsOf(target).size;
    for (const value of this.#loadsOf(piece))
      if (!results.has(value) && !this.#loadsOf(target).has(value)) bindings++;
    return bindings <= this.options.maxBindings;
  }

  /** Whether a device binds what a group loads and stores once the piece has joined it. */
  #fits(merged: Piece, at: number, piece: MapPiece): boolean {
    const { maxBindings, external, shapeOf } = this.options;
    const isWanted = (value: number): boolean =>
      external.has(value) ||
      (this.#readers.get(value) ?? []).some(
        (reader) => reader !== piece && this.#groupOf.get(reader) !== at,
      );
    const loads = this.#loadsOf(merged);
    const stored = outputsOf(merged).filter(({ value }) => isWanted(value));
    if (loads.size + stored.length <= maxBindings) return true;
    // A variable's new value goes where the old one is read.
    const elsewhere = stored.filter(({ value }) => {
      const variable = this.#writes.get(value);
      const old = variable?.initial ?? null;
      if (variable === undefined || old === null || !loads.has(old)) return true;
      return variable.place !== merged.place || !readsOwnElement(merged, variable, value, shapeOf);
    });
    return loads.size + elsewhere.length <= maxBindings;
  }

  /** Whether some other input of the piece is computed from the group's own results. */
  #makesCycle(at: number, inputs: readonly number[]): boolean {
    const starts = inputs
      .map((value) => this.#producer.get(value))
      .filter((g): g is number => g !== undefined && g !== at);
    const seen = new Set<number>();
    for (let g = starts.pop(); g !== undefined; g = starts.pop()) {
      if (g === at) return true;
      if (seen.has(g)) continue;
      seen.add(g);
      for (const value of this.#loadsOf(this.#groups[g] as Piece)) {
        const from = this.#producer.get(value);
        if (from !== undefined) starts.push(from);
      }
    }
    return false;
  }

  /**
   * A variable is overwritten in place, so every read of its old value must come before or be at
   * the very element. Joining must not put a write ahead of readers that need the group's results.
   */
  #breaksVariables(target: Piece, piece: MapPiece): boolean {
    for (const { value } of piece.outputs) {
      const initial = this.#writes.get(value)?.initial ?? null;
      if (initial === null) continue;
      if (loadsOf(prologueOf(target)).has(initial)) return true;
      const results = new Set(outputsOf(target).map((o) => o.value));
      for (const reader of this.#readers.get(initial) ?? [])
        if (reader !== piece && this.#dependsOn(reader, results, piece)) return true;
    }
    return false;
  }

  #dependsOn(reader: Piece, results: ReadonlySet<number>, except: Piece): boolean {
    const seen = new Set<Piece>();
    const stack = [reader];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen.has(at) || at === except) continue;
      seen.add(at);
      for (const value of this.#loadsOf(at)) {
        if (results.has(value)) return true;
        const from = this.#pieceOf.get(value);
        if (from) stack.push(from);
      }
    }
    return false;
  }
}

/** Which outputs of the target have as many elements as the piece: its rows, or its elements. */
function levelOf(target: Piece, count: number): 'row' | 'element' | null {
  // What follows a scatter needs all of its updates, which no one invocation can wait for.
  if (target.kind === 'scatter') return null;
  if (elementCount(spaceOf(target, false)) === count) return 'row';
  if (target.kind === 'reduce' && elementCount(spaceOf(target, true)) === count) return 'element';
  return null;
}

/**
 * The piece's outputs over the target's index axes, its loads of the target's results replaced by
 * their expressions; null if it needs any of them at another element than its own.
 */
function continued(
  target: Piece,
  piece: MapPiece,
  element: boolean,
  shapeOf: (value: number) => StaticShape,
): PieceOutput[] | null {
  const algebra = new IndexAlgebra(extentOf(target));
  const space = spaceOf(target, element);
  const flat = ravel(indices(space.length), space);
  const rowSpace = spaceOf(target, false);
  const rowFlat = ravel(indices(rowSpace.length), rowSpace);
  const axes = new Map(
    unravel(flat, piece.shape).map((expr, axis) => [axis, algebra.simplify(expr)]),
  );
  const rows = new Map(rowOutputsOf(target).map((o) => [o.value, o.expr]));
  const elements = new Map(
    target.kind === 'reduce' ? target.elementOutputs.map((o) => [o.value, o.expr]) : [],
  );
  let strays = 0;
  const memo = new Map<Expr, Expr>();
  const replace = (node: Expr): Expr => {
    if (node.kind !== 'load') return node;
    const result = rows.get(node.value) ?? elements.get(node.value);
    if (result === undefined) return node;
    const own = rows.has(node.value) ? rowFlat : flat;
    const at = ravel(node.index, shapeOf(node.value));
    if ((!element && elements.has(node.value)) || !algebra.same(at, own)) strays++;
    return result;
  };
  if (losesChecks(piece, [...rows, ...elements])) return null;
  const outputs = piece.outputs.map(({ value, expr }) => ({
    value,
    expr: rewrite(algebra.simplify(substitute(expr, axes)), replace, memo),
  }));
  return strays === 0 ? outputs : null;
}

/** Whether a piece looks at a checked result for some of its elements only. */
function losesChecks(
  piece: MapPiece,
  results: readonly (readonly [value: number, expr: Expr])[],
): boolean {
  const exprs = exprsOf(piece);
  const loads = loadsOf(exprs);
  const checked = results.filter(([value, expr]) => loads.has(value) && hasCheck(expr));
  if (checked.length === 0) return false;
  const certain = certainLoads(exprs);
  return checked.some(([value]) => !certain.has(value));
}

function hasCheck(expr: Expr): boolean {
  let found = false;
  walk([expr], (node) => (found ||= node.kind === 'check'));
  return found;
}

const rowOutputsOf = (piece: Piece): readonly PieceOutput[] =>
  piece.kind === 'reduce' ? piece.rowOutputs : piece.outputs;

function withOutputs(
  target: Piece,
  outputs: readonly PieceOutput[],
  element: boolean,
  nodes: readonly string[],
): Piece {
  const names = [...new Set([...target.nodes, ...nodes])];
  if (target.kind !== 'reduce')
    return { ...target, nodes: names, outputs: [...target.outputs, ...outputs] };
  return element
    ? { ...target, nodes: names, elementOutputs: [...target.elementOutputs, ...outputs] }
    : { ...target, nodes: names, rowOutputs: [...target.rowOutputs, ...outputs] };
}
