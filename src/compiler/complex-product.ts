/**
 * The product of complex numbers over an axis. A reduction combines the parts of a number apart,
 * which a product cannot: it goes by maps instead, each of which multiplies several elements.
 */
import { elementCount, type StaticShape } from '../graph/shape.js';
import {
  add,
  constant,
  int,
  isComplexType,
  load,
  lt,
  min,
  mul,
  select,
  type Expr,
  type ScalarType,
} from '../ir/expr.js';
import type { Place } from '../ir/program.js';
import type { ReducePlan } from '../ops/op-def.js';
import type { ValueLookup } from './context.js';
import type { FlowNode } from './flow.js';
import { indices, ravel, unravel } from './index-algebra.js';
import type { MapPiece } from './piece.js';

/** Elements one map multiplies: more need fewer kernels, of which each has less to do at once. */
const factors = 8;

/** Makes a value for a partial product. */
type Fresh = (init: {
  readonly type: ScalarType;
  readonly shape: StaticShape;
  readonly place: Place;
  readonly label: string;
}) => number;

/** Maps that come to what the plan says, or null if it is not of a complex product. */
export function complexProduct(
  node: FlowNode,
  plan: ReducePlan,
  lookup: ValueLookup,
  fresh: Fresh,
): MapPiece[] | null {
  const [stage, second] = plan.stages;
  const [output] = plan.outputs;
  const value = node.outputs[0];
  if (stage?.combine !== 'prod' || output?.of !== 'row' || value === undefined) return null;
  const row = indices(plan.rows.length);
  const at = (flat: Expr, rows: readonly Expr[]): Expr =>
    stage.value(rows, unravel(flat, plan.inner), []);
  const { type } = at(int(0), row);
  if (!isComplexType(type) || second !== undefined) return null;
  const { place, name } = node;
  const piece = (shape: readonly number[], id: number, expr: Expr): MapPiece => ({
    place,
    nodes: [name],
    kind: 'map',
    shape,
    outputs: [{ value: id, expr }],
  });
  const pieces: MapPiece[] = [];
  let count = elementCount(plan.inner);
  let element = at;
  while (count > factors) {
    const kept = Math.ceil(count / factors);
    const shape = [...plan.rows, kept];
    const part = fresh({ type, shape, place, label: `${name}/partial` });
    const [own] = indices(1, plan.rows.length) as [Expr];
    pieces.push(piece(shape, part, productOf(element, { own, row, kept, count, type })));
    element = (flat, rows) => load(part, type, [...rows, flat]);
    count = kept;
  }
  const { shape } = lookup(value);
  const rows = unravel(ravel(indices(shape.length), shape), plan.rows);
  const total = productOf(element, { own: int(0), row: rows, kept: 1, count, type });
  return [...pieces, piece(shape, value, output.value(rows, [total]))];
}

interface Span {
  /** Which of the products this is, and of how many. */
  readonly own: Expr;
  readonly kept: number;
  readonly row: readonly Expr[];
  readonly count: number;
  readonly type: 'c64' | 'c128';
}

/** The product of elements own, own + kept, own + 2 kept ... of the row. */
function productOf(
  element: (flat: Expr, row: readonly Expr[]) => Expr,
  { own, kept, row, count, type }: Span,
): Expr {
  let product: Expr | null = null;
  for (let first = 0; first < count; first += kept) {
    const flat = add(own, int(first));
    const isWhole = first + kept <= count;
    const factor = isWhole
      ? element(flat, row)
      : select(lt(flat, int(count)), element(min(flat, int(count - 1)), row), constant(type, 1));
    product = product === null ? factor : mul(product, factor);
  }
  return product ?? constant(type, 1);
}
