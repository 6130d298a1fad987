/** GatherV2 and Gather: slices of a tensor picked by index along an axis. */
import { InvalidArgumentError } from '../../errors.js';
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { constantValue } from '../../graph/constant-value.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import type { Shape } from '../../graph/shape.js';
import { cast, ge, like, lt, max, min, type Expr } from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { elementAt, followable, indicesOf } from '../integer-layout.js';
import { integersOf } from '../integers.js';
import { constantIntegers, guarded, zeroOf } from '../lowering-steps.js';
import { defineOp, type Operand } from '../op-def.js';
import { axisFromFront, scalarOf, unknownDims, type PartialIntegers } from '../partial-integers.js';
import { sameDim, withRank, withRankAtLeast, type Fail } from '../shape-checks.js';
import {
  concatNode,
  flatNode,
  indexDTypeOf,
  itemOfVector,
  rangeOfVector,
  reshapeNode,
  shapeNode,
  sizeNode,
  vectorNode,
} from '../shape-nodes.js';

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
function place(given: Expr, extent: number): { readonly at: Expr; readonly valid: Expr[] } {
  const last = like(given, extent - 1);
  return {
    at: cast('i32', max(min(given, last), like(given, 0))),
    valid: [ge(given, like(given, 0)), lt(given, like(given, extent))],
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
  fail: Fail,
): Expr {
  const shape = gathered(params.shape, indices.shape, axis, batch, fail);
  const { ofIndices, ofParams } = sources(index, shape, indices.shape.length);
  const extent = params.shape[shape.axis] ?? 0;
  const zero = zeroOf(params.type);
  if (extent === 0) return zero;
  const { at, valid } = place(indices.at(ofIndices), extent);
  return guarded(valid, params.at(ofParams(at)), zero);
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

/** Slices of the gradient added up by index: what TensorFlow's IndexedSlices mean, made dense. */
const segmentSum = (b: OpBuilder<Tensor>, values: Tensor, indices: Tensor, count: Tensor): Tensor =>
  b.op('UnsortedSegmentSum', [values, indices, count]);

function firstAxisGradient(
  b: OpBuilder<Tensor>,
  params: Tensor,
  indices: Tensor,
  dy: Tensor,
): Tensor {
  const shape = shapeNode(b, params);
  const zero = b.constant(0, 'int32', 'ExpandDims/dim');
  const count = b.op('ExpandDims', [sizeNode(b, indices), zero]);
  const valuesShape = concatNode(b, [count, rangeOfVector(b, shape, 1)]);
  const values = reshapeNode(b, dy, valuesShape);
  return segmentSum(b, values, reshapeNode(b, indices, count), itemOfVector(b, shape, 0));
}

/** Indices into the batches laid end to end: each batch's moved on by its offset. */
function flatBatchIndices(
  b: OpBuilder<Tensor>,
  indices: Tensor,
  batchSize: Tensor,
  extent: Tensor,
  batchDims: number,
): Tensor {
  const dtype = indexDTypeOf(indices.dtype);
  const start = b.constant(0, 'int32', 'range/start');
  const step = b.constant(1, 'int32', 'range/delta');
  const batches = b.op('Range', [start, batchSize, step], {}, 'range');
  const offsets = b.op('Mul', [batches, extent], {}, 'mul');
  const within = vectorNode(b, new Array<number>((indices.shape?.length ?? 0) - batchDims).fill(1));
  const outer = rangeOfVector(b, shapeNode(b, indices), 0, batchDims);
  const column = reshapeNode(b, offsets, concatNode(b, [outer, within]));
  const same = dtype === 'int32' ? column : b.op('Cast', [column], { DstT: dtype });
  return b.op('AddV2', [indices, same], {}, 'add');
}

/** Gradient for any known axis: it moves to the front (behind the batches), is summed, and moves back. */
function anyAxisGradient(
  b: OpBuilder<Tensor>,
  params: Tensor,
  indices: Tensor,
  dy: Tensor,
  axis: number,
  batchDims: number,
): Tensor {
  const rank = params.shape?.length ?? 0;
  const axes = Array.from({ length: rank }, (_, i) => i);
  const shape = shapeNode(b, params);
  const outer = rangeOfVector(b, shape, 0, axis);
  const inner = rangeOfVector(b, shape, axis + 1);
  const open = vectorNode(b, [-1], 'concat/values_1');
  const values = reshapeNode(b, dy, concatNode(b, [outer, open, inner]));
  const forward = [
    ...axes.slice(0, batchDims),
    axis,
    ...axes.slice(batchDims, axis),
    ...axes.slice(axis + 1),
  ];
  const moved = transposeNode(b, values, forward);
  const extent = itemOfVector(b, shape, axis);
  const rest = rangeOfVector(b, shapeNode(b, moved), batchDims + 1);
  const flatShape = concatNode(b, [vectorNode(b, [-1], 'concat/values_0'), rest]);
  let sum: Tensor;
  if (batchDims === 0) sum = segmentSum(b, moved, flatNode(b, indices), extent);
  else {
    const zero = vectorNode(b, [0], 'Prod/reduction_indices');
    const batches = rangeOfVector(b, shape, 0, batchDims);
    const batchSize = b.op('Prod', [batches, zero], { keep_dims: false });
    const flat = flatBatchIndices(b, indices, batchSize, extent, batchDims);
    const count = b.op('Mul', [extent, batchSize], {}, 'mul');
    const summed = segmentSum(b, reshapeNode(b, moved, flatShape), flatNode(b, flat), count);
    sum = reshapeNode(b, summed, concatNode(b, [batches, flatShape]));
  }
  const back = forward.map((_, i) => forward.indexOf(i));
  return reshapeNode(b, transposeNode(b, sum, back), shapeNode(b, params));
}

const transposeNode = (b: OpBuilder<Tensor>, x: Tensor, perm: readonly number[]): Tensor =>
  b.op('Transpose', [x, vectorNode(b, perm, 'transpose/perm')], {}, 'transpose');

interface GatherNodes {
  readonly params: Tensor;
  readonly indices: Tensor;
  readonly axis: Tensor;
  readonly batch: number;
  readonly dy: Tensor;
}

function gatherGradient(b: OpBuilder<Tensor>, nodes: GatherNodes): Tensor {
  const { params, indices, batch, dy } = nodes;
  const known = constantValue(nodes.axis);
  const axis = known === null ? null : (integersOf(known)[0] ?? 0);
  if (axis === 0 && batch === 0) return firstAxisGradient(b, params, indices, dy);
  if (axis === null || params.shape === null || indices.shape === null) {
    throw new InvalidArgumentError(
      `GatherV2: its gradient along an axis other than 0 needs a constant axis and known ranks, but ` +
        `params is ${params.toString()}, indices ${indices.toString()}. Use setShape or a constant axis.`,
    );
  }
  const front = axisFromFront(axis, params.shape.length) ?? 0;
  const batchDims = batch < 0 ? batch + indices.shape.length : batch;
  return anyAxisGradient(b, params, indices, dy, front, batchDims);
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
    body: ({ attrs, x, fail }, index) => {
      const [axis = 0] = constantIntegers(x.axis, 'axis', fail);
      return gatherElement(x.params, x.indices, axis, attrs.batch_dims, index, fail);
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
    body: ({ x, fail }, index) => gatherElement(x.params, x.indices, 0, 0, index, fail),
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
 * @param indices integers of any shape; one outside the axis picks zeros.
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
  const { batchDims = 0, name } = options;
  const axis = options.axis ?? batchDims;
  return addNode(GatherV2, { params, indices, axis }, { batch_dims: batchDims }, name).output;
}
