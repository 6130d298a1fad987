/** ConcatV2, Concat (its older form) and ConcatOffset (where each part of a concat begins). */
import { ValueError } from '../../errors.js';
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedList } from '../../graph/options.js';
import { mergeDims, isStatic, type Dim, type Shape } from '../../graph/shape.js';
import { int, type Expr } from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { elementAt, followable, indicesOf } from '../integer-layout.js';
import { integerArray, integersOf } from '../integers.js';
import { joinedAt } from '../joined-axis.js';
import { constantIntegers } from '../lowering-steps.js';
import { defineOp, type Operand } from '../op-def.js';
import {
  axisFromFront,
  scalarOf,
  spliced,
  unknownDims,
  type PartialIntegers,
} from '../partial-integers.js';
import { sameShapes, withRank, type Fail } from '../shape-checks.js';
import { indexDTypeOf, rankNode, shapeNode, stackNode, vectorNode } from '../shape-nodes.js';

/** More parts than this are split off the gradient together rather than sliced one by one. */
const maxSlicedParts = 16;

/** Known rank of the values, all of which must agree. */
function commonRank(values: readonly Shape[], fail: Fail): number | null {
  const rank = values.find((shape) => shape !== null)?.length ?? null;
  if (rank === null) return null;
  if (rank === 0) return fail("Can't concatenate scalars (use tf.stack instead)");
  for (const shape of values) withRank(shape, rank, fail);
  return rank;
}

function frontAxis(axis: number, rank: number, fail: Fail): number {
  const at = axisFromFront(axis, rank);
  const needed = axis < 0 ? -axis : axis + 1;
  return at ?? fail(`Shape must be at least rank ${needed} but is rank ${rank}`);
}

function concatenated(values: readonly Shape[], axis: number | null, fail: Fail): Shape {
  const rank = commonRank(values, fail);
  if (rank === null) return null;
  if (axis === null) return unknownDims(rank);
  const at = frontAxis(axis, rank, fail);
  const merged = values
    .map((shape): Shape => (shape === null ? null : spliced(shape, at, 1)))
    .reduce((a: Shape, b: Shape) => sameShapes(a, b, fail), null);
  const sum = values
    .map((shape) => shape?.[at] ?? null)
    .reduce<Dim>((a, b) => (a === null || b === null ? null : a + b), 0);
  return merged === null ? null : spliced(merged, at, 0, sum);
}

/** Known elements of a concatenation of integer tensors. */
function concatPartial(
  values: readonly Shape[],
  axis: number | null,
  partialOf: (i: number) => PartialIntegers,
  fail: Fail,
): PartialIntegers {
  const shapes = values.map(followable);
  const out = followable(concatenated(values, axis, fail));
  if (out === null || axis === null || shapes.includes(null)) return null;
  const at = frontAxis(axis, out.length, fail);
  const sources = shapes.flatMap((shape, i) =>
    Array.from({ length: shape?.[at] ?? 0 }, (_, place) => ({ i, place })),
  );
  const known = values.map((_, i) => partialOf(i));
  return indicesOf(out).map((index) => {
    const source = sources[index[at] ?? 0];
    if (source === undefined) return null;
    return elementAt(
      known[source.i] ?? null,
      shapes[source.i] ?? [],
      spliced(index, at, 1, source.place),
    );
  });
}

function concatElement(values: readonly Operand[], axis: number, index: readonly Expr[]): Expr {
  const parts = values.map((value) => ({
    extent: value.shape[axis] ?? 0,
    at: (place: Expr) => value.at(spliced(index, axis, 1, place)),
  }));
  return joinedAt(parts, index[axis] ?? int(0));
}

/** Shapes of the values: constants where all are static, else one ShapeN. */
const shapesOf = (b: OpBuilder<Tensor>, values: readonly Tensor[]): readonly Tensor[] =>
  values.every((value) => isStatic(value.shape))
    ? values.map((value) => shapeNode(b, value))
    : b.ops('ShapeN', [values], { out_type: 'int32' });

/** Each value's part of the incoming gradient. */
function partsOfGradient(
  b: OpBuilder<Tensor>,
  values: readonly Tensor[],
  axis: Tensor,
  dy: Tensor,
): readonly Tensor[] {
  const [first] = values;
  if (values.length === 1 || first === undefined) return [dy];
  const asInt = axis.dtype === 'int32' ? axis : b.op('Cast', [axis], { DstT: 'int32' });
  const front = b.op('FloorMod', [asInt, rankNode(b, first)], {}, 'mod');
  const sizes = shapesOf(b, values);
  if (values.length > maxSlicedParts) {
    const begin = stackNode(b, [front, b.constant(0, 'int32', 'Slice/begin/1')], 'Slice/begin');
    const table = b.op('Pack', [sizes], { axis: 1 }, 'stack');
    const row = b.op('Slice', [table, begin, vectorNode(b, [1, -1], 'Slice/size')]);
    const extents = b.op('Squeeze', [row]);
    return b.ops('SplitV', [dy, extents, front], { num_split: values.length }, 'split');
  }
  const offsets = b.ops('ConcatOffset', [front, sizes]);
  return sizes.map((size, i) => b.op('Slice', [dy, offsets[i] as Tensor, size]));
}

const N = { kind: 'int', inferred: true, minimum: 2 } as const;

