/**
 * Expressions made ready for printing: equal nodes become one, and every node gets a home, the
 * scope whose statements compute it. Scopes are the blocks of the generated function: loops, fold
 * bodies and the two sides of a select. A node lives at the common ancestor of its uses, moved out
 * of every loop it does not depend on (Click, "Global code motion", 1995), and stays inside the
 * side of a select that alone needs it. Invariant: operands have smaller ids than their users.
 */
import { InternalError } from '../../errors.js';
import { quoted } from '../../ir/byte-strings.js';
import { operands, type CheckFailure, type Expr, type ExprOf } from '../../ir/expr.js';

/** A block of the generated function. `lines` are filled by the printer, in order. */
export interface Scope {
  parent: Scope | null;
  depth: number;
  /** Loops around it; fewer is cheaper. */
  loops: number;
  /** How often it runs, for estimates of work. */
  trips: number;
  readonly lines: string[];
}

/** A name the generated function defines itself: loop variable, stage result, accumulator. */
export interface Variable {
  readonly text: string;
  /** Where it can be read: there and below; null for a literal. */
  readonly scope: Scope | null;
}

/** What the free names of an expression mean at one place of a kernel. */
export interface Environment {
  readonly axes: ReadonlyMap<number, Variable>;
  readonly stages: readonly Variable[];
  readonly acc?: Variable | undefined;
  /** Environment around a fold. */
  readonly outer?: Environment | undefined;
  readonly memo: Map<Expr, Node>;
}

export const environment = (
  axes: ReadonlyMap<number, Variable>,
  stages: readonly Variable[] = [],
  acc?: Variable,
): Environment => ({ axes, stages, acc, memo: new Map() });

export interface Node {
  readonly id: number;
  readonly expr: Expr;
  readonly inputs: readonly Node[];
  readonly free: ReadonlySet<Variable>;
  /** Loop variable and body of a fold; sides of a select; the failing side of a check. */
  readonly loop?: Variable | undefined;
  readonly inner: readonly Scope[];
  uses: number;
  /** Common ancestor of the uses seen so far. */
  late: Scope | null;
  home: Scope | null;
  /**
   * JavaScript that gives the value, once printed: a name or a whole expression. Before, what the
   * name of a variable is, or the number of a check.
   */
  text: string;
}

export const rootScope = (): Scope => ({ parent: null, depth: 0, loops: 0, trips: 1, lines: [] });

/** A block inside `parent`; `extent` is how often a loop repeats it, 1 for a plain block. */
export function childScope(parent: Scope, isLoop: boolean, extent = 1): Scope {
  const scope: Scope = { parent: null, depth: 0, loops: 0, trips: 0, lines: [] };
  adopt(scope, parent, isLoop, extent);
  return scope;
}

function adopt(scope: Scope, parent: Scope, isLoop: boolean, extent: number): void {
  scope.parent = parent;
  scope.depth = parent.depth + 1;
  scope.loops = parent.loops + (isLoop ? 1 : 0);
  scope.trips = parent.trips * extent;
}

const nothing: ReadonlySet<Variable> = new Set();

function union(sets: readonly ReadonlySet<Variable>[]): ReadonlySet<Variable> {
  let all = nothing;
  for (const set of sets) {
    if (set === all || set.size === 0) continue;
    if (all.size === 0) all = set;
    else if ([...set].some((variable) => !all.has(variable))) all = new Set([...all, ...set]);
  }
  return all;
}

/** Values that are their own text: naming or moving them would gain nothing. */
export const isTrivial = (expr: Expr): boolean =>
  expr.kind === 'const' || expr.kind === 'index' || expr.kind === 'stage' || expr.kind === 'acc';

function variableOf(expr: Expr, env: Environment): Variable | undefined {
  if (expr.kind === 'stage') return env.stages[expr.stage];
  if (expr.kind === 'acc') return env.acc;
  return expr.kind === 'index' ? env.axes.get(expr.axis) : undefined;
}

/** Fields that, with the operands, decide what a node computes. */
function keyOf(expr: Expr, inputs: readonly Node[], variable: Variable | undefined): string {
  const args = inputs.map((input) => input.id).join();
  switch (expr.kind) {
    case 'const':
      if (typeof expr.value === 'string') return `${expr.type} ${quoted(expr.value)}`;
      return `${expr.type} ${Object.is(expr.value, -0) ? '-0' : String(expr.value)}`;
    case 'index':
    case 'stage':
    case 'acc':
      return `=${variable?.text ?? ''}`;
    case 'load':
      throw new InternalError('A kernel still holds a logical load; assign buffers first.');
    case 'read':
      return `${expr.type} read ${expr.binding} ${args}`;
    case 'unary':
    case 'binary':
    case 'call':
      return `${expr.type} ${expr.fn} ${args}`;
    case 'select':
    case 'cast':
    case 'bitcast':
      return `${expr.type} ${expr.kind} ${args}`;
    case 'fold':
      return `${expr.type} fold ${expr.combine} ${expr.extent} ${args}`;
    case 'check':
      return `${expr.type} check ${JSON.stringify(expr.failure)} ${args}`;
  }
}

function remembered(expr: Expr, env: Environment): Node | undefined {
  for (let at: Environment | undefined = env; at !== undefined; at = at.outer) {
    const node = at.memo.get(expr);
    if (node !== undefined) return node;
  }
  return undefined;
}

