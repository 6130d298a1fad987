/** The numbers an optimizer is made with, as tensors of the step under construction. */
import { convertToTensor, isVariable, type TensorLike } from '../graph/add-node.js';
import { graphBuilder } from '../graph/builder.js';
import { DTypeError, InternalError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { isNdArray } from '../graph/nd-array.js';
import { Tensor } from '../graph/operation.js';
import { isTypedArray } from '../graph/typed-array.js';
import type { Variable } from '../ops/state/variable.js';

/** Whether it can be a scalar of the step; arrays are looked at when they become tensors. */
const isNumeric = (value: TensorLike): boolean =>
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  value instanceof Tensor ||
  isVariable(value) ||
  isNdArray(value) ||
  isTypedArray(value);

/** Hyperparameters by node name: a number becomes a Const of that name, a tensor stays itself. */
export class Hyperparameters<N extends string> {
  readonly #given: Readonly<Record<N, TensorLike>>;
  #tensors: ReadonlyMap<string, Tensor> = new Map();

  /** @throws DTypeError for a value that is no number and no tensor. */
  constructor(given: Readonly<Record<N, TensorLike>>) {
    for (const [name, value] of Object.entries<TensorLike>(given))
      if (!isNumeric(value))
        throw new DTypeError(
          `Optimizer: Expected a number or a scalar Tensor for ${name} not ${describeValue(value)}.`,
        );
    this.#given = given;
  }

  /** Makes the tensors, in the order the hyperparameters were given. */
  prepare(): void {
    this.#tensors = new Map(
      Object.entries<TensorLike>(this.#given).map(([name, value]) => [
        name,
        convertToTensor(value, { fallback: 'float32', name }),
      ]),
    );
  }

  /** The tensor as prepared. */
  tensor(name: N): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new InternalError(`Hyperparameter '${name}' is not prepared.`);
    return tensor;
  }

  /** The tensor in the dtype of a variable. */
  of(name: N, variable: Variable): Tensor {
    const tensor = this.tensor(name);
    return tensor.dtype === variable.dtype
      ? tensor
      : graphBuilder().op('Cast', [tensor], { DstT: variable.dtype });
  }
}
