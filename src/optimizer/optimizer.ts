/**
 * Optimizer: adds to a graph the ops that compute a loss's gradients and change variables by them.
 * Each optimizer is a subclass that names its slots (variables kept per trained variable) and its
 * kernel. Node names are TensorFlow's.
 */
import { addOperation, checkedTensor, convertToTensor, isVariable } from '../graph/add-node.js';
import { DTypeError, ValueError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { isFloating } from '../graph/dtype.js';
import { collections, getDefaultGraph, graphOf, type Graph } from '../graph/graph.js';
import { gradients } from '../graph/gradients.js';
import type { OpSchema } from '../graph/op-schema.js';
import { Tensor, type Operation } from '../graph/operation.js';
import { checkedList, checkedOptions } from '../graph/options.js';
import { schemaOf } from '../graph/registry.js';
import { assignTo } from '../ops/state/assign-functions.js';
import { colocated } from '../ops/state/colocation.js';
import { group } from '../ops/state/no-op.js';
import { trainableVariables, variable, type Variable } from '../ops/state/variable.js';
import { isStatic } from '../graph/shape.js';
import type { Initializer } from '../ops/random/initializers.js';

/** A gradient and the variable it is of; null where the loss does not depend on the variable. */
export type GradientAndVariable = readonly [gradient: Tensor | null, variable: Variable];

export interface ComputeGradientsOptions {
  /** Variables to differentiate by; the trainable ones by default. */
  readonly varList?: readonly Variable[];
  /** Gradient of the loss itself; ones by default. */
  readonly gradLoss?: Tensor;
}
export interface ApplyGradientsOptions {
  /** Incremented after the variables are updated. */
  readonly globalStep?: Variable;
  /** Name of the returned op; the optimizer's name by default. */
  readonly name?: string;
}
export type MinimizeOptions = ComputeGradientsOptions & ApplyGradientsOptions;

/** What every optimizer takes. */
export interface OptimizerOptions {
  /** Kept in the graph for TensorFlow; runs of defrun never interleave. */
  readonly useLocking?: boolean;
  /** Name scope of a step's ops, and suffix of slot variables. */
  readonly name?: string;
}

/** `minimize` passes its options on to both of its steps. */
const minimizeOptions = {
  varList: 'list',
  gradLoss: 'any',
  globalStep: 'any',
  name: 'string',
} as const;

/** @throws DTypeError unless it is [gradient or null, variable]. */
function checkPair(pair: GradientAndVariable): void {
  const [gradient, variable] = checkedList<unknown>('applyGradients', 'pairs', pair);
  if ((gradient !== null && !(gradient instanceof Tensor)) || !isVariable(variable))
    throw new DTypeError(
      `applyGradients: Expected pairs of a gradient (a Tensor, or null) and a variable, not [${describeValue(gradient)}, ${describeValue(variable)}].`,
    );
}

/** One kernel call: op type without `Resource`, its inputs but for `var` by name, and flags. */
export interface Update {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Tensor | Variable>>;
  readonly attrs?: Readonly<Record<string, boolean>>;
}

/** Base of all optimizers. */
export abstract class Optimizer {
  readonly #slots = new Map<string, Map<Variable, Variable>>();
  readonly #shared = new Map<Graph, Map<string, Variable>>();

  protected constructor(
    readonly name: string,
    protected readonly useLocking: boolean,
  ) {
    if (name === '') throw new ValueError('Must specify the optimizer name.');
  }

  /** Slots kept for every variable, and what they start from. */
  protected slotInitializers(): Readonly<Record<string, Initializer>> {
    return {};
  }
  /** Makes the variables the updates need. */
  protected createSlots(variables: readonly Variable[]): void {
    for (const v of variables)
      for (const [name, initializer] of Object.entries(this.slotInitializers()))
        this.#makeSlot(v, name, initializer);
  }
  /** Makes the constants of a step, inside the step's name scope. */
  protected abstract prepare(): void;
  /** The kernel call that changes `variable` by `gradient`. */
  protected abstract update(gradient: Tensor, variable: Variable): Update;
  /** Bundles the updates into the op called `name`. */
  protected finish(updates: readonly Operation[], name: string): Operation {
    return group(updates, name);
  }

  /**
   * Adds the ops of one training step.
   *
   * @param loss scalar (or any float tensor, whose sum is then minimised).
   * @returns the op that updates the variables; fetching it makes a step and brings nothing back.
   * @throws ValueError if the loss depends on none of the variables.
   * @see tf.train.Optimizer.minimize
   * @example
   * const step = new tf.train.AdamOptimizer(1e-3).minimize(loss);
   */
  minimize(loss: Tensor, options: MinimizeOptions = {}): Operation {
    checkedOptions('minimize', options, minimizeOptions);
    const pairs = this.computeGradients(loss, options);
    if (pairs.every(([gradient]) => gradient === null))
      throw new ValueError(
        `No gradients provided for any variable, check your graph for ops that do not support gradients, between variables [${pairs.map(([, v]) => v.name).join(', ')}] and loss ${loss}.`,
        { node: loss.op.name, op: loss.op.type },
      );
    return this.applyGradients(pairs, options);
  }

  /**
   * Adds the ops that compute gradients, so that they can be looked at or changed before
   * `applyGradients`.
   *
   * @throws ValueError if there is no variable to optimise.
   * @see tf.train.Optimizer.compute_gradients
   */
  computeGradients(loss: Tensor, options: ComputeGradientsOptions = {}): GradientAndVariable[] {
    checkedOptions('computeGradients', options, minimizeOptions);
    checkedTensor('computeGradients', 'loss', loss);
    const variables = checkedList(
      'computeGradients',
      'varList',
      options.varList ?? trainableVariables(graphOf(loss)),
    );
    for (const v of variables)
      if (!isVariable(v))
        throw new DTypeError(`Argument is not a variable: ${describeValue(v)} among varList.`);
    if (variables.length === 0)
      throw new ValueError('No variables to optimize. Make a variable, or pass varList.');
    for (const v of variables)
      if (!isFloating(v.dtype))
        throw new ValueError(`Invalid type ${v.dtype} for ${v.name}, expected a floating dtype.`, {
          node: v.op.name,
        });
    const found = gradients([loss], variables, {
      ...(options.gradLoss === undefined ? {} : { gradYs: [options.gradLoss] }),
    });
    return variables.map((v, i) => [found[i] ?? null, v]);
  }

  /**
   * Adds the ops that update variables by gradients.
   *
   * @returns the op that does all updates, then increments `globalStep`.
   * @throws ValueError if no pair has a gradient.
   * @see tf.train.Optimizer.apply_gradients
   */
  applyGradients(
    pairs: readonly GradientAndVariable[],
    options: ApplyGradientsOptions = {},
  ): Operation {
    checkedOptions('applyGradients', options, minimizeOptions);
    for (const pair of checkedList('applyGradients', 'pairs', pairs)) checkPair(pair);
    const updates = pairs.filter((pair): pair is [Tensor, Variable] => pair[0] !== null);
    const [first] = updates;
    if (first === undefined)
      throw new ValueError(
        `No gradients provided for any variable: [${pairs.map(([, v]) => v.name).join(', ')}].`,
      );
    const graph = graphOf(first[0]);
    return graph.asDefault(() => {
      graph.controlDependencies(null, () => {
        this.createSlots(updates.map(([, v]) => v));
      });
      const op = graph.nameScope(options.name ?? this.name, (scope) => {
        this.prepare();
        const steps = updates.map(([gradient, v]) => this.#updateOp(graph, gradient, v));
        return this.#finishWith(graph, steps, scope, options.globalStep);
      });
      graph.addToCollection(collections.trainOp, op);
      return op;
    });
  }

  #updateOp(graph: Graph, gradient: Tensor, v: Variable): Operation {
    return graph.nameScope(`update_${v.op.name}`, () =>
      colocated(v.op, () => {
        const { kernel, inputs, attrs = {} } = this.update(gradient, v);
        const type = v.isResource ? `Resource${kernel}` : kernel;
        return addOperation(
          schemaOf(type) as OpSchema,
          { var: v, ...inputs },
          { use_locking: this.useLocking, ...attrs },
          type,
        );
      }),
    );
  }

  #finishWith(
    graph: Graph,
    steps: readonly Operation[],
    scope: string,
    globalStep: Variable | undefined,
  ): Operation {
    if (globalStep === undefined) return this.finish(steps, scope);
    if (!isVariable(globalStep))
      throw new DTypeError(`globalStep is not a variable: ${describeValue(globalStep)}.`);
    const done = this.finish(steps, 'update');
    const { handle, dtype } = globalStep;
    return graph.controlDependencies([done], () =>
      colocated(globalStep.op, () => {
        const value = convertToTensor(1, { dtype, name: 'value' });
        return assignTo('AssignAdd', { handle, dtype, value, useLocking: false, name: scope }).op;
      }),
    );
  }

  /** A slot of a variable, or null. @see tf.train.Optimizer.get_slot */
  getSlot(v: Variable, slot: string): Variable | null {
    return this.#slots.get(slot)?.get(v) ?? null;
  }

  /** Names of the slots this optimizer makes. @see tf.train.Optimizer.get_slot_names */
  getSlotNames(): string[] {
    return [...this.#slots.keys()].sort();
  }

  /** All variables the optimizer made, by name. @see tf.train.Optimizer.variables */
  variables(): Variable[] {
    const all = [
      ...[...this.#shared.values()].flatMap((named) => [...named.values()]),
      ...[...this.#slots.values()].flatMap((slots) => [...slots.values()]),
    ];
    return all.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** Makes the slot of a variable as `<variable>/<optimizer>`, unless there is one. */
  #makeSlot(v: Variable, name: string, initializer: Initializer): void {
    const slots = this.#slots.get(name) ?? new Map<Variable, Variable>();
    this.#slots.set(name, slots);
    if (slots.has(v)) return;
    const { shape } = v;
    if (!isStatic(shape))
      throw new ValueError(`${v.name} needs a fully known shape to be optimised by ${this.name}.`, {
        node: v.op.name,
      });
    const graph = graphOf(v.handle);
    const made = colocated(v.op, () =>
      graph.nameScope(null, () =>
        variable(() => initializer(shape, v.dtype), {
          name: `${v.op.name}/${this.name}`,
          trainable: false,
          useResource: v.isResource,
        }),
      ),
    );
    slots.set(v, made);
  }

  /** A variable shared by all updates, made on first use and placed with `beside`. */
  protected sharedVariable(name: string, initial: number, beside: Variable): Variable {
    const graph = graphOf(beside.handle);
    const named = this.#shared.get(graph) ?? new Map<string, Variable>();
    this.#shared.set(graph, named);
    const known = named.get(name);
    if (known !== undefined) return known;
    const made = colocated(beside.op, () =>
      variable(initial, { name, trainable: false, useResource: beside.isResource }),
    );
    named.set(name, made);
    return made;
  }

  /** A slot that `createSlots` has made. */
  protected slot(v: Variable, name: string): Variable {
    const made = this.getSlot(v, name);
    if (made === null)
      throw new ValueError(`${this.name} has no slot '${name}' for ${v.name}.`, {
        node: v.op.name,
      });
    return made;
  }

  /** A shared variable that `createSlots` has made in the default graph. */
  protected madeShared(name: string): Variable {
    const made = this.#shared.get(getDefaultGraph())?.get(name);
    if (made === undefined) throw new ValueError(`${this.name} has no variable '${name}' yet.`);
    return made;
  }
}
