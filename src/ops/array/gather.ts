/** GatherV2 and Gather: slices of a tensor picked by index along an axis. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import type { Shape } from '../../graph/shape.js';
import { and, cast, constant, ge, like, lt, max, min, select, type Expr } from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { elementAt, followable, indicesOf } from '../integer-layout.js';
import { constantIntegers, placeholders, zeroOf } from '../lowering-steps.js';
import { defineOp, type Check, type Operand } from '../op-def.js';
import { axisFromFront, scalarOf, unknownDims, type PartialIntegers } from '../partial-integers.js';
import { sameDim, withRank, withRankAtLeast, type Fail } from '../shape-checks.js';
import { firstAxisGradient, gatherGradient } from './gather-gradient.js';

interface GatherShape {
  readonly axis: number;
  readonly batchDims: number;
  readonly output: Shape;
}

/** Axes counted from the front, and the result's shape. */
function gathered(
  params: readonly (number | null)[],
  indices: readonly (number | null)[],
  axis: number,
  batch: number,
  fail: Fail,
): GatherShape {
  const batchDims = batch < 0 ? batch + indices.length : batch;
  if (batchDims < 0 || batchDims > indices.length) {
    return fail(
      `Expected batch_dims in the range [-${indices.length}, ${indices.length}], but got ${batch}`,
    );
  }
  withRankAtLeast(params, Math.max(axis < 0 ? -axis : axis + 1, batchDims + 1), fail);
  const at = axisFromFront(axis, params.length) ?? 0;
  if (batchDims > at) {
    return fail(`batch_dims (${batchDims}) must be less than or equal to axis (${at}).`);
  }
  const shared = indices.slice(0, batchDims).map((dim, i) => sameDim(dim, params[i] ?? null, fail));
  return {
    axis: at,
    batchDims,
    output: [
      ...shared,
      ...params.slice(batchDims, at),
      ...indices.slice(batchDims),
      ...params.slice(at + 1),
    ],
  };
}

function inferGather(
  params: Shape,
  indices: Shape,
  axis: number | null,
  batch: number,
  fail: Fail,
): Shape {
  withRankAtLeast(params, 1, fail);
  if (params === null || indices === null) return null;
  if (axis === null) {
    const shared = batch < 0 ? batch + indices.length : batch;
    return unknownDims(params.length + indices.length - 1 - shared);
  }
  return gathered(params, indices, axis, batch, fail).output;
}

/** The place an index names, as i32 within [0, extent), and whether it named one. */
function place(given: Expr, extent: number): { readonly at: Expr; readonly valid: Expr } {
  const last = like(given, extent - 1);
  return {
    at: cast('i32', max(min(given, last), like(given, 0))),
    valid: and(ge(given, like(given, 0)), lt(given, like(given, extent))),
  };
}

/** Indices of params and of indices behind an index of the output. */
function sources<I>(
  index: readonly I[],
  shape: { readonly axis: number; readonly batchDims: number },
  indicesRank: number,
): { readonly ofIndices: I[]; readonly ofParams: (picked: I) => I[] } {
  const { axis, batchDims } = shape;
  const end = axis + indicesRank - batchDims;
  return {
    ofIndices: [...index.slice(0, batchDims), ...index.slice(axis, end)],
    ofParams: (picked) => [...index.slice(0, axis), picked, ...index.slice(end)],
  };
}

function gatherElement(
  params: Operand,
  indices: Operand,
  axis: number,
  batch: number,
  index: readonly Expr[],
  { fail, check }: { readonly fail: Fail; readonly check: Check },
): Expr {
  const shape = gathered(params.shape, indices.shape, axis, batch, fail);
  const { ofIndices, ofParams } = sources(index, shape, indices.shape.length);
  const extent = params.shape[shape.axis] ?? 0;
  const zero = zeroOf(params.type);
  const given = indices.at(ofIndices);
  const where = placeholders(ofIndices.length, 1);
  const message = `indices${where} = {0} is not in [0, ${extent})`;
  const named = [given, ...ofIndices];
  if (extent === 0) return check(zero, constant('bool', false), message, named);
  const { at, valid } = place(given, extent);
  return check(select(valid, params.at(ofParams(at)), zero), valid, message, named);
}

