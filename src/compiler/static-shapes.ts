/** Output shapes of a node whose input shapes are known, all of them full. */
import { InvalidArgumentError, ResourceExhaustedError } from '../errors.js';
import { isComplex, type DType, type NdArray } from '../graph/dtype.js';
import { inferShapes } from '../graph/infer.js';
import { formatShape, isStatic, type StaticShape } from '../graph/shape.js';
import { outputTypes } from '../graph/signature.js';
import { storedLength } from '../ir/storage.js';
import { constantOf } from './context.js';
import type { FlowNode } from './flow.js';
import type { FlowBuilder } from './flow-builder.js';
import { needFeeds } from './needed-feeds.js';

/** Kernels index with 32-bit integers. */
const maxElements = 2 ** 31 - 1;

/**
 * @param node its outputs are not looked at.
 * @throws InvalidArgumentError where the shape function rejects the inputs, ResourceExhaustedError
 *   for outputs too large to index, NeedsFeedValues where fed values decide a shape.
 */
export function staticShapes(flow: FlowBuilder, node: FlowNode): readonly StaticShape[] {
  const { def, name, attrs, inputs } = node;
  const asked = new Set<number>();
  const known = (id: number): NdArray | null => {
    const data = constantOf(flow.value(id), flow.value);
    if (data === null) asked.add(id);
    return data;
  };
  const shapes = inferShapes({
    schema: def,
    attrs,
    inputs: inputs.map((id) => ({
      shape: flow.value(id).shape,
      dtype: flow.value(id).dtype,
      value: () => known(id),
      partial: () => {
        const data = known(id);
        if (data === null || data.dtype === 'string') return null;
        return Array.from(data.data as Int32Array, Number);
      },
    })),
    fail: (message) => {
      const given = inputs.map((id) => formatShape(flow.value(id).shape)).join(', ');
      throw new InvalidArgumentError(
        `${def.name} "${name}": ${message} (input shapes: ${given || 'none'}).`,
        { node: name, op: def.name },
      );
    },
  });
  if (shapes.every(isStatic)) {
    const types = outputTypes(def, attrs);
    for (const [i, shape] of shapes.entries())
      checkIndexable(types[i]?.dtype ?? 'float32', shape, name, def.name);
    return shapes;
  }
  // A placeholder's default, used: it is what it passes on that has a shape.
  if (def.name === 'PlaceholderWithDefault') return [flow.value(inputs[0] as number).shape];
  return needFeeds(flow, asked.size > 0 ? [...asked] : inputs, node);
}

function checkIndexable(dtype: DType, shape: StaticShape, node: string, op: string): void {
  const count = storedLength(dtype, shape);
  if (count <= maxElements) return;
  throw new ResourceExhaustedError(
    `${op} "${node}": OOM: a tensor of shape ${formatShape(shape)} has ${count} ${isComplex(dtype) ? 'parts' : 'elements'}, and kernels index at most ${maxElements}. Use a smaller batch, or split the tensor.`,
    { node, op },
  );
}
