/** Ops that give a variable a new value, for references (Assign) and resource handles. */
import type { Shape } from '../../graph/shape.js';
import { add, sub, type Expr } from '../../ir/expr.js';
import { numberDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';
import { sameShapes } from '../shape-checks.js';

const none = { none: 'assignments are not differentiable' } as const;

/** ref = value; gives the reference, whose readers see the new value. */
export const Assign = defineOp({
  name: 'Assign',
  attrs: {
    T: { kind: 'type' },
    validate_shape: { kind: 'bool', default: true },
    use_locking: { kind: 'bool', default: true },
  },
  inputs: { ref: { ref: 'T' }, value: 'T' },
  outputs: { output_ref: { ref: 'T' } },
  stateful: true,
  infer: ({ attrs, shapes, fail }) => ({
    output_ref: attrs.validate_shape ? sameShapes(shapes.ref, shapes.value, fail) : shapes.value,
  }),
  grad: none,
  lower: { kind: 'update', reads: [], next: ({ value }) => ({ ref: value }) },
});

const refUpdate = (name: string, step: (ref: Expr, value: Expr) => Expr) =>
  defineOp({
    name,
    attrs: {
      T: { kind: 'type', allowed: numberDTypes },
      use_locking: { kind: 'bool', default: false },
    },
    inputs: { ref: { ref: 'T' }, value: 'T' },
    outputs: { output_ref: { ref: 'T' } },
    stateful: true,
    infer: ({ shapes, fail }) => ({ output_ref: sameShapes(shapes.ref, shapes.value, fail) }),
    grad: none,
    lower: {
      kind: 'update',
      reads: ['ref'],
      next: ({ ref, value }) => ({ ref: step(ref, value) }),
    },
  });

/** ref += value. */
export const AssignAdd = refUpdate('AssignAdd', add);
/** ref -= value. */
export const AssignSub = refUpdate('AssignSub', sub);

/** Rejects a value whose shape contradicts the variable's. */
function checkShape(handle: Shape, value: Shape, fail: (message: string) => never): object {
  sameShapes(handle, value, fail);
  return {};
}

/** Gives a resource variable a value, creating it if need be. */
export const AssignVariableOp = defineOp({
  name: 'AssignVariableOp',
  attrs: {
    dtype: { kind: 'type' },
    validate_shape: { kind: 'bool', default: false, recent: true },
  },
  inputs: { resource: 'resource', value: 'dtype' },
  outputs: {},
  stateful: true,
  infer: ({ shapes, fail }) => checkShape(shapes.resource, shapes.value, fail),
  grad: none,
  lower: { kind: 'update', reads: [], next: ({ value }) => ({ resource: value }) },
});

const resourceUpdate = (name: string, step: (x: Expr, value: Expr) => Expr) =>
  defineOp({
    name,
    attrs: { dtype: { kind: 'type', allowed: numberDTypes } },
    inputs: { resource: 'resource', value: 'dtype' },
    outputs: {},
    stateful: true,
    infer: ({ shapes, fail }) => checkShape(shapes.resource, shapes.value, fail),
    grad: none,
    lower: {
      kind: 'update',
      reads: ['resource'],
      next: ({ resource, value }) => ({ resource: step(resource, value) }),
    },
  });

/** variable += value. */
export const AssignAddVariableOp = resourceUpdate('AssignAddVariableOp', add);
/** variable -= value. */
export const AssignSubVariableOp = resourceUpdate('AssignSubVariableOp', sub);
