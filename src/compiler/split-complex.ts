/**
 * Split complex: the last thing done to a kernel. Until here a complex tensor's element is one
 * value of type c64 or c128, so that everything before, fusion above all, treats it like any other.
 * Its buffer holds pairs, real part first; here each complex expression becomes two real ones, each
 * read two reads at `2 at` and `2 at + 1`, each store two stores. Work that keeps the parts apart is
 * real work on twice the elements.
 */
import { InternalError } from '../errors.js';
import {
  add,
  and,
  binary,
  cast,
  eq,
  fold,
  index,
  int,
  isComparison,
  isComplexType,
  like,
  mod,
  mul,
  neg,
  operands,
  partType,
  rewrite,
  select,
  stage,
  walk,
  withOperands,
  type Expr,
  type ExprOf,
  type ScalarType,
} from '../ir/expr.js';
import {
  contractAxes,
  kernelExprs,
  type ContractKernel,
  type Kernel,
  type ReduceKernel,
  type ScatterKernel,
  type Stage,
  type Store,
} from '../ir/kernel.js';
import { complexBinary, complexComparison, complexUnary, pair, type Pair } from './complex-math.js';
import { splitByParts } from './complex-parts.js';
import { IndexAlgebra, substitute } from './index-algebra.js';

/**
 * The same kernel over real values only; the kernel itself if it has no others.
 * @throws InternalError for what no op may ask of complex numbers, such as their order.
 */
export function splitComplex(kernel: Kernel): Kernel {
  if (!hasComplex(kernel)) return kernel;
  switch (kernel.kind) {
    case 'map': {
      const byParts = splitByParts(kernel);
      if (byParts !== null) return byParts;
      const splitting = new Splitting((axis) => kernel.shape[axis] ?? 1);
      return { ...kernel, stores: splitting.stores(kernel.stores) };
    }
    case 'reduce':
      return splitReduce(kernel);
    case 'contract':
      return splitContract(kernel);
    case 'scatter':
      return splitScatter(kernel);
    case 'maps':
      throw new InternalError(`splitComplex: "${kernel.label}" is merged already.`);
  }
}

function hasComplex(kernel: Kernel): boolean {
  let found = false;
  walk(kernelExprs(kernel), (node) => (found ||= isComplexType(node.type)));
  return found;
}

function splitReduce(kernel: ReduceKernel): ReduceKernel {
  const extents = [...kernel.shape, ...kernel.inner];
  const places: number[] = [];
  const splitting = new Splitting((axis) => extents[axis] ?? 1, places);
  const stages: Stage[] = [];
  for (const { combine, type, value } of kernel.stages) {
    places.push(stages.length);
    if (!isComplexType(type)) {
      stages.push({ combine, type, value: splitting.real(value) });
      continue;
    }
    if (combine !== 'sum')
      throw new InternalError(`Complex numbers are not combined by ${combine}.`);
    const { re, im } = splitting.pair(value);
    stages.push({ combine, type: re.type, value: re }, { combine, type: im.type, value: im });
  }
  return {
    ...kernel,
    stages,
    rowStores: splitting.stores(kernel.rowStores),
    elementStores: splitting.stores(kernel.elementStores),
  };
}

/**
 * A complex product is a real one of twice the columns and twice the terms: with p the part of a
 * factor and q that of the result, a'(m, 2k + p) = a_p and b'(2k + p, 2n + q) = b_(p xor q), negated
 * for the imaginary part times itself. Its results, in order, are the pairs.
 */
