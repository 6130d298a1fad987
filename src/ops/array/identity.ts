/** Ops that pass their input through and differ only in what they do to gradients. */
import { LookupError } from '../../errors.js';
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import { defineOp } from '../op-def.js';

const oneToOne = {
  attrs: { T: { kind: 'type' } },
  inputs: { input: 'T' },
  outputs: { output: 'T' },
} as const;

export const Identity = defineOp({
  name: 'Identity',
  ...oneToOne,
  infer: ({ shapes }) => ({ output: shapes.input }),
  partial: (ctx) => ctx.partial('input'),
  grad: ({ dy }) => ({ input: dy.output }),
  lower: { kind: 'alias', input: 'input' },
});

export const IdentityN = defineOp({
  name: 'IdentityN',
  attrs: { T: { kind: 'list(type)', inferred: true } },
  inputs: { input: { types: 'T' } },
  outputs: { output: { types: 'T' } },
  infer: ({ shapes }) => ({ output: shapes.input }),
  grad: ({ dy, has }) => {
    const arrived = has.output;
    const given = arrived.includes(true) ? dy.output : [];
    return { input: arrived.map((has1, i) => (has1 ? (given[i] ?? null) : null)) };
  },
  lower: { kind: 'decompose', into: (_, x) => x.input },
});

export const StopGradient = defineOp({
  name: 'StopGradient',
  ...oneToOne,
  infer: ({ shapes }) => ({ output: shapes.input }),
  partial: (ctx) => ctx.partial('input'),
  grad: { none: 'it is there to stop them' },
  lower: { kind: 'alias', input: 'input' },
});

export const PreventGradient = defineOp({
  name: 'PreventGradient',
  attrs: { T: { kind: 'type' }, message: { kind: 'string', default: '' } },
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  infer: ({ shapes }) => ({ output: shapes.input }),
  grad: ({ attrs, op }) => {
    throw new LookupError(
      `${op.type} "${op.name}": Gradient explicitly disabled. Reason: ${attrs.message}`,
      { node: op.name, op: op.type },
    );
  },
  lower: { kind: 'alias', input: 'input' },
});

/**
 * `x` under a new name: a node to fetch, to feed, or to hang control dependencies on.
 * @see TF op Identity; tf.identity
 */
export const identity = (x: TensorLike, name?: string): Tensor =>
  addNode(Identity, { input: x }, {}, name).output;

/**
 * All of `xs`, once all of them are there.
 * @see TF op IdentityN; tf.identity_n
 */
export const identityN = (xs: readonly TensorLike[], name?: string): readonly Tensor[] =>
  addNode(IdentityN, { input: xs }, {}, name).output;

/**
 * `x`, as a constant to gradients: none flows back through it.
 * @see TF op StopGradient; tf.stop_gradient
 */
export const stopGradient = (x: TensorLike, name?: string): Tensor =>
  addNode(StopGradient, { input: x }, {}, name).output;

/**
 * `x`; asking for a gradient through it throws LookupError with `message`.
 * @see TF op PreventGradient
 */
export const preventGradient = (x: TensorLike, message = '', name?: string): Tensor =>
  addNode(PreventGradient, { input: x }, { message }, name).output;
