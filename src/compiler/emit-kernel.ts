/** Emit one kernel: a piece whose values have buffers. Loads become reads at flat indices, axes merge. */
import { InternalError } from '../errors.js';
import type { StaticShape } from '../graph/shape.js';
import { index, int, rewrite, type Expr } from '../ir/expr.js';
import {
  contractAxes,
  type Binding,
  type Kernel,
  type ScatterKernel,
  type StorageType,
  type Store,
} from '../ir/kernel.js';
import { binary } from '../ir/expr.js';
import { IndexAlgebra, indices, ravel, substitute } from './index-algebra.js';
import {
  exprsOf,
  extentOf,
  loadsOf,
  outputsOf,
  type Piece,
  type PieceOutput,
  type ScatterPiece,
} from './piece.js';
import { splitComplex } from './split-complex.js';

/** Where a value lives: a buffer number, and what a kernel must know of it. */
export interface Located {
  readonly buffer: number;
  readonly storage: StorageType;
  /** Stored elements. */
  readonly length: number;
  readonly shape: StaticShape;
}

export interface EmittedKernel {
  readonly kernel: Kernel;
  /** Buffer number per binding. */
  readonly buffers: readonly number[];
}

export function emitKernel(piece: Piece, locate: (value: number) => Located): EmittedKernel {
  const merged = mergeAxes(piece, locate);
  const algebra = new IndexAlgebra(extentOf(merged));
  const loads = [...loadsOf(exprsOf(merged))].map(locate);
  const stores = outputsOf(merged).map((o) => locate(o.value));
  const written = new Set(stores.map((s) => s.buffer));
  const buffers = [...new Set([...loads, ...stores].map((l) => l.buffer))];
  const located = new Map([...loads, ...stores].map((l) => [l.buffer, l]));
  const bindings: Binding[] = buffers.map((buffer) => {
    const at = located.get(buffer) as Located;
    const access = written.has(buffer) ? 'read_write' : 'read';
    return { access, storage: at.storage, length: at.length };
  });
  const bindingOf = new Map(buffers.map((buffer, i) => [buffer, i]));
  const memo = new Map<Expr, Expr>();
  const physical = (expr: Expr): Expr =>
    rewrite(
      algebra.simplify(expr),
      (node) => {
        if (node.kind !== 'load') return node;
        const at = locate(node.value);
        const flat = algebra.simplify(ravel(node.index, at.shape));
        return { kind: 'read', type: node.type, binding: bindingOf.get(at.buffer) ?? 0, at: flat };
      },
      memo,
    );
  const store =
    (flat: Expr) =>
    (output: PieceOutput): Store => ({
      binding: bindingOf.get(locate(output.value).buffer) ?? 0,
      at: flat,
      value: physical(output.expr),
    });
  const kernel = build(merged, bindings, algebra, physical, store);
  return { kernel: splitComplex(kernel), buffers };
}

function build(
  piece: Piece,
  bindings: readonly Binding[],
  algebra: IndexAlgebra,
  physical: (expr: Expr) => Expr,
  store: (flat: Expr) => (output: PieceOutput) => Store,
): Kernel {
  const base = { label: labelOf(piece.nodes), bindings };
  const flatOf = (space: readonly number[], axes: readonly Expr[]): Expr =>
    algebra.simplify(ravel(axes, space));
  switch (piece.kind) {
    case 'map': {
      const flat = flatOf(piece.shape, indices(piece.shape.length));
      const stores = piece.outputs.map(store(flat));
      return { ...base, kind: 'map', shape: piece.shape, stores };
    }
    case 'reduce': {
      const rank = piece.shape.length;
      const all = [...piece.shape, ...piece.inner];
      return {
        ...base,
        kind: 'reduce',
        shape: piece.shape,
        inner: piece.inner,
        stages: piece.stages.map(({ combine, type, expr }) => ({
          combine,
          type,
          value: physical(expr),
        })),
        rowStores: piece.rowOutputs.map(store(flatOf(piece.shape, indices(rank)))),
        elementStores: piece.elementOutputs.map(store(flatOf(all, indices(all.length)))),
      };
    }
    case 'contract': {
      const { batch, m, n, k, type } = piece;
      const axes = [index(contractAxes.batch), index(contractAxes.m), index(contractAxes.n)];
      const stores = piece.outputs.map(store(flatOf([batch, m, n], axes)));
      return {
        ...base,
        kind: 'contract',
        type,
        batch,
        m,
        n,
        k,
        a: physical(piece.a),
        b: physical(piece.b),
        stores,
      };
    }
    case 'scatter': {
      const { shape, out } = piece;
      const at = flatOf(out, indices(out.length, shape.length));
      const [initial] = piece.outputs.map(store(at));
      return buildScatter(piece, base, initial, physical);
    }
  }
}

function buildScatter(
  { shape, out, combine, round, at, update }: ScatterPiece,
  base: Pick<ScatterKernel, 'label' | 'bindings'>,
  initial: Store | undefined,
  physical: (expr: Expr) => Expr,
): ScatterKernel {
  if (initial === undefined) throw new InternalError('A scatter has no result.');
  return {
    ...base,
    kind: 'scatter',
    shape,
    out,
    type: update.type,
    combine,
    round,
    initial,
    at: physical(at),
    value: physical(update),
  };
}