export const ConcatV2 = defineOp({
  name: 'ConcatV2',
  attrs: {
    N,
    T: { kind: 'type', allowed: dataDTypes },
    Tidx: { kind: 'type', default: 'int32', allowed: indexDTypes },
  },
  inputs: { values: { list: 'T', count: 'N' }, axis: 'Tidx' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    withRank(ctx.shapes.axis, 0, ctx.fail);
    return { output: concatenated(ctx.shapes.values, scalarOf(ctx.partial('axis')), ctx.fail) };
  },
  partial: (ctx) =>
    concatPartial(
      ctx.shapes.values,
      scalarOf(ctx.partial('axis')),
      (i) => ctx.partialOf('values', i),
      ctx.fail,
    ),
  grad: ({ b, x, dy }) => ({
    values: partsOfGradient(b, x.values, x.axis, dy.output),
    axis: null,
  }),
  lower: {
    kind: 'map',
    body: ({ x, y, fail }, index) => {
      const [axis = 0] = constantIntegers(x.axis, 'axis', fail);
      return concatElement(x.values, frontAxis(axis, y.output.shape.length, fail), index);
    },
  },
});

export const Concat = defineOp({
  name: 'Concat',
  attrs: { N, T: { kind: 'type', allowed: dataDTypes } },
  inputs: { concat_dim: 'int32', values: { list: 'T', count: 'N' } },
  outputs: { output: 'T' },
  infer: (ctx) => ({
    output: concatenated(ctx.shapes.values, scalarOf(ctx.partial('concat_dim')), ctx.fail),
  }),
  partial: (ctx) =>
    concatPartial(
      ctx.shapes.values,
      scalarOf(ctx.partial('concat_dim')),
      (i) => ctx.partialOf('values', i),
      ctx.fail,
    ),
  grad: ({ b, x, dy }) => ({
    concat_dim: null,
    values: partsOfGradient(b, x.values, x.concat_dim, dy.output),
  }),
  lower: {
    kind: 'map',
    body: ({ x, y, fail }, index) => {
      const [axis = 0] = constantIntegers(x.concat_dim, 'concat_dim', fail);
      return concatElement(x.values, frontAxis(axis, y.output.shape.length, fail), index);
    },
  },
});

/** Offsets of parts of these shapes along an axis. */
function concatOffsets(
  shapes: readonly (readonly number[])[],
  axis: number,
  fail: Fail,
): number[][] {
  const rank = shapes[0]?.length ?? 0;
  const at = axisFromFront(axis, rank);
  if (at === null) {
    return fail(`Concat dim is out of range: ${axis} vs. ${rank}`);
  }
  let sum = 0;
  return shapes.map((shape) => {
    const offset = shape.map((_, i) => (i === at ? sum : 0));
    sum += shape[at] ?? 0;
    return offset;
  });
}

export const ConcatOffset = defineOp({
  name: 'ConcatOffset',
  attrs: { N, shape_type: { kind: 'type', default: 'int32', allowed: indexDTypes } },
  inputs: { concat_dim: 'int32', shape: { list: 'shape_type', count: 'N' } },
  outputs: { offset: { list: 'shape_type', count: 'N' } },
  infer: ({ shapes, fail }) => ({
    offset: shapes.shape.map((shape) => [
      withRank(shape, 1, fail).reduce(
        (a, b) => mergeDims(a, b) ?? null,
        shapes.shape[0]?.[0] ?? null,
      ),
    ]),
  }),
  // Where the first part begins: at 0 of every axis.
  partial: ({ shapes }) => {
    const length = shapes.shape[0]?.[0] ?? null;
    return length === null ? null : unknownDims(length).map(() => 0);
  },
  grad: { none: 'it computes with shapes' },
  lower: {
    kind: 'constant',
    value: ({ attrs, x, fail }) => {
      const dims = x.shape.map((shape) => shape.constant);
      if (x.concat_dim.constant === null || dims.includes(null)) return null;
      const [axis = 0] = integersOf(x.concat_dim.constant);
      const shapes = dims.map((array) => (array === null ? [] : integersOf(array)));
      const dtype = indexDTypeOf(attrs.shape_type);
      return concatOffsets(shapes, axis, fail).map((offset) => integerArray(dtype, offset));
    },
  },
});

/**
 * The values side by side along an axis.
 *
 * @param values  of one dtype, with the same shape but for `axis`.
 * @param axis  a negative one counts from the end.
 * @returns dtype of the values. A single value is passed through.
 * @throws ValueError if there are no values, they are scalars, or their other axes differ.
 * @see TF op ConcatV2; tf.concat
 * @example tf.concat([left, right], 1); // [n, 3] and [n, 5] -> [n, 8]
 */
export function concat(values: readonly TensorLike[], axis: TensorLike = 0, name?: string): Tensor {
  const [only] = checkedList('concat', 'values', values);
  if (only === undefined) throw new ValueError('concat: there are no values to concatenate.');
  if (values.length !== 1) {
    return addNode(ConcatV2, { values, axis }, {}, name ?? 'concat').output;
  }
  return withNameScope(name, 'concat', () => {
    convertToTensor(axis, { fallback: 'int32', name: 'concat_dim' });
    return graphBuilder().op('Identity', [convertToTensor(only)], {}, 'concat');
  });
}
