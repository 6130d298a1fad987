/** Cumsum and Cumprod: running totals along one axis. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { isComplex } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import {
  binary,
  fold,
  ge,
  gt,
  int,
  le,
  like,
  lt,
  max,
  min,
  select,
  type Expr,
} from '../../ir/expr.js';
import { numberDTypes } from '../data-dtypes.js';
import { constantIntegers } from '../lowering-steps.js';
import { defineOp, type Operand, type Part } from '../op-def.js';

const attrs = {
  exclusive: { kind: 'bool', default: false },
  reverse: { kind: 'bool', default: false },
  T: { kind: 'type', allowed: numberDTypes },
  Tidx: { kind: 'type', default: 'int32', allowed: ['int32', 'int64'] },
} as const;
const inputs = { x: 'T', axis: 'Tidx' } as const;
const outputs = { out: 'T' } as const;

interface ScanAttrs {
  readonly exclusive: boolean;
  readonly reverse: boolean;
}
interface ScanContext {
  readonly attrs: ScanAttrs;
  readonly x: { readonly x: Operand; readonly axis: Operand };
  readonly fail: (message: string) => never;
}

function scanAxis(ctx: ScanContext): number {
  const { axis } = ctx.x;
  if (axis.shape.length > 0)
    ctx.fail(`ScanOp: axis must be a scalar, not [${axis.shape.join(',')}]`);
  const rank = ctx.x.x.shape.length;
  const given = constantIntegers(axis, 'axis', ctx.fail)[0] ?? 0;
  if (given < -rank || given >= rank)
    ctx.fail(`ScanOp: Expected scan axis in the range [${-rank}, ${rank}), but got ${given}`);
  return given < 0 ? given + rank : given;
}

/** The element at another place of the axis. */
const atPlace = (x: Operand, index: readonly Expr[], axis: number, place: Expr): Expr =>
  x.at(index.map((at, i) => (i === axis ? place : at)));

/** What changes nothing when it is combined. */
const neutral = (x: Expr, product: boolean): Expr => like(x, product ? 1 : 0);

/** out[i] = combine of x[j] for j up to i (from i with reverse; without i itself if exclusive). */
function scanned(ctx: ScanContext, index: readonly Expr[], combine: 'sum' | 'prod'): Expr {
  const axis = scanAxis(ctx);
  const { x } = ctx.x;
  const here = index[axis] as Expr;
  const { exclusive, reverse } = ctx.attrs;
  const inRange = reverse ? (exclusive ? gt : ge) : exclusive ? lt : le;
  return fold(combine, x.shape[axis] ?? 0, (j) => {
    const value = atPlace(x, index, axis, j);
    return select(inRange(j, here), value, neutral(value, combine === 'prod'));
  });
}

/** Axes up to this length are scanned by a loop per element; longer ones by doubling. */
const longestLoop = 64;

const stageAttrs = {
  T: { kind: 'type' },
  axis: { kind: 'int' },
  reverse: { kind: 'bool' },
  product: { kind: 'bool' },
} as const;

/** `distance` places back along the axis (forth in reverse), and whether that is on it. */
function placeBehind(
  { axis, reverse }: { readonly axis: number; readonly reverse: boolean },
  distance: number,
  x: Operand,
  index: readonly Expr[],
): { readonly place: Expr; readonly isOn: Expr } {
  const here = index[axis] as Expr;
  const extent = x.shape[axis] ?? 0;
  const there = binary(reverse ? 'add' : 'sub', here, int(distance));
  return reverse
    ? { place: min(there, int(extent - 1)), isOn: lt(there, int(extent)) }
    : { place: max(there, int(0)), isOn: ge(there, int(0)) };
}

/**
 * One step of doubling: out[i] = x[i] combined with x[i - distance], or x[i + distance] in reverse.
 * Internal: after steps 1, 2, 4, ... each element holds its whole prefix (Hillis and Steele 1986).
 */
export const ScanStep = defineOp({
  name: '_ScanStep',
  attrs: { ...stageAttrs, distance: { kind: 'int' } },
  inputs: { x: 'T' },
  outputs: { y: 'T' },
  infer: ({ shapes }) => ({ y: shapes.x }),
  grad: { missing: 'it is made by the compiler' },
  lower: {
    kind: 'map',
    body: ({ attrs: step, x: { x } }, index) => {
      const { place, isOn } = placeBehind(step, step.distance, x, index);
      const value = x.at(index);
      const other = atPlace(x, index, step.axis, place);
      const term = select(isOn, other, neutral(value, step.product));
      return binary(step.product ? 'mul' : 'add', value, term);
    },
  },
});

/** Shifts by one along the axis for an exclusive scan, the neutral element coming in. */
export const ScanShift = defineOp({
  name: '_ScanShift',
  attrs: stageAttrs,
  inputs: { x: 'T' },
  outputs: { y: 'T' },
  infer: ({ shapes }) => ({ y: shapes.x }),
  grad: { missing: 'it is made by the compiler' },
  lower: {
    kind: 'map',
    body: ({ attrs: shift, x: { x } }, index) => {
      const { place, isOn } = placeBehind(shift, 1, x, index);
      const value = atPlace(x, index, shift.axis, place);
      return select(isOn, value, neutral(value, shift.product));
    },
  },
});

