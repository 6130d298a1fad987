/**
 * Whether a map kernel transposes: it reads a buffer contiguously along one axis and stores along
 * another. Point after point, each read then takes a cache line of its own. In blocks of 4x4 points
 * that lie together in a square, every line is used whole, both ways.
 */
import { elementCount } from '../../graph/shape.js';
import { codeSize } from '../../ir/code-size.js';
import { rewrite, walk, type Expr, type ExprOf } from '../../ir/expr.js';
import { kernelExprs, type MapKernel, type Store } from '../../ir/kernel.js';
import { LaneAnalysis } from './wgsl-lanes.js';
import { readsOf, vectorBindingsOf } from './wgsl-stores.js';

/** Rows and columns of a block. */
export const blockSize = 4;
const workgroupSize = 64;
/** From here on blocks gain: small kernels fit caches, and short axes leave lines few to share. */
const leastElements = 2 ** 14;
const leastExtent = 16;
/** Larger kernels compute longer than they load, and blocks print each row anew. */
const mostCode = 300;

export interface BlockPlan {
  /** Axis that the turned reads are contiguous along. */
  readonly rowAxis: number;
  /** Axis that the stores are contiguous along: the last. */
  readonly columnAxis: number;
  /** Blocks of a workgroup along each axis. */
  readonly rowBlocks: number;
  readonly columnBlocks: number;
  readonly vectorBindings: ReadonlySet<number>;
  /** Reads that are made along the rows' axis; in `stores`, `stage` node i is the i-th's value. */
  readonly turned: readonly ExprOf<'read'>[];
  readonly stores: readonly Store[];
}

const powerAbove = (n: number): number => 2 ** Math.ceil(Math.log2(n));

/** How to compute the kernel in blocks; undefined if that is no gain. */
export function planBlocks(kernel: MapKernel): BlockPlan | undefined {
  const { shape, stores } = kernel;
  const columnAxis = shape.length - 1;
  const columns = shape[columnAxis] ?? 0;
  if (columnAxis < 1 || columns < leastExtent || elementCount(shape) < leastElements)
    return undefined;
  const lanesAlong = (axis: number): LaneAnalysis => new LaneAnalysis(axis, (i) => shape[i] ?? 1);
  const lanes = lanesAlong(columnAxis);
  if (!stores.every(({ at }) => lanes.of(at).stride === 1)) return undefined;
  const written = new Set(stores.map(({ binding }) => binding));
  const isFar = (at: Expr, least: number): boolean => Math.abs(lanes.of(at).stride ?? 0) >= least;
  const far = readsOf(kernelExprs(kernel)).filter(
    ({ binding, at }) => !written.has(binding) && isFar(at, leastExtent),
  );
  const found = bestRowAxis(shape, far, lanesAlong);
  if (found === undefined || !isLight(kernel)) return undefined;
  const { rowAxis, rowLanes } = found;
  const isTurned = ({ binding, at }: ExprOf<'read'>): boolean =>
    !written.has(binding) && isFar(at, 2) && rowLanes.of(at).stride === 1;
  const split = turnReads(stores, isTurned);
  const vectorBindings = agreedVectors(kernel, split, rowLanes, lanes);
  const blocksAlong = (axis: number): number => Math.ceil((shape[axis] ?? 1) / blockSize);
  const blocks = arranged(blocksAlong(rowAxis), blocksAlong(columnAxis));
  return { rowAxis, columnAxis, ...blocks, vectorBindings, ...split };
}

/** The axis that most of the far reads are contiguous along. */
function bestRowAxis(
  shape: readonly number[],
  far: readonly { readonly at: Expr }[],
  lanesAlong: (axis: number) => LaneAnalysis,
): { readonly rowAxis: number; readonly rowLanes: LaneAnalysis } | undefined {
  let best: ReturnType<typeof bestRowAxis>;
  let most = 0;
  if (far.length === 0) return undefined;
  for (let rowAxis = 0; rowAxis < shape.length - 1; rowAxis++) {
    if ((shape[rowAxis] ?? 1) < leastExtent) continue;
    const rowLanes = lanesAlong(rowAxis);
    const count = far.filter(({ at }) => rowLanes.of(at).stride === 1).length;
    if (count > most) best = { rowAxis, rowLanes };
    most = Math.max(most, count);
  }
  return best;
}

function isLight(kernel: MapKernel): boolean {
  const roots = kernelExprs(kernel);
  let isHeavy = codeSize(roots) > mostCode;
  walk(roots, (node) => (isHeavy ||= node.kind === 'fold'));
  return !isHeavy;
}

/** Puts `stage` nodes in the places of the reads to turn. */
function turnReads(
  stores: readonly Store[],
  isTurned: (read: ExprOf<'read'>) => boolean,
): Pick<BlockPlan, 'turned' | 'stores'> {
  const turned: ExprOf<'read'>[] = [];
  const memo = new Map<Expr, Expr>();
  const turn = (expr: Expr): Expr =>
    rewrite(
      expr,
      (node) =>
        node.kind === 'read' && isTurned(node)
          ? { kind: 'stage', type: node.type, stage: turned.push(node) - 1 }
          : node,
      memo,
    );
  const rewritten = stores.map(({ binding, at, value }) => ({ binding, at, value: turn(value) }));
  return { turned, stores: rewritten };
}

/** Bindings that all accesses, along the rows' or the columns' axis, see as vectors. */
function agreedVectors(
  { bindings }: MapKernel,
  { turned, stores }: Pick<BlockPlan, 'turned' | 'stores'>,
  rowLanes: LaneAnalysis,
  lanes: LaneAnalysis,
): ReadonlySet<number> {
  const direct = [...readsOf(stores.flatMap(({ at, value }) => [at, value])), ...stores];
  const alongRows = vectorBindingsOf(bindings, turned, rowLanes);
  const alongColumns = vectorBindingsOf(bindings, direct, lanes);
  const agreed = new Set([...alongRows, ...alongColumns]);
  for (const { binding } of turned) if (!alongRows.has(binding)) agreed.delete(binding);
  for (const { binding } of direct) if (!alongColumns.has(binding)) agreed.delete(binding);
  return agreed;
}

/** The blocks of a workgroup: a square where both axes are long. */
function arranged(rows: number, columns: number): Pick<BlockPlan, 'rowBlocks' | 'columnBlocks'> {
  const even = Math.min(Math.sqrt(workgroupSize), powerAbove(columns));
  const rowBlocks = Math.min(workgroupSize / even, powerAbove(rows));
  return { rowBlocks, columnBlocks: workgroupSize / rowBlocks };
}
