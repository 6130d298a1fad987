/**
 * BroadcastGradientArgs: the axes over which the gradients of a broadcasting op's operands are
 * summed, from the operands' shapes as vectors. Known as soon as the shapes are.
 */
import type { AttrSchema, InferContext } from '../../graph/op-schema.js';
import { formatShape } from '../../graph/shape.js';
import { indexDTypes } from '../data-dtypes.js';
import { integerArray, integersOf } from '../integers.js';
import { defineOp } from '../op-def.js';
import { indexDTypeOf } from '../shape-nodes.js';
import { withRank, type Fail } from '../shape-checks.js';

/**
 * Axes of the broadcast shape that each side is summed over; an axis that has length 1 on both
 * sides is listed for both, unless the shapes are equal.
 */
function reducedAxes(
  s0: readonly number[],
  s1: readonly number[],
  fail: Fail,
): { readonly r0: readonly number[]; readonly r1: readonly number[] } {
  const r0: number[] = [];
  const r1: number[] = [];
  if (s0.length === s1.length && s0.every((dim, axis) => dim === s1[axis])) return { r0, r1 };
  const rank = Math.max(s0.length, s1.length);
  for (let axis = 0; axis < rank; axis++) {
    const a = s0[axis - rank + s0.length] ?? 1;
    const b = s1[axis - rank + s1.length] ?? 1;
    if (a !== b && a !== 1 && b !== 1)
      fail(`Incompatible shapes: ${formatShape(s0)} vs. ${formatShape(s1)}`);
    if (a === 1) r0.push(axis);
    if (b === 1) r1.push(axis);
  }
  return { r0, r1 };
}

type Context = InferContext<AttrSchema, { readonly s0: 'T'; readonly s1: 'T' }>;

const isKnown = (shape: readonly (number | null)[] | null): shape is readonly number[] =>
  shape !== null && shape.every((dim) => dim !== null);

function knownAxes(ctx: Pick<Context, 'partial' | 'fail'>): ReturnType<typeof reducedAxes> | null {
  const s0 = ctx.partial('s0');
  const s1 = ctx.partial('s1');
  return isKnown(s0) && isKnown(s1) ? reducedAxes(s0, s1, ctx.fail) : null;
}

export const BroadcastGradientArgs = defineOp({
  name: 'BroadcastGradientArgs',
  attrs: { T: { kind: 'type', default: 'int32', allowed: indexDTypes } },
  inputs: { s0: 'T', s1: 'T' },
  outputs: { r0: 'T', r1: 'T' },
  infer: (ctx) => {
    withRank(ctx.shapes.s0, 1, ctx.fail);
    withRank(ctx.shapes.s1, 1, ctx.fail);
    const axes = knownAxes(ctx);
    return { r0: [axes?.r0.length ?? null], r1: [axes?.r1.length ?? null] };
  },
  partial: (ctx) => knownAxes(ctx)?.r0 ?? null,
  grad: { none: 'its outputs are axes' },
  lower: {
    kind: 'constant',
    value: ({ x: { s0, s1 }, attrs, fail }) => {
      if (s0.constant === null || s1.constant === null) return null;
      const axes = reducedAxes(integersOf(s0.constant), integersOf(s1.constant), fail);
      const dtype = indexDTypeOf(attrs.T);
      return [integerArray(dtype, axes.r0), integerArray(dtype, axes.r1)];
    },
  },
});
