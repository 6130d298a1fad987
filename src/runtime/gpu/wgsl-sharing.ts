/**
 * Structural sharing of expressions: equal subexpressions become one node, with the number of
 * places that use it and the index variables it depends on.
 */
import { InternalError } from '../../errors.js';
import { contractAxes } from '../../ir/kernel.js';
import { operands, rewrite, type Expr } from '../../ir/expr.js';
import { nodeKey } from '../../ir/expr-keys.js';

export interface SharedExprs {
  /** The one node equal to an expression. */
  node(expr: Expr): Expr;
  nodes(): Iterable<Expr>;
  /** How many operands and roots are this node. */
  uses(node: Expr): number;
  id(node: Expr): number;
  /** Longest path down to a leaf. */
  height(node: Expr): number;
  /** Index axes the value depends on; a contraction's result depends on batch, m and n. */
  axes(node: Expr): ReadonlySet<number>;
}

interface Facts {
  readonly id: number;
  readonly height: number;
  readonly axes: ReadonlySet<number>;
  uses: number;
}

const none: ReadonlySet<number> = new Set();
const ofContraction: ReadonlySet<number> = new Set([
  contractAxes.batch,
  contractAxes.m,
  contractAxes.n,
]);

function axesOf(node: Expr, inputs: readonly ReadonlySet<number>[]): ReadonlySet<number> {
  if (node.kind === 'index') return new Set([node.axis]);
  if (node.kind === 'acc') return ofContraction;
  let all = none;
  for (const axes of inputs) {
    if (axes.size === 0 || axes === all) continue;
    all = all.size === 0 ? axes : new Set([...all, ...axes]);
  }
  if (node.kind !== 'fold' || !all.has(node.axis)) return all;
  return new Set([...all].filter((axis) => axis !== node.axis));
}

/** Shares everything reachable from `roots`. */
export function shareExprs(roots: readonly Expr[]): SharedExprs {
  const memo = new Map<Expr, Expr>();
  const byKey = new Map<string, Expr>();
  const facts = new Map<Expr, Facts>();
  const factsOf = (node: Expr): Facts => {
    const known = facts.get(node);
    if (known === undefined)
      throw new InternalError('An expression was not announced to its printer.');
    return known;
  };
  const share = (node: Expr): Expr => {
    const inputs = operands(node).map(factsOf);
    const key = nodeKey(
      node,
      inputs.map((x) => x.id),
    );
    const known = byKey.get(key);
    if (known !== undefined) return known;
    for (const input of inputs) input.uses++;
    byKey.set(key, node);
    const axes = axesOf(
      node,
      inputs.map((x) => x.axes),
    );
    const height = inputs.reduce((most, input) => Math.max(most, input.height + 1), 0);
    facts.set(node, { id: facts.size, height, axes, uses: 0 });
    return node;
  };
  for (const root of roots) factsOf(rewrite(root, share, memo)).uses++;
  return {
    node: (expr) => {
      const node = memo.get(expr);
      if (node === undefined)
        throw new InternalError('An expression was not announced to its printer.');
      return node;
    },
    nodes: () => facts.keys(),
    uses: (node) => factsOf(node).uses,
    id: (node) => factsOf(node).id,
    height: (node) => factsOf(node).height,
    axes: (node) => factsOf(node).axes,
  };
}
