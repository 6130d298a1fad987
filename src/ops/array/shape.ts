/** Shape, ShapeN, Size, Rank: what is known of a tensor's extents, as integer tensors. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder } from '../../graph/builder.js';
import { checkedOptions } from '../../graph/options.js';
import { elementCount, isStatic } from '../../graph/shape.js';
import type { Tensor } from '../../graph/operation.js';
import { indexDTypes } from '../data-dtypes.js';
import { integerArray } from '../integers.js';
import { defineOp } from '../op-def.js';
import { productOf } from '../partial-integers.js';
import type { IndexDType } from '../shape-nodes.js';

const outType = { kind: 'type', default: 'int32', allowed: indexDTypes } as const;
const indexType = (dtype: string): IndexDType => (dtype === 'int64' ? 'int64' : 'int32');

export const Shape = defineOp({
  name: 'Shape',
  attrs: { T: { kind: 'type' }, out_type: outType },
  inputs: { input: 'T' },
  outputs: { output: 'out_type' },
  infer: ({ shapes }) => ({ output: [shapes.input?.length ?? null] }),
  partial: ({ shapes }) => shapes.input,
  grad: { none: 'a shape does not change with the values' },
  lower: {
    kind: 'constant',
    value: ({ attrs, x }) => [integerArray(indexType(attrs.out_type), x.input.shape)],
  },
});

export const ShapeN = defineOp({
  name: 'ShapeN',
  attrs: { N: { kind: 'int', inferred: true, minimum: 1 }, T: { kind: 'type' }, out_type: outType },
  inputs: { input: { list: 'T', count: 'N' } },
  outputs: { output: { list: 'out_type', count: 'N' } },
  infer: ({ shapes }) => ({ output: shapes.input.map((shape) => [shape?.length ?? null]) }),
  partial: ({ shapes }) => shapes.input[0] ?? null,
  grad: { none: 'shapes do not change with the values' },
  lower: {
    kind: 'constant',
    value: ({ attrs, x }) =>
      x.input.map(({ shape: of }) => integerArray(indexType(attrs.out_type), of)),
  },
});

export const Size = defineOp({
  name: 'Size',
  attrs: { T: { kind: 'type' }, out_type: outType },
  inputs: { input: 'T' },
  outputs: { output: 'out_type' },
  infer: () => ({ output: [] }),
  partial: ({ shapes }) => (shapes.input === null ? null : [productOf(shapes.input)]),
  grad: { none: 'a size does not change with the values' },
  lower: {
    kind: 'constant',
    value: ({ attrs, x }) => [
      integerArray(indexType(attrs.out_type), [elementCount(x.input.shape)], []),
    ],
  },
});

export const Rank = defineOp({
  name: 'Rank',
  attrs: { T: { kind: 'type' } },
  inputs: { input: 'T' },
  outputs: { output: 'int32' },
  infer: () => ({ output: [] }),
  partial: ({ shapes }) => (shapes.input === null ? null : [shapes.input.length]),
  grad: { none: 'a rank does not change with the values' },
  lower: {
    kind: 'constant',
    value: ({ x }) => [integerArray('int32', [x.input.shape.length], [])],
  },
});

export interface ShapeOptions {
  /** int32 by default. */
  readonly outType?: IndexDType;
  readonly name?: string;
}

const shapeOptions = { outType: 'dtype', name: 'string' } as const;

/**
 * Shape of `x` as it is in the run: a vector of integers. A static shape gives a constant.
 *
 * @returns int32 (or `outType`) `[rank of x]`.
 * @see TF op Shape; tf.shape
 * @example const batch = tf.getItem(tf.shape(x), 0);
 */
export function shape(x: TensorLike, options: ShapeOptions = {}): Tensor {
  const { outType: dtype = 'int32', name } = checkedOptions('shape', options, shapeOptions);
  const input = convertToTensor(x);
  return isStatic(input.shape)
    ? graphBuilder().constant(integerArray(dtype, input.shape), dtype, name ?? 'Shape')
    : addNode(Shape, { input }, { out_type: dtype }, name).output;
}

/**
 * Shapes of several tensors in one node.
 * @see TF op ShapeN; tf.shape_n
 */
export function shapeN(xs: readonly TensorLike[], options: ShapeOptions = {}): readonly Tensor[] {
  const { outType = 'int32', name } = checkedOptions('shapeN', options, shapeOptions);
  return addNode(ShapeN, { input: xs }, { out_type: outType }, name).output;
}

/**
 * Number of elements of `x`, a scalar. A static shape gives a constant.
 * @see TF op Size; tf.size
 */
export function size(x: TensorLike, options: ShapeOptions = {}): Tensor {
  const { outType: dtype = 'int32', name } = checkedOptions('size', options, shapeOptions);
  const input = convertToTensor(x);
  return isStatic(input.shape)
    ? graphBuilder().constant(
        integerArray(dtype, [elementCount(input.shape)], []),
        dtype,
        name ?? 'Size',
      )
    : addNode(Size, { input }, { out_type: dtype }, name).output;
}

/**
 * Number of axes of `x`, an int32 scalar; a constant unless the rank is unknown.
 * @see TF op Rank; tf.rank
 */
export function rank(x: TensorLike, name?: string): Tensor {
  const input = convertToTensor(x);
  return input.shape === null
    ? addNode(Rank, { input }, {}, name).output
    : graphBuilder().constant(
        integerArray('int32', [input.shape.length], []),
        'int32',
        name ?? 'Rank',
      );
}
