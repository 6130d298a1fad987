/**
 * Pieces: lowered ops before buffers exist. Expressions read values through `load` nodes. Fusion
 * turns many pieces into few; each that is left becomes one kernel.
 */
import {
  operands,
  walk,
  type Combiner,
  type Expr,
  type ScalarType,
  type UnaryFn,
} from '../ir/expr.js';
import type { ScatterCombiner } from '../ir/kernel.js';
import type { Place } from '../ir/program.js';

/** One value a piece computes: element `flat index` of `value` is `expr`. */
export interface PieceOutput {
  readonly value: number;
  readonly expr: Expr;
}

interface PieceBase {
  readonly place: Place;
  /** Names of the graph nodes inside, first to last. */
  readonly nodes: readonly string[];
}

/** Outputs have as many elements as `shape`, in row-major order; index axes are those of `shape`. */
export interface MapPiece extends PieceBase {
  readonly kind: 'map';
  readonly shape: readonly number[];
  readonly outputs: readonly PieceOutput[];
}

export interface PieceStage {
  readonly combine: Combiner;
  readonly type: ScalarType;
  readonly expr: Expr;
}

/** Index axes: rows 0..r-1, inner r..r+q-1. Row outputs follow `shape`, element outputs [...shape, ...inner]. */
export interface ReducePiece extends PieceBase {
  readonly kind: 'reduce';
  readonly shape: readonly number[];
  readonly inner: readonly number[];
  readonly stages: readonly PieceStage[];
  readonly rowOutputs: readonly PieceOutput[];
  readonly elementOutputs: readonly PieceOutput[];
}

/** Index axes: 0 batch, 1 m, 2 n, 3 k. Outputs have batch*m*n elements. */
export interface ContractPiece extends PieceBase {
  readonly kind: 'contract';
  readonly type: ScalarType;
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Expr;
  readonly b: Expr;
  readonly outputs: readonly PieceOutput[];
}

/**
 * One output, of the elements of `out`: its expression says what they hold before the updates, over
 * axes r..r+q-1. `at` is a flat place in it, outside which nothing is updated, and `update` what
 * joins the element there, both over the axes 0..r-1 of `shape`.
 */
export interface ScatterPiece extends PieceBase {
  readonly kind: 'scatter';
  readonly shape: readonly number[];
  readonly out: readonly number[];
  readonly combine: ScatterCombiner;
  readonly round: UnaryFn | null;
  readonly at: Expr;
  readonly update: Expr;
  readonly outputs: readonly PieceOutput[];
}

export type Piece = MapPiece | ReducePiece | ContractPiece | ScatterPiece;

export function outputsOf(piece: Piece): readonly PieceOutput[] {
  return piece.kind === 'reduce' ? [...piece.rowOutputs, ...piece.elementOutputs] : piece.outputs;
}

/** Expressions evaluated before (prologue) or inside the loops of the piece's own reduction. */
export function prologueOf(piece: Piece): readonly Expr[] {
  switch (piece.kind) {
    case 'map':
      return [];
    case 'reduce':
      return piece.stages.map((s) => s.expr);
    case 'contract':
      return [piece.a, piece.b];
    case 'scatter':
      return [piece.at, piece.update];
  }
}

export const exprsOf = (piece: Piece): Expr[] => [
  ...prologueOf(piece),
  ...outputsOf(piece).map((o) => o.expr),
];

/** Extents of a piece's index axes. */
export function extentsOf(piece: Piece): readonly number[] {
  switch (piece.kind) {
    case 'map':
      return piece.shape;
    case 'reduce':
      return [...piece.shape, ...piece.inner];
    case 'contract':
      return [piece.batch, piece.m, piece.n, piece.k];
    case 'scatter':
      return [...piece.shape, ...piece.out];
  }
}

/** Extent of each index axis. */
export function extentOf(piece: Piece): (axis: number) => number {
  const extents = extentsOf(piece);
  return (axis) => extents[axis] ?? 1;
}

/** Iteration space of outputs: for a reduce, that of rows or of elements. */
export function spaceOf(piece: Piece, elements: boolean): readonly number[] {
  if (piece.kind === 'map') return piece.shape;
  if (piece.kind === 'contract') return [piece.batch, piece.m, piece.n];
  if (piece.kind === 'scatter') return piece.out;
  return elements ? [...piece.shape, ...piece.inner] : piece.shape;
}

/** The same piece with each expression replaced. */
export function mapExprs(piece: Piece, change: (expr: Expr) => Expr): Piece {
  const change1 = (o: PieceOutput): PieceOutput => ({ ...o, expr: change(o.expr) });
  switch (piece.kind) {
    case 'map':
      return { ...piece, outputs: piece.outputs.map(change1) };
    case 'reduce':
      return {
        ...piece,
        stages: piece.stages.map((s) => ({ ...s, expr: change(s.expr) })),
        rowOutputs: piece.rowOutputs.map(change1),
        elementOutputs: piece.elementOutputs.map(change1),
      };
    case 'contract':
      return {
        ...piece,
        a: change(piece.a),
        b: change(piece.b),
        outputs: piece.outputs.map(change1),
      };
    case 'scatter':
      return {
        ...piece,
        at: change(piece.at),
        update: change(piece.update),
        outputs: piece.outputs.map(change1),
      };
  }
}

/** Ids of the values loaded wherever the expressions are computed, not just in arms of selects. */
export function certainLoads(exprs: readonly Expr[]): ReadonlySet<number> {
  const values = new Set<number>();
  const seen = new Set<Expr>();
  const stack = [...exprs];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'load') values.add(node.value);
    if (node.kind === 'select') stack.push(node.cond);
    else if (node.kind === 'check') stack.push(node.x, node.ok);
    else stack.push(...operands(node));
  }
  return values;
}

/** Ids of the values a piece loads. */
export function loadsOf(exprs: readonly Expr[]): Set<number> {
  const values = new Set<number>();
  walk(exprs, (node) => {
    if (node.kind === 'load') values.add(node.value);
  });
  return values;
}
