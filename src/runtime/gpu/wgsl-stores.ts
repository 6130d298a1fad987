/** Which buffers are seen as vec4 arrays, and the statements that store a kernel's values. */
import { walk, type Expr } from '../../ir/expr.js';
import type { Binding, Store } from '../../ir/kernel.js';
import type { ExprPrinter } from './wgsl-expr.js';
import { gcd, type LaneAnalysis } from './wgsl-lanes.js';
import type { Width } from './wgsl-literal.js';
import { toStorage } from './wgsl-storage.js';

/** Every read under `roots`, each place once. */
export function readsOf(roots: readonly Expr[]): { binding: number; at: Expr }[] {
  const reads: { binding: number; at: Expr }[] = [];
  walk(roots, (node) => {
    if (node.kind === 'read') reads.push({ binding: node.binding, at: node.at });
  });
  return reads;
}

/** Bindings of which every access is four aligned neighbours. */
export function vectorBindingsOf(
  bindings: readonly Binding[],
  accesses: readonly { readonly binding: number; readonly at: Expr }[],
  lanes: LaneAnalysis,
): Set<number> {
  const vector = new Set<number>();
  for (const { binding } of accesses)
    if (gcd(bindings[binding]?.length ?? 1, 4) === 4) vector.add(binding);
  for (const { binding, at } of accesses) if (!lanes.isAlignedRun(at)) vector.delete(binding);
  return vector;
}

const laneNames = ['x', 'y', 'z', 'w'] as const;

/** An axis that may end amid four neighbours, of which the first is within. */
export interface LaneEnd {
  /** Name of the index at lane 0. */
  readonly index: string;
  readonly extent: number;
}

function storeText(
  store: Store,
  value: string,
  width: Width,
  printer: ExprPrinter,
  vector: ReadonlySet<number>,
  end?: LaneEnd,
): string[] {
  const name = `b${store.binding}`;
  if (width === 1) {
    if (!vector.has(store.binding)) return [`${name}[${printer.scalar(store.at)}] = ${value};`];
    const at = printer.named(store.at, 1);
    return [`${name}[${at} >> 2u][${at} & 3] = ${value};`];
  }
  if (vector.has(store.binding)) {
    const at = printer.scalar(store.at);
    return [`${name}[${/^\w+$/.test(at) ? at : `(${at})`} >> 2u] = ${value};`];
  }
  const held = printer.fresh();
  const { stride } = printer.lanesOf(store.at);
  const at = printer.named(store.at, stride === undefined ? 4 : 1);
  const place = (lane: number): string =>
    stride === undefined ? `${at}.${laneNames[lane] ?? 'x'}` : `${at} + ${lane * stride}`;
  const writes = laneNames.map((lane, i) => {
    const write = `${name}[${place(i)}] = ${held}.${lane};`;
    if (i === 0 || end === undefined) return write;
    return `if (${end.index} + ${i} < ${end.extent}) { ${write} }`;
  });
  return [`let ${held} = ${value};`, ...writes];
}

/**
 * Adds the statements of `stores` to the printer's innermost scope. All values are computed before
 * the first is stored, so a kernel may write in place what it reads. Lanes
 * beyond `end` store nothing.
 */
export function printStores(
  stores: readonly Store[],
  width: Width,
  printer: ExprPrinter,
  bindings: readonly Binding[],
  vector: ReadonlySet<number>,
  end?: LaneEnd,
): void {
  const isDeferred = stores.length > 1;
  const lines = preparedStores(stores, width, printer, bindings, vector, isDeferred, end);
  for (const line of lines) printer.line(line);
}

/**
 * As `printStores`, but hands the storing statements back, for a later place in the same scope.
 * `isDeferred` keeps values from being read only there.
 */
export function preparedStores(
  stores: readonly Store[],
  width: Width,
  printer: ExprPrinter,
  bindings: readonly Binding[],
  vector: ReadonlySet<number>,
  isDeferred = true,
  end?: LaneEnd,
): string[] {
  const values = stores.map((store) => {
    const text = isDeferred ? printer.named(store.value, width) : printer.at(store.value, width);
    const storage = bindings[store.binding]?.storage ?? 'f32';
    return toStorage(text, store.value.type, storage, width);
  });
  return stores.flatMap((store, i) =>
    storeText(store, values[i] ?? '', width, printer, vector, end),
  );
}
