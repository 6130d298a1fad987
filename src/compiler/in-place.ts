/** Whether a variable's new value may be computed right where the old one is. */
import type { StaticShape } from '../graph/shape.js';
import type { Expr } from '../ir/expr.js';
import type { FlowVariable } from './flow.js';
import { IndexAlgebra, indices, ravel } from './index-algebra.js';
import { exprsOf, extentOf, loadsOf, spaceOf, type Piece } from './piece.js';
import { everyLoad } from './schedule.js';

/** Whether a piece that writes a variable reads its old value only at the element it writes. */
export function readsOwnElement(
  piece: Piece,
  variable: FlowVariable,
  value: number,
  shapeOf: (id: number) => StaticShape,
): boolean {
  const { initial } = variable;
  if (initial === null || !loadsOf(exprsOf(piece)).has(initial)) return true;
  // Updates arrive at elements of their choice.
  if (piece.kind === 'scatter') return false;
  const inLoops = piece.kind === 'reduce' || piece.kind === 'contract';
  const algebra = new IndexAlgebra(extentOf(piece));
  const element = piece.kind === 'reduce' && piece.elementOutputs.some((o) => o.value === value);
  if (inLoops && element) return false;
  const space = spaceOf(piece, false);
  const own = ravel(indices(space.length), space);
  const isOwn = (at: readonly Expr[]): boolean => algebra.same(ravel(at, shapeOf(initial)), own);
  return everyLoad(piece, initial, isOwn);
}
