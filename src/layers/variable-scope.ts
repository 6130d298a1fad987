/**
 * Variable scopes: variables found again by name. A variable's name is its scope's path and its
 * own name; unlike op names it is never made unique, so a second `getVariable` of a name either
 * shares the variable or is an error, as the scope's `reuse` says.
 */
import type { TensorLike } from '../graph/add-node.js';
import { ValueError } from '../errors.js';
import { isFloating, type DType } from '../graph/dtype.js';
import { getDefaultGraph, type Graph } from '../graph/graph.js';
import { checkedOptions } from '../graph/options.js';
import { formatTuple, isCompatible, isStatic, type Shape } from '../graph/shape.js';
import { glorotUniform, zerosInitializer, type Initializer } from '../ops/random/initializers.js';
import { variable, type Variable } from '../ops/state/variable.js';
import { checkedName, checkScopeArguments } from './scope-arguments.js';

/** true: variables must exist; false: they must not; 'auto': found or made. */
export type Reuse = boolean | 'auto';

export interface VariableScopeOptions {
  /** Inherited by inner scopes; a scope inside a reusing one reuses too. */
  readonly reuse?: Reuse;
  /** Initializer of variables that name none. */
  readonly initializer?: Initializer;
  readonly dtype?: DType;
  readonly useResource?: boolean;
  /** With a null name: the scope's name, made unique among scopes. */
  readonly defaultName?: string;
}

/** A variable scope as `variableScope` hands it out; pass it back to enter it again. */
export interface VariableScope {
  /** Path without a trailing slash; empty at the root. */
  readonly name: string;
  readonly reuse: Reuse;
  readonly initializer: Initializer | undefined;
  readonly dtype: DType;
  readonly useResource: boolean;
}

interface ScopeState {
  current: VariableScope;
  readonly variables: Map<string, Variable>;
  /** How often each scope path was opened since its parent was. */
  counts: Map<string, number>;
}

const rootScope: VariableScope = {
  name: '',
  reuse: false,
  initializer: undefined,
  dtype: 'float32',
  useResource: false,
};
const states = new WeakMap<Graph, ScopeState>();

function stateOf(graph: Graph): ScopeState {
  const state = states.get(graph) ?? {
    current: rootScope,
    variables: new Map(),
    counts: new Map(),
  };
  states.set(graph, state);
  return state;
}

/** The innermost open variable scope of the default graph. @see tf.get_variable_scope */
export const getVariableScope = (): VariableScope => stateOf(getDefaultGraph()).current;

const joined = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

/** `prefix`, or `prefix_1`, ... : the first path not opened yet in the current scope. */
function uniqueScopeName(state: ScopeState, prefix: string): string {
  const taken = (name: string): boolean =>
    (state.counts.get(joined(state.current.name, name)) ?? 0) > 0;
  if (!taken(prefix)) return prefix;
  let i = 1;
  while (taken(`${prefix}_${i}`)) i++;
  return `${prefix}_${i}`;
}

const scopeOptions = {
  defaultName: 'string',
  reuse: 'any',
  dtype: 'dtype',
  initializer: 'any',
  useResource: 'bool',
} as const;

/**
 * Runs `fn` in a variable scope, which is a name scope too.
 *
 * @param nameOrScope name under the current scope, a scope to enter again, or null with
 *   `defaultName`.
 * @see tf.variable_scope
 * @example
 * const twin = (x: Tensor) =>
 *   tf.variableScope('tower', { reuse: 'auto' }, () => tf.matMul(x, tf.getVariable('w', { shape: [3, 4] })));
 */
export function variableScope<R>(
  nameOrScope: string | VariableScope | null,
  options: VariableScopeOptions,
  fn: (scope: VariableScope) => R,
): R {
  checkedOptions('variableScope', options, scopeOptions);
  checkScopeArguments(nameOrScope, options.reuse, fn);
  const graph = getDefaultGraph();
  const state = stateOf(graph);
  const { scope, name } = scopeFor(state, nameOrScope, options);
  const before = state.current;
  const countsBefore = state.counts;
  const entered = typeof nameOrScope === 'object' && nameOrScope !== null;
  if (entered) state.counts = new Map(state.counts);
  state.counts.set(scope.name, (state.counts.get(scope.name) ?? 0) + 1);
  state.current = scope;
  const leave = (): void => {
    state.current = before;
    if (entered) state.counts = countsBefore;
    else closeSubscopes(state, scope.name);
  };
  try {
    return name === '' ? fn(scope) : graph.nameScope(name, () => fn(scope));
  } finally {
    leave();
  }
}

function closeSubscopes(state: ScopeState, path: string): void {
  for (const key of state.counts.keys()) if (key.startsWith(`${path}/`)) state.counts.set(key, 0);
}

