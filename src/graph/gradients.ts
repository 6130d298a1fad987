/**
 * Symbolic gradients: walks the graph from ys back to xs and adds the ops that compute the
 * derivatives, under TensorFlow's names and with its accumulation rules
 * (tensorflow/python/ops/gradients_util.py).
 */
import { DTypeError, LookupError, ValueError } from '../errors.js';
import { checkedTensor, isVariable, type VariableLike } from './add-node.js';
import { graphBuilder } from './builder.js';
import { findCustomGradient } from './custom-gradient.js';
import { isComplex, isFloating, type DType } from './dtype.js';
import { graphOf, type Graph } from './graph.js';
import type { GradContext, NoGrad, OpSchema } from './op-schema.js';
import { Tensor, type Operation } from './operation.js';
import { findSchema } from './registry.js';
import { isCompatible, isStatic, formatShape } from './shape.js';
import { flattenArgs, groupByArg, inputArgs, outputArgs, plainAttrs } from './signature.js';
import { checkedList, checkedOptions } from './options.js';

export interface GradientsOptions {
  /** Incoming gradient per y; null or absent means ones. */
  readonly gradYs?: readonly (Tensor | null)[];
  /** Tensors treated as constants: no gradient flows past them. */
  readonly stopGradients?: readonly Tensor[];
  /** Name scope of the added ops, `gradients` by default. */
  readonly name?: string;
}

type Grads = Map<Tensor, Tensor[]>;

/** Dtypes gradients flow through. */
const isTrainable = (dtype: DType): boolean =>
  isFloating(dtype) || isComplex(dtype) || dtype === 'resource' || dtype === 'variant';

/**
 * Derivatives of sum(ys) with respect to each of xs.
 *
 * @param ys tensors of any shape, or one tensor.
 * @param xs tensors or variables.
 * @returns one tensor per x with x's shape and dtype, or null where no path leads from x to any y.
 * @throws LookupError if an op on the way has no gradient; ValueError for gradYs of a wrong shape;
 *   DTypeError for a complex y without one.
 * @see tf.gradients
 * @example const [dx] = gradients([y], [x]);
 */
export function gradients(
  ys: Tensor | readonly Tensor[],
  xs: readonly (Tensor | VariableLike)[],
  options: GradientsOptions = {},
): (Tensor | null)[] {
  checkedOptions('gradients', options, {
    gradYs: 'list',
    stopGradients: 'list',
    name: 'string',
  });
  const sources = ys instanceof Tensor ? [ys] : checkedList('gradients', 'ys', ys);
  for (const y of sources) checkedTensor('gradients', 'ys', y);
  const [first] = sources;
  if (first === undefined) throw new ValueError('gradients() needs at least one y.');
  const { gradYs = sources.map(() => null) } = options;
  if (gradYs.length !== sources.length)
    throw new ValueError(
      `gradients(): gradYs has ${gradYs.length} entries for ${sources.length} ys.`,
    );
  const targets = checkedList('gradients', 'xs', xs).map((x) =>
    isVariable(x) ? x.handle : checkedTensor('gradients', 'xs', x),
  );
  for (const given of gradYs) if (given !== null) checkedTensor('gradients', 'gradYs', given);
  for (const stop of options.stopGradients ?? []) checkedTensor('gradients', 'stopGradients', stop);
  const graph = graphOf(first);
  return graph.asDefault(() =>
    graph.nameScope(options.name ?? 'gradients', () => {
      const grads: Grads = new Map();
      for (const [i, y] of sources.entries()) {
        const gradY = startGradient(y, gradYs[i] ?? null, i);
        if (gradY !== null) addTo(grads, y, gradY);
      }
      new BackwardWalk(graph, sources, targets, options.stopGradients ?? [], grads).run();
      return targets.map((x) => aggregate(grads, x));
    }),
  );
}

