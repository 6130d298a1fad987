/** Plain gradient descent. */
import type { TensorLike } from '../graph/add-node.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import type { Variable } from '../ops/state/variable.js';
import { Hyperparameters } from './hyperparameters.js';
import { Optimizer, type OptimizerOptions, type Update } from './optimizer.js';

/**
 * w -= learningRate * gradient.
 *
 * @see tf.train.GradientDescentOptimizer; TF op ApplyGradientDescent
 * @example const step = new tf.train.GradientDescentOptimizer(0.1).minimize(loss);
 */
export class GradientDescentOptimizer extends Optimizer {
  readonly #hyper: Hyperparameters<'learning_rate'>;

  constructor(learningRate: TensorLike, options: OptimizerOptions = {}) {
    checkedOptions('GradientDescentOptimizer', options, { useLocking: 'bool', name: 'string' });
    super(options.name ?? 'GradientDescent', options.useLocking ?? false);
    this.#hyper = new Hyperparameters({ learning_rate: learningRate });
  }

  protected override prepare(): void {
    this.#hyper.prepare();
  }

  protected override update(gradient: Tensor, variable: Variable): Update {
    return {
      kernel: 'ApplyGradientDescent',
      inputs: { alpha: this.#hyper.of('learning_rate', variable), delta: gradient },
    };
  }
}