/** A loop per element over the axis. Internal: what short scans become. */
const loopOf = (product: boolean) =>
  defineOp({
    name: product ? '_ScanLoopProd' : '_ScanLoopSum',
    attrs,
    inputs,
    outputs,
    infer: ({ shapes }) => ({ out: shapes.x }),
    grad: { missing: 'it is made by the compiler' },
    lower: {
      kind: 'map',
      body: (ctx, index) => scanned(ctx, index, product ? 'prod' : 'sum'),
    },
  });
export const ScanLoopSum = loopOf(false);
export const ScanLoopProd = loopOf(true);

/** The scan from other ops: a loop where the axis is short, doubling where it is long. */
function decomposed(
  b: OpBuilder<Part>,
  x: { x: Part; axis: Part },
  ctx: ScanContext,
  product: boolean,
): Part[] {
  const axis = scanAxis(ctx);
  const extent = ctx.x.x.shape[axis] ?? 0;
  const { exclusive, reverse } = ctx.attrs;
  // A loop cannot multiply complex numbers: their parts depend on each other.
  const loops = extent <= longestLoop && !(product && isComplex(ctx.x.x.dtype));
  if (loops)
    return [
      b.op(product ? '_ScanLoopProd' : '_ScanLoopSum', [x.x, x.axis], { exclusive, reverse }),
    ];
  let at = x.x;
  if (exclusive) at = b.op('_ScanShift', [at], { axis, reverse, product });
  for (let distance = 1; distance < extent; distance *= 2)
    at = b.op('_ScanStep', [at], { axis, distance, reverse, product });
  return [at];
}

type Builder = OpBuilder<Tensor>;

/** The Cumsum that carries a gradient back: the same axis, the other direction. */
const backward = (b: Builder, dy: Tensor, axis: Tensor, scan: ScanAttrs): Tensor =>
  b.op('Cumsum', [dy, axis], { exclusive: scan.exclusive, reverse: !scan.reverse }, 'Cumsum');

export const Cumsum = defineOp({
  name: 'Cumsum',
  attrs,
  inputs,
  outputs,
  infer: ({ shapes }) => ({ out: shapes.x }),
  grad: ({ b, x, dy, attrs: scan }) => ({ x: backward(b, dy.out, x.axis, scan), axis: null }),
  lower: { kind: 'decompose', into: (b, x, ctx) => decomposed(b, x, ctx, false) },
});

export const Cumprod = defineOp({
  name: 'Cumprod',
  attrs,
  inputs,
  outputs,
  infer: ({ shapes }) => ({ out: shapes.x }),
  grad: ({ b, x, dy, attrs: scan }) => {
    const again = { exclusive: scan.exclusive, reverse: scan.reverse };
    const prod = b.op('Cumprod', [x.x, x.axis], again, 'Cumprod');
    const weighted = b.op('Mul', [prod, dy.out], {}, 'mul');
    const total = backward(b, weighted, x.axis, scan);
    return { x: b.op('DivNoNan', [total, x.x], {}, 'div_no_nan'), axis: null };
  },
  lower: { kind: 'decompose', into: (b, x, ctx) => decomposed(b, x, ctx, true) },
});

export interface ScanOptions {
  /** Axis to run along, counted from the end if negative; 0 by default. */
  readonly axis?: number | Tensor;
  /** Leaves the element itself out, so the first result is the neutral element. */
  readonly exclusive?: boolean;
  /** Runs from the end. */
  readonly reverse?: boolean;
  readonly name?: string;
}

/**
 * Running sum along an axis.
 *
 * @returns the shape and dtype of `x`.
 * @see TF op Cumsum
 * @example
 * tf.cumsum([1, 2, 3]); // [1, 3, 6]
 * tf.cumsum([1, 2, 3], { exclusive: true, reverse: true }); // [5, 3, 0]
 */
export function cumsum(x: TensorLike, options: ScanOptions = {}): Tensor {
  const { axis, attrs, name } = scanOptions('cumsum', options);
  return addNode(Cumsum, { x, axis }, attrs, name).out;
}

/** Running product along an axis; otherwise as `cumsum`. @see TF op Cumprod */
export function cumprod(x: TensorLike, options: ScanOptions = {}): Tensor {
  const { axis, attrs, name } = scanOptions('cumprod', options);
  return addNode(Cumprod, { x, axis }, attrs, name).out;
}

function scanOptions(fn: string, options: ScanOptions) {
  const kinds = { axis: 'any', exclusive: 'bool', reverse: 'bool', name: 'string' } as const;
  const given = checkedOptions(fn, options, kinds);
  const { axis = 0, exclusive = false, reverse = false, name } = given;
  return { axis, attrs: { exclusive, reverse }, name };
}