function startGradient(y: Tensor, given: Tensor | null, i: number): Tensor | null {
  const b = graphBuilder();
  if (given !== null) {
    if (given.dtype !== y.dtype)
      throw new DTypeError(
        `Gradient type ${given.dtype} generated for tensor ${y} with type ${y.dtype} must match.`,
        { node: y.op.name },
      );
    if (!isCompatible(y.shape, given.shape))
      throw new ValueError(
        `gradYs[${i}] has shape ${formatShape(given.shape)}, but ${y} has shape ${formatShape(y.shape)}.`,
        { node: y.op.name },
      );
    return b.op('Identity', [given], {}, `grad_ys_${i}`);
  }
  if (isComplex(y.dtype))
    throw new DTypeError(
      `Gradients of complex tensors (${y}) must set gradYs (y.dtype = ${y.dtype}).`,
      { node: y.op.name },
    );
  if (!isTrainable(y.dtype)) return null;
  const shape = isStatic(y.shape)
    ? b.constant(
        { dtype: 'int32', shape: [y.shape.length], data: Int32Array.from(y.shape) },
        'int32',
        'Shape',
      )
    : b.op('Shape', [y], {}, 'Shape');
  const one = b.constant(1, y.dtype, `grad_ys_${i}/Const`);
  return b.op('Fill', [shape, one], {}, `grad_ys_${i}`);
}

function addTo(grads: Grads, tensor: Tensor, gradient: Tensor): void {
  const list = grads.get(tensor);
  if (list) list.push(gradient);
  else grads.set(tensor, [gradient]);
}

/** Sum of what arrived at a tensor: one AddN for two or more terms. */
function aggregate(grads: Grads, tensor: Tensor): Tensor | null {
  const terms = grads.get(tensor);
  if (terms === undefined || terms.length === 0) return null;
  const [first] = terms;
  if (first !== undefined && terms.length > 1)
    grads.set(tensor, [
      graphOf(first).colocateWith(first, () => graphBuilder().op('AddN', [terms], {}, 'AddN')),
    ]);
  return grads.get(tensor)?.[0] ?? null;
}

class BackwardWalk {
  readonly #pending = new Map<Operation, number>();
  readonly #stop = new Set<Operation>();
  readonly #queue: Operation[] = [];

