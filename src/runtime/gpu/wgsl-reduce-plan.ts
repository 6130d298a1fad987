/** How a reduce kernel is laid out on the device: who computes a row, and what goes four at a time. */
import { elementCount } from '../../graph/shape.js';
import type { Expr } from '../../ir/expr.js';
import { kernelExprs, type ReduceKernel } from '../../ir/kernel.js';
import { LaneAnalysis } from './wgsl-lanes.js';
import type { GpuCaps } from './wgsl-module.js';
import { readsOf, vectorBindingsOf } from './wgsl-stores.js';

export interface ReducePlan {
  /** `invocation`: a row (or four) each; `workgroup`: all invocations share a row. */
  readonly strategy: 'invocation' | 'workgroup';
  readonly workgroupSize: number;
  /** Axis computed four at a time; among the rows' axes or the reduced ones. */
  readonly vectorAxis: number | undefined;
  readonly rowsTogether: 1 | 4;
  readonly vectorBindings: ReadonlySet<number>;
}

const rowWorkgroupSize = 64;

/** Which strategy, by how much work there is and how much runs at once. */
function strategyOf(rows: number, inner: number, caps: GpuCaps): ReducePlan['strategy'] {
  const [enoughRows, shortInner] = caps.isSoftware ? [32, 256] : [8192, 32];
  if (inner <= shortInner) return 'invocation';
  return rows >= enoughRows && inner <= 16384 ? 'invocation' : 'workgroup';
}

/** How many accesses are aligned runs when `axis` is vectorised; 0 if it cannot be. */
function runsAlong(kernel: ReduceKernel, axis: number, ats: readonly Expr[]): number {
  const extents = [...kernel.shape, ...kernel.inner];
  if (axis < 0 || (extents[axis] ?? 1) % 4 !== 0) return 0;
  const lanes = new LaneAnalysis(axis, (i) => extents[i] ?? Infinity);
  return ats.filter((at) => lanes.isAlignedRun(at)).length;
}

/** How a reduce kernel is printed for an adapter. */
export function planReduce(kernel: ReduceKernel, caps: GpuCaps): ReducePlan {
  const { shape, inner, bindings } = kernel;
  const accesses = [...readsOf(kernelExprs(kernel)), ...kernel.rowStores, ...kernel.elementStores];
  const ats = accesses.map(({ at }) => at);
  const rank = shape.length;
  const innerAxis = inner.length === 0 ? -1 : rank + inner.length - 1;
  const alongInner = runsAlong(kernel, innerAxis, ats);
  const alongRows = runsAlong(kernel, rank - 1, ats);
  const byRows = alongRows > alongInner;
  const innerCount = elementCount(inner);
  const rows = elementCount(shape);
  const strategy = strategyOf(byRows ? rows / 4 : rows, innerCount, caps);
  const vectorAxis = byRows
    ? strategy === 'invocation'
      ? rank - 1
      : undefined
    : alongInner > 0
      ? innerAxis
      : undefined;
  const extents = [...shape, ...inner];
  const lanes = new LaneAnalysis(vectorAxis, (i) => extents[i] ?? Infinity);
  const width = vectorAxis === undefined || byRows ? 1 : 4;
  return {
    strategy,
    workgroupSize:
      strategy === 'invocation' ? rowWorkgroupSize : sharedSize(innerCount / width, caps),
    vectorAxis,
    rowsTogether: byRows && vectorAxis !== undefined ? 4 : 1,
    vectorBindings:
      vectorAxis === undefined ? new Set() : vectorBindingsOf(bindings, accesses, lanes),
  };
}

/** Power of two from 32 to 256, giving each invocation a few elements where it can. */
function sharedSize(units: number, caps: GpuCaps): number {
  const most = Math.min(caps.isSoftware ? 64 : 256, caps.maxInvocationsPerWorkgroup);
  let size = 32;
  while (size * 2 <= most && size * 4 <= units) size *= 2;
  return size;
}
