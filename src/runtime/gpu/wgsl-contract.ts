/**
 * Prints a contraction (matrix products, convolutions as implicit GEMM) as one WGSL module. Shapes
 * (but the leading extent) are literals and operands arbitrary expressions, so transposes, batches
 * and padding cost no variant of their own: variants differ in how elements reach the multiply-adds.
 */
import { InternalError } from '../../errors.js';
import { constant, mul, walk, type Expr } from '../../ir/expr.js';
import { contractAxes, type ContractKernel } from '../../ir/kernel.js';
import { boundExtent, literalExtent, type ContractModule } from './wgsl-contract-operand.js';
import {
  directionOf,
  extentOf,
  planContract,
  swapped,
  type ContractOptions,
  type ContractPlan,
  type Direction,
} from './wgsl-contract-plan.js';
import { printRows } from './wgsl-contract-rows.js';
import { printTiled } from './wgsl-contract-tiled.js';
import { HelperSet } from './wgsl-helpers.js';
import { LaneAnalysis } from './wgsl-lanes.js';
import { emptyModule, type GpuCaps, type WgslModule } from './wgsl-module.js';

/** Bindings read in aligned runs of four along `axis` by `root`. */
function runBindings(kernel: ContractKernel, root: Expr, axis: number, found: Set<number>): void {
  const analysis = new LaneAnalysis(axis, extentOf(kernel), () => true);
  walk([root], (e) => {
    if (e.kind === 'read' && analysis.isAlignedRun(e.at)) found.add(e.binding);
  });
}

/**
 * Bindings to declare as arrays of vec4: those loaded by fours somewhere. Not those written by
 * single elements, since writing one component may touch its neighbours; nor those whose last
 * elements would not fill a vec4.
 */
function vectorBindingsOf(kernel: ContractKernel, plan: ContractPlan): ReadonlySet<number> {
  const found = new Set<number>();
  const { m, n, k } = contractAxes;
  const wide = plan.kind === 'tiled' || plan.width === 4;
  const axisOf = (direction: Direction, axis: number): number => (direction === 'k' ? k : axis);
  const byFour = plan.kind === 'tiled' || plan.steps % 4 === 0;
  if (wide)
    runBindings(
      kernel,
      kernel.b,
      axisOf(byFour ? directionOf(kernel, kernel.b, n) : 'lane', n),
      found,
    );
  if (plan.kind === 'tiled')
    runBindings(kernel, kernel.a, axisOf(directionOf(kernel, kernel.a, m), m), found);
  if (plan.kind === 'blocked' && byFour && directionOf(kernel, kernel.a, m) === 'k')
    runBindings(kernel, kernel.a, k, found);
  const stores = new LaneAnalysis(n, extentOf(kernel), () => true);
  if (wide)
    for (const { at, value, binding } of kernel.stores) {
      runBindings(kernel, at, n, found);
      runBindings(kernel, value, n, found);
      if (stores.isAlignedRun(at)) found.add(binding);
    }
  for (const { at, binding } of kernel.stores)
    if (!wide || kernel.n % 4 !== 0 || !stores.isAlignedRun(at)) found.delete(binding);
  kernel.bindings.forEach(({ length }, i) => {
    if (length % 4 !== 0) found.delete(i);
  });
  return found;
}

const isZero = (expr: Expr): boolean =>
  expr.kind === 'const' && expr.type === 'f32' && Number(expr.value) === 0;

/**
 * A literal zero moved into the other operand, where it is printed so that infinities times zero
 * stay NaN: `a * 0` as `(a * 0) * 1`.
 */
function withoutZeros(kernel: ContractKernel): ContractKernel {
  const { a, b } = kernel;
  const one = constant('f32', 1);
  if (isZero(b)) return { ...kernel, a: mul(a, b), b: one };
  return isZero(a) ? { ...kernel, a: one, b: mul(b, a) } : kernel;
}

/**
 * The kernel as WGSL.
 *
 * @param options choices to force; what is left out is chosen for the kernel and the adapter.
 * @throws InternalError if the plan asks for what the adapter lacks.
 * @example
 * printContract(kernel, caps, { variant: 'tiled', tile: 32 });
 */
export function printContract(
  given: ContractKernel,
  caps: GpuCaps,
  options: ContractOptions = {},
): WgslModule {
  const kernel = withoutZeros(given);
  if (kernel.batch * kernel.m * kernel.n === 0) return emptyModule;
  const plan = planContract(kernel, caps, options);
  if (plan.kind === 'subgroup' && !(caps.subgroups && caps.subgroupSizeFixed))
    throw new InternalError(`${kernel.label}: this adapter has no subgroups of a fixed size.`);
  const isTurned = plan.kind !== 'tiled' && plan.swap;
  const isSingle = kernel.batch === 1;
  const turned = isTurned ? swapped(kernel) : kernel;
  const module: ContractModule = {
    kernel: turned,
    bindings: kernel.bindings,
    helpers: new HelperSet(),
    vectorBindings: vectorBindingsOf(turned, plan),
    // The leading extent bounds the grid and no more: with one batch that is m, before any turning.
    m: isSingle && !isTurned ? boundExtent : literalExtent(turned.m),
    n: isSingle && isTurned ? boundExtent : literalExtent(turned.n),
    bound: isSingle ? kernel.m : kernel.batch,
  };
  return plan.kind === 'tiled' ? printTiled(module, plan, caps) : printRows(module, plan, caps);
}