function splitContract(kernel: ContractKernel): ContractKernel {
  const { type, batch, m, n, k } = kernel;
  if (!isComplexType(type)) {
    const splitting = new Splitting((axis) => [batch, m, n, k][axis] ?? 1);
    const { a, b, stores } = kernel;
    return {
      ...kernel,
      a: splitting.real(a),
      b: splitting.real(b),
      stores: splitting.stores(stores),
    };
  }
  const part = partType(type);
  const extents = [batch, m, 2 * n, 2 * k];
  const splitting = new Splitting((axis) => extents[axis] ?? 1);
  const [column, term] = [index(contractAxes.n), index(contractAxes.k)];
  const halved = new Map<number, Expr>([
    [contractAxes.n, binary('div', column, int(2))],
    [contractAxes.k, binary('div', term, int(2))],
  ]);
  const p = mod(term, int(2));
  const q = mod(column, int(2));
  const factor = splitting.part(substitute(kernel.b, halved), mod(add(term, column), int(2)));
  const isSquare = and(eq(q, int(0)), eq(p, int(1)));
  return {
    ...kernel,
    type: part,
    n: 2 * n,
    k: 2 * k,
    a: splitting.part(substitute(kernel.a, halved), p),
    b: select(isSquare, neg(factor), factor),
    stores: kernel.stores.map(({ binding, at, value }): Store => {
      if (value.kind !== 'acc') throw new InternalError('A complex product has an epilogue.');
      const place = add(mul(substitute(at, halved), int(2)), q);
      return { binding, at: splitting.place(place), value: { ...value, type: part } };
    }),
  };
}

/** Updates of parts: one more axis of the updates, and of the result. */
function splitScatter(kernel: ScatterKernel): ScatterKernel {
  const { shape, out, type, combine, initial } = kernel;
  if (!isComplexType(type)) {
    const extents = [...shape, ...out];
    const splitting = new Splitting((axis) => extents[axis] ?? 1);
    const at = splitting.real(kernel.at);
    const value = splitting.real(kernel.value);
    return { ...kernel, initial: splitting.stores([initial])[0] ?? initial, at, value };
  }
  if (combine !== 'sum') throw new InternalError(`Complex numbers are not combined by ${combine}.`);
  const rank = shape.length;
  const extents = [...shape, 2, ...out, 2];
  const splitting = new Splitting((axis) => extents[axis] ?? 1);
  const moved = new Map<number, Expr>(
    out.map((_, axis) => [rank + axis, index(rank + 1 + axis)] as const),
  );
  const [which, whichOut] = [index(rank), index(rank + 1 + out.length)];
  // What lies outside the result, before it or behind, does so in parts too.
  const place = (at: Expr, of: Expr): Expr =>
    splitting.place(add(mul(splitting.real(at), int(2)), of));
  return {
    ...kernel,
    type: partType(type),
    shape: [...shape, 2],
    out: [...out, 2],
    initial: {
      ...initial,
      at: place(substitute(initial.at, moved), whichOut),
      value: splitting.part(substitute(initial.value, moved), whichOut),
    },
    at: place(kernel.at, which),
    value: splitting.part(kernel.value, which),
  };
}

/** Splits the expressions of one kernel, shared nodes once. */
class Splitting {
  readonly #reals = new Map<Expr, Expr>();
  readonly #pairs = new Map<Expr, Pair>();
  readonly #visited = new Map<Expr, Expr>();
  readonly #algebra: IndexAlgebra;

  /** @param places where each stage's result is found among the split stages. */
  constructor(
    extentOf: (axis: number) => number,
    readonly places: readonly number[] = [],
  ) {
    this.#algebra = new IndexAlgebra(extentOf);
  }

  place(at: Expr): Expr {
    return this.#algebra.simplify(at);
  }

  /** An expression that is not complex itself. */
  real(expr: Expr): Expr {
    this.#visitAll(expr);
    return this.#reals.get(expr) as Expr;
  }

  pair(expr: Expr): Pair {
    this.#visitAll(expr);
    return this.#pairs.get(expr) as Pair;
  }

  /** The real (part 0) or imaginary (part 1) part; of what is read, read at that part alone. */
  part(expr: Expr, which: Expr): Expr {
    if (expr.kind === 'read') return this.#read(expr, which);
    const { re, im } = this.pair(expr);
    return select(eq(this.place(which), int(0)), re, im);
  }

  stores(stores: readonly Store[]): Store[] {
    return stores.flatMap(({ binding, at, value }): Store[] => {
      if (!isComplexType(value.type))
        return [{ binding, at: this.real(at), value: this.real(value) }];
      const { re, im } = this.pair(value);
      const place = (which: number): Expr =>
        this.place(add(mul(this.real(at), int(2)), int(which)));
      return [
        { binding, at: place(0), value: re },
        { binding, at: place(1), value: im },
      ];
    });
  }

