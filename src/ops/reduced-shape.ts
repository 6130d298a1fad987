/**
 * Reduction axes and reduced shapes inside gradients: the nodes TensorFlow's Python emits, with
 * constants in their place where static shapes already tell the answer.
 */
import { constantValue } from '../graph/constant-value.js';
import type { OpBuilder } from '../graph/op-schema.js';
import type { Tensor } from '../graph/operation.js';
import { isStatic, type StaticShape } from '../graph/shape.js';
import { integersOf } from './integers.js';
import { shapeNode, vectorNode } from './shape-nodes.js';

type Builder = OpBuilder<Tensor>;

/** Reduction axes as numbers in 0..rank-1, or null while they or the rank are unknown. */
export function knownAxes(x: Tensor, axes: Tensor): readonly number[] | null {
  const value = constantValue(axes);
  if (value === null || x.shape === null) return null;
  const rank = x.shape.length;
  return integersOf(value).map((axis) => (axis < 0 ? axis + rank : axis));
}

/** `axes`, which may count from the end, as 0..rank-1. */
export function positiveAxes(b: Builder, axes: Tensor, rank: Tensor): Tensor {
  const sum = b.op('AddV2', [axes, rank], {}, 'add');
  return b.op('FloorMod', [sum, rank], {}, 'mod');
}

/** Static shape with the reduced axes replaced by 1, or null. */
export function keptShape(x: Tensor, axes: Tensor): StaticShape | null {
  const known = knownAxes(x, axes);
  if (known === null || !isStatic(x.shape)) return null;
  return x.shape.map((dim, axis) => (known.includes(axis) ? 1 : dim));
}

/** Shape `x` would have if it was reduced over `axes` with keepDims, as a tensor. */
export function reducedShape(b: Builder, x: Tensor, inputShape: Tensor, axes: Tensor): Tensor {
  const kept = keptShape(x, axes);
  if (kept !== null) return vectorNode(b, kept, 'Reshape/shape');
  const same = axes.dtype === 'int32' ? axes : b.op('Cast', [axes], { DstT: 'int32' });
  const rank =
    x.shape === null
      ? b.op('Size', [inputShape], { out_type: 'int32' })
      : b.constant(x.shape.length, 'int32', 'Size');
  const reduced = positiveAxes(b, same, rank);
  const all = rangeTo(b, rank);
  const ones = b.op(
    'Fill',
    [shapeNode(b, reduced), b.constant(1, 'int32', 'ones/Const')],
    {},
    'ones',
  );
  return b.op('DynamicStitch', [
    [all, reduced],
    [inputShape, ones],
  ]);
}

/** 0, 1, ... limit-1 of an int32 scalar. */
export const rangeTo = (b: Builder, limit: Tensor): Tensor =>
  b.op(
    'Range',
    [b.constant(0, 'int32', 'range/start'), limit, b.constant(1, 'int32', 'range/delta')],
    {},
    'range',
  );
