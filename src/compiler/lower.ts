/** Lower: each op by its own rule into a piece of kernel IR over logical values. */
import { InternalError } from '../errors.js';
import { groupByArg, inputArgs } from '../graph/signature.js';
import { elementCount, type StaticShape } from '../graph/shape.js';
import {
  acc,
  add,
  constant,
  int,
  load,
  lt,
  mul,
  select,
  stage,
  type Expr,
  type ScalarType,
} from '../ir/expr.js';
import { identityOf } from '../ir/identity.js';
import type { Place } from '../ir/program.js';
import { narrow } from '../ir/storage.js';
import type { LowerContext, Operand, ReducePlan, ScatterPlan } from '../ops/op-def.js';
import { lowerContext, type AnyContext, type ValueLookup } from './context.js';
import { complexProduct } from './complex-product.js';
import type { Flow, FlowNode } from './flow.js';
import { indices, ravel, unravel } from './index-algebra.js';
import { gatheringPlan, scatterPiece, scatters } from './lower-scatter.js';
import type { ContractPiece, MapPiece, Piece, ReducePiece } from './piece.js';

/** A reduction over more points than this with few rows is split in two kernels. */
const splitThreshold = 16384;
const maxRowsToSplit = 64;
const splitParts = 256;

export interface Lowered {
  readonly pieces: readonly Piece[];
  /** Values made here (partial sums); ids continue the flow's. */
  readonly extra: readonly ExtraValue[];
  /** Makes one more, which then is in `extra`. */
  readonly fresh: Fresh;
}

export interface ExtraValue {
  readonly id: number;
  readonly type: ScalarType;
  readonly shape: StaticShape;
  readonly place: Place;
  readonly label: string;
}

export type Fresh = (init: Omit<ExtraValue, 'id'>) => number;

/** Value id under which random kernels load their stream position, by place in the random buffer. */
export const randomPosition = -1;

export function lower(flow: Flow): Lowered {
  const lookup: ValueLookup = (id) => {
    const value = flow.values[id];
    if (value === undefined) throw new InternalError(`lower: there is no value ${id}.`);
    return value;
  };
  const extra: ExtraValue[] = [];
  const fresh: Fresh = (init) => {
    const id = flow.values.length + extra.length;
    extra.push({ id, ...init });
    return id;
  };
  const pieces = flow.nodes.flatMap((node) => lowerNode(node, lookup, fresh));
  return { pieces, extra, fresh };
}

function lowerNode(node: FlowNode, lookup: ValueLookup, fresh: Fresh): Piece[] {
  const context = lowerContext(node, lookup);
  switch (node.def.lower.kind) {
    case 'elementwise':
    case 'map':
    case 'random':
      return lowerMap(node, context, lookup);
    case 'update':
      return [lowerUpdate(node, context, lookup)];
    case 'reduce':
      return lowerReduce(node, node.def.lower.plan(context as never), lookup, fresh);
    case 'contract':
      return [lowerContract(node, context, lookup)];
    case 'scatter':
      return lowerScatter(node, node.def.lower.plan(context as never), lookup, fresh);
    case 'alias':
    case 'constant':
    case 'decompose':
    case 'variable':
    case 'read':
    case 'isInitialized':
    case 'none':
      throw new InternalError(`lower: ${node.def.name} "${node.name}" should be gone by now.`, {
        node: node.name,
        op: node.def.name,
      });
  }
}

const base = (node: FlowNode): { place: FlowNode['place']; nodes: string[] } => ({
  place: node.place,
  nodes: [node.name],
});

/** Operand element broadcast to an output index. */
export function broadcastAt(operand: Operand, at: readonly Expr[]): Expr {
  const skip = at.length - operand.shape.length;
  return operand.at(
    operand.shape.map((dim, axis) => (dim === 1 ? int(0) : (at[axis + skip] as Expr))),
  );
}

