/** OpBuilder over graph nodes: adds ops by type name, for gradients and composite user functions. */
import { addOperation, convertToTensor, type TensorLike } from './add-node.js';
import { getDefaultGraph } from './graph.js';
import type { OpBuilder, OpSchema } from './op-schema.js';
import type { Tensor } from './operation.js';
import { schemaOf } from './registry.js';

const builder: OpBuilder<Tensor> = {
  op: (type, inputs, attrs, name) => builder.ops(type, inputs, attrs, name)[0] as Tensor,
  ops: (type, inputs, attrs = {}, name) => {
    const schema = schemaOf(type) as OpSchema;
    const byArg: Record<string, TensorLike | readonly TensorLike[]> = {};
    for (const [i, arg] of Object.keys(schema.inputs).entries())
      byArg[arg] = inputs[i] as TensorLike | readonly TensorLike[];
    return addOperation(schema, byArg, attrs, name).outputs;
  },
  constant: (value, dtype, name) => convertToTensor(value, { dtype, fallback: 'float32', name }),
  shapeOf: (tensor) => tensor.shape,
  dtypeOf: (tensor) => tensor.dtype,
};

/** Builder into the default graph (or the graph of the inputs). */
export const graphBuilder = (): OpBuilder<Tensor> => builder;

/** Runs `fn` in the scope `name` (or `fallback`) of the default graph, as composite functions do. */
export const withNameScope = <R>(
  name: string | undefined,
  fallback: string,
  fn: (scope: string) => R,
): R => getDefaultGraph().nameScope(name ?? fallback, fn);
