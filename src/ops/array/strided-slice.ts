/** StridedSlice, the op behind indexing, and StridedSliceGrad, which puts a slice back among zeros. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { constantValue } from '../../graph/constant-value.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import type { AttrsOf, OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { isStatic, type Dim, type Shape } from '../../graph/shape.js';
import {
  add,
  cast,
  div,
  eq,
  ge,
  int,
  lt,
  mod,
  mul,
  select,
  sub,
  type Expr,
} from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { rearranged } from '../integer-layout.js';
import { clamped, constantIntegers, guarded, zeroOf } from '../lowering-steps.js';
import { defineOp, type Operand } from '../op-def.js';
import type { PartialIntegers } from '../partial-integers.js';
import { sameShapes, shapeFromVector, withRank, type Fail } from '../shape-checks.js';
import { indexDTypeOf, shapeNode } from '../shape-nodes.js';
import { planSlice, slicedShape, type SlicePlan } from '../slice-spec.js';

const mask = { kind: 'int', default: 0 } as const;
const attrs = {
  T: { kind: 'type', allowed: dataDTypes },
  Index: { kind: 'type', allowed: indexDTypes },
  begin_mask: mask,
  end_mask: mask,
  ellipsis_mask: mask,
  new_axis_mask: mask,
  shrink_axis_mask: mask,
} as const;
type Attrs = AttrsOf<typeof attrs>;

interface SliceContext {
  readonly attrs: Attrs;
  readonly shapes: { readonly begin: Shape; readonly end: Shape; readonly strides: Shape };
  partial(input: 'begin' | 'end' | 'strides'): PartialIntegers;
  readonly fail: Fail;
}

/** The plan as far as it is known; null while the spec's length or the strides are not. */
function partialPlan(ctx: SliceContext, input: Shape): SlicePlan | null {
  const { shapes, fail } = ctx;
  const [length = null] = withRank(
    sameShapes(sameShapes(shapes.begin, shapes.end, fail), shapes.strides, fail),
    1,
    fail,
  );
  const strides = ctx.partial('strides');
  if (input === null || length === null || strides === null) return null;
  const values = { begin: ctx.partial('begin'), end: ctx.partial('end'), strides, length };
  return planSlice(input, values, ctx.attrs, fail);
}

/** Input index of an output index, in numbers. */
const sourceOf = (plan: SlicePlan, index: readonly number[]): number[] =>
  plan.axes.map((axis, i) => {
    const at = index[plan.outputAxes.indexOf(i)] ?? 0;
    return (axis.begin ?? 0) + (axis.shrink ? 0 : at * (axis.stride ?? 1));
  });

interface SliceOperands {
  readonly begin: Operand;
  readonly end: Operand;
  readonly strides: Operand;
}

/**
 * The plan inside a lowering. Indices that only pick one element need not be known: `begin` and
 * `end` are asked for only if some axis takes a range of them.
 */
function loweredPlan(input: readonly Dim[], x: SliceOperands, masks: Attrs, fail: Fail): SlicePlan {
  const strides = constantIntegers(x.strides, 'strides', fail);
  const open = { begin: null, end: null, strides, length: strides.length };
  const free = planSlice(input, open, masks, fail);
  if (free.axes.every((axis) => axis.size !== null)) return free;
  const begin = constantIntegers(x.begin, 'begin', fail);
  const end = constantIntegers(x.end, 'end', fail);
  return planSlice(input, { ...open, begin, end }, masks, fail);
}

/** The one index taken of a shrunk axis, read from `begin`; outside the axis if it is out of bounds. */
function pickedIndex(begin: Operand, spec: number, dim: number): Expr {
  const at = cast('i32', begin.at([int(spec)]));
  return select(lt(at, int(0)), add(at, int(dim)), at);
}

export const StridedSlice = defineOp({
  name: 'StridedSlice',
  attrs,
  inputs: { input: 'T', begin: 'Index', end: 'Index', strides: 'Index' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const plan = partialPlan(ctx, ctx.shapes.input);
    return { output: plan && slicedShape(plan) };
  },
  partial: (ctx) => {
    const { input } = ctx.shapes;
    const plan = partialPlan(ctx, input);
    if (plan === null || plan.axes.some((axis) => axis.begin === null)) return null;
    return rearranged(ctx.partial('input'), input, slicedShape(plan), (at) => sourceOf(plan, at));
  },
  grad: ({ b, attrs: masks, x, dy }) => ({
    input: b.op(
      'StridedSliceGrad',
      [
        ownConstant(b, shapeNode(b, x.input, indexDTypeOf(x.begin.dtype)), 'shape'),
        ownConstant(b, x.begin, 'begin'),
        ownConstant(b, x.end, 'end'),
        ownConstant(b, x.strides, 'strides'),
        dy.output,
      ],
      masksOf(masks),
    ),
    begin: null,
    end: null,
    strides: null,
  }),
  lower: {
    kind: 'map',
    body: ({ attrs: masks, x, fail }, index) => {
      const { shape } = x.input;
      const plan = loweredPlan(shape, x, masks, fail);
      const inside: Expr[] = [];
      const source = plan.axes.map((axis, i) => {
        const dim = shape[i] ?? 1;
        if (axis.shrink) {
          const picked = pickedIndex(x.begin, axis.spec ?? 0, dim);
          inside.push(ge(picked, int(0)), lt(picked, int(dim)));
          return clamped(picked, dim);
        }
        const at = index[plan.outputAxes.indexOf(i)] ?? int(0);
        return add(int(axis.begin ?? 0), mul(at, int(axis.stride ?? 1)));
      });
      return guarded(inside, x.input.at(source), zeroOf(x.input.type));
    },
  },
});

