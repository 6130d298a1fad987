/** Functions that add assignments to references and resource handles. */
import { DTypeError } from '../../errors.js';
import {
  addOperation,
  convertToTensor,
  isVariable,
  type TensorLike,
  type VariableLike,
} from '../../graph/add-node.js';
import { graphBuilder } from '../../graph/builder.js';
import { describeValue } from '../../graph/describe-value.js';
import type { DType } from '../../graph/dtype.js';
import { graphOf } from '../../graph/graph.js';
import type { AnyOpSchema, OpSchema } from '../../graph/op-schema.js';
import type { Operation, Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import {
  AssignAdd,
  AssignAddVariableOp,
  Assign,
  AssignSub,
  AssignSubVariableOp,
  AssignVariableOp,
} from './assign.js';
import { colocated } from './colocation.js';

export type AssignKind = 'Assign' | 'AssignAdd' | 'AssignSub';

export interface Assignment {
  /** Reference or resource handle. */
  readonly handle: Tensor;
  readonly dtype: DType;
  readonly value: TensorLike;
  readonly useLocking: boolean;
  readonly name?: string | undefined;
}

const refOps: Record<AssignKind, AnyOpSchema> = {
  Assign: Assign,
  AssignAdd: AssignAdd,
  AssignSub: AssignSub,
};
const resourceOps: Record<AssignKind, AnyOpSchema> = {
  Assign: AssignVariableOp,
  AssignAdd: AssignAddVariableOp,
  AssignSub: AssignSubVariableOp,
};

/** Adds the op, colocated with its variable, and gives it with the value after it. */
export function assignTo(
  kind: AssignKind,
  { handle, dtype, value, useLocking, name }: Assignment,
): { readonly op: Operation; readonly value: Tensor } {
  if (handle.dtype !== 'resource') {
    const op = colocated(handle.op, () =>
      addOperation(
        refOps[kind] as OpSchema,
        { ref: handle, value },
        { use_locking: useLocking },
        name,
      ),
    );
    return { op, value: op.output() };
  }
  const graph = graphOf(handle);
  return graph.asDefault(() => {
    const tensor = convertToTensor(value, { dtype });
    const attrs = kind === 'Assign' ? { dtype, validate_shape: true } : { dtype };
    const op = addOperation(
      resourceOps[kind] as OpSchema,
      { resource: handle, value: tensor },
      attrs,
      name,
    );
    const read = graph.controlDependencies([op], () =>
      graphBuilder().op('ReadVariableOp', [handle], { dtype }),
    );
    return { op, value: read };
  });
}

/** The op `<name>/Assign` that gives a new variable its initial value. */
export const initializerOf = (
  handle: Tensor,
  initial: Tensor,
  validateShape: boolean,
): Operation =>
  handle.dtype === 'resource'
    ? addOperation(
        resourceOps.Assign as OpSchema,
        { resource: handle, value: initial },
        { dtype: initial.dtype },
        'Assign',
      )
    : addOperation(
        refOps.Assign as OpSchema,
        { ref: handle, value: initial },
        { validate_shape: validateShape },
        'Assign',
      );

export interface AssignFunctionOptions {
  /** Kept in the graph for TensorFlow; runs of defrun never interleave. */
  readonly useLocking?: boolean;
  readonly name?: string;
}

function assignment(
  kind: AssignKind,
  ref: VariableLike,
  value: TensorLike,
  options: AssignFunctionOptions,
  locksByDefault: boolean,
): Tensor {
  const fn = `a${kind.slice(1)}`;
  const { useLocking = locksByDefault, name } = checkedOptions(fn, options, {
    useLocking: 'bool',
    name: 'string',
  });
  if (!isVariable(ref))
    throw new DTypeError(
      `${fn}: Expected a variable for argument 'ref' not ${describeValue(ref)}.`,
    );
  const { handle, dtype } = ref;
  return assignTo(kind, { handle, dtype, value, useLocking, name }).value;
}

/**
 * Sets a variable's value.
 *
 * @returns the new value; fetching it, or its op, does the assignment.
 * @throws ValueError if the shapes contradict.
 * @see TF ops Assign, AssignVariableOp; tf.assign
 * @example await session.run(tf.assign(counter, 0));
 */
export const assign = (
  ref: VariableLike,
  value: TensorLike,
  options: AssignFunctionOptions = {},
): Tensor => assignment('Assign', ref, value, options, true);

/** Adds to a variable; as `assign`. @see TF ops AssignAdd, AssignAddVariableOp; tf.assign_add */
export const assignAdd = (
  ref: VariableLike,
  value: TensorLike,
  options: AssignFunctionOptions = {},
): Tensor => assignment('AssignAdd', ref, value, options, false);

/** Subtracts from a variable; as `assign`. @see TF ops AssignSub, AssignSubVariableOp; tf.assign_sub */
export const assignSub = (
  ref: VariableLike,
  value: TensorLike,
  options: AssignFunctionOptions = {},
): Tensor => assignment('AssignSub', ref, value, options, false);
