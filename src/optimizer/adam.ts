/** Adam: steps from running means of the gradient and of its square. */
import type { TensorLike } from '../graph/add-node.js';
import { graphBuilder } from '../graph/builder.js';
import { ValueError } from '../errors.js';
import { getDefaultGraph } from '../graph/graph.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { zerosInitializer, type Initializer } from '../ops/random/initializers.js';
import { assignTo } from '../ops/state/assign-functions.js';
import { colocated } from '../ops/state/colocation.js';
import type { Variable } from '../ops/state/variable.js';
import { Hyperparameters } from './hyperparameters.js';
import { Optimizer, type OptimizerOptions, type Update } from './optimizer.js';

export interface AdamOptions extends OptimizerOptions {
  /** Decay of the gradient's mean, 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the squared gradient's mean, 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the uncorrected second moment, 1e-8 by default. */
  readonly epsilon?: TensorLike;
}

/**
 * Adam (Kingma and Ba 2015), with the bias corrections folded into the rate:
 * w -= learningRate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon).
 * Slots `m` and `v`, in variables `<variable>/Adam` and `<variable>/Adam_1`; the powers of the
 * betas are variables `beta1_power` and `beta2_power`.
 *
 * @param learningRate 0.001 by default.
 * @see tf.train.AdamOptimizer; TF op ApplyAdam
 * @example const step = new tf.train.AdamOptimizer(1e-3).minimize(loss);
 */
export class AdamOptimizer extends Optimizer {
  readonly #hyper: Hyperparameters<'learning_rate' | 'beta1' | 'beta2' | 'epsilon'>;
  readonly #beta1: number;
  readonly #beta2: number;

  constructor(learningRate: TensorLike = 0.001, options: AdamOptions = {}) {
    checkedOptions('AdamOptimizer', options, {
      beta1: 'number',
      beta2: 'number',
      epsilon: 'any',
      useLocking: 'bool',
      name: 'string',
    });
    super(options.name ?? 'Adam', options.useLocking ?? false);
    this.#beta1 = options.beta1 ?? 0.9;
    this.#beta2 = options.beta2 ?? 0.999;
    this.#hyper = new Hyperparameters({
      learning_rate: learningRate,
      beta1: this.#beta1,
      beta2: this.#beta2,
      epsilon: options.epsilon ?? 1e-8,
    });
  }

  protected override slotInitializers(): Readonly<Record<string, Initializer>> {
    return { m: zerosInitializer(), v: zerosInitializer() };
  }

  protected override createSlots(variables: readonly Variable[]): void {
    const [first, ...others] = variables;
    if (first === undefined) throw new ValueError('No variables to optimize.');
    const beside = others.reduce((a, b) => (b.name < a.name ? b : a), first);
    this.sharedVariable('beta1_power', this.#beta1, beside);
    this.sharedVariable('beta2_power', this.#beta2, beside);
    super.createSlots(variables);
  }

  protected override prepare(): void {
    this.#hyper.prepare();
  }

  protected override update(gradient: Tensor, variable: Variable): Update {
    return {
      kernel: 'ApplyAdam',
      inputs: {
        m: this.slot(variable, 'm'),
        v: this.slot(variable, 'v'),
        beta1_power: this.#power('beta1_power', variable),
        beta2_power: this.#power('beta2_power', variable),
        lr: this.#hyper.of('learning_rate', variable),
        beta1: this.#hyper.of('beta1', variable),
        beta2: this.#hyper.of('beta2', variable),
        epsilon: this.#hyper.of('epsilon', variable),
        grad: gradient,
      },
    };
  }

  /** After all updates, the powers of the betas go on to the next step. */
  protected override finish(updates: readonly Operation[], name: string): Operation {
    const graph = getDefaultGraph();
    const first = this.madeShared('beta1_power');
    const assigned = graph.controlDependencies(updates, () =>
      colocated(first.op, () => (['beta1', 'beta2'] as const).map((beta) => this.#advance(beta))),
    );
    return super.finish([...updates, ...assigned], name);
  }

  #advance(beta: 'beta1' | 'beta2'): Operation {
    const power = this.madeShared(`${beta}_power`);
    const value = graphBuilder().op(
      'Mul',
      [power.asTensor(), this.#hyper.of(beta, power)],
      {},
      'mul',
    );
    const { handle, dtype } = power;
    return assignTo('Assign', { handle, dtype, value, useLocking: this.useLocking }).op;
  }

  /** A power as kernel input: as it is where the dtypes agree. */
  #power(name: string, variable: Variable): Tensor | Variable {
    const power = this.madeShared(name);
    return power.dtype === variable.dtype
      ? power
      : graphBuilder().op('Cast', [power.asTensor()], { DstT: variable.dtype });
  }
}
