/**
 * Kernels: one dispatch each, plain data. Every expression reads buffers through `read` nodes whose
 * `binding` indexes `bindings`; no logical `load` is left. Shapes are literals.
 */
import { walk, type Combiner, type Expr, type ScalarType, type UnaryFn } from './expr.js';

/**
 * How a buffer's elements are stored: four bytes each on a device; f64, i64, u64 and byte strings
 * (`str`) on the host only.
 */
export type StorageType = 'f32' | 'i32' | 'u32' | 'f64' | 'i64' | 'u64' | 'str';

/** One buffer a kernel touches. A bool tensor is stored as u32 0 or 1. */
export interface Binding {
  /** `read_write` also covers buffers that are only written: WebGPU has no write-only storage buffers. */
  readonly access: 'read' | 'read_write';
  readonly storage: StorageType;
  /** Length in elements. */
  readonly length: number;
}

/** Writes `value` to element `at` of the buffer at `binding`. A bool value is stored as 0 or 1. */
export interface Store {
  readonly binding: number;
  readonly at: Expr;
  readonly value: Expr;
}

interface KernelBase {
  /** For labels and people: the ops inside, as `a+b+c`. */
  readonly label: string;
  readonly bindings: readonly Binding[];
}

/** For every point of `shape`: all stores. Index axes 0..shape.length-1. */
export interface MapPart {
  readonly shape: readonly number[];
  readonly stores: readonly Store[];
}

export interface MapKernel extends KernelBase, MapPart {
  readonly kind: 'map';
}

/**
 * Maps over spaces of their own in one dispatch: the updates of many small variables. No part
 * touches what another writes, and none may fail.
 */
export interface MapsKernel extends KernelBase {
  readonly kind: 'maps';
  readonly parts: readonly MapPart[];
}

/** One pass over the reduced axes; `value` may use earlier stages (`stage` nodes). */
export interface Stage {
  readonly combine: Combiner;
  readonly type: ScalarType;
  readonly value: Expr;
}

/**
 * For every row (point of `shape`, index axes 0..r-1): the stages in order, each combining over all
 * points of `inner` (index axes r..r+q-1); then `rowStores` once per row, and `elementStores` once
 * per point of `inner`. Softmax, losses, means and arg-reductions are of this kind. Row stores may
 * not write what element stores or stages of the same kernel read at another row's place.
 */
export interface ReduceKernel extends KernelBase {
  readonly kind: 'reduce';
  readonly shape: readonly number[];
  readonly inner: readonly number[];
  readonly stages: readonly Stage[];
  readonly rowStores: readonly Store[];
  readonly elementStores: readonly Store[];
}

/**
 * acc(b, m, n) = sum over k of a(b, m, k) * b(b, k, n), then the stores once per (b, m, n).
 * Index axes: 0 = batch, 1 = m, 2 = n, 3 = k. `a` does not use axis 2, `b` does not use axis 1,
 * the stores do not use axis 3. Matrix products, and convolutions as implicit GEMM.
 */
export interface ContractKernel extends KernelBase {
  readonly kind: 'contract';
  readonly type: ScalarType;
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Expr;
  readonly b: Expr;
  readonly stores: readonly Store[];
}

/** How an update joins what its element holds: in any order of the updates, rounding aside. */
export type ScatterCombiner = Exclude<Combiner, 'and' | 'or'>;

/**
 * `initial` at every point of `out`, which fills the result. Then, for every point of `shape`: element
 * `at` of the result becomes `combine` of itself and `value`, brought back by `round` to what narrow
 * types hold; where `at` lies outside the result, nothing changes. The host takes the points in
 * row-major order; a device in any order, so that its sums of floats may differ in the last bits from
 * run to run. Index axes 0..r-1 are those of `shape`; `initial` alone uses r..r+q-1, those of `out`.
 * It may read the element it stores, and then updates in place; `at` and `value` read others' only.
 */
export interface ScatterKernel extends KernelBase {
  readonly kind: 'scatter';
  readonly shape: readonly number[];
  readonly out: readonly number[];
  readonly type: ScalarType;
  readonly combine: ScatterCombiner;
  readonly round: UnaryFn | null;
  readonly initial: Store;
  readonly at: Expr;
  readonly value: Expr;
}

export type Kernel = MapKernel | MapsKernel | ReduceKernel | ContractKernel | ScatterKernel;

/** Index axes of a contract kernel. */
export const contractAxes = { batch: 0, m: 1, n: 2, k: 3 } as const;

/** Every expression of a kernel, for walks. */
export function kernelExprs(kernel: Kernel): Expr[] {
  const ofStores = (stores: readonly Store[]): Expr[] => stores.flatMap((s) => [s.at, s.value]);
  switch (kernel.kind) {
    case 'map':
      return ofStores(kernel.stores);
    case 'maps':
      return kernel.parts.flatMap(({ stores }) => ofStores(stores));
    case 'reduce':
      return [
        ...kernel.stages.map((s) => s.value),
        ...ofStores(kernel.rowStores),
        ...ofStores(kernel.elementStores),
      ];
    case 'contract':
      return [kernel.a, kernel.b, ...ofStores(kernel.stores)];
    case 'scatter':
      return [...ofStores([kernel.initial]), kernel.at, kernel.value];
  }
}

/** Everything a kernel stores; of a scatter, what fills the result before the updates. */
export function storesOf(kernel: Kernel): readonly Store[] {
  switch (kernel.kind) {
    case 'map':
    case 'contract':
      return kernel.stores;
    case 'maps':
      return kernel.parts.flatMap(({ stores }) => stores);
    case 'reduce':
      return [...kernel.rowStores, ...kernel.elementStores];
    case 'scatter':
      return [kernel.initial];
  }
}

/** Whether a kernel may fail on the host, after it has stored some of its results. */
export function hasChecks(kernel: Kernel): boolean {
  let found = false;
  walk(kernelExprs(kernel), (node) => (found ||= node.kind === 'check'));
  return found;
}