/** The distinct nodes of a kernel's expressions. */
export class ExprGraph {
  readonly nodes: Node[] = [];
  /** Of the checks among them, in the order of their numbers in the generated code. */
  readonly failures: CheckFailure[] = [];
  readonly #byKey = new Map<string, Node>();
  /** Variables of the same text (the `i2` of two loops) are told apart by a number. */
  readonly #variableIds = new Map<Variable, number>();
  #folds = 0;

  /** Declares that `expr` is needed in `scope`. */
  use(expr: Expr, scope: Scope, env: Environment): Node {
    const node = this.#internAll(expr, env);
    useIn(node, scope);
    return node;
  }

  /** Interns what `root` is made of, operands first, with an explicit stack. */
  #internAll(root: Expr, env: Environment): Node {
    const stack: Expr[] = [root];
    for (let expr = stack.at(-1); expr !== undefined; expr = stack.at(-1)) {
      if (remembered(expr, env) !== undefined) {
        stack.pop();
        continue;
      }
      const inputs = expr.kind === 'fold' ? [] : operands(expr);
      const ready = inputs.map((input) => remembered(input, env));
      const missing = inputs.filter((_, i) => ready[i] === undefined);
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      stack.pop();
      const args = ready.filter((node) => node !== undefined);
      const node =
        expr.kind === 'fold' ? this.#internFold(expr, env) : this.#intern(expr, args, env);
      env.memo.set(expr, node);
    }
    return remembered(root, env) as Node;
  }

  /** Every fold gets a loop variable of its own: folds copied by a rewrite share axis numbers. */
  #internFold(expr: ExprOf<'fold'>, env: Environment): Node {
    const loop = { text: `f${this.#folds++}`, scope: rootScope() };
    const axes = new Map(env.axes).set(expr.axis, loop);
    const body = this.#internAll(expr.body, { ...env, axes, outer: env, memo: new Map() });
    return this.#intern(expr, [body], env, loop);
  }

  #intern(expr: Expr, inputs: readonly Node[], env: Environment, loop?: Variable): Node {
    const variable = variableOf(expr, env);
    if (variable === undefined && isTrivial(expr) && expr.kind !== 'const')
      throw new InternalError(`A kernel uses ${JSON.stringify(expr)} where it means nothing.`);
    const key = keyOf(expr, inputs, variable) + this.#suffixOf(variable);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const node = createNode(this.nodes.length, expr, inputs, variable, loop);
    this.nodes.push(node);
    if (expr.kind === 'check') node.text = String(this.failures.push(expr.failure) - 1);
    this.#byKey.set(key, node);
    return node;
  }

  #suffixOf(variable: Variable | undefined): string {
    if (variable === undefined) return '';
    const id = this.#variableIds.get(variable) ?? this.#variableIds.size;
    this.#variableIds.set(variable, id);
    return ` ${id}`;
  }
}

function createNode(
  id: number,
  expr: Expr,
  inputs: readonly Node[],
  variable: Variable | undefined,
  loop: Variable | undefined,
): Node {
  let free = union(inputs.map((input) => input.free));
  if (variable !== undefined && variable.scope !== null) free = new Set([variable]);
  if (loop !== undefined && free.has(loop)) {
    const rest = new Set(free);
    rest.delete(loop);
    free = rest;
  }
  const inner = loop?.scope
    ? [loop.scope]
    : expr.kind === 'select'
      ? [rootScope(), rootScope()]
      : expr.kind === 'check'
        ? [rootScope()]
        : [];
  const text = variable?.text ?? '';
  return { id, expr, inputs, free, loop, inner, uses: 0, late: null, home: null, text };
}

function commonAncestor(a: Scope, b: Scope): Scope {
  let x = a;
  let y = b;
  while (x !== y) {
    const next = x.depth >= y.depth ? x.parent : y.parent;
    if (next === null) throw new InternalError('Scopes of one kernel must share a root.');
    if (x.depth >= y.depth) x = next;
    else y = next;
  }
  return x;
}

function useIn(node: Node, scope: Scope): void {
  node.uses++;
  node.late = node.late === null ? scope : commonAncestor(node.late, scope);
}

/** The scope with the fewest loops between the uses and the innermost variable needed. */
function bestHome(node: Node): Scope {
  let best = node.late as Scope;
  const needed = new Set([...node.free].map((variable) => variable.scope));
  for (let scope: Scope | null = best; scope !== null; scope = scope.parent) {
    if (scope.loops < best.loops) best = scope;
    if (needed.has(scope)) break;
  }
  return best;
}

/** The scope of a node's own in which it uses an input, if it does. */
function scopeOfInput(expr: Expr, input: number, inner: readonly Scope[]): Scope | undefined {
  if (expr.kind === 'fold') return inner[0];
  if (expr.kind === 'select') return input === 0 ? undefined : inner[input - 1];
  return expr.kind === 'check' && input > 1 ? inner[0] : undefined;
}

/** Gives every used node its home. Users come before their operands, so ids run downwards. */
export function placeNodes(graph: ExprGraph): void {
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    const node = graph.nodes[id] as Node;
    if (node.late === null) continue;
    const home = bestHome(node);
    node.home = home;
    const { expr, inputs, inner } = node;
    if (expr.kind === 'fold') adopt(inner[0] as Scope, home, true, expr.extent);
    else for (const side of inner) adopt(side, home, false, 1);
    for (const [i, input] of inputs.entries()) useIn(input, scopeOfInput(expr, i, inner) ?? home);
  }
}
