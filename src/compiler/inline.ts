/**
 * Inline: producers vanish into the expressions that load them. Views cost nothing and always go;
 * elementwise work goes where it is computed once, or where recomputing is cheaper than memory.
 */
import { elementCount } from '../graph/shape.js';
import { isComplexType, rewrite, walk, type Expr, type ExprOf } from '../ir/expr.js';
import { ExprKeys } from '../ir/expr-keys.js';
import { codeSizeOf, maxCodeSize } from '../ir/code-size.js';
import { substitute } from './index-algebra.js';
import {
  certainLoads,
  exprsOf,
  extentsOf,
  loadsOf,
  mapExprs,
  outputsOf,
  prologueOf,
  spaceOf,
  type MapPiece,
  type Piece,
} from './piece.js';

/** Arithmetic per element above which an expression is not computed twice. */
const cheap = 1;
/** A view over more values than this (a long concatenation) is better materialised. */
const maxViewLoads = 4;

const weights: Partial<Record<string, number>> = {
  exp: 8,
  expm1: 8,
  log: 8,
  log1p: 8,
  sin: 8,
  cos: 8,
  tan: 8,
  asin: 8,
  acos: 8,
  atan: 8,
  sinh: 8,
  cosh: 8,
  tanh: 8,
  asinh: 8,
  acosh: 8,
  atanh: 8,
  sigmoid: 8,
  softplus: 8,
  erf: 8,
  erfc: 8,
  pow: 8,
  atan2: 8,
  sqrt: 2,
  rsqrt: 2,
  neg: 0,
  real: 0,
  imag: 0,
  complex: 0,
};

/** Arithmetic on data of one node, in additions. */
function workOf(node: ExprOf<'unary'> | ExprOf<'binary'>): number {
  const work = weights[node.fn] ?? 1;
  return isComplexType(node.type) ? 4 * work : work;
}

export interface ExprCost {
  /** Arithmetic on data; index arithmetic and choices by index are free. */
  readonly work: number;
  readonly loads: number;
  /** Code it becomes (`code-size.ts`). */
  readonly size: number;
  /** Whether a check is among them, which must be made at every point of the producer. */
  readonly checks: boolean;
}

export function costOf(exprs: readonly Expr[]): ExprCost {
  let work = 0;
  let size = 0;
  let checks = false;
  const data = new Set<Expr>();
  const loads = new Set<number>();
  walk(exprs, (node) => {
    size += codeSizeOf(node);
    checks ||= node.kind === 'check';
    const inputs = node.kind === 'load' ? [] : childrenOf(node);
    if (node.kind === 'load') loads.add(node.value);
    if (node.kind === 'load' || node.kind === 'call' || inputs.some((e) => data.has(e)))
      data.add(node);
    if (node.kind === 'call') work += 64;
    if (!data.has(node)) return;
    if (node.kind === 'fold') work += 32 * node.extent;
    if (node.kind === 'unary' || node.kind === 'binary') work += workOf(node);
    if (node.kind === 'select' && data.has(node.cond)) work += 1;
  });
  return { work, loads: loads.size, size, checks };
}

function childrenOf(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case 'unary':
    case 'cast':
    case 'bitcast':
      return [node.x];
    case 'binary':
      return [node.a, node.b];
    case 'select':
      return [node.cond, node.a, node.b];
    case 'fold':
      return [node.body];
    case 'call':
      return node.args;
    case 'check':
      return [node.x, node.ok];
    default:
      return [];
  }
}

interface Producer {
  readonly piece: MapPiece;
  readonly expr: Expr;
  readonly cost: ExprCost;
  readonly loads: ReadonlySet<number>;
}

/** A piece with what was inlined into it. */
interface Inlined {
  readonly piece: Piece;
  /** Upper bound of its expressions' cost; exact where nothing was inlined. */
  readonly cost: ExprCost;
  readonly loads: ReadonlySet<number>;
}

/**
 * @param external values that must exist in memory whatever happens (fetches, variables' new values).
 */
export function inline(
  pieces: readonly Piece[],
  external: ReadonlySet<number>,
  maxBindings: number,
): readonly Piece[] {
  const uses = countUses(pieces, external);
  const producers = new Map<number, Producer>();
  const computed = new Set<number>();
  const result: Piece[] = [];
  for (const piece of pieces) {
    const { piece: done, cost, loads } = inlineInto(piece, producers, computed, uses, maxBindings);
    result.push(done);
    for (const output of outputsOf(done)) computed.add(output.value);
    if (done.kind !== 'map') continue;
    const several = done.outputs.length > 1;
    for (const { value, expr } of done.outputs)
      producers.set(value, {
        piece: done,
        expr,
        cost: several ? costOf([expr]) : cost,
        loads: several ? loadsOf([expr]) : loads,
      });
  }
  return dropUnused(result, external);
}

