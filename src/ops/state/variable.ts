/**
 * Variable: tensors that outlive a run. Each is a handful of nodes under one name: the source (a
 * reference or a resource handle), the initial value, the op that assigns it, and a read.
 */
import { convertToTensor, type TensorLike, type VariableLike } from '../../graph/add-node.js';
import { graphBuilder } from '../../graph/builder.js';
import { ValueError } from '../../errors.js';
import type { DType } from '../../graph/dtype.js';
import {
  checkedGraph,
  collections,
  getDefaultGraph,
  graphOf,
  type Graph,
} from '../../graph/graph.js';
import type { Operation, Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { isStatic, type Shape } from '../../graph/shape.js';
import { assignTo, initializerOf, type AssignKind } from './assign-functions.js';
import { colocated } from './colocation.js';

export interface VariableOptions {
  readonly name?: string;
  /** Dtype of a plain initial value; a tensor's must equal it. */
  readonly dtype?: DType;
  /** Whether optimizers change it by default. True by default. */
  readonly trainable?: boolean;
  /** Collections to add it to, `variables` by default; a trainable one also joins `trainable_variables`. */
  readonly collections?: readonly string[];
  /** Declared shape, where the initial value's own is not it. */
  readonly shape?: Shape;
  /** A resource variable (VarHandleOp) instead of a reference (VariableV2). */
  readonly useResource?: boolean;
  /** False allows an initial value of unknown shape. */
  readonly validateShape?: boolean;
}

/** The nodes of a variable. */
export interface VariableParts {
  /** The reference, or the resource handle. */
  readonly handle: Tensor;
  readonly dtype: DType;
  readonly initializer: Operation;
  /** Null for a variable read from a file that does not say. */
  readonly initialValue: Tensor | null;
  /** The read made with the variable. */
  readonly snapshot: Tensor;
  readonly trainable: boolean;
}

/**
 * A mutable tensor kept between runs. Made by `variable` and `getVariable`; it holds no value until
 * its `initializer` has run in a session.
 */
export class Variable implements VariableLike {
  readonly isVariable = true;
  readonly handle: Tensor;
  /** Element type of the value. */
  readonly dtype: DType;
  /** Run it to give the variable its initial value; `globalVariablesInitializer` runs them all. */
  readonly initializer: Operation;
  /** What the initializer assigns; null for a variable of a graph read from a file. */
  readonly initialValue: Tensor | null;
  /** The value as ops take it. */
  readonly snapshot: Tensor;
  /** Whether optimizers change it by default. */
  readonly trainable: boolean;

  constructor(parts: VariableParts) {
    this.handle = parts.handle;
    this.dtype = parts.dtype;
    this.initializer = parts.initializer;
    this.initialValue = parts.initialValue;
    this.snapshot = parts.snapshot;
    this.trainable = parts.trainable;
  }

  /** `node:0`. */
  get name(): string {
    return this.handle.name;
  }
  /** The node that holds it. */
  get op(): Operation {
    return this.handle.op;
  }
  /** The graph it is part of. */
  get graph(): Graph {
    return graphOf(this.handle);
  }
  /** Static shape of the value. */
  get shape(): Shape {
    return this.snapshot.shape;
  }
  /** A resource variable, which is read afresh at each use. */
  get isResource(): boolean {
    return this.handle.dtype === 'resource';
  }

  /** The value as a tensor: the snapshot of a reference, a new read of a resource. */
  asTensor(): Tensor {
    return this.isResource
      ? graphBuilder().op('ReadVariableOp', [this.handle], { dtype: this.dtype })
      : this.snapshot;
  }

  /** As `asTensor`. @see tf.Variable.value */
  value(): Tensor {
    return this.asTensor();
  }

  /**
   * A new read: under `graph.controlDependencies([update], ...)` it sees the updated value.
   * @see tf.Variable.read_value
   */
  read(): Tensor {
    const b = graphBuilder();
    if (!this.isResource) return b.op('Identity', [this.handle], {}, 'read');
    const value = getDefaultGraph().nameScope('Read', () => this.asTensor());
    return b.op('Identity', [value]);
  }

  /**
   * Adds an op that sets the value.
   * @returns the new value; fetching it, or its op, does the assignment.
   * @throws ValueError if the shapes contradict, DTypeError if the dtypes do.
   */
  assign(value: TensorLike, options?: AssignOptions): Tensor {
    return this.#update('Assign', value, options);
  }
  /** Adds an op that adds to the value; as `assign`. */
  assignAdd(value: TensorLike, options?: AssignOptions): Tensor {
    return this.#update('AssignAdd', value, options);
  }
  /** Adds an op that subtracts from the value; as `assign`. */
  assignSub(value: TensorLike, options?: AssignOptions): Tensor {
    return this.#update('AssignSub', value, options);
  }

  /** Whether it holds a value: bool scalar. @see tf.is_variable_initialized */
  isInitialized(name?: string): Tensor {
    const b = graphBuilder();
    return this.isResource
      ? b.op('VarIsInitializedOp', [this.handle], {}, name)
      : b.op('IsVariableInitialized', [this.handle], { dtype: this.dtype }, name);
  }

  #update(kind: AssignKind, value: TensorLike, options: AssignOptions = {}): Tensor {
    const { useLocking = false, name } = checkedOptions('assign', options, {
      useLocking: 'bool',
      name: 'string',
    });
    return assignTo(kind, { handle: this.handle, dtype: this.dtype, value, useLocking, name })
      .value;
  }

  toString(): string {
    return `Variable("${this.name}", shape=${JSON.stringify(this.shape)}, dtype=${this.dtype})`;
  }
}

