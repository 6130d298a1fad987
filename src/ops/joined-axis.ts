/** Several tensors side by side along an axis: which one an output index falls into, and where. */
import { int, lt, select, sub, type Expr } from '../ir/expr.js';
import { clamped } from './lowering-steps.js';

/** One of the joined tensors: its extent along the axis, and its element at a place on it. */
export interface JoinedPart {
  readonly extent: number;
  readonly at: (place: Expr) => Expr;
}

/**
 * The element at `place` of the parts laid end to end. Selects form a balanced tree, so that a long
 * list of parts is not a deep expression. Parts
 * without elements stand for an expression that is never evaluated.
 */
export function joinedAt(parts: readonly JoinedPart[], place: Expr): Expr {
  const offsets: number[] = [];
  let total = 0;
  for (const part of parts) {
    offsets.push(total);
    total += part.extent;
  }
  const [first] = parts;
  if (total === 0 && first !== undefined) return first.at(place);
  const filled = parts.flatMap((part, i) =>
    part.extent > 0 ? [{ ...part, offset: offsets[i] ?? 0 }] : [],
  );
  const between = (from: number, to: number): Expr => {
    if (to - from === 1) {
      const part = filled[from];
      if (part === undefined) return int(0);
      return part.at(
        filled.length === 1 ? place : clamped(sub(place, int(part.offset)), part.extent),
      );
    }
    const middle = (from + to) >>> 1;
    const right = filled[middle]?.offset ?? 0;
    return select(lt(place, int(right)), between(from, middle), between(middle, to));
  };
  return between(0, filled.length);
}
