/** RMSProp: steps divided by a running root mean square of the gradient. */
import type { TensorLike } from '../graph/add-node.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { onesInitializer, zerosInitializer, type Initializer } from '../ops/random/initializers.js';
import type { Variable } from '../ops/state/variable.js';
import { Hyperparameters } from './hyperparameters.js';
import { Optimizer, type OptimizerOptions, type Update } from './optimizer.js';

export interface RMSPropOptions extends OptimizerOptions {
  /** Decay of the running averages, 0.9 by default. */
  readonly decay?: TensorLike;
  readonly momentum?: TensorLike;
  /** Added under the square root, 1e-10 by default. */
  readonly epsilon?: TensorLike;
  /** Divides by the running variance instead of the mean square. */
  readonly centered?: boolean;
}

/**
 * ms averages gradient^2; step = momentum * step + learningRate * gradient / sqrt(ms + epsilon);
 * w -= step. Slots `rms` (starting at ones), `mg` if centered, and `momentum`.
 *
 * Gradients are dense: all rows of an embedding decay their slots and move by their momentum, where
 * TensorFlow touches only the rows that the step looked up.
 *
 * @see tf.train.RMSPropOptimizer; TF ops ApplyRMSProp, ApplyCenteredRMSProp
 * @example const step = new tf.train.RMSPropOptimizer(1e-3, { momentum: 0.9 }).minimize(loss);
 */
export class RMSPropOptimizer extends Optimizer {
  readonly #hyper: Hyperparameters<'learning_rate' | 'decay' | 'momentum' | 'epsilon'>;
  readonly #centered: boolean;

  constructor(learningRate: TensorLike, options: RMSPropOptions = {}) {
    checkedOptions('RMSPropOptimizer', options, {
      decay: 'any',
      momentum: 'any',
      epsilon: 'any',
      centered: 'bool',
      useLocking: 'bool',
      name: 'string',
    });
    super(options.name ?? 'RMSProp', options.useLocking ?? false);
    this.#centered = options.centered ?? false;
    this.#hyper = new Hyperparameters({
      learning_rate: learningRate,
      decay: options.decay ?? 0.9,
      momentum: options.momentum ?? 0,
      epsilon: options.epsilon ?? 1e-10,
    });
  }

  protected override slotInitializers(): Readonly<Record<string, Initializer>> {
    const zeros = zerosInitializer();
    const rms = onesInitializer();
    return this.#centered ? { rms, mg: zeros, momentum: zeros } : { rms, momentum: zeros };
  }

  protected override prepare(): void {
    this.#hyper.prepare();
  }

  protected override update(gradient: Tensor, variable: Variable): Update {
    const inputs = {
      ms: this.slot(variable, 'rms'),
      mom: this.slot(variable, 'momentum'),
      lr: this.#hyper.of('learning_rate', variable),
      rho: this.#hyper.of('decay', variable),
      momentum: this.#hyper.of('momentum', variable),
      epsilon: this.#hyper.of('epsilon', variable),
      grad: gradient,
    };
    return this.#centered
      ? { kernel: 'ApplyCenteredRMSProp', inputs: { mg: this.slot(variable, 'mg'), ...inputs } }
      : { kernel: 'ApplyRMSProp', inputs };
  }
}
