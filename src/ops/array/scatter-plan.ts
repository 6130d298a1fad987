/** Updates put where index vectors say: their shapes, and the plan of their scatter. */
import { formatShape, mergeShapes, type Shape, type StaticShape } from '../../graph/shape.js';
import { ge, int, like, lt, type Expr } from '../../ir/expr.js';
import { indexDTypes } from '../data-dtypes.js';
import { allOf, placeholders } from '../lowering-steps.js';
import type { Check, Operand, Result, ScatterPlan } from '../op-def.js';
import { sameShapes, type Fail } from '../shape-checks.js';

export const indexVectorAttrs = {
  Tindices: { kind: 'type', allowed: indexDTypes },
  bad_indices_policy: { kind: 'string', default: '', recent: true },
} as const;

/** Checks the updates against the indices and the shape they go into. */
export function checkScatter(indices: Shape, updates: Shape, output: Shape, fail: Fail): void {
  const depth = indices?.at(-1) ?? null;
  if (indices === null || updates === null || depth === null) return;
  const outer = indices.length - 1;
  const given = updates.slice(0, outer);
  if (mergeShapes(indices.slice(0, outer), given) === undefined) {
    fail(
      `Dimensions [0,${outer}) of indices[shape=${formatShape(indices)}] = ` +
        `${formatShape(indices.slice(0, outer))} must match dimensions [0,${outer}) of ` +
        `updates[shape=${formatShape(updates)}] = ${formatShape(given)}`,
    );
  }
  if (output === null) return;
  if (depth > output.length) {
    fail(`The inner ${depth} dimensions of output.shape=${formatShape(output)} are too few`);
  }
  sameShapes(output.slice(depth), updates.slice(outer), (message) =>
    fail(
      `Dimensions [${depth},${output.length}) of input[shape=${formatShape(output)}] must match ` +
        `dimensions [${outer},${updates.length}) of updates[shape=${formatShape(updates)}]: ${message}`,
    ),
  );
}

export interface Scattered {
  readonly indices: Operand;
  /** An element of the updates. */
  readonly update: (index: readonly Expr[]) => Expr;
  readonly output: Result;
  readonly check: Check;
}

/** Every slice of the updates joins what is there where its index vector says. */
export function scatterPlan(
  combine: ScatterPlan['combine'],
  { indices, update, output, check }: Scattered,
  initial: ScatterPlan['initial'],
): ScatterPlan {
  const outer = indices.shape.length - 1;
  const depth = indices.shape[outer] ?? 0;
  return {
    combine,
    slices: indices.shape.slice(0, outer),
    place: (slice) => checkedVector(indices, slice, output.shape, depth, check),
    value: (slice, rest) => update([...slice, ...rest]),
    initial,
  };
}

/** An index vector, all of which is checked with its first number. */
function checkedVector(
  indices: Operand,
  slice: readonly Expr[],
  shape: StaticShape,
  depth: number,
  check: Check,
): readonly Expr[] {
  const vector = Array.from({ length: depth }, (_, axis) => indices.at([...slice, int(axis)]));
  const [first, ...others] = vector;
  const inside = allOf(
    vector.flatMap((at, axis) => [ge(at, like(at, 0)), lt(at, like(at, shape[axis] ?? 0))]),
  );
  if (first === undefined || inside === undefined) return vector;
  const named = vector.map((_, i) => `{${i}}`).join(', ');
  const message = `indices${placeholders(slice.length, depth)} = [${named}] does not index into shape ${formatShape(shape)}`;
  return [check(first, inside, message, [...vector, ...slice]), ...others];
}