/** The scope to enter, and the name of its name scope. */
function scopeFor(
  state: ScopeState,
  nameOrScope: string | VariableScope | null,
  options: VariableScopeOptions,
): { readonly scope: VariableScope; readonly name: string } {
  const outer = state.current;
  const own = {
    dtype: options.dtype ?? outer.dtype,
    initializer: options.initializer ?? outer.initializer,
    useResource: options.useResource ?? outer.useResource,
  };
  if (typeof nameOrScope === 'object' && nameOrScope !== null) {
    const reuse = options.reuse || nameOrScope.reuse || outer.reuse;
    const name = nameOrScope.name.slice(nameOrScope.name.lastIndexOf('/') + 1);
    return { scope: { ...nameOrScope, ...defined(options), reuse }, name };
  }
  if (nameOrScope === null && options.defaultName === undefined)
    throw new ValueError(
      'If default_name is None then name_or_scope is required. Pass a name or defaultName.',
    );
  if (nameOrScope === null && options.reuse)
    throw new ValueError('reuse=True cannot be used without a name_or_scope. Pass a name.');
  const name = nameOrScope ?? uniqueScopeName(state, options.defaultName ?? '');
  const reuse = options.reuse || outer.reuse;
  return { scope: { name: joined(outer.name, name), reuse, ...own }, name };
}

function defined({
  dtype,
  initializer,
  useResource,
}: VariableScopeOptions): Partial<VariableScope> {
  return {
    ...(dtype === undefined ? {} : { dtype }),
    ...(initializer === undefined ? {} : { initializer }),
    ...(useResource === undefined ? {} : { useResource }),
  };
}

export interface GetVariableOptions {
  /** Required unless `initializer` is a value. */
  readonly shape?: Shape;
  /** The scope's dtype, float32 by default. */
  readonly dtype?: DType;
  /** A function of shape and dtype, or a value. Glorot uniform for floats, zeros for others. */
  readonly initializer?: Initializer | TensorLike;
  readonly trainable?: boolean;
  readonly collections?: readonly string[];
  readonly useResource?: boolean;
}

/**
 * The variable of this name in the current variable scope: made, or found, as the scope's `reuse`
 * says.
 *
 * @throws ValueError if it exists and must not, does not exist and must, or has another shape or
 *   dtype than asked for.
 * @see tf.get_variable
 * @example const kernel = tf.getVariable('kernel', { shape: [784, 10] });
 */
export function getVariable(name: string, options: GetVariableOptions = {}): Variable {
  checkedOptions('getVariable', options, {
    shape: 'shape',
    dtype: 'dtype',
    initializer: 'any',
    trainable: 'bool',
    collections: 'strings',
    useResource: 'bool',
  });
  const graph = getDefaultGraph();
  const { current, variables } = stateOf(graph);
  const full = joined(current.name, checkedName('getVariable', name));
  const found = variables.get(full);
  if (found !== undefined) return shared(found, full, current.reuse, options);
  if (current.reuse === true)
    throw new ValueError(
      `Variable ${full} does not exist, or was not created with tf.get_variable(). Did you mean to set reuse=tf.AUTO_REUSE in VarScope? (variableScope's option { reuse: 'auto' }.)`,
      { node: full },
    );
  const made = graph.nameScope(null, () => create(full, current, options));
  variables.set(full, made);
  return made;
}

function shared(
  found: Variable,
  full: string,
  reuse: Reuse,
  { shape, dtype }: GetVariableOptions,
): Variable {
  if (reuse === false)
    throw new ValueError(
      `Variable ${full} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope? (variableScope's option { reuse: true } or { reuse: 'auto' }.)${originOf(found)}`,
      { node: full },
    );
  if (shape !== undefined && !isCompatible(shape, found.shape))
    throw new ValueError(
      `Trying to share variable ${full}, but specified shape ${formatTuple(shape)} and found shape ${formatTuple(found.shape)}.`,
      { node: full },
    );
  if (dtype !== undefined && dtype !== found.dtype)
    throw new ValueError(
      `Trying to share variable ${full}, but specified dtype ${dtype} and found dtype ${found.dtype}.`,
      { node: full },
    );
  return found;
}

const originOf = (found: Variable): string =>
  found.op.definedAt === ''
    ? ''
    : ` Originally defined at:${found.op.definedAt.replace(' Defined at', '')}`;

function create(full: string, scope: VariableScope, options: GetVariableOptions): Variable {
  const dtype = options.dtype ?? scope.dtype;
  const initializer = options.initializer ?? scope.initializer ?? defaultInitializer(dtype);
  const settings = {
    name: full,
    useResource: options.useResource ?? scope.useResource,
    ...(options.trainable === undefined ? {} : { trainable: options.trainable }),
    ...(options.collections === undefined ? {} : { collections: options.collections }),
  };
  const { shape } = options;
  if (typeof initializer !== 'function') {
    if (shape !== undefined && shape !== null)
      throw new ValueError('If initializer is a constant, do not specify shape.', { node: full });
    return variable(initializer, {
      ...settings,
      ...(options.dtype === undefined ? {} : { dtype }),
    });
  }
  if (shape === undefined)
    throw new ValueError(
      `Variable ${full} did not get an initializer, so its \`shape\` argument must be specified: getVariable(name, { shape }).`,
      { node: full },
    );
  if (!isStatic(shape))
    throw new ValueError(
      `Shape of a new variable (${full}) must be fully defined, but instead was ${formatTuple(shape)}.`,
      { node: full },
    );
  return variable(() => initializer(shape, dtype), { ...settings, dtype });
}

/** Zeros of a string variable are empty strings. */
const defaultInitializer = (dtype: DType): Initializer =>
  isFloating(dtype) ? glorotUniform() : zerosInitializer();
