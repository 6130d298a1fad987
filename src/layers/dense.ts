/** The fully connected layer. */
import { convertToTensor, type TensorLike } from '../graph/add-node.js';
import { graphBuilder } from '../graph/builder.js';
import { ValueError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import type { OpBuilder } from '../graph/op-schema.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { formatTuple, type Dim } from '../graph/shape.js';
import { matMul } from '../ops/math/mat-mul.js';
import { biasAdd } from '../ops/nn/bias.js';
import { zerosInitializer, type Initializer } from '../ops/random/initializers.js';
import type { Variable } from '../ops/state/variable.js';
import { checkReuse } from './scope-arguments.js';
import { getVariable, variableScope, type Reuse } from './variable-scope.js';

export interface DenseOptions {
  /** Applied to the result, inside the layer's name scope. */
  readonly activation?: ((x: Tensor) => Tensor) | null;
  readonly useBias?: boolean;
  /** Glorot uniform by default. */
  readonly kernelInitializer?: Initializer;
  /** Zeros by default. */
  readonly biasInitializer?: Initializer;
  readonly trainable?: boolean;
  /** Scope of the variables, `dense` (made unique) by default. */
  readonly name?: string;
  /** Shares the variables of an earlier layer of this name. */
  readonly reuse?: Reuse;
}

/**
 * activation(inputs * kernel + bias), along the last axis.
 * Variables: `<name>/kernel` `[inputs' last axis, units]` and `<name>/bias` `[units]`.
 *
 * @param inputs float tensor of rank 2 or more with a known last axis.
 * @returns the inputs' shape with `units` for the last axis.
 * @throws ValueError if the last axis is unknown or the rank is below 2.
 * @see tf.layers.dense
 * @example const hidden = tf.layers.dense(x, 128, { activation: tf.nn.relu });
 */
export function dense(inputs: TensorLike, units: number, options: DenseOptions = {}): Tensor {
  checkedOptions('dense', options, {
    activation: 'function?',
    useBias: 'bool',
    kernelInitializer: 'function',
    biasInitializer: 'function',
    trainable: 'bool',
    name: 'string',
    reuse: 'any',
  });
  checkReuse(options.reuse);
  if (!Number.isSafeInteger(units) || units < 0)
    throw new ValueError(
      `dense: Received an invalid value for \`units\`, expected a positive integer. Received: units=${describeValue(units)}.`,
    );
  const x = convertToTensor(inputs, { fallback: 'float32', name: 'inputs' });
  const depth = lastAxis(x);
  const { name, reuse = false, useBias = true, trainable = true } = options;
  const scope = name === undefined ? { defaultName: 'dense' } : { reuse };
  return variableScope(name ?? null, scope, () => {
    const { dtype } = x;
    const kernel = getVariable('kernel', {
      shape: [depth, units],
      dtype,
      trainable,
      ...(options.kernelInitializer && { initializer: options.kernelInitializer }),
    });
    const initializer = options.biasInitializer ?? zerosInitializer();
    const bias = useBias
      ? getVariable('bias', { shape: [units], dtype, trainable, initializer })
      : null;
    const product = multiplied(x, kernel, units);
    const sum = bias === null ? product : biasAdd(product, bias, { name: 'BiasAdd' });
    return options.activation?.(sum) ?? sum;
  });
}

function lastAxis(x: Tensor): number {
  const depth = x.shape?.[x.shape.length - 1] ?? null;
  if (x.shape === null || x.shape.length < 2 || depth === null)
    throw new ValueError(
      `dense: the inputs need rank 2 or more and a known last axis, but ${x} has shape ${formatTuple(x.shape)}. Reshape them or setShape.`,
      { node: x.op.name, op: x.op.type },
    );
  return depth;
}

/** inputs * kernel; inputs of a higher rank are flattened to a matrix and back. */
function multiplied(x: Tensor, kernel: Variable, units: number): Tensor {
  const b = graphBuilder();
  const shape = x.shape ?? [];
  if (shape.length === 2) return matMul(x, kernel);
  const depth = shape[shape.length - 1] ?? 1;
  const rows = b.op(
    'Reshape',
    [x, b.constant([-1, depth], 'int32', 'Tensordot/shape')],
    {},
    'Tensordot/Reshape',
  );
  const product = matMul(rows, kernel, { name: 'Tensordot/MatMul' });
  return b.op('Reshape', [product, outputShape(b, x, shape.slice(0, -1), units)], {}, 'Tensordot');
}

/** `[...leading, units]`, read from the inputs where more than one leading dim is unknown. */
function outputShape(
  b: OpBuilder<Tensor>,
  x: Tensor,
  leading: readonly Dim[],
  units: number,
): Tensor {
  if (leading.filter((dim) => dim === null).length <= 1)
    return b.constant([...leading.map((dim) => dim ?? -1), units], 'int32', 'Tensordot/concat');
  const outer = b.op(
    'Slice',
    [
      b.op('Shape', [x], {}, 'Tensordot/Shape'),
      b.constant([0], 'int32', 'Tensordot/begin'),
      b.constant([leading.length], 'int32', 'Tensordot/size'),
    ],
    {},
    'Tensordot/Slice',
  );
  const last = b.constant([units], 'int32', 'Tensordot/units');
  const axis = b.constant(0, 'int32', 'Tensordot/axis');
  return b.op('ConcatV2', [[outer, last], axis], {}, 'Tensordot/concat');
}