  #read(node: ExprOf<'read'>, which: Expr): Expr {
    const at = this.place(add(mul(this.real(node.at), int(2)), which));
    return { ...node, type: partType(node.type), at };
  }

  #visitAll(root: Expr): void {
    const visit = (node: Expr): Expr => {
      if (isComplexType(node.type)) this.#pairs.set(node, this.#pairOf(node, node.type));
      else this.#reals.set(node, this.#realOf(node));
      return node;
    };
    rewrite(root, visit, this.#visited);
  }

  #realOf(node: Expr): Expr {
    const of = (expr: Expr): Expr => this.#reals.get(expr) as Expr;
    const both = (expr: Expr): Pair => this.#pairs.get(expr) as Pair;
    switch (node.kind) {
      case 'stage':
        return stage(this.places[node.stage] ?? 0, node.type);
      case 'unary':
        if (!isComplexType(node.x.type)) break;
        if (node.fn === 'real') return both(node.x).re;
        if (node.fn === 'imag') return both(node.x).im;
        throw new InternalError(`There is no ${node.fn} of a complex number.`);
      case 'binary':
        if (!isComplexType(node.a.type)) break;
        if (isComparison(node.fn)) return complexComparison(node.fn, both(node.a), both(node.b));
        break;
      case 'cast':
        if (isComplexType(node.x.type)) return cast(node.type, both(node.x).re);
        break;
      default:
    }
    const inputs = operands(node);
    const next = inputs.map(of);
    return next.every((input, i) => input === inputs[i]) ? node : withOperands(node, next);
  }

  #pairOf(node: Expr, type: ScalarType): Pair {
    const of = (expr: Expr): Expr => this.#reals.get(expr) as Expr;
    const both = (expr: Expr): Pair => this.#pairs.get(expr) as Pair;
    const part = partType(type);
    switch (node.kind) {
      case 'const': {
        const re: Expr = { ...node, type: part };
        return pair(re, like(re, 0));
      }
      case 'read':
        return pair(this.#read(node, int(0)), this.#read(node, int(1)));
      case 'stage': {
        const at = this.places[node.stage] ?? 0;
        return pair(stage(at, part), stage(at + 1, part));
      }
      case 'unary':
        return complexUnary(node.fn, both(node.x));
      case 'binary':
        if (node.fn === 'complex') return pair(of(node.a), of(node.b));
        return complexBinary(node.fn, both(node.a), both(node.b));
      case 'select': {
        const [a, b] = [both(node.a), both(node.b)];
        const cond = of(node.cond);
        return pair(select(cond, a.re, b.re), select(cond, a.im, b.im));
      }
      case 'cast': {
        if (!isComplexType(node.x.type)) {
          const re = cast(part, of(node.x));
          return pair(re, like(re, 0));
        }
        const { re, im } = both(node.x);
        return pair(cast(part, re), cast(part, im));
      }
      case 'fold':
        return this.#fold(node, both(node.body));
      case 'check': {
        const { re, im } = both(node.x);
        const [ok, ...args] = [node.ok, ...node.args].map(of) as [Expr, ...Expr[]];
        return pair(
          { ...node, type: part, x: re, ok, args },
          { ...node, type: part, x: im, ok, args },
        );
      }
      case 'index':
      case 'load':
      case 'acc':
      case 'bitcast':
      case 'call':
        throw new InternalError(`A complex ${node.kind} cannot be split.`);
    }
  }

  /** Two loops, each with a variable of its own. */
  #fold(node: ExprOf<'fold'>, body: Pair): Pair {
    if (node.combine !== 'sum')
      throw new InternalError(`Complex numbers are not combined by ${node.combine}.`);
    const loop = (expr: Expr): Expr =>
      fold('sum', node.extent, (i) => substitute(expr, new Map([[node.axis, i]])));
    return pair(loop(body.re), loop(body.im));
  }
}