function gatherPartial(
  params: { readonly shape: Shape; readonly known: PartialIntegers },
  indices: { readonly shape: Shape; readonly known: PartialIntegers },
  axis: number | null,
  batch: number,
  fail: Fail,
): PartialIntegers {
  const from = followable(params.shape);
  const by = followable(indices.shape);
  if (from === null || by === null || axis === null || indices.known === null) return null;
  const shape = gathered(from, by, axis, batch, fail);
  return indicesOf((shape.output ?? []).map((dim) => dim ?? 0)).map((index) => {
    const { ofIndices, ofParams } = sources(index, shape, by.length);
    const picked = elementAt(indices.known, by, ofIndices);
    const inRange = picked !== null && picked >= 0 && picked < (from[shape.axis] ?? 0);
    return inRange ? elementAt(params.known, from, ofParams(picked)) : null;
  });
}

const Tparams = { kind: 'type', allowed: dataDTypes } as const;
const Tindices = { kind: 'type', allowed: indexDTypes } as const;

export const GatherV2 = defineOp({
  name: 'GatherV2',
  attrs: {
    batch_dims: { kind: 'int', default: 0 },
    Tparams,
    Tindices,
    Taxis: { kind: 'type', allowed: indexDTypes },
  },
  inputs: { params: 'Tparams', indices: 'Tindices', axis: 'Taxis' },
  outputs: { output: 'Tparams' },
  infer: (ctx) => {
    const { attrs, shapes, fail } = ctx;
    const axis = scalarOf(ctx.partial('axis'));
    withRank(shapes.axis, 0, fail);
    return { output: inferGather(shapes.params, shapes.indices, axis, attrs.batch_dims, fail) };
  },
  partial: (ctx) =>
    gatherPartial(
      { shape: ctx.shapes.params, known: ctx.partial('params') },
      { shape: ctx.shapes.indices, known: ctx.partial('indices') },
      scalarOf(ctx.partial('axis')),
      ctx.attrs.batch_dims,
      ctx.fail,
    ),
  grad: ({ b, attrs, x, dy }) => ({
    params: gatherGradient(b, { ...x, batch: attrs.batch_dims, dy: dy.output }),
    indices: null,
    axis: null,
  }),
  lower: {
    kind: 'map',
    body: (ctx, index) => {
      const { attrs, x } = ctx;
      const [axis = 0] = constantIntegers(x.axis, 'axis', ctx.fail);
      return gatherElement(x.params, x.indices, axis, attrs.batch_dims, index, ctx);
    },
  },
});

export const Gather = defineOp({
  name: 'Gather',
  attrs: { validate_indices: { kind: 'bool', default: true }, Tparams, Tindices },
  inputs: { params: 'Tparams', indices: 'Tindices' },
  outputs: { output: 'Tparams' },
  infer: ({ shapes, fail }) => ({
    output: inferGather(shapes.params, shapes.indices, 0, 0, fail),
  }),
  partial: (ctx) =>
    gatherPartial(
      { shape: ctx.shapes.params, known: ctx.partial('params') },
      { shape: ctx.shapes.indices, known: ctx.partial('indices') },
      0,
      0,
      ctx.fail,
    ),
  grad: ({ b, x, dy }) => ({
    params: firstAxisGradient(b, x.params, x.indices, dy.output),
    indices: null,
  }),
  lower: {
    kind: 'map',
    body: (ctx, index) => gatherElement(ctx.x.params, ctx.x.indices, 0, 0, index, ctx),
  },
});

export interface GatherOptions {
  /** Axis to pick along; `batchDims` by default. */
  readonly axis?: TensorLike;
  /** Leading axes that params and indices share; 0 by default. */
  readonly batchDims?: number;
  readonly name?: string;
}

/**
 * Slices of `params` along an axis, in the order of `indices`.
 *
 * Its gradient is dense, zero in the slices not picked; TensorFlow's, along axis 0, holds the picked
 * ones alone. Momentum and RMSProp tell the two apart: here they move the slots of all rows.
 *
 * @param indices integers of any shape. One outside the axis fails the run on the CPU with
 *   InvalidArgumentError, and picks zeros on the GPU.
 * @returns `params` with the axis replaced by the axes of `indices`.
 * @throws InvalidArgumentError if the axis or `batchDims` is out of range.
 * @see TF op GatherV2; tf.gather
 * @example const vectors = tf.gather(embedding, ids); // [vocabulary, n], [batch] -> [batch, n]
 */
export function gather(
  params: TensorLike,
  indices: TensorLike,
  options: GatherOptions = {},
): Tensor {
  const { batchDims = 0, name } = checkedOptions('gather', options, {
    axis: 'any',
    batchDims: 'int',
    name: 'string',
  });
  const axis = options.axis ?? batchDims;
  return addNode(GatherV2, { params, indices, axis }, { batch_dims: batchDims }, name).output;
}
