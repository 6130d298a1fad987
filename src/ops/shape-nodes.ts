/** Nodes of shape arithmetic that gradients add, as constants where the static shape allows. */
import type { DType, NdArray } from '../graph/dtype.js';
import type { OpBuilder } from '../graph/op-schema.js';
import { elementCount, isStatic } from '../graph/shape.js';
import { integerArray } from './integers.js';

export type IndexDType = 'int32' | 'int64';

/** The index dtype of a tensor; int32 for any other. */
export const indexDTypeOf = (dtype: DType): IndexDType => (dtype === 'int64' ? 'int64' : 'int32');

const scalar = (dtype: IndexDType, value: number): NdArray => integerArray(dtype, [value], []);

/** Shape of `x` as a vector. */
export function shapeNode<V>(b: OpBuilder<V>, x: V, dtype: IndexDType = 'int32'): V {
  const shape = b.shapeOf(x);
  return isStatic(shape)
    ? b.constant(integerArray(dtype, shape), dtype, 'Shape')
    : b.op('Shape', [x], { out_type: dtype });
}

export function rankNode<V>(b: OpBuilder<V>, x: V): V {
  const shape = b.shapeOf(x);
  return shape === null
    ? b.op('Rank', [x])
    : b.constant(scalar('int32', shape.length), 'int32', 'Rank');
}

export function sizeNode<V>(b: OpBuilder<V>, x: V): V {
  const shape = b.shapeOf(x);
  return isStatic(shape)
    ? b.constant(scalar('int32', elementCount(shape)), 'int32', 'Size')
    : b.op('Size', [x], { out_type: 'int32' });
}

/** A vector constant that may be empty. */
export const vectorNode = <V>(
  b: OpBuilder<V>,
  values: readonly number[],
  name?: string,
  dtype: IndexDType = 'int32',
): V => b.constant(integerArray(dtype, values), dtype, name);

/** Vector of several scalars. */
export const stackNode = <V>(b: OpBuilder<V>, scalars: readonly V[], name = 'stack'): V =>
  b.op('Pack', [scalars], { axis: 0 }, name);

export const concatNode = <V>(b: OpBuilder<V>, values: readonly V[], axis = 0): V =>
  b.op(
    'ConcatV2',
    [values, b.constant(scalar('int32', axis), 'int32', 'concat/axis')],
    {},
    'concat',
  );

/** `vector[from:to]`; without `to` up to the end. */
export function rangeOfVector<V>(b: OpBuilder<V>, vector: V, from: number, to?: number): V {
  return b.op(
    'StridedSlice',
    [
      vector,
      vectorNode(b, [from], 'strided_slice/stack'),
      vectorNode(b, [to ?? 0], 'strided_slice/stack_1'),
      vectorNode(b, [1], 'strided_slice/stack_2'),
    ],
    { begin_mask: from === 0 ? 1 : 0, end_mask: to === undefined ? 1 : 0 },
    'strided_slice',
  );
}

/** `vector[i]`, a scalar. */
export const itemOfVector = <V>(b: OpBuilder<V>, vector: V, i: number): V =>
  b.op(
    'StridedSlice',
    [
      vector,
      vectorNode(b, [i], 'strided_slice/stack'),
      vectorNode(b, [i + 1], 'strided_slice/stack_1'),
      vectorNode(b, [1], 'strided_slice/stack_2'),
    ],
    { shrink_axis_mask: 1 },
    'strided_slice',
  );

export const reshapeNode = <V>(b: OpBuilder<V>, x: V, shape: V): V => b.op('Reshape', [x, shape]);

/** `x` as a vector. */
export const flatNode = <V>(b: OpBuilder<V>, x: V): V =>
  reshapeNode(b, x, vectorNode(b, [-1], 'Reshape/shape'));