export interface AssignOptions {
  readonly useLocking?: boolean;
  readonly name?: string;
}

/**
 * Makes a variable.
 *
 * @param initialValue a value, a tensor, or a function that makes one under `<name>/Initializer`.
 * @throws ValueError if the initial value's shape is not fully known (and `validateShape` is true).
 * @see tf.Variable; TF ops VariableV2, VarHandleOp
 * @example
 * const step = tf.variable(0, { dtype: 'int64', trainable: false, name: 'step' });
 */
export function variable(
  initialValue: TensorLike | (() => TensorLike),
  options: VariableOptions = {},
): Variable {
  checkedOptions('variable', options, {
    name: 'string',
    dtype: 'dtype',
    trainable: 'bool',
    collections: 'strings',
    shape: 'shape',
    useResource: 'bool',
    validateShape: 'bool',
  });
  const graph = getDefaultGraph();
  const parts = graph.controlDependencies(null, () =>
    graph.nameScope(options.name ?? 'Variable', (scope) =>
      options.useResource === true
        ? resourceParts(graph, scope, initialValue, options)
        : refParts(graph, scope, initialValue, options),
    ),
  );
  const made = new Variable(parts);
  const keys = new Set(options.collections ?? [collections.globalVariables]);
  if (made.trainable) keys.add(collections.trainableVariables);
  for (const key of keys) graph.addToCollection(key, made);
  return made;
}

function initialTensor(
  graph: Graph,
  value: TensorLike | (() => TensorLike),
  dtype: DType | undefined,
  scoped: boolean,
): Tensor {
  const convert = (): Tensor =>
    convertToTensor(typeof value === 'function' ? value() : value, {
      dtype,
      fallback: 'float32',
      name: 'initial_value',
    });
  return scoped ? graph.nameScope('Initializer', convert) : convert();
}

function shapeOf(initial: Tensor, { shape, validateShape = true }: VariableOptions): Shape {
  if (shape !== undefined) return shape;
  if (!validateShape) return null;
  if (!isStatic(initial.shape))
    throw new ValueError(
      `initial_value must have a shape specified: ${initial}. Pass validateShape: false, or a value whose shape is known.`,
      { node: initial.op.name, op: initial.op.type },
    );
  return initial.shape;
}

function refParts(
  graph: Graph,
  scope: string,
  value: TensorLike | (() => TensorLike),
  options: VariableOptions,
): VariableParts {
  const b = graphBuilder();
  const initial = initialTensor(graph, value, options.dtype, typeof value === 'function');
  const dtype = initial.dtype;
  const attrs = { shape: shapeOf(initial, options), dtype };
  const handle = b.op('VariableV2', [], attrs, scope);
  return colocated(handle.op, () => ({
    handle,
    dtype,
    initializer: initializerOf(handle, initial, options.validateShape ?? true),
    initialValue: initial,
    snapshot: b.op('Identity', [handle], {}, 'read'),
    trainable: options.trainable ?? true,
  }));
}

function resourceParts(
  graph: Graph,
  scope: string,
  value: TensorLike | (() => TensorLike),
  options: VariableOptions,
): VariableParts {
  const b = graphBuilder();
  const initial = initialTensor(graph, value, options.dtype, true);
  const dtype = initial.dtype;
  const attrs = { shape: shapeOf(initial, options), dtype, shared_name: scope.slice(0, -1) };
  const handle = b.op('VarHandleOp', [], attrs, scope);
  graph.nameScope('IsInitialized', () => b.op('VarIsInitializedOp', [handle]));
  return {
    handle,
    dtype,
    initializer: initializerOf(handle, initial, true),
    initialValue: initial,
    snapshot: graph.nameScope('Read', () => b.op('ReadVariableOp', [handle], { dtype })),
    trainable: options.trainable ?? true,
  };
}

const variablesIn = (key: string, graph: Graph): Variable[] =>
  checkedGraph('variables', graph)
    .getCollection(key)
    .filter((item): item is Variable => item instanceof Variable);

/** All variables that are saved and initialised. @see tf.global_variables */
export const globalVariables = (graph: Graph = getDefaultGraph()): Variable[] =>
  variablesIn(collections.globalVariables, graph);

/** Variables that optimizers change by default. @see tf.trainable_variables */
export const trainableVariables = (graph: Graph = getDefaultGraph()): Variable[] =>
  variablesIn(collections.trainableVariables, graph);

/** Variables that are not saved (collection `local_variables`). @see tf.local_variables */
export const localVariables = (graph: Graph = getDefaultGraph()): Variable[] =>
  variablesIn(collections.localVariables, graph);
