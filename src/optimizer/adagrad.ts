/** Adagrad: a rate per element that falls with the squares of its past gradients. */
import type { TensorLike } from '../graph/add-node.js';
import { ValueError } from '../errors.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { constantInitializer, type Initializer } from '../ops/random/initializers.js';
import type { Variable } from '../ops/state/variable.js';
import { Hyperparameters } from './hyperparameters.js';
import { Optimizer, type OptimizerOptions, type Update } from './optimizer.js';

export interface AdagradOptions extends OptimizerOptions {
  /** Starting value of the accumulators; positive. */
  readonly initialAccumulatorValue?: number;
}

/**
 * accumulator += gradient^2; w -= learningRate * gradient / sqrt(accumulator).
 * Slot `accumulator`, in variables `<variable>/Adagrad`.
 *
 * @throws ValueError if `initialAccumulatorValue` is not positive.
 * @see tf.train.AdagradOptimizer; TF op ApplyAdagrad; Duchi et al. 2011
 * @example const step = new tf.train.AdagradOptimizer(0.1).minimize(loss);
 */
export class AdagradOptimizer extends Optimizer {
  readonly #hyper: Hyperparameters<'learning_rate'>;
  readonly #initial: number;

  constructor(learningRate: TensorLike, options: AdagradOptions = {}) {
    checkedOptions('AdagradOptimizer', options, {
      initialAccumulatorValue: 'number',
      useLocking: 'bool',
      name: 'string',
    });
    super(options.name ?? 'Adagrad', options.useLocking ?? false);
    this.#initial = options.initialAccumulatorValue ?? 0.1;
    if (!(this.#initial > 0))
      throw new ValueError(`initial_accumulator_value must be positive: ${this.#initial}`);
    this.#hyper = new Hyperparameters({ learning_rate: learningRate });
  }

  protected override slotInitializers(): Readonly<Record<string, Initializer>> {
    return { accumulator: constantInitializer(this.#initial) };
  }

  protected override prepare(): void {
    this.#hyper.prepare();
  }

  protected override update(gradient: Tensor, variable: Variable): Update {
    return {
      kernel: 'ApplyAdagrad',
      inputs: {
        accum: this.slot(variable, 'accumulator'),
        lr: this.#hyper.of('learning_rate', variable),
        grad: gradient,
      },
    };
  }
}
