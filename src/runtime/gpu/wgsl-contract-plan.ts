/**
 * Chooses how a contraction is computed: which variant, how much one invocation computes, and in
 * which direction operands are loaded. Costs were measured on llvmpipe by benchmarks/contract.ts;
 * only their ratios matter.
 */
import { index, isComparison, rewrite, walk, type Expr } from '../../ir/expr.js';
import { contractAxes, type ContractKernel } from '../../ir/kernel.js';
import { LaneAnalysis } from './wgsl-lanes.js';
import type { Width } from './wgsl-literal.js';
import type { GpuCaps } from './wgsl-module.js';

/**
 * - `subgroup`: one subgroup per workgroup; lanes share elements of `a` by broadcast.
 * - `blocked`: every invocation loads what it needs; no sharing.
 * - `tiled`: a workgroup shares square tiles through workgroup memory.
 */
export type ContractVariant = 'subgroup' | 'blocked' | 'tiled';

/** Choices to force, for tests and tuners. What is left out is chosen. */
export interface ContractOptions {
  readonly variant?: ContractVariant;
  /** Whether lanes run along m instead of n. */
  readonly swap?: boolean;
  /** Rows one invocation computes. */
  readonly rows?: number;
  /** Neighbouring columns one invocation computes. */
  readonly width?: Width;
  /** Values of k per trip through the loop. */
  readonly steps?: 1 | 2 | 4 | 8;
  readonly tile?: 16 | 32 | 64;
  /** Parts of k summed by different invocations of one workgroup. */
  readonly slices?: 1 | 2 | 4 | 8;
}

/** Axis along which four neighbours of an operand are loaded at once. */
export type Direction = 'lane' | 'k';

export interface RowsPlan {
  readonly kind: 'subgroup' | 'blocked';
  readonly swap: boolean;
  readonly rows: number;
  readonly width: Width;
  readonly steps: number;
  /** Invocations along n, and along m. */
  readonly lanes: number;
  readonly laneRows: number;
}

export interface TiledPlan {
  readonly kind: 'tiled';
  readonly tile: number;
  readonly slices: number;
}

export type ContractPlan = RowsPlan | TiledPlan;

/** Extents with the vectorised ones rounded up, since lanes may pass the edge. */
export function extentOf(kernel: ContractKernel): (axis: number) => number {
  const extents = [kernel.batch, kernel.m, kernel.n, kernel.k];
  return (axis) => Math.ceil((extents[axis] ?? Infinity) / 4) * 4;
}

/** The same sums with m and n exchanged. */
export function swapped(kernel: ContractKernel): ContractKernel {
  const { m, n } = contractAxes;
  const memo = new Map<Expr, Expr>();
  const swap = (root: Expr): Expr =>
    rewrite(
      root,
      (e) => (e.kind === 'index' && (e.axis === m || e.axis === n) ? index(m + n - e.axis) : e),
      memo,
    );
  return {
    ...kernel,
    m: kernel.n,
    n: kernel.m,
    a: swap(kernel.b),
    b: swap(kernel.a),
    stores: kernel.stores.map((s) => ({ ...s, at: swap(s.at), value: swap(s.value) })),
  };
}

/** Reads of `roots` as they look along an axis: aligned runs of four, and all that vary with it. */
export function runsAlong(
  kernel: ContractKernel,
  axis: number,
  roots: readonly Expr[],
): { readonly runs: number; readonly wide: number } {
  const analysis = new LaneAnalysis(axis, extentOf(kernel));
  let runs = 0;
  let wide = 0;
  walk(roots, (e) => {
    if (e.kind !== 'read' || analysis.isUniform(e.at)) return;
    wide += 1;
    if (analysis.isAlignedRun(e.at)) runs += 1;
  });
  return { runs, wide };
}

/** Loads along k only if that gives more runs of four than along `laneAxis`. */
export function directionOf(kernel: ContractKernel, expr: Expr, laneAxis: number): Direction {
  if (kernel.k % 4 !== 0) return 'lane';
  const alongK = runsAlong(kernel, contractAxes.k, [expr]);
  const alongLane = runsAlong(kernel, laneAxis, [expr]);
  return alongK.runs > alongLane.runs ? 'k' : 'lane';
}

/** Per gathered scalar and per fused multiply-add of a whole subgroup, in nanoseconds. */
const gatherCost = 0.43;
const multiplyAddCost = 0.011;
/** Guessed parallel units; rounds workgroup counts up. */
const parallelUnits = 4;
/** What `blocked` may take is less: every row is a load of its own, and compile time grows with it. */
const rowChoices = {
  subgroup: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16],
  blocked: [1, 2, 3, 4, 6, 8],
};

/** Cost of one element of an operand relative to a plain load: index arithmetic and guards. */
function elementWeight(expr: Expr): number {
  let weight = 1;
  walk([expr], (e) => {
    if (e.kind === 'binary' && (e.fn === 'div' || e.fn === 'mod')) weight += 0.1;
    else if (e.kind === 'select' || (e.kind === 'binary' && isComparison(e.fn))) weight += 0.05;
    else if (e.kind === 'unary') weight += 0.05;
  });
  return weight;
}

interface Candidate {
  readonly plan: RowsPlan;
  readonly cost: number;
}