  constructor(
    readonly graph: Graph,
    ys: readonly Tensor[],
    xs: readonly Tensor[],
    stopGradients: readonly Tensor[],
    readonly grads: Grads,
  ) {
    const between = opsBetween(ys, xs, new Set(stopGradients.map((t) => t.op)));
    for (const op of between)
      for (const input of op.inputs)
        if (between.has(input.op)) this.#pending.set(input.op, this.#count(input.op) + 1);
    for (const op of new Set(ys.map((y) => y.op)))
      if (between.has(op) && this.#count(op) === 0) this.#queue.push(op);
    for (const x of xs)
      if (!x.op.inputs.some((input) => this.#count(input.op) > 0)) this.#stop.add(x.op);
    for (const tensor of stopGradients) this.#stop.add(tensor.op);
  }

  #count(op: Operation): number {
    return this.#pending.get(op) ?? 0;
  }

  run(): void {
    for (let op = this.#queue.shift(); op !== undefined; op = this.#queue.shift()) {
      const incoming = op.outputs.map((output) => aggregate(this.grads, output));
      if (!this.#stop.has(op) && incoming.some((g) => g !== null))
        this.#differentiate(op, incoming);
      for (const input of op.inputs) {
        const left = this.#count(input.op) - 1;
        this.#pending.set(input.op, left);
        if (left === 0) this.#queue.push(input.op);
      }
    }
  }

  #differentiate(op: Operation, incoming: readonly (Tensor | null)[]): void {
    const outgoing = this.graph.nameScope(gradScope(op), () => inputGradients(op, incoming));
    for (const [i, gradient] of outgoing.entries()) {
      const input = op.inputs[i];
      if (input === undefined || gradient === null) continue;
      if (input.dtype !== 'resource') gradient.setShape(input.shape);
      addTo(this.grads, input, gradient);
    }
  }
}

/** Ops on some path from xs to ys. */
function opsBetween(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  stops: ReadonlySet<Operation>,
): Set<Operation> {
  const reached = new Set<Operation>();
  const forward = xs.map((x) => x.op);
  for (let op = forward.pop(); op !== undefined; op = forward.pop()) {
    if (reached.has(op)) continue;
    reached.add(op);
    for (const output of op.outputs)
      if (isTrainable(output.dtype)) forward.push(...output.consumers);
  }
  const between = new Set<Operation>();
  const backward = ys.map((y) => y.op);
  for (let op = backward.pop(); op !== undefined; op = backward.pop()) {
    if (!reached.has(op) || between.has(op)) continue;
    between.add(op);
    if (!stops.has(op)) backward.push(...op.inputs.map((input) => input.op));
  }
  return between;
}

/** One gradient or null per flat input of `op`. */
function inputGradients(
  op: Operation,
  incoming: readonly (Tensor | null)[],
): readonly (Tensor | null)[] {
  const custom = findCustomGradient(op);
  if (custom !== undefined) return custom(incoming.map((g, i) => g ?? zerosLike(op, i)));
  const schema = findSchema(op.type) as OpSchema | undefined;
  const grad = schema?.grad;
  if (schema === undefined || grad === undefined || (typeof grad === 'object' && 'missing' in grad))
    throw new LookupError(
      `No gradient defined for operation '${op.name}' (op type: ${op.type})${reasonOf(grad as NoGrad | undefined)}.${op.definedAt}`,
      { node: op.name, op: op.type },
    );
  if (typeof grad === 'object') return op.inputs.map(() => null);
  const attrs = plainAttrs(schema, op.attrs, op.name);
  const ins = inputArgs(schema, attrs);
  const outs = outputArgs(schema, attrs);
  const context = {
    b: graphBuilder(),
    op,
    attrs,
    x: groupByArg(ins, op.inputs),
    y: groupByArg(outs, op.outputs),
    dy: lazyZeros(op, incoming, outs),
    has: groupByArg(
      outs,
      incoming.map((g) => g !== null),
    ),
  } as unknown as GradContext<never, never, never>;
  const answer = (
    grad as (ctx: unknown) => Record<string, Tensor | null | readonly (Tensor | null)[]>
  )(context);
  return flattenArgs<Tensor | null>(ins, answer);
}

const reasonOf = (grad: NoGrad | undefined): string =>
  grad !== undefined && 'missing' in grad ? `: ${grad.missing}` : '';

const zerosLike = (op: Operation, i: number): Tensor =>
  graphBuilder().op('ZerosLike', [op.output(i)], {}, 'zeros_like');

/** Gradients by output argument; one that is missing becomes zeros when first looked at. */
function lazyZeros(
  op: Operation,
  incoming: readonly (Tensor | null)[],
  outs: ReturnType<typeof outputArgs>,
): object {
  const zeros = new Map<number, Tensor>();
  const at = (i: number): Tensor => {
    const given = incoming[i];
    if (given) return given;
    const made = zeros.get(i) ?? zerosLike(op, i);
    zeros.set(i, made);
    return made;
  };
  const grouped = {};
  let next = 0;
  for (const arg of outs) {
    const start = next;
    next += arg.dtypes.length;
    Object.defineProperty(grouped, arg.name, {
      enumerable: true,
      get: () => (arg.list ? arg.dtypes.map((_, i) => at(start + i)) : at(start)),
    });
  }
  return grouped;
}

/** Scopes nest: inside `gradients/`, op `dense/MatMul` gets `gradients/dense/MatMul_grad/`. */
const gradScope = (op: Operation): string => `${op.name}_grad`;
