/** Scatter kernels over rows, and what they should leave, by a plain loop. */
import {
  add,
  constant,
  index,
  int,
  mul,
  type Expr,
  type ScalarType,
  type UnaryFn,
} from '../../src/ir/expr.js';
import type { ScatterCombiner, ScatterKernel, StorageType } from '../../src/ir/kernel.js';
import { storageOfType } from '../../src/ir/verify-types.js';

export interface RowScatter {
  readonly combine?: ScatterCombiner;
  readonly type?: Exclude<ScalarType, 'bool'>;
  readonly rows: number;
  readonly width: number;
  readonly updates: number;
  /** What the result holds before; null for what its buffer holds already. */
  readonly start?: number | null;
  readonly round?: UnaryFn;
}

const read = (binding: number, at: Expr, type: ScalarType): Expr => ({
  kind: 'read',
  type,
  binding,
  at,
});

/** `result[ids[i], j]` joins `data[i, j]`: ids (i32) at binding 0, data at 1, the result at 2. */
export function rowScatter(of: RowScatter): ScatterKernel {
  const { combine = 'sum', type = 'f32', rows, width, updates, start = 0, round = null } = of;
  const storage: StorageType = storageOfType(type);
  const own = add(mul(index(2), int(width)), index(3));
  return {
    kind: 'scatter',
    label: `${combine} of rows`,
    bindings: [
      { access: 'read', storage: 'i32', length: updates },
      { access: 'read', storage, length: updates * width },
      { access: 'read_write', storage, length: rows * width },
    ],
    shape: [updates, width],
    out: [rows, width],
    type,
    combine,
    round,
    initial: {
      binding: 2,
      at: own,
      value: start === null ? read(2, own, type) : constant(type, start),
    },
    at: add(mul(read(0, index(0), 'i32'), int(width)), index(1)),
    value: read(1, add(mul(index(0), int(width)), index(1)), type),
  };
}

const steps: Readonly<Record<ScatterCombiner, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

/** The same, update by update; `fit` brings each step back to the type. */
export function plainRowScatter(
  { combine = 'sum', rows, width, start = 0 }: RowScatter,
  ids: ArrayLike<number>,
  data: ArrayLike<number>,
  fit: (value: number) => number = Math.fround,
  before: ArrayLike<number> = [],
): number[] {
  const result = Array.from({ length: rows * width }, (_, i) => start ?? before[i] ?? 0);
  for (let i = 0; i < ids.length; i++)
    for (let j = 0; j < width; j++) {
      const at = (ids[i] ?? 0) * width + j;
      const old = result[at];
      if (old !== undefined) result[at] = fit(steps[combine](old, data[i * width + j] ?? 0));
    }
  return result;
}
