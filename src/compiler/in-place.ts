/** Whether a variable's new value may be computed right where the old one is. */
import type { StaticShape } from '../graph/shape.js';
import { isComplexType, type Expr } from '../ir/expr.js';
import type { FlowVariable } from './flow.js';
import { IndexAlgebra, indices, ravel } from './index-algebra.js';
import {
  exprsOf,
  extentOf,
  loadsOf,
  outputsOf,
  prologueOf,
  spaceOf,
  type Piece,
  type PieceOutput,
} from './piece.js';
import { everyLoad } from './schedule.js';

/** Whether what fills a scatter needs both parts of complex numbers for each, which are apart then. */
const mixesParts = (outputs: readonly PieceOutput[]): boolean =>
  outputs.some(({ expr }) => isComplexType(expr.type) && expr.kind !== 'load');

/** Whether a piece that writes a variable reads its old value only at the element it writes. */
export function readsOwnElement(
  piece: Piece,
  variable: FlowVariable,
  value: number,
  shapeOf: (id: number) => StaticShape,
): boolean {
  const { initial } = variable;
  if (initial === null || !loadsOf(exprsOf(piece)).has(initial)) return true;
  if (piece.kind === 'scatter' && loadsOf(prologueOf(piece)).has(initial)) return false;
  if (piece.kind === 'scatter' && mixesParts(outputsOf(piece))) return false;
  const inLoops = piece.kind === 'reduce' || piece.kind === 'contract';
  const algebra = new IndexAlgebra(extentOf(piece));
  const element = piece.kind === 'reduce' && piece.elementOutputs.some((o) => o.value === value);
  if (inLoops && element) return false;
  const space = spaceOf(piece, false);
  const first = piece.kind === 'scatter' ? piece.shape.length : 0;
  const own = ravel(indices(space.length, first), space);
  const isOwn = (at: readonly Expr[]): boolean => algebra.same(ravel(at, shapeOf(initial)), own);
  return everyLoad(piece, initial, isOwn);
}
