/**
 * Plain arguments of user functions on their way to nodes: vectors of integers that may have
 * tensors among their elements (`[batch, -1]`), and the dtype a plain value brings along.
 */
import { isVariable, type TensorLike, type VariableLike } from '../graph/add-node.js';
import { graphBuilder, withNameScope } from '../graph/builder.js';
import type { DType, NdArray } from '../graph/dtype.js';
import { isBytes, isNdArray, toNdArray } from '../graph/nd-array.js';
import { Tensor } from '../graph/operation.js';
import { isTypedArray } from '../graph/typed-array.js';

/** A vector of integers: shape, axes, sizes. Tensors among the elements are scalars. */
export type IntegerVector = Tensor | VariableLike | NdArray | readonly (number | Tensor)[];

const holdsTensors = (value: IntegerVector): value is readonly (number | Tensor)[] =>
  Array.isArray(value) && value.some((item) => item instanceof Tensor);

/** One node for a vector with tensors among its elements. */
export function packed(elements: readonly (number | Tensor)[], name: string): Tensor {
  const b = graphBuilder();
  const dtype = elements.find((item) => item instanceof Tensor)?.dtype ?? 'int32';
  const scalars = elements.map((item, i) =>
    item instanceof Tensor ? item : b.constant(item, dtype, `${name}/${String(i)}`),
  );
  return b.op('Pack', [scalars], { axis: 0 }, name);
}

/**
 * Calls `build` with vectors ready for `addNode`: those with tensors among their elements are
 * packed first, inside the op's own name scope as TensorFlow does (`Reshape/shape`).
 */
export function withVectors<K extends string>(
  name: string | undefined,
  fallback: string,
  vectors: Readonly<Record<K, IntegerVector>>,
  build: (vectors: Readonly<Record<K, TensorLike>>, name: string) => Tensor,
): Tensor {
  const entries = Object.entries(vectors) as [K, IntegerVector][];
  if (!entries.some(([, value]) => holdsTensors(value)))
    return build(vectors as Readonly<Record<K, TensorLike>>, name ?? fallback);
  return withNameScope(name, fallback, (scope) =>
    build(
      Object.fromEntries(
        entries.map(([arg, value]) => [arg, holdsTensors(value) ? packed(value, arg) : value]),
      ) as Record<K, TensorLike>,
      scope,
    ),
  );
}

/** Dtype that a value has by itself; undefined for plain numbers and nested lists of them. */
export function ownDType(value: TensorLike): DType | undefined {
  if (value instanceof Tensor || isVariable(value)) return value.dtype;
  if (isNdArray(value) || isTypedArray(value)) return toNdArray(value).dtype;
  let first: unknown = value;
  while (Array.isArray(first)) first = first[0];
  return typeof first === 'string' || isBytes(first) ? 'string' : undefined;
}

/** Dtype of a value used as index: its own, or int32 for plain numbers. */
export const indexDTypeOfValue = (value: TensorLike): DType => ownDType(value) ?? 'int32';