function broadcastAll(node: FlowNode, context: AnyContext, at: readonly Expr[]): never {
  const args = inputArgs(node.def, node.attrs);
  const operands = context.x as unknown as Record<string, Operand | readonly Operand[]>;
  const flat = args.flatMap((arg): readonly Operand[] =>
    [operands[arg.name] as Operand | readonly Operand[]].flat(),
  );
  return groupByArg(
    args,
    flat.map((operand) => broadcastAt(operand, at)),
  ) as never;
}

function lowerMap(node: FlowNode, context: AnyContext, lookup: ValueLookup): MapPiece[] {
  const { lower: rule } = node.def;
  return node.outputs.map((id, k) => {
    const { shape, dtype } = lookup(id);
    const at = indices(shape.length);
    let expr: Expr;
    if (rule.kind === 'elementwise')
      expr = rule.expr(broadcastAll(node, context, at), context as never);
    else if (rule.kind === 'map') expr = rule.body(context as never, at, k);
    else if (rule.kind === 'random')
      expr = rule.body(context as never, at, position(node.random ?? 0));
    else throw new InternalError(`lowerMap: ${rule.kind}`);
    return {
      ...base(node),
      kind: 'map',
      shape,
      outputs: [{ value: id, expr: narrow(dtype, expr) }],
    };
  });
}

const position = (stream: number): { low: Expr; high: Expr } => ({
  low: load(randomPosition, 'u32', [int(2 * stream)]),
  high: load(randomPosition, 'u32', [int(2 * stream + 1)]),
});

function lowerUpdate(node: FlowNode, context: AnyContext, lookup: ValueLookup): MapPiece {
  if (node.def.lower.kind !== 'update') throw new InternalError('lowerUpdate');
  const first = lookup(node.outputs[0] as number);
  const at = indices(first.shape.length);
  const next = node.def.lower.next(broadcastAll(node, context, at), context as never) as Record<
    string,
    Expr
  >;
  const outputs = Object.entries(next);
  const order = inputArgs(node.def, node.attrs).map((arg) => arg.name);
  outputs.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return {
    ...base(node),
    kind: 'map',
    shape: first.shape,
    outputs: outputs.map(([, expr], i) => {
      const id = node.outputs[i] as number;
      return { value: id, expr: narrow(lookup(id).dtype, expr) };
    }),
  };
}

function lowerContract(node: FlowNode, context: AnyContext, lookup: ValueLookup): ContractPiece {
  if (node.def.lower.kind !== 'contract') throw new InternalError('lowerContract');
  const plan = node.def.lower.plan(context as LowerContext<never, never, never> as never);
  const [batch, m, n, k] = indices(4) as [Expr, Expr, Expr, Expr];
  const id = node.outputs[0] as number;
  const a = plan.a(batch, m, k);
  return {
    ...base(node),
    kind: 'contract',
    type: a.type,
    batch: plan.batch,
    m: plan.m,
    n: plan.n,
    k: plan.k,
    a,
    b: plan.b(batch, k, n),
    outputs: [{ value: id, expr: narrow(lookup(id).dtype, acc(a.type)) }],
  };
}

function lowerScatter(
  node: FlowNode,
  plan: ScatterPlan,
  lookup: ValueLookup,
  fresh: Fresh,
): Piece[] {
  const output = lookup(node.outputs[0] as number);
  return scatters(plan, output.shape, node.place)
    ? [scatterPiece(node, plan, output)]
    : lowerReduce(node, gatheringPlan(plan, output.shape), lookup, fresh);
}

function lowerReduce(node: FlowNode, plan: ReducePlan, lookup: ValueLookup, fresh: Fresh): Piece[] {
  if (elementCount(plan.inner) === 1) return reduceOfOne(node, plan, lookup);
  const product = complexProduct(node, plan, lookup, fresh);
  if (product !== null) return product;
  const piece = reducePiece(node, plan, lookup);
  const rows = elementCount(piece.shape);
  const [only, second] = piece.stages;
  const splits =
    only !== undefined &&
    second === undefined &&
    piece.elementOutputs.length === 0 &&
    rows <= maxRowsToSplit &&
    elementCount(piece.inner) >= splitThreshold;
  return splits ? splitReduce(piece, plan, lookup, fresh) : [piece];
}

