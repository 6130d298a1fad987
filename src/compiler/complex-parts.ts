/**
 * Complex work that never mixes a number's parts (copies, views, sums) as real work on twice as many
 * elements: its indices stay runs of neighbours, which a device reads and writes four at a time.
 */
import { InternalError } from '../errors.js';
import {
  add,
  binary,
  eq,
  index,
  int,
  isComplexType,
  mod,
  mul,
  operands,
  partType,
  rewrite,
  select,
  walk,
  type Expr,
} from '../ir/expr.js';
import type { MapKernel } from '../ir/kernel.js';
import { IndexAlgebra, substitute } from './index-algebra.js';

/** The kernel over parts, its last axis twice as long; null if some part needs the other. */
export function splitByParts(kernel: MapKernel): MapKernel | null {
  const { shape, stores } = kernel;
  const last = shape.length - 1;
  if (last < 0 || !stores.every(({ value }) => isComplexType(value.type))) return null;
  if (!stores.every(({ value }) => isPartwise(value))) return null;
  const doubled = shape.map((extent, axis) => (axis === last ? 2 * extent : extent));
  const algebra = new IndexAlgebra((axis) => doubled[axis] ?? 1);
  const part = mod(index(last), int(2));
  const axes = new Map([[last, binary('div', index(last), int(2))]]);
  const place = (at: Expr): Expr => algebra.simplify(add(mul(at, int(2)), part));
  const memo = new Map<Expr, Expr>();
  return {
    ...kernel,
    shape: doubled,
    stores: stores.map(({ binding, at, value }) => ({
      binding,
      at: place(substitute(at, axes)),
      value: algebra.simplify(
        rewrite(substitute(value, axes), (node) => partOf(node, part, place), memo),
      ),
    })),
  };
}

/** Whether each part of a number follows from the same parts of those it is made of. */
function isPartwise(root: Expr): boolean {
  let answer = true;
  walk([root], (node) => {
    const touches = isComplexType(node.type) || operands(node).some((x) => isComplexType(x.type));
    if (touches && !keepsParts(node)) answer = false;
  });
  return answer;
}

function keepsParts(node: Expr): boolean {
  switch (node.kind) {
    case 'read':
    case 'const':
      return true;
    case 'select':
      return !isComplexType(node.cond.type);
    case 'unary':
      return node.fn === 'neg';
    case 'binary':
      return node.fn === 'add' || node.fn === 'sub';
    default:
      return false;
  }
}

/** A node whose operands are parts already. */
function partOf(node: Expr, part: Expr, place: (at: Expr) => Expr): Expr {
  if (!isComplexType(node.type)) return node;
  const type = partType(node.type);
  switch (node.kind) {
    case 'read':
      return { ...node, type, at: place(node.at) };
    case 'unary':
    case 'binary':
    case 'select':
      return { ...node, type };
    case 'const': {
      const real: Expr = { ...node, type };
      const none: Expr = { ...node, type, value: 0 };
      return Number(node.value) === 0 ? none : select(eq(part, int(0)), real, none);
    }
    default:
      throw new InternalError(`A complex ${node.kind} does not keep its parts.`);
  }
}