function rowsCandidates(
  kernel: ContractKernel,
  shape: RowsShape,
  options: ContractOptions,
): Candidate[] {
  const weights = [elementWeight(kernel.a), elementWeight(kernel.b)] as const;
  const out: Candidate[] = [];
  for (const width of options.width === undefined ? ([4, 1] as const) : [options.width])
    for (const rows of options.rows === undefined ? rowChoices[shape.kind] : [options.rows]) {
      if (options.rows === undefined && rows > 1 && rows >= 2 * kernel.m) continue;
      const plan: RowsPlan = { ...shape, rows, width, steps: stepsFor(shape, rows, options.steps) };
      out.push({ plan, cost: rowsCost(kernel, plan, weights) });
    }
  return out;
}

type RowsShape = Pick<RowsPlan, 'kind' | 'swap' | 'lanes' | 'laneRows'>;

/** Four, or more where a subgroup has lanes to spare for its few rows: one load then serves longer. */
function stepsFor({ kind, lanes }: RowsShape, rows: number, wanted: number | undefined): number {
  const most = kind === 'subgroup' ? lanes : 8;
  const spare = kind === 'subgroup' ? powerOfTwo(lanes / rows) : 1;
  return Math.min(wanted ?? Math.max(4, spare), most);
}
const powerOfTwo = (x: number): number => 2 ** Math.ceil(Math.log2(x));

function rowsCost(
  kernel: ContractKernel,
  plan: RowsPlan,
  weights: readonly [number, number],
): number {
  const { rows, width, lanes, laneRows, steps } = plan;
  const columns = Math.ceil(kernel.n / (lanes * width));
  const groups = columns * Math.ceil(kernel.m / (rows * laneRows)) * kernel.batch;
  const loadsOfA = plan.kind === 'subgroup' ? Math.ceil((rows * steps) / lanes) / steps : rows;
  const perStep =
    gatherCost * (weights[0] * loadsOfA + weights[1] * width) + multiplyAddCost * rows * width;
  const perGroup = kernel.k * perStep + gatherCost * rows * width * kernel.stores.length;
  return Math.ceil(groups / parallelUnits) * parallelUnits * perGroup * laneRows;
}

/** Invocations of a `blocked` workgroup: along n as far as n reaches, the rest along m. */
function blockedShape(kernel: ContractKernel, caps: GpuCaps, swap: boolean): RowsShape {
  const size = caps.isSoftware ? 8 : 64;
  const lanes = Math.min(size, powerOfTwo(Math.max(1, kernel.n / 4)));
  return { kind: 'blocked', swap, lanes, laneRows: caps.isSoftware ? 1 : size / lanes };
}

function planRows(
  kernel: ContractKernel,
  caps: GpuCaps,
  kind: 'subgroup' | 'blocked',
  options: ContractOptions,
): RowsPlan {
  const best = (swap: boolean): Candidate => {
    const turned = swap ? swapped(kernel) : kernel;
    const shape: RowsShape =
      kind === 'subgroup'
        ? { kind, swap, lanes: caps.subgroupSize, laneRows: 1 }
        : blockedShape(turned, caps, swap);
    const sorted = rowsCandidates(turned, shape, options).sort((x, y) => x.cost - y.cost);
    return sorted[0] as Candidate;
  };
  if (options.swap !== undefined) return best(options.swap).plan;
  const straight = best(false);
  const turned = best(true);
  // Turned stores are scattered, which the model does not see: ask for a clear gain.
  return turned.cost < 0.8 * straight.cost ? turned.plan : straight.plan;
}

/** Tiles shrink, then k is sliced, until a GPU of some hundred compute units has work. */
function planTiled(kernel: ContractKernel, options: ContractOptions): TiledPlan {
  const groups = (tile: number): number =>
    Math.ceil(kernel.m / tile) * Math.ceil(kernel.n / tile) * kernel.batch;
  const tile = options.tile ?? (groups(64) >= 96 ? 64 : groups(32) >= 64 ? 32 : 16);
  const mostSlices = tile === 64 ? 1 : tile === 32 ? 4 : 8;
  let slices = 1;
  while (slices < mostSlices && kernel.k >= slices * 128 && groups(tile) * slices < 512)
    slices *= 2;
  return { kind: 'tiled', tile, slices: options.slices ?? slices };
}

const fitsTiles = (caps: GpuCaps): boolean =>
  caps.maxWorkgroupStorageBytes >= 16384 && caps.maxInvocationsPerWorkgroup >= 256;

/**
 * The kernel a plan is made for: what only bounds the grid is rounded up to a power of two, so that
 * batches of similar size share a plan, and with it a pipeline. By the costs above that is 2 % slower
 * than a plan for each size, in the mean over 1 to 300 rows; just above a power of two, a fifth.
 */
const typical = (kernel: ContractKernel): ContractKernel =>
  kernel.batch === 1
    ? { ...kernel, m: powerOfTwo(kernel.m) }
    : { ...kernel, batch: powerOfTwo(kernel.batch) };

export function planContract(
  actual: ContractKernel,
  caps: GpuCaps,
  options: ContractOptions = {},
): ContractPlan {
  const kernel = typical(actual);
  const canShare = caps.subgroups && caps.subgroupSizeFixed && caps.subgroupSize >= 4;
  const variant =
    options.variant ??
    (!caps.isSoftware && fitsTiles(caps) ? 'tiled' : canShare ? 'subgroup' : 'blocked');
  return variant === 'tiled'
    ? planTiled(kernel, options)
    : planRows(kernel, caps, variant, options);
}
