/**
 * Variables as graph nodes: their sources (references and resource handles), reads, and queries.
 * The static shape of a resource handle stands for the shape of the variable behind it, so that
 * reads know theirs without following the handle through the graph.
 */
import type { NdArray } from '../../graph/dtype.js';
import { defineOp } from '../op-def.js';
import { integerArray } from '../integers.js';

const identity = {
  container: { kind: 'string', default: '' },
  shared_name: { kind: 'string', default: '' },
} as const;
const source = { none: 'a variable is a source: it has no inputs' } as const;

/** A reference to a variable, resident in the session. */
export const VariableV2 = defineOp({
  name: 'VariableV2',
  attrs: { shape: { kind: 'shape' }, dtype: { kind: 'type' }, ...identity },
  inputs: {},
  outputs: { ref: { ref: 'dtype' } },
  stateful: true,
  infer: ({ attrs }) => ({ ref: attrs.shape }),
  grad: source,
  lower: { kind: 'variable' },
});

/** The older form of VariableV2, in which a scalar `shape` means an unknown one. */
export const Variable = defineOp({
  name: 'Variable',
  attrs: { shape: { kind: 'shape' }, dtype: { kind: 'type' }, ...identity },
  inputs: {},
  outputs: { ref: { ref: 'dtype' } },
  stateful: true,
  infer: ({ attrs }) => ({ ref: attrs.shape?.length === 0 ? null : attrs.shape }),
  grad: source,
  lower: { kind: 'variable' },
});

/** A handle of a resource variable. */
export const VarHandleOp = defineOp({
  name: 'VarHandleOp',
  attrs: {
    ...identity,
    debug_name: { kind: 'string', default: '', recent: true },
    dtype: { kind: 'type' },
    shape: { kind: 'shape' },
    allowed_devices: { kind: 'list(string)', default: [] as readonly string[], recent: true },
  },
  inputs: {},
  outputs: { resource: 'resource' },
  stateful: true,
  infer: ({ attrs }) => ({ resource: attrs.shape }),
  grad: source,
  lower: { kind: 'variable' },
});

/** Value of a resource variable at the time of the read. Its gradient goes to the handle. */
export const ReadVariableOp = defineOp({
  name: 'ReadVariableOp',
  attrs: { dtype: { kind: 'type' } },
  inputs: { resource: 'resource' },
  outputs: { value: 'dtype' },
  stateful: true,
  infer: ({ shapes }) => ({ value: shapes.resource }),
  grad: ({ dy }) => ({ resource: dy.value }),
  lower: { kind: 'read' },
});

export const IsVariableInitialized = defineOp({
  name: 'IsVariableInitialized',
  attrs: { dtype: { kind: 'type' } },
  inputs: { ref: { ref: 'dtype' } },
  outputs: { is_initialized: 'bool' },
  stateful: true,
  infer: () => ({ is_initialized: [] }),
  grad: { missing: 'TensorFlow has none' },
  lower: { kind: 'isInitialized' },
});

export const VarIsInitializedOp = defineOp({
  name: 'VarIsInitializedOp',
  attrs: {},
  inputs: { resource: 'resource' },
  outputs: { is_initialized: 'bool' },
  stateful: true,
  infer: () => ({ is_initialized: [] }),
  grad: { none: 'a bool has no gradient' },
  lower: { kind: 'isInitialized' },
});

/** Shape of the variable behind a handle. */
export const VariableShape = defineOp({
  name: 'VariableShape',
  attrs: { out_type: { kind: 'type', default: 'int32', allowed: ['int32', 'int64'] } },
  inputs: { input: 'resource' },
  outputs: { output: 'out_type' },
  stateful: true,
  infer: ({ shapes }) => ({ output: [shapes.input === null ? null : shapes.input.length] }),
  partial: ({ shapes }) => shapes.input,
  grad: { none: 'a shape has no gradient' },
  lower: {
    kind: 'constant',
    value: ({ attrs, x }): readonly NdArray[] => [
      integerArray(attrs.out_type === 'int64' ? 'int64' : 'int32', x.input.shape),
    ],
  },
});
