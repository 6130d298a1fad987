/**
 * Graph: owns operations, their names, scopes and collections. It only ever grows, until it is
 * finalized. Names follow TensorFlow's uniquifying rules exactly.
 */
import {
  DTypeError,
  InvalidArgumentError,
  NotFoundError,
  RuntimeError,
  ValueError,
} from '../errors.js';
import type { AttrValue } from './attrs.js';
import { attr } from './attrs.js';
import { factsOf } from './constant-value.js';
import { describeValue } from './describe-value.js';
import type { DType } from './dtype.js';
import { inferShapes } from './infer.js';
import { NameTable } from './names.js';
import { checkedFunction, checkedList } from './options.js';
import {
  assertSameGraph,
  Operation,
  Tensor,
  type GraphIdentity,
  type OutputType,
} from './operation.js';
import { findSchema } from './registry.js';
import { formatShape } from './shape.js';
import { outputTypes, plainAttrs } from './signature.js';

export interface CreateOperation {
  readonly type: string;
  /** Full name, used as given; see `uniqueName`. */
  readonly name: string;
  readonly inputs?: readonly Tensor[];
  readonly controlInputs?: readonly Operation[];
  readonly attrs?: ReadonlyMap<string, AttrValue>;
  readonly device?: string;
  /** Output dtypes of an op type without a schema. */
  readonly outputDtypes?: readonly DType[];
  /** Serializer's own. */
  readonly wire?: unknown;
}

interface ControlScope {
  readonly ops: readonly Operation[];
  /** Ops made inside the scope; what depends on them need not wait again. */
  readonly inside: Set<Operation>;
}

/** Standard collection keys (tf.GraphKeys). */
export const collections = {
  globalVariables: 'variables',
  trainableVariables: 'trainable_variables',
  localVariables: 'local_variables',
  losses: 'losses',
  regularizationLosses: 'regularization_losses',
  updateOps: 'update_ops',
  globalStep: 'global_step',
  trainOp: 'train_op',
} as const;

/**
 * A dataflow graph under construction.
 *
 * @example
 * const graph = new Graph();
 * const y = graph.asDefault(() => tf.add(tf.constant(1), tf.constant(2)));
 */
export class Graph implements GraphIdentity {
  readonly isGraph = true;
  /** Graph-level random seed (tf.set_random_seed); null leaves op seeds to themselves. */
  seed: number | null = null;
  /** Serializer's own: versions, library and debug info of the file this graph came from. */
  wire: unknown = undefined;
  readonly #operations = new Map<string, Operation>();
  readonly #names = new NameTable();
  readonly #collections = new Map<string, unknown[]>();
  #controlScopes: readonly ControlScope[] = [];
  #colocations: readonly (readonly string[])[] = [];
  #device = '';
  #finalized = false;
  #version = 0;