/** A reduction over a single point (a sum over no axes, say) combines nothing: it is a map. */
function reduceOfOne(node: FlowNode, plan: ReducePlan, lookup: ValueLookup): MapPiece[] {
  return plan.outputs.map((output, k) => {
    const value = node.outputs[k] as number;
    const { shape, dtype } = lookup(value);
    const row = unravel(ravel(indices(shape.length), shape), plan.rows);
    const inner = plan.inner.map(() => int(0));
    const results: Expr[] = [];
    for (const s of plan.stages) results.push(s.value(row, inner, results));
    const expr =
      output.of === 'row' ? output.value(row, results) : output.value(row, inner, results);
    return { ...base(node), kind: 'map', shape, outputs: [{ value, expr: narrow(dtype, expr) }] };
  });
}

function reducePiece(node: FlowNode, plan: ReducePlan, lookup: ValueLookup): ReducePiece {
  const row = indices(plan.rows.length);
  const inner = indices(plan.inner.length, plan.rows.length);
  const results: Expr[] = [];
  const stages = plan.stages.map((s) => {
    const expr = s.value(row, inner, results);
    results.push(stage(results.length, expr.type));
    return { combine: s.combine, type: expr.type, expr };
  });
  const rowOutputs: { value: number; expr: Expr }[] = [];
  const elementOutputs: { value: number; expr: Expr }[] = [];
  for (const [k, output] of plan.outputs.entries()) {
    const id = node.outputs[k] as number;
    const { dtype } = lookup(id);
    if (output.of === 'row')
      rowOutputs.push({ value: id, expr: narrow(dtype, output.value(row, results)) });
    else elementOutputs.push({ value: id, expr: narrow(dtype, output.value(row, inner, results)) });
  }
  return {
    ...base(node),
    kind: 'reduce',
    shape: plan.rows,
    inner: plan.inner,
    stages,
    rowOutputs,
    elementOutputs,
  };
}

/** Partial results of equal chunks, then their combination: both kernels have work for many threads. */
function splitReduce(
  piece: ReducePiece,
  plan: ReducePlan,
  lookup: ValueLookup,
  fresh: Fresh,
): Piece[] {
  const [first] = plan.stages;
  const output = plan.outputs[0];
  const combined = piece.stages[0];
  if (first === undefined || combined === undefined || output?.of !== 'row') return [piece];
  const total = elementCount(piece.inner);
  const chunk = Math.ceil(total / splitParts);
  const rank = piece.shape.length;
  const row = indices(rank);
  const [part, within] = indices(2, rank) as [Expr, Expr];
  const flat = add(mul(part, int(chunk)), within);
  const neutral = constant(combined.type, identityOf(combined.combine, combined.type));
  const whole = total % splitParts === 0;
  const value = first.value(row, unravel(flat, piece.inner), []);
  const expr = whole ? value : select(lt(flat, int(total)), value, neutral);
  const partial = fresh({
    type: combined.type,
    shape: [...piece.shape, splitParts],
    place: piece.place,
    label: `${piece.nodes[0] ?? ''}/partial`,
  });
  const results = [stage(0, combined.type)];
  return [
    {
      place: piece.place,
      nodes: piece.nodes,
      kind: 'reduce',
      shape: [...piece.shape, splitParts],
      inner: [chunk],
      stages: [{ ...combined, expr }],
      rowOutputs: [{ value: partial, expr: stage(0, combined.type) }],
      elementOutputs: [],
    },
    {
      ...piece,
      inner: [splitParts],
      stages: [{ ...combined, expr: load(partial, combined.type, [...row, index1(rank)]) }],
      rowOutputs: piece.rowOutputs.map((o) => ({
        ...o,
        expr: narrow(lookup(o.value).dtype, output.value(row, results)),
      })),
    },
  ];
}

const index1 = (axis: number): Expr => indices(1, axis)[0] as Expr;