/** A name for a kernel of these nodes. */
export function labelOf(nodes: readonly string[]): string {
  const text = nodes.join('+');
  return text.length <= 120 ? text : `${text.slice(0, 80)}...(${nodes.length} ops)`;
}

/**
 * Merges neighbouring axes wherever no index expression tells them apart, so that an elementwise
 * kernel over any shape becomes one over a single axis.
 */
function mergeAxes(piece: Piece, locate: (value: number) => Located): Piece {
  if (piece.kind === 'contract') return piece;
  let current = dropUnitAxes(piece);
  for (let axis = axisCount(current) - 2; axis >= 0; axis--) {
    const next = mergedAt(current, axis, locate);
    if (next !== null) current = next;
  }
  return current;
}

type Looped = Exclude<Piece, { readonly kind: 'contract' }>;

/** The axes behind those of `shape`. */
function innerOf(piece: Looped): readonly number[] {
  if (piece.kind === 'map') return [];
  return piece.kind === 'reduce' ? piece.inner : piece.out;
}

const axisCount = (piece: Looped): number => piece.shape.length + innerOf(piece).length;

function withAxes(
  piece: Looped,
  shape: readonly number[],
  inner: readonly number[],
  axes: ReadonlyMap<number, Expr>,
): Looped {
  const memo = new Map<Expr, Expr>();
  const change = (expr: Expr): Expr => substitute(expr, axes, memo);
  const outputs = (list: readonly PieceOutput[]): PieceOutput[] =>
    list.map((o) => ({ ...o, expr: change(o.expr) }));
  if (piece.kind === 'map') return { ...piece, shape, outputs: outputs(piece.outputs) };
  if (piece.kind === 'scatter')
    return {
      ...piece,
      shape,
      out: inner,
      at: change(piece.at),
      update: change(piece.update),
      outputs: outputs(piece.outputs),
    };
  return {
    ...piece,
    shape,
    inner,
    stages: piece.stages.map((s) => ({ ...s, expr: change(s.expr) })),
    rowOutputs: outputs(piece.rowOutputs),
    elementOutputs: outputs(piece.elementOutputs),
  };
}

function dropUnitAxes(piece: Looped): Looped {
  const inner = innerOf(piece);
  const extents = [...piece.shape, ...inner];
  if (!extents.includes(1)) return piece;
  const axes = new Map<number, Expr>();
  let next = 0;
  for (const [axis, extent] of extents.entries())
    axes.set(axis, extent === 1 ? int(0) : index(next++));
  return withAxes(
    piece,
    piece.shape.filter((extent) => extent !== 1),
    inner.filter((extent) => extent !== 1),
    axes,
  );
}

/** Axes `axis` and `axis + 1` as one, or null if some expression needs them apart. */
function mergedAt(piece: Looped, axis: number, locate: (value: number) => Located): Looped | null {
  const rank = piece.shape.length;
  const inner = innerOf(piece);
  if (axis === rank - 1) return null;
  const extents = [...piece.shape, ...inner];
  const low = extents[axis + 1];
  const high = extents[axis];
  if (low === undefined || high === undefined) throw new InternalError('mergedAt: no such axis');
  const axes = new Map<number, Expr>();
  for (let i = 0; i < extents.length; i++) axes.set(i, index(i <= axis ? i : i - 1));
  axes.set(axis, binary('div', index(axis), int(low)));
  axes.set(axis + 1, binary('mod', index(axis), int(low)));
  const join = (list: readonly number[], at: number): number[] => [
    ...list.slice(0, at),
    high * low,
    ...list.slice(at + 2),
  ];
  const inRows = axis < rank;
  const merged = withAxes(
    piece,
    inRows ? join(piece.shape, axis) : piece.shape,
    inRows ? inner : join(inner, axis - rank),
    axes,
  );
  return divisions(merged, axis, locate) ? null : merged;
}

/** Whether a division or remainder of the axis is left after simplification. */
function divisions(piece: Looped, axis: number, locate: (value: number) => Located): boolean {
  const algebra = new IndexAlgebra(extentOf(piece));
  let found = false;
  const uses = new Map<Expr, boolean>();
  const memo = new Map<Expr, Expr>();
  const flatten = (node: Expr): Expr => {
    if (node.kind !== 'load') return node;
    const { shape } = locate(node.value);
    return { ...node, index: [algebra.simplify(ravel(node.index, shape))] };
  };
  const visit = (node: Expr): Expr => {
    const below = node.kind === 'index' ? node.axis === axis : childUses(node, uses);
    uses.set(node, below);
    if (
      below &&
      node.kind === 'binary' &&
      (node.fn === 'div' || node.fn === 'mod') &&
      node.type === 'i32'
    )
      found = true;
    return node;
  };
  for (const expr of exprsOf(piece)) rewrite(rewrite(algebra.simplify(expr), flatten, memo), visit);
  return found;
}

function childUses(node: Expr, uses: ReadonlyMap<Expr, boolean>): boolean {
  switch (node.kind) {
    case 'load':
      return node.index.some((e) => uses.get(e) === true);
    case 'unary':
    case 'cast':
    case 'bitcast':
      return node.type === 'i32' && uses.get(node.x) === true;
    case 'check':
      return node.type === 'i32' && uses.get(node.x) === true;
    case 'binary':
      return node.type === 'i32' && (uses.get(node.a) === true || uses.get(node.b) === true);
    case 'select':
      return node.type === 'i32' && (uses.get(node.a) === true || uses.get(node.b) === true);
    default:
      return false;
  }
}
