/** Steps that lowerings of array ops share: constant integer inputs, zeros and guarded reads. */
import { and, constant, int, max, min, select, type Expr, type ScalarType } from '../ir/expr.js';
import { integersOf } from './integers.js';
import type { Operand } from './op-def.js';
import type { Fail } from './shape-checks.js';

/** Elements of an integer input that decides a shape; specialisation has made it constant. */
export function constantIntegers(operand: Operand, name: string, fail: Fail): number[] {
  return operand.constant === null
    ? fail(
        `Input '${name}' decides the output's shape, so its value must be known before the kernels ` +
          `run, but it is computed from data. Make it a constant or feed it`,
      )
    : integersOf(operand.constant);
}

export const zeroOf = (type: ScalarType): Expr => constant(type, 0);

/** An i32 index kept within [0, extent), so that the arm of a select not taken reads in bounds. */
export const clamped = (at: Expr, extent: number): Expr => max(min(at, int(extent - 1)), int(0));

/** `[{first},{first + 1}]`: an index in the message of a check; '' of a scalar. */
export const placeholders = (rank: number, first: number): string =>
  rank === 0 ? '' : `[${Array.from({ length: rank }, (_, i) => `{${first + i}}`).join(',')}]`;

/** All conditions; undefined when there are none. */
export const allOf = (conditions: readonly Expr[]): Expr | undefined =>
  conditions.length === 0 ? undefined : conditions.reduce(and);

/** `value` where all conditions hold, else `otherwise`. */
export function guarded(conditions: readonly Expr[], value: Expr, otherwise: Expr): Expr {
  const condition = allOf(conditions);
  return condition === undefined ? value : select(condition, value, otherwise);
}