  /** Grows with every added operation: what was compiled for an older version may be stale. */
  get version(): number {
    return this.#version;
  }
  get finalized(): boolean {
    return this.#finalized;
  }
  /** Id the next operation will get (TensorFlow's `_last_id` plus one); seeds depend on it. */
  get nextOpId(): number {
    return this.#version;
  }
  /** All operations, in creation order. */
  get operations(): readonly Operation[] {
    return [...this.#operations.values()];
  }

  /** Makes the graph read-only: from now on adding an op throws RuntimeError. */
  finalize(): void {
    this.#finalized = true;
  }

  /**
   * Operation by name.
   * @throws NotFoundError naming the nearest names.
   */
  operation(name: string): Operation {
    const op = this.#operations.get(name);
    if (op) return op;
    assertIsName('an Operation', name);
    throw new NotFoundError(
      `The name '${name}' refers to an Operation not in the graph.${this.#names.suggest(name, this.#operations.keys())}`,
      { node: name },
    );
  }

  findOperation(name: string): Operation | undefined {
    return this.#operations.get(name);
  }

  /**
   * Tensor by name: `x:0`, or `x` for output 0.
   * @throws ValueError for a malformed name, NotFoundError for one not in the graph.
   * @example graph.tensor('dense/BiasAdd:0')
   */
  tensor(name: string): Tensor {
    assertIsName('a Tensor', name);
    const parts = /^([^:]+)(?::(\d+))?$/.exec(name);
    const opName = parts?.[1];
    if (opName === undefined)
      throw new ValueError(
        `The name '${name}' looks like a Tensor name, but is not a valid one. Tensor names must be of the form "<op_name>:<output_index>".`,
      );
    const op = this.#operations.get(opName);
    if (op === undefined)
      throw new NotFoundError(
        `The name '${name}' refers to a Tensor which does not exist. The operation, '${opName}', does not exist in the graph.${this.#names.suggest(opName, this.#operations.keys())}`,
        { node: opName },
      );
    const tensor = op.outputs[Number(parts?.[2] ?? 0)];
    if (tensor === undefined)
      throw new NotFoundError(
        `The name '${name}' refers to a Tensor which does not exist. The operation, '${opName}', exists but only has ${op.outputs.length} outputs.`,
        { node: opName, op: op.type },
      );
    return tensor;
  }

  /**
   * Runs `fn` with this graph as the default one; nested calls stack.
   * @throws ValueError if `fn` is asynchronous: what it adds after its first `await` would land in
   *   another graph.
   */
  asDefault<R>(fn: () => R): R {
    checkedFunction('asDefault', 'fn', fn);
    defaultStack.push(this);
    try {
      return assertSynchronous(fn(), 'asDefault');
    } finally {
      defaultStack.pop();
    }
  }

  /** Name under the current scope, made unique and marked as used. A trailing `/` takes it literally. */
  uniqueName(name: string): string {
    return this.#names.unique(name);
  }

  /** Current name scope with its trailing slash, or an empty string. */
  get scope(): string {
    return this.#names.scope;
  }

  /**
   * Runs `fn` in a name scope. A name ending in `/` re-enters that scope; null goes to the root.
   * `fn` gets the scope's full name with its trailing slash.
   */
  nameScope<R>(name: string | null, fn: (scope: string) => R): R {
    checkedFunction('nameScope', 'fn', fn);
    return assertSynchronous(this.#names.within(name, fn), 'nameScope');
  }

  /** Ops made in `fn` run after `ops`; null clears the dependencies of outer scopes. */
  controlDependencies<R>(ops: readonly (Operation | Tensor)[] | null, fn: () => R): R {
    checkedFunction('controlDependencies', 'fn', fn);
    const before = this.#controlScopes;
    const asOps =
      ops === null ? [] : checkedList('controlDependencies', 'ops', ops).map(operationOf);
    assertSameGraph(asOps, this);
    this.#controlScopes =
      ops === null ? [] : [...before, { ops: [...new Set(asOps)], inside: new Set() }];
    try {
      return assertSynchronous(fn(), 'controlDependencies');
    } finally {
      this.#controlScopes = before;
    }
  }

  /**
   * Ops made in `fn` carry `_class` loc:@op; an op that carries one itself stands for that group.
   * A name stands for an op that is still to be made.
   */
  colocateWith<R>(op: Operation | Tensor | string, fn: () => R): R {
    checkedFunction('colocateWith', 'fn', fn);
    const before = this.#colocations;
    const groups = typeof op === 'string' ? [`loc:@${op}`] : groupsOf(op);
    this.#colocations = [...before, groups];
    try {
      return fn();
    } finally {
      this.#colocations = before;
    }
  }

  /** Ops made in `fn` carry this device string. defrun itself places work by `Session({ device })`. */
  device<R>(name: string, fn: () => R): R {
    checkedFunction('device', 'fn', fn);
    const before = this.#device;
    this.#device = name;
    try {
      return fn();
    } finally {
      this.#device = before;
    }
  }

  addToCollection(key: string, value: unknown): void {
    this.#assertGrowable();
    const list = this.#collections.get(key);
    if (list) list.push(value);
    else this.#collections.set(key, [value]);
  }

  /** Copy of a collection, empty if nothing was added. With `scope`, only names under it. */
  getCollection(key: string, scope?: string): unknown[] {
    const all = this.#collections.get(key) ?? [];
    if (scope === undefined) return [...all];
    const nameOf = (item: unknown): string => {
      const { name } = item as { readonly name?: unknown };
      return typeof name === 'string' ? name : '';
    };
    return all.filter((item) => nameOf(item).startsWith(scope));
  }

  get collectionKeys(): readonly string[] {
    return [...this.#collections.keys()];
  }

  /** Adds control inputs, colocation and device of the current scopes: how user functions make ops. */
  createScoped(init: CreateOperation): Operation {
    const inputs = init.inputs ?? [];
    const producers = new Set(inputs.map((input) => input.op));
    const waits = new Set(init.controlInputs ?? []);
    for (const scope of this.#controlScopes) {
      if (inputs.some((input) => scope.inside.has(input.op))) continue;
      for (const op of scope.ops) if (!producers.has(op)) waits.add(op);
    }
    const op = this.createOperation({
      device: this.#device,
      ...init,
      controlInputs: [...waits].sort(byName),
      attrs: this.#withColocation(init.attrs ?? new Map<string, AttrValue>()),
    });
    for (const scope of this.#controlScopes) scope.inside.add(op);
    return op;
  }

  /**
   * Adds a node exactly as described; its name must be free.
   * @throws ValueError for a bad or taken name or a shape error, RuntimeError if finalized.
   */
  createOperation(init: CreateOperation): Operation {
    this.#assertGrowable();
    const {
      name,
      type,
      inputs = [],
      controlInputs = [],
      attrs = new Map<string, AttrValue>(),
    } = init;
    if (!/^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/.test(name))
      throw new ValueError(
        `'${name}' is not a valid operation name: use letters, digits and _ . / -, not starting with _ or /.`,
        { node: name, op: type },
      );
    if (this.#operations.has(name))
      throw new ValueError(
        `The name '${name}' is already taken by ${this.#operations.get(name)}.`,
        { node: name, op: type },
      );
    assertSameGraph(inputs, this);
    assertSameGraph(controlInputs, this);
    const op = new Operation({
      graph: this,
      id: this.#version,
      name,
      type,
      inputs,
      controlInputs,
      attrs,
      device: init.device ?? '',
      outputs: this.#outputTypes(init, attrs),
      trace: init.wire === undefined ? captureTrace() : undefined,
      wire: init.wire,
    });
    this.#inferInto(op);
    // Only now: an op whose shapes contradict leaves no trace in the tensors it would have read.
    for (const [port, tensor] of inputs.entries()) tensor.addConsumer(op, port);
    this.#names.markUsed(name);
    this.#operations.set(name, op);
    this.#version++;
    return op;
  }

  #outputTypes(init: CreateOperation, attrs: ReadonlyMap<string, AttrValue>): OutputType[] {
    const schema = findSchema(init.type);
    if (schema === undefined)
      return (init.outputDtypes ?? []).map((dtype) => ({ dtype, isRef: false }));
    return outputTypes(schema, plainAttrs(schema, attrs, init.name));
  }

  #inferInto(op: Operation): void {
    const schema = findSchema(op.type);
    if (schema === undefined) return;
    const shapes = inferShapes({
      schema,
      attrs: plainAttrs(schema, op.attrs, op.name),
      inputs: op.inputs.map(factsOf),
      fail: (message) => {
        throw shapeError(op, message);
      },
    });
    for (const [i, shape] of shapes.entries()) op.outputs[i]?.setShape(shape);
  }

  #withColocation(attrs: ReadonlyMap<string, AttrValue>): ReadonlyMap<string, AttrValue> {
    const places = new Set(this.#colocations.flat());
    if (places.size === 0 || attrs.has('_class')) return attrs;
    return new Map([...attrs, ['_class', attr('list(string)', [...places].sort())]]);
  }

  #assertGrowable(): void {
    if (this.#finalized) throw new RuntimeError('Graph is finalized and cannot be modified.');
  }
}

const byName = (a: Operation, b: Operation): number =>
  a.name < b.name ? -1 : Number(a.name > b.name);

/** Colocation groups of an op: those its `_class` names, else its own. */
function groupsOf(item: Operation | Tensor): readonly string[] {
  const op = item instanceof Tensor ? item.op : item;
  const classes = op.attrs.get('_class');
  const named =
    classes?.kind === 'list(string)'
      ? classes.value.filter((text) => text.startsWith('loc:@'))
      : [];
  return named.length > 0 ? named : [`loc:@${op.name}`];
}

function shapeError(op: Operation, message: string): Error {
  const inputs = op.inputs.map((x) => `${x.name}: ${x.dtype} ${formatShape(x.shape)}`).join(', ');
  return new ValueError(`${op}: ${message} (inputs: ${inputs || 'none'}).${op.definedAt}`, {
    node: op.name,
    op: op.type,
  });
}

/** Fourteen frames reach the user's line from any op function; more would only cost time. */
function captureTrace(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 14;
  const trace = new Error('trace');
  Error.stackTraceLimit = limit;
  return trace;
}

/** Scopes end when their function returns, so what it does later would be outside of them. */
function assertSynchronous<R>(result: R, scope: string): R {
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new ValueError(
      `The function given to ${scope}() is asynchronous, but the scope ends at its first await. Build the graph in a synchronous function, and run sessions outside of it.`,
    );
  }
  return result;
}

const defaultStack: Graph[] = [new Graph()];

/** The graph ops are added to when nothing else says so. */
export const getDefaultGraph = (): Graph => defaultStack[defaultStack.length - 1] as Graph;

/** Replaces the bottom default graph with a new, empty one. Not inside `asDefault`. */
export function resetDefaultGraph(): void {
  if (defaultStack.length > 1)
    throw new RuntimeError('Do not call resetDefaultGraph inside graph.asDefault().');
  defaultStack[0] = new Graph();
}

function assertIsName(what: string, name: unknown): void {
  if (typeof name !== 'string')
    throw new DTypeError(`Expected the name of ${what}, a string, not ${describeValue(name)}.`);
}

/** The operation itself, or the one that makes the tensor. @throws DTypeError for what is neither. */
function operationOf(item: Operation | Tensor): Operation {
  if (item instanceof Tensor) return item.op;
  if ((item as unknown) instanceof Operation) return item;
  throw new DTypeError(
    `controlDependencies: Expected Operations and Tensors in argument 'ops' not ${describeValue(item)}.`,
  );
}

/** A graph given as an argument. @throws DTypeError if it is none. */
export function checkedGraph(fn: string, graph: Graph): Graph {
  if ((graph as unknown) instanceof Graph) return graph;
  throw new DTypeError(`${fn}: Expected a Graph for argument 'graph' not ${describeValue(graph)}.`);
}

/** The Graph behind an operation's or tensor's identity. */
export function graphOf(item: { readonly graph: GraphIdentity }): Graph {
  if (item.graph instanceof Graph) return item.graph;
  throw new InvalidArgumentError('The tensor belongs to no Graph of this library.');
}
