/** Gradient descent with momentum. */
import type { TensorLike } from '../graph/add-node.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { zerosInitializer, type Initializer } from '../ops/random/initializers.js';
import type { Variable } from '../ops/state/variable.js';
import { Hyperparameters } from './hyperparameters.js';
import { Optimizer, type OptimizerOptions, type Update } from './optimizer.js';

export interface MomentumOptions extends OptimizerOptions {
  /** Looks ahead along the momentum (Sutskever et al. 2013). */
  readonly useNesterov?: boolean;
}

/**
 * accumulator = momentum * accumulator + gradient; w -= learningRate * accumulator.
 * Slot `momentum`, in variables `<variable>/Momentum`.
 *
 * Gradients are dense: all rows of an embedding decay their accumulator and move by it, where
 * TensorFlow touches only the rows that the step looked up.
 *
 * @see tf.train.MomentumOptimizer; TF op ApplyMomentum
 * @example const step = new tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss);
 */
export class MomentumOptimizer extends Optimizer {
  readonly #hyper: Hyperparameters<'learning_rate' | 'momentum'>;
  readonly #useNesterov: boolean;

  constructor(learningRate: TensorLike, momentum: TensorLike, options: MomentumOptions = {}) {
    checkedOptions('MomentumOptimizer', options, {
      useNesterov: 'bool',
      useLocking: 'bool',
      name: 'string',
    });
    super(options.name ?? 'Momentum', options.useLocking ?? false);
    this.#hyper = new Hyperparameters({ learning_rate: learningRate, momentum });
    this.#useNesterov = options.useNesterov ?? false;
  }

  protected override slotInitializers(): Readonly<Record<string, Initializer>> {
    return { momentum: zerosInitializer() };
  }

  protected override prepare(): void {
    this.#hyper.prepare();
  }

  protected override update(gradient: Tensor, variable: Variable): Update {
    return {
      kernel: 'ApplyMomentum',
      inputs: {
        accum: this.slot(variable, 'momentum'),
        lr: this.#hyper.of('learning_rate', variable),
        grad: gradient,
        momentum: this.#hyper.of('momentum', variable),
      },
      attrs: { use_nesterov: this.#useNesterov },
    };
  }
}
