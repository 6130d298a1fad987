/** Sums of many tensors of one shape: AddN and AccumulateNV2. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder } from '../../graph/builder.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedList, checkedOptions } from '../../graph/options.js';
import type { Shape } from '../../graph/shape.js';
import { ValueError } from '../../errors.js';
import { add, type Expr } from '../../ir/expr.js';
import { numberDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';
import { sameShapes, type Fail } from '../shape-checks.js';

/** The shape all agree on. */
function commonShape(shapes: readonly Shape[], known: Shape, fail: Fail): Shape {
  let common = known;
  for (const [i, shape] of [...shapes.entries()].reverse())
    common = sameShapes(shape, common, (message) =>
      fail(`${message}\n\tFrom merging shape ${i} with other shapes.`),
    );
  return common;
}

const sumOf = (terms: readonly Expr[]): Expr => terms.reduce(add);

export const AddN = defineOp({
  name: 'AddN',
  attrs: {
    N: { kind: 'int', inferred: true, minimum: 1 },
    T: { kind: 'type', allowed: numberDTypes },
  },
  inputs: { inputs: { list: 'T', count: 'N' } },
  outputs: { sum: 'T' },
  infer: ({ shapes, fail }) => ({ sum: commonShape(shapes.inputs, null, fail) }),
  grad: ({ dy, x }) => ({ inputs: x.inputs.map(() => dy.sum) }),
  lower: { kind: 'elementwise', expr: ({ inputs }) => sumOf(inputs) },
});

/** AddN whose shape is known beforehand, so that TensorFlow can add as terms arrive. */
export const AccumulateNV2 = defineOp({
  name: 'AccumulateNV2',
  attrs: {
    N: { kind: 'int', inferred: true, minimum: 1 },
    T: { kind: 'type', allowed: numberDTypes },
    shape: { kind: 'shape' },
  },
  inputs: { inputs: { list: 'T', count: 'N' } },
  outputs: { sum: 'T' },
  infer: ({ shapes, attrs, fail }) => ({ sum: commonShape(shapes.inputs, attrs.shape, fail) }),
  grad: ({ dy, x }) => ({ inputs: x.inputs.map(() => dy.sum) }),
  lower: { kind: 'elementwise', expr: ({ inputs }) => sumOf(inputs) },
});

/**
 * Sum of tensors of one shape and dtype.
 *
 * @param inputs  at least one tensor. A single one is returned as it is, through an Identity if
 *   a name is given.
 * @returns dtype and shape of the inputs.
 * @throws ValueError if the list is empty, InvalidArgumentError if shapes differ.
 * @see TF op AddN.
 * @example addN([a, b, c]); // float32 [2,3]
 */
export function addN(inputs: readonly TensorLike[], name?: string): Tensor {
  const [first] = checkedList('addN', 'inputs', inputs);
  if (first === undefined)
    throw new ValueError(
      'addN: inputs must be an iterable of at least one Tensor with the same dtype and shape.',
    );
  if (inputs.length > 1) return addNode(AddN, { inputs }, {}, name).sum;
  const only = convertToTensor(first, { name: 'inputs' });
  return name === undefined ? only : graphBuilder().op('Identity', [only], {}, name);
}

/**
 * As `addN`, for an op that holds its shape.
 *
 * @param shape  shape of the inputs; by default what they are known to share.
 * @throws ValueError if the list is empty, InvalidArgumentError if shapes differ.
 * @see TF op AccumulateNV2.
 */
export function accumulateN(
  inputs: readonly TensorLike[],
  options: { readonly shape?: Shape; readonly name?: string } = {},
): Tensor {
  checkedOptions('accumulateN', options, { shape: 'shape', name: 'string' });
  if (checkedList('accumulateN', 'inputs', inputs).length === 0)
    throw new ValueError(
      'accumulateN: inputs must be a list of at least one Tensor with the same dtype and shape.',
    );
  const tensors = inputs.map((input) => convertToTensor(input));
  const [first] = tensors;
  if (first !== undefined && tensors.length === 1 && options.name === undefined) return first;
  const shape = commonShape(
    tensors.map((tensor) => tensor.shape),
    options.shape ?? null,
    (message) => {
      throw new ValueError(`accumulateN: ${message}`);
    },
  );
  return addNode(AccumulateNV2, { inputs: tensors }, { shape }, options.name).sum;
}
