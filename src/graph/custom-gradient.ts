/** User-defined gradients for a subgraph (tf.custom_gradient in graph mode). */
import { ValueError } from '../errors.js';
import { convertToTensor, type TensorLike } from './add-node.js';
import { attr, type AttrValue } from './attrs.js';
import { graphOf } from './graph.js';
import type { Operation, Tensor } from './operation.js';
import { checkedFunction } from './options.js';

type GradOfInputs = (incoming: readonly Tensor[]) => readonly (Tensor | null)[];
/** As users write it: every op that has a gradient has an output, so `([dy]) => ...` type-checks. */
type UserGrad = (incoming: readonly [Tensor, ...Tensor[]]) => readonly (Tensor | null)[];

const registered = new Map<string, GradOfInputs>();
const byOperation = new WeakMap<Operation, GradOfInputs>();

/** Gradient a user attached to this very op, if any. */
export function findCustomGradient(op: Operation): GradOfInputs | undefined {
  const name = op.attrs.get('_gradient_op_type')?.value;
  return byOperation.get(op) ?? (typeof name === 'string' ? registered.get(name) : undefined);
}

/**
 * Registers the gradient ops with attr `_gradient_op_type` = `name` get, in graphs loaded from
 * files too.
 *
 * @param grad maps incoming gradients, one per output with its shape and dtype, to gradients of the
 *   inputs; null for an input without one.
 * @throws ValueError if the name is taken.
 * @see tf.RegisterGradient
 * @example registerGradient('StraightThrough', ([dy]) => [dy]);
 */
export function registerGradient(name: string, grad: UserGrad): void {
  checkedFunction('registerGradient', 'grad', grad);
  if (registered.has(name))
    throw new ValueError(`A gradient named '${name}' is already registered.`);
  registered.set(name, grad as GradOfInputs);
}

let serial = 0;

/**
 * Wraps a function of tensors so that its gradient is `grad` instead of what its ops imply.
 *
 * @param fn builds the outputs from the inputs and returns them with the gradient function, which
 *   maps one incoming gradient per output to one gradient (or null) per input.
 * @throws DTypeError if `fn` is no function; ValueError if it returns no outputs or no gradient function, or that function another
 *   number of tensors than there are inputs.
 * @see tf.custom_gradient
 * @example
 * const log1pexp = customGradient((x) => {
 *   const e = tf.exp(x);
 *   return {
 *     outputs: [tf.log(tf.add(1, e))],
 *     grad: ([dy]) => [tf.mul(dy, tf.sub(1, tf.div(1, tf.add(1, e))))],
 *   };
 * });
 * const [y] = log1pexp(x);
 */
export function customGradient(
  fn: (...inputs: readonly Tensor[]) => {
    readonly outputs: readonly Tensor[];
    readonly grad: UserGrad;
  },
): (...inputs: readonly TensorLike[]) => readonly Tensor[] {
  checkedFunction('customGradient', 'fn', fn);
  return (...given) => {
    const inputs = given.map((value) => convertToTensor(value));
    const { outputs, grad } = fn(...inputs);
    const [first] = Array.isArray(outputs) ? (outputs as readonly Tensor[]) : [];
    if (first === undefined || typeof grad !== 'function')
      throw new ValueError(
        'customGradient: fn must return { outputs, grad }: a list of one or more tensors, and a function from their gradients to a list of gradients, one per input.',
      );
    const graph = graphOf(first);
    const all = [...outputs, ...inputs];
    const attrs = new Map<string, AttrValue>([
      [
        'T',
        attr(
          'list(type)',
          all.map((t) => t.dtype),
        ),
      ],
      ['_gradient_op_type', attr('string', `CustomGradient-${serial++}`)],
    ]);
    const op = graph.createScoped({
      type: 'IdentityN',
      name: graph.uniqueName('IdentityN'),
      inputs: all,
      attrs,
    });
    byOperation.set(op, (incoming) => {
      const answer: unknown = (grad as GradOfInputs)(incoming.slice(0, outputs.length));
      if (!Array.isArray(answer) || answer.length !== inputs.length)
        throw new ValueError(
          `customGradient: the gradient function returned ${Array.isArray(answer) ? `${answer.length} gradients` : 'no list of gradients'} for ${inputs.length} inputs.`,
          { node: op.name, op: op.type },
        );
      return [...outputs.map(() => null), ...(answer as readonly (Tensor | null)[])];
    });
    return op.outputs.slice(0, outputs.length);
  };
}
