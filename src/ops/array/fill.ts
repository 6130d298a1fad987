/** Tensors of one repeated value: Fill, ZerosLike, OnesLike, and zeros and ones. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import type { DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { toNdArray } from '../../graph/nd-array.js';
import { checkedOptions } from '../../graph/options.js';
import { elementCount, isStatic, type StaticShape } from '../../graph/shape.js';
import { constant } from '../../ir/expr.js';
import { dataDTypes, indexDTypes, valueDTypes } from '../data-dtypes.js';
import { zeroOf } from '../lowering-steps.js';
import { defineOp } from '../op-def.js';
import { productOf } from '../partial-integers.js';
import { packed, withVectors, type IntegerVector } from '../plain-values.js';
import { shapeFromVector, withRank } from '../shape-checks.js';
import { rankNode, vectorNode } from '../shape-nodes.js';

/** Longer vectors of equal integers are not followed as shape arithmetic. */
const maxFollowed = 1024;

/** Sum of all elements, as reduce_sum without axes builds it. */
function sumOfAll(b: OpBuilder<Tensor>, x: Tensor): Tensor {
  const axes =
    x.shape === null
      ? b.op('Range', [b.constant(0, 'int32'), rankNode(b, x), b.constant(1, 'int32')], {}, 'range')
      : vectorNode(b, [...x.shape.keys()], 'Const');
  return b.op('Sum', [x, axes], { keep_dims: false });
}

export const Fill = defineOp({
  name: 'Fill',
  attrs: {
    T: { kind: 'type', allowed: dataDTypes },
    index_type: { kind: 'type', default: 'int32', allowed: indexDTypes },
  },
  inputs: { dims: 'index_type', value: 'T' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { shapes, fail } = ctx;
    withRank(shapes.value, 0, fail);
    const dims = ctx.partial('dims');
    if (dims?.some((dim) => dim !== null && dim < 0)) {
      return fail('Fill dimensions must be >= 0');
    }
    return { output: shapeFromVector(shapes.dims, dims, fail) };
  },
  partial: (ctx) => {
    const dims = ctx.partial('dims');
    const count = dims === null ? null : productOf(dims);
    const value = ctx.partial('value')?.[0] ?? null;
    return count === null || count > maxFollowed
      ? null
      : new Array<number | null>(count).fill(value);
  },
  grad: ({ b, dy }) => ({ dims: null, value: sumOfAll(b, dy.output) }),
  lower: { kind: 'map', body: ({ x }) => x.value.at([]) },
});

const likeX = { inputs: { x: 'T' }, outputs: { y: 'T' } } as const;

export const ZerosLike = defineOp({
  name: 'ZerosLike',
  attrs: { T: { kind: 'type', allowed: dataDTypes } },
  ...likeX,
  infer: ({ shapes }) => ({ y: shapes.x }),
  grad: { none: 'its value does not depend on its input' },
  lower: { kind: 'map', body: ({ y }) => zeroOf(y.y.type) },
});

export const OnesLike = defineOp({
  name: 'OnesLike',
  attrs: { T: { kind: 'type', allowed: valueDTypes } },
  ...likeX,
  infer: ({ shapes }) => ({ y: shapes.x }),
  grad: { none: 'its value does not depend on its input' },
  lower: { kind: 'map', body: ({ y }) => constant(y.y.type, 1) },
});

/**
 * A tensor of the given shape with `value` everywhere.
 *
 * @param value a scalar; its dtype is the result's.
 * @throws InvalidArgumentError if a dim is negative.
 * @see TF op Fill; tf.fill
 * @example tf.fill([2, 3], 9);
 */
export const fill = (dims: IntegerVector, value: TensorLike, name?: string): Tensor =>
  withVectors(
    name,
    'Fill',
    { dims },
    (vectors, node) => addNode(Fill, { ...vectors, value }, {}, node).output,
  );

/** Below this many elements TensorFlow makes a constant rather than a Fill. */
const maxConstantElements = 1000;

const isPlain = (shape: IntegerVector): shape is StaticShape =>
  Array.isArray(shape) && shape.every((dim) => typeof dim === 'number');

function filled(
  shape: IntegerVector,
  value: 0 | 1,
  dtype: DType,
  fallback: string,
  name: string | undefined,
): Tensor {
  const b = graphBuilder();
  const item = dtype === 'string' && value === 0 ? '' : value;
  if (isPlain(shape) && elementCount(shape) < maxConstantElements) {
    return b.constant(toNdArray(item, { dtype, shape }), dtype, name ?? fallback);
  }
  return withNameScope(name, fallback, (scope) => {
    const dims = isPlain(shape) ? vectorNode(b, shape, 'shape_as_tensor') : shapeTensor(shape);
    return b.op('Fill', [dims, b.constant(toNdArray(item, { dtype }), dtype, 'Const')], {}, scope);
  });
}

/** The shape as one vector; TensorFlow packs a list with tensors in it as `zeros/packed`. */
const shapeTensor = (shape: IntegerVector): Tensor =>
  Array.isArray(shape)
    ? packed(shape, 'packed')
    : convertToTensor(shape as TensorLike, { fallback: 'int32' });

/**
 * Zeros (false for bool, empty strings for string). A small plain shape gives a constant.
 * @see TF ops Const, Fill; tf.zeros
 * @example tf.zeros([batch, 10]); // batch: a number or an int32 scalar tensor
 */
export const zeros = (shape: IntegerVector, dtype: DType = 'float32', name?: string): Tensor =>
  filled(shape, 0, dtype, 'zeros', name);

/**
 * Ones (true for bool). A small plain shape gives a constant.
 * @see TF ops Const, Fill; tf.ones
 */
export const ones = (shape: IntegerVector, dtype: DType = 'float32', name?: string): Tensor =>
  filled(shape, 1, dtype, 'ones', name);

export interface LikeOptions {
  /** That of `x` by default. */
  readonly dtype?: DType;
  readonly name?: string;
}

const likeOptions = { dtype: 'dtype', name: 'string' } as const;

/**
 * Zeros of the shape (and dtype) of `x`; empty strings where that is string.
 * @see TF op ZerosLike; tf.zeros_like
 */
export function zerosLike(x: TensorLike, options: LikeOptions = {}): Tensor {
  checkedOptions('zerosLike', options, likeOptions);
  const tensor = convertToTensor(x, { name: 'zeros_like/tensor' });
  const { dtype = tensor.dtype, name = 'zeros_like' } = options;
  if (isStatic(tensor.shape)) return filled(tensor.shape, 0, dtype, name, options.name);
  if (dtype === tensor.dtype) return addNode(ZerosLike, { x: tensor }, {}, name).y;
  return filledLike(tensor, 0, dtype, name);
}

/**
 * Ones of the shape (and dtype) of `x`.
 * @see TF op Fill; tf.ones_like
 */
export function onesLike(x: TensorLike, options: LikeOptions = {}): Tensor {
  checkedOptions('onesLike', options, likeOptions);
  const tensor = convertToTensor(x, { name: 'ones_like/tensor' });
  const { dtype = tensor.dtype, name = 'ones_like' } = options;
  return filledLike(tensor, 1, dtype, name);
}

const filledLike = (x: Tensor, value: 0 | 1, dtype: DType, name: string): Tensor =>
  withNameScope(name, name, (scope) => {
    const b = graphBuilder();
    const dims = isStatic(x.shape)
      ? vectorNode(b, x.shape, 'Shape/shape_as_tensor')
      : b.op('Shape', [x], { out_type: 'int32' });
    return b.op('Fill', [dims, b.constant(value, dtype, 'Const')], {}, scope);
  });
