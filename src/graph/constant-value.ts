/** What is known of a tensor's value when the graph is built: constants, and shape arithmetic over them. */
import type { NdArray } from './dtype.js';
import { inferPartial, type InputFacts } from './infer.js';
import type { Tensor } from './operation.js';
import { findSchema } from './registry.js';
import { plainAttrs } from './signature.js';
import { elementCount, isStatic } from './shape.js';

/** Longest vector that is treated as shape arithmetic. */
const maxPartialLength = 1024;

/** Value of a tensor that is a constant, else null. */
export function constantValue(tensor: Tensor): NdArray | null {
  if (tensor.op.type === 'Const') {
    const value = tensor.op.attrs.get('value');
    return value?.kind === 'tensor' ? value.value.array() : null;
  }
  if (tensor.op.type === 'Identity' && tensor.op.inputs[0])
    return constantValue(tensor.op.inputs[0]);
  const partial =
    tensor.dtype === 'int32' || tensor.dtype === 'int64' ? partialValue(tensor) : null;
  if (partial === null || partial.some((v) => v === null) || !isStatic(tensor.shape)) return null;
  const shape = tensor.shape;
  return tensor.dtype === 'int32'
    ? { dtype: 'int32', shape, data: Int32Array.from(partial as number[]) }
    : { dtype: 'int64', shape, data: BigInt64Array.from(partial as number[], BigInt) };
}

/** Integer scalar or vector with null for each element not known; null if nothing is known. */
export function partialValue(tensor: Tensor): readonly (number | null)[] | null {
  if (tensor.dtype !== 'int32' && tensor.dtype !== 'int64') return null;
  const known = tensor.op.type === 'Const' ? constantValue(tensor) : null;
  if (known !== null)
    return elementCount(known.shape) > maxPartialLength
      ? null
      : Array.from(known.data as Int32Array, Number);
  if (tensor.index !== 0) return null;
  const schema = findSchema(tensor.op.type);
  if (schema?.partial === undefined) return null;
  return inferPartial({
    schema,
    attrs: plainAttrs(schema, tensor.op.attrs, tensor.op.name),
    inputs: tensor.op.inputs.map(factsOf),
    fail: () => {
      throw new Error('unreachable: shapes were checked when the op was made');
    },
  });
}

/** Build-time facts about an input tensor; values are looked up only if asked for. */
export const factsOf = (tensor: Tensor): InputFacts => ({
  shape: tensor.shape,
  dtype: tensor.dtype,
  value: () => constantValue(tensor),
  partial: () => partialValue(tensor),
});