/** Pieces that load each value; being wanted in memory counts as one more. */
function countUses(pieces: readonly Piece[], external: ReadonlySet<number>): Map<number, number> {
  const uses = new Map([...external].map((value) => [value, 1]));
  for (const piece of pieces)
    for (const value of loadsOf(exprsOf(piece))) uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}

/** At how many different indices a piece loads each value. */
function sitesOf(piece: Piece): (value: number) => number {
  const loads = new Map<number, Expr[]>();
  walk(exprsOf(piece), (node) => {
    if (node.kind !== 'load') return;
    const list = loads.get(node.value);
    if (list) list.push(node);
    else loads.set(node.value, [node]);
  });
  const keys = new ExprKeys();
  return (value) => {
    const list = loads.get(value) ?? [];
    return list.length <= 1 ? list.length : new Set(list.map((node) => keys.of(node))).size;
  };
}

/** What a piece loads as producers are inlined into it, one after another. */
class Loads {
  /** The piece's own loads that stay. */
  readonly #own: Set<number>;
  /** What inlined producers load: these loads are not inlined in turn. */
  readonly #brought = new Set<number>();
  readonly all: Set<number>;

  constructor(piece: Piece) {
    this.#own = loadsOf(exprsOf(piece));
    this.all = new Set(this.#own);
  }

  own(): readonly number[] {
    return [...this.#own];
  }

  sizeWith(value: number, producer: Producer): number {
    let size = this.all.size - (this.#brought.has(value) ? 0 : 1);
    for (const load of producer.loads) if (!this.all.has(load)) size++;
    return size;
  }

  inline(value: number, producer: Producer): void {
    this.#own.delete(value);
    if (!this.#brought.has(value)) this.all.delete(value);
    for (const load of producer.loads) {
      this.#brought.add(load);
      this.all.add(load);
    }
  }
}

function inlineInto(
  piece: Piece,
  producers: ReadonlyMap<number, Producer>,
  computed: ReadonlySet<number>,
  uses: ReadonlyMap<number, number>,
  maxBindings: number,
): Inlined {
  const inPrologue = loadsOf(prologueOf(piece));
  const chosen = new Map<number, Producer>();
  const sites = sitesOf(piece);
  const folds = piece.kind === 'map' && hasFold(piece);
  const loads = new Loads(piece);
  const own = costOf(exprsOf(piece));
  let { size: code } = own;
  for (const value of loads.own()) {
    const producer = producers.get(value);
    if (producer === undefined || producer.piece.place !== piece.place) continue;
    if (producer.cost.checks && !visitsAll(piece, value, producer.piece.shape)) continue;
    const readers = Math.max(uses.get(value) ?? 0, sites(value));
    if (!worthInlining(producer, piece, inPrologue.has(value), readers, computed, folds)) continue;
    const size = loads.sizeWith(value, producer);
    // Beyond the limit nothing may grow; what shrinks may lead back below it.
    if (size > loads.all.size && size + outputsOf(piece).length > maxBindings) continue;
    const { size: more } = producer.cost;
    if (Math.max(2 * more, code + more) > maxCodeSize) continue;
    code += more;
    chosen.set(value, producer);
    loads.inline(value, producer);
  }
  if (chosen.size === 0) return { piece, cost: own, loads: loads.all };
  const done = withProducers(piece, chosen);
  return {
    piece: done,
    cost: totalCost(done, own, [...chosen.values()], loads.all.size),
    loads: loads.all,
  };
}

function withProducers(piece: Piece, chosen: ReadonlyMap<number, Producer>): Piece {
  const memo = new Map<Expr, Expr>();
  const extents = extentsOf(piece);
  const replaced = mapExprs(piece, (expr) =>
    rewrite(
      expr,
      (node) => {
        const producer = node.kind === 'load' ? chosen.get(node.value) : undefined;
        if (producer === undefined || node.kind !== 'load') return node;
        return isOwnIndex(node.index, producer.piece.shape, extents)
          ? producer.expr
          : substitute(producer.expr, new Map(node.index.map((i, axis) => [axis, i])));
      },
      memo,
    ),
  );
  const names = [...chosen.values()].flatMap((p) => p.piece.nodes);
  return { ...replaced, nodes: [...new Set([...names, ...piece.nodes])] };
}

/** Whether a load is at the consumer's own index, so that the producer's expression fits as it is. */
const isOwnIndex = (
  at: readonly Expr[],
  shape: readonly number[],
  extents: readonly number[],
): boolean =>
  at.every(
    (i, axis) =>
      (i.kind === 'index' && i.axis === axis) ||
      (shape[axis] === 1 && extents[axis] === 1 && i.kind === 'const'),
  );

/** Whether a piece loads every element of a value, whatever the data: each at its own index. */
function visitsAll(piece: Piece, value: number, shape: readonly number[]): boolean {
  if (piece.kind === 'contract') return false;
  const extents = extentsOf(piece);
  if (!shape.every((extent, axis) => extent === extents[axis])) return false;
  const exprs = exprsOf(piece);
  if (!certainLoads(exprs).has(value)) return false;
  let all = true;
  walk(exprs, (node) => {
    if (node.kind === 'load' && node.value === value)
      all &&= isOwnIndex(node.index, shape, extents);
  });
  return all;
}

/** Sum of the parts, which counts shared parts twice; walked anew only when that sum grows large. */
function totalCost(
  piece: Piece,
  own: ExprCost,
  producers: readonly Producer[],
  loads: number,
): ExprCost {
  const sum = (of: (cost: ExprCost) => number): number =>
    producers.reduce((total, { cost }) => total + of(cost), of(own));
  const size = sum((cost) => cost.size);
  const isTree = producers.length === 1;
  if (!isTree || 2 * size > maxCodeSize) return costOf(exprsOf(piece));
  const checks = own.checks || producers.some(({ cost }) => cost.checks);
  return { size, loads, work: sum((cost) => cost.work), checks };
}

function worthInlining(
  producer: Producer,
  consumer: Piece,
  inPrologue: boolean,
  uses: number,
  computed: ReadonlySet<number>,
  folds: boolean,
): boolean {
  const { cost, expr } = producer;
  if (cost.work === 0 && cost.loads <= maxViewLoads) return true;
  if (consumer.kind === 'contract' && inPrologue) {
    // Elements are loaded many times; work that can ride on its own producer's epilogue stays there.
    const fromMemory = ![...loadsOf([expr])].some((value) => computed.has(value));
    return uses === 1 && fromMemory && cost.work <= 2;
  }
  if (uses > 1) return cost.work <= cheap && cost.loads <= 1;
  if (consumer.kind === 'reduce' && inPrologue && consumer.stages.length > 1) return cost.work <= 4;
  const produced = elementCount(producer.piece.shape);
  const evaluated = evaluations(consumer, inPrologue) * (folds ? 16 : 1);
  return evaluated <= 2 * produced || cost.work <= 2;
}

/** How many times a load in the consumer is evaluated over its whole iteration space. */
function evaluations(consumer: Piece, inPrologue: boolean): number {
  if (consumer.kind === 'scatter' && inPrologue) return elementCount(consumer.shape);
  return elementCount(
    spaceOf(
      consumer,
      inPrologue || consumer.kind !== 'reduce' || consumer.elementOutputs.length > 0,
    ),
  );
}

function hasFold(piece: Piece): boolean {
  let found = false;
  walk(exprsOf(piece), (node) => {
    if (node.kind === 'fold') found = true;
  });
  return found;
}

/** Drops pieces none of whose outputs is loaded or external, and outputs nobody wants. */
export function dropUnused(
  pieces: readonly Piece[],
  external: ReadonlySet<number>,
): readonly Piece[] {
  const wanted = new Set(external);
  const kept: Piece[] = [];
  for (const piece of [...pieces].reverse()) {
    const used = withoutOutputs(piece, (value) => !wanted.has(value));
    if (outputsOf(used).length === 0) continue;
    kept.push(used);
    for (const value of loadsOf(exprsOf(used))) wanted.add(value);
  }
  return kept.reverse();
}

function withoutOutputs(piece: Piece, unwanted: (value: number) => boolean): Piece {
  const keep = <T extends { readonly value: number }>(list: readonly T[]): T[] =>
    list.filter((o) => !unwanted(o.value));
  if (piece.kind === 'reduce')
    return {
      ...piece,
      rowOutputs: keep(piece.rowOutputs),
      elementOutputs: keep(piece.elementOutputs),
    };
  return { ...piece, outputs: keep(piece.outputs) };
}
