/**
 * The two halves of a scatter kernel. A device has no barrier across a dispatch, so it fills the
 * result with one dispatch and updates it with the next.
 */
import { index, rewrite, walk, type Expr } from './expr.js';
import { ExprKeys } from './expr-keys.js';
import type { MapKernel, ScatterKernel } from './kernel.js';

export interface ScatterFill {
  readonly kernel: MapKernel;
  /** For each binding of the fill, that of the scatter kernel. */
  readonly bindings: readonly number[];
}

/** What fills the result of a scatter; null where it holds its initial values already. */
export function fillOf(kernel: ScatterKernel): ScatterFill | null {
  const { initial, out, label } = kernel;
  const { value } = initial;
  if (value.kind === 'read' && value.binding === initial.binding && isSame(value.at, initial.at))
    return null;
  const used = new Set([initial.binding]);
  walk([initial.at, value], (node) => {
    if (node.kind === 'read') used.add(node.binding);
  });
  const bindings = [...used].sort((a, b) => a - b);
  const first = kernel.shape.length;
  const memo = new Map<Expr, Expr>();
  const own = (expr: Expr): Expr =>
    rewrite(
      expr,
      (node) => {
        if (node.kind === 'read') return { ...node, binding: bindings.indexOf(node.binding) };
        const isOut = node.kind === 'index' && node.axis < first + out.length;
        return isOut ? index(node.axis - first) : node;
      },
      memo,
    );
  const store = {
    binding: bindings.indexOf(initial.binding),
    at: own(initial.at),
    value: own(value),
  };
  return {
    kernel: {
      kind: 'map',
      label: `${label} (fill)`,
      bindings: kernel.bindings.filter((_, i) => used.has(i)),
      shape: out,
      stores: [store],
    },
    bindings,
  };
}

function isSame(a: Expr, b: Expr): boolean {
  const keys = new ExprKeys();
  return keys.of(a) === keys.of(b);
}
