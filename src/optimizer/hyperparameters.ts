/** The numbers an optimizer is made with, as tensors of the step under construction. */
import { convertToTensor, type TensorLike } from '../graph/add-node.js';
import { graphBuilder } from '../graph/builder.js';
import { InternalError } from '../errors.js';
import type { Tensor } from '../graph/operation.js';
import type { Variable } from '../ops/state/variable.js';

/** Hyperparameters by node name: a number becomes a Const of that name, a tensor stays itself. */
export class Hyperparameters<N extends string> {
  readonly #given: Readonly<Record<N, TensorLike>>;
  #tensors: ReadonlyMap<string, Tensor> = new Map();

  constructor(given: Readonly<Record<N, TensorLike>>) {
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