/** A known vector as a constant of the gradient's own, as TensorFlow makes it; else the vector. */
function ownConstant(b: OpBuilder<Tensor>, vector: Tensor, arg: string): Tensor {
  const known = constantValue(vector);
  return known === null ? vector : b.constant(known, vector.dtype, `StridedSliceGrad/${arg}`);
}

const masksOf = (given: Attrs): Record<string, number> => ({
  begin_mask: given.begin_mask,
  end_mask: given.end_mask,
  ellipsis_mask: given.ellipsis_mask,
  new_axis_mask: given.new_axis_mask,
  shrink_axis_mask: given.shrink_axis_mask,
});

export const StridedSliceGrad = defineOp({
  name: 'StridedSliceGrad',
  attrs,
  inputs: { shape: 'Index', begin: 'Index', end: 'Index', strides: 'Index', dy: 'T' },
  outputs: { output: 'T' },
  infer: (ctx) => ({
    output: shapeFromVector(ctx.shapes.shape, ctx.partial('shape'), ctx.fail),
  }),
  grad: ({ b, attrs: masks, x, dy }) => ({
    shape: null,
    begin: null,
    end: null,
    strides: null,
    dy: b.op(
      'StridedSlice',
      [dy.output, x.begin, x.end, x.strides],
      masksOf(masks),
      'strided_slice',
    ),
  }),
  lower: {
    kind: 'map',
    body: ({ attrs: masks, x, y, fail }, index) => {
      const plan = loweredPlan(y.output.shape, x, masks, fail);
      const zero = zeroOf(y.output.type);
      const expected = slicedShape(plan);
      if (!isStatic(expected) || expected.join() !== x.dy.shape.join()) {
        return fail(`shape of dy was [${x.dy.shape.join(',')}] instead of [${expected.join(',')}]`);
      }
      if (expected.includes(0)) return zero;
      return placedBack(plan, x.begin, x.dy, y.output.shape, index, zero);
    },
  },
});

/** The element of `dy` that came from `index`, or zero where none did. */
function placedBack(
  plan: SlicePlan,
  begin: Operand,
  dy: Operand,
  shape: readonly number[],
  index: readonly Expr[],
  zero: Expr,
): Expr {
  const conditions: Expr[] = [];
  const source: Expr[] = plan.outputAxes.map(() => int(0));
  for (const [i, axis] of plan.axes.entries()) {
    const at = index[i] ?? int(0);
    const dim = shape[i] ?? 1;
    if (axis.shrink) {
      conditions.push(eq(at, pickedIndex(begin, axis.spec ?? 0, dim)));
      continue;
    }
    const stride = axis.stride ?? 1;
    const size = axis.size ?? 0;
    if (stride === 1 && axis.begin === 0 && size === dim) {
      source[plan.outputAxes.indexOf(i)] = at;
      continue;
    }
    const from = int(axis.begin ?? 0);
    const steps = stride > 0 ? sub(at, from) : sub(from, at);
    const step = int(Math.abs(stride));
    const place = div(steps, step);
    conditions.push(ge(steps, int(0)), lt(place, int(size)));
    if (Math.abs(stride) > 1) conditions.push(eq(mod(steps, step), int(0)));
    source[plan.outputAxes.indexOf(i)] = clamped(place, size);
  }
  return guarded(conditions, dy.at(source), zero);
}

export interface StridedSliceOptions {
  /** Ones by default. */
  readonly strides?: TensorLike;
  /** Bit i: ignore begin[i] and start at the end the stride comes from. */
  readonly beginMask?: number;
  /** Bit i: ignore end[i] and go on to the other end. */
  readonly endMask?: number;
  /** Bit i: position i stands for as many whole axes as are left over. */
  readonly ellipsisMask?: number;
  /** Bit i: position i inserts an axis of length 1. */
  readonly newAxisMask?: number;
  /** Bit i: take the one index begin[i] and drop the axis. */
  readonly shrinkAxisMask?: number;
  readonly name?: string;
}

/**
 * The part of `input` from `begin` to before `end` with steps of `strides`; `getItem` is easier.
 *
 * @throws InvalidArgumentError if a stride is 0, an index to shrink is out of bounds, or the spec
 *   has more positions than the input has axes.
 * @see TF op StridedSlice; tf.strided_slice
 * @example tf.stridedSlice(x, [0, 1], [2, 3]); // x[0:2, 1:3]
 */
export function stridedSlice(
  input: TensorLike,
  begin: TensorLike,
  end: TensorLike,
  options: StridedSliceOptions = {},
): Tensor {
  checkedOptions('stridedSlice', options, {
    strides: 'any',
    beginMask: 'int',
    endMask: 'int',
    ellipsisMask: 'int',
    newAxisMask: 'int',
    shrinkAxisMask: 'int',
    name: 'string',
  });
  return withNameScope(options.name, 'StridedSlice', (scope) => {
    const from = convertToTensor(begin, { fallback: 'int32', name: 'begin' });
    const strides = options.strides ?? onesLike(from);
    return addNode(
      StridedSlice,
      { input, begin: from, end, strides },
      {
        begin_mask: options.beginMask ?? 0,
        end_mask: options.endMask ?? 0,
        ellipsis_mask: options.ellipsisMask ?? 0,
        new_axis_mask: options.newAxisMask ?? 0,
        shrink_axis_mask: options.shrinkAxisMask ?? 0,
      },
      scope,
    ).output;
  });
}

const onesLike = (vector: Tensor): Tensor => {
  const b = graphBuilder();
  const one = b.constant(1, vector.dtype, 'ones_like/Const');
  return b.op('Fill', [shapeNode(b, vector), one], {}, 'ones_like');
};
