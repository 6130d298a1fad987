/**
 * Prints expressions as WGSL. Equal subexpressions are computed once: nodes used more than once
 * become `let`s, placed in the outermost open scope that knows the index variables they need, so
 * what a loop does not change is hoisted out of it. At width 4 one invocation computes four
 * neighbours along the vectorised axis; what does not differ between them stays scalar.
 */
import { InternalError } from '../../errors.js';
import { isComparison, operands, type Expr, type ExprOf, type ScalarType } from '../../ir/expr.js';
import type { Binding } from '../../ir/kernel.js';
import type { HelperSet } from './wgsl-helpers.js';
import { indented } from './wgsl-indent.js';
import { LaneAnalysis, type Lanes } from './wgsl-lanes.js';
import { literal, wgslType, type Width } from './wgsl-literal.js';
import {
  binaryText,
  callText,
  castText,
  combineText,
  identityText,
  unaryText,
} from './wgsl-operators.js';
import { ScopeStack, type Scope } from './wgsl-scopes.js';
import { shareExprs, type SharedExprs } from './wgsl-sharing.js';
import { fromStorage } from './wgsl-storage.js';

export interface PrinterOptions {
  readonly bindings: readonly Binding[];
  readonly helpers: HelperSet;
  /** Axis that four neighbours differ in; its index is a multiple of 4 at lane 0. Width 1 without. */
  readonly vectorAxis?: number | undefined;
  /** Bindings declared as arrays of vec4. */
  readonly vectorBindings?: ReadonlySet<number>;
  /** Extent of a kernel axis, for range analysis; a fold's extent is known from its node. */
  readonly extentOf?: (axis: number) => number;
  /** WGSL name of a stage's or contraction's result; `width` 4 if it differs between lanes. */
  readonly resolve?: (node: ExprOf<'stage'> | ExprOf<'acc'>) => Resolved;
  /** Start of the names of temporaries; printers used in one function need different ones. */
  readonly prefix?: string;
}

export interface Resolved {
  readonly text: string;
  readonly width: Width;
}

/** Longer expressions are split into temporaries. */
const maxLength = 90;
/** Taller expressions are printed in parts. */
const maxHeight = 100;
const lanes = ['x', 'y', 'z', 'w'] as const;

/** Whether text needs no parentheses as an operand. */
const isAtomic = (text: string): boolean =>
  /^([\w.]+|[\w<>]+\([^()]*\)|\w+\[[^[\]]*\]|\w+\.\w)$/.test(text);
const wrapped = (text: string): string => (isAtomic(text) ? text : `(${text})`);

export class ExprPrinter {
  private readonly shared: SharedExprs;
  private readonly scopes: ScopeStack;
  private readonly foldExtents = new Map<number, number>();
  /** Scope of the node whose operands are being printed. */
  private within: Scope | undefined;
  readonly lanes: LaneAnalysis;

  /** @param roots every expression that will be printed. */
  constructor(
    private readonly options: PrinterOptions,
    roots: readonly Expr[],
  ) {
    this.shared = shareExprs(roots);
    this.scopes = new ScopeStack(options.prefix ?? 't');
    for (const node of this.shared.nodes())
      if (node.kind === 'fold') this.foldExtents.set(node.axis, node.extent);
    this.lanes = new LaneAnalysis(
      options.vectorAxis,
      (axis) => this.foldExtents.get(axis) ?? options.extentOf?.(axis) ?? Infinity,
      (node) => options.resolve?.(node).width === 4,
    );
  }

  /** Opens a scope (a loop body, an unrolled copy) that defines index variables. */
  open(axes: Iterable<readonly [number, string]> = []): void {
    this.scopes.open(axes);
  }

  /** Closes the innermost scope; its statements. */
  close(): string[] {
    return this.scopes.close();
  }

  /** Adds a statement to the innermost scope. */
  line(text: string): void {
    this.scopes.top.lines.push(text);
  }

  /** A fresh name for a temporary. */
  fresh(): string {
    return this.scopes.fresh();
  }

  /** What is known of an integer expression's lanes and range. */
  lanesOf(expr: Expr): Lanes {
    return this.lanes.of(this.shared.node(expr));
  }

  /** Scalar text: the value at lane 0, or of all lanes when they do not differ. */
  scalar(expr: Expr): string {
    return this.at(expr, 1);
  }

  /** vec4 text: the values of four neighbours. */
  vector(expr: Expr): string {
    return this.at(expr, 4);
  }

  /** Text at the given width. */
  at(expr: Expr, width: Width): string {
    const node = this.shared.node(expr);
    this.within = this.scopes.top;
    this.nameDepths(node, width);
    return this.print(node, width);
  }

  /** Like `at`, but text that may be repeated: a name or a literal. */
  named(expr: Expr, width: Width): string {
    const node = this.shared.node(expr);
    this.within = this.scopes.top;
    this.nameDepths(node, width);
    const wide = width === 4 && this.lanes.isUniform(node) ? 1 : width;
    const text = this.hold(node, wide);
    return wide === width ? text : `${wgslType(node.type, 4)}(${text})`;
  }

  /** Whether any announced expression depends on the axis. */
  usesAxis(axis: number): boolean {
    for (const node of this.shared.nodes())
      if (node.kind === 'index' && node.axis === axis) return true;
    return false;
  }

  private scopeOf(expr: Expr): Scope {
    return this.scopes.of(this.shared.axes(expr));
  }

  /**
   * Names what lies deep under an expression, from the bottom up, so that printing it does not
   * recurse once per node of a long chain.
   */
  private nameDepths(root: Expr, width: Width): void {
    if (this.shared.height(root) <= maxHeight) return;
    const deep = new Set<Expr>();
    const stack = [root];
    const seen = new Set(stack);
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (this.shared.height(node) % maxHeight === 0) deep.add(node);
      for (const input of operands(node)) {
        if (seen.has(input)) continue;
        seen.add(input);
        stack.push(input);
      }
    }
    for (const node of [...deep].sort((a, b) => this.shared.height(a) - this.shared.height(b))) {
      const known = [...this.shared.axes(node)].every(
        (axis) => this.scopes.index(axis) !== undefined,
      );
      if (!known || this.shared.height(node) === 0) continue;
      this.hold(node, this.lanes.of(node).stride === undefined ? width : 1);
    }
  }

  private print(expr: Expr, width: Width): string {
    if (width === 4 && this.lanes.isUniform(expr))
      return `${wgslType(expr.type, 4)}(${this.print(expr, 1)})`;
    const stride = this.lanes.of(expr).stride;
    if (width === 4 && stride !== undefined && expr.kind !== 'const') return this.run(expr, stride);
    if (expr.kind === 'const' || expr.kind === 'index') return this.text(expr, width);
    if (expr.kind === 'stage' || expr.kind === 'acc') return this.text(expr, width);
    const scope = this.scopeOf(expr);
    const key = `${this.shared.id(expr)}:${width}`;
    const known = scope.names.get(key);
    if (known !== undefined) return known;
    const user = this.within;
    this.within = scope;
    const text = this.text(expr, width);
    this.within = user;
    if (expr.kind === 'fold') scope.names.set(key, text);
    const named = this.shared.uses(expr) > 1 || text.length > maxLength || scope !== user;
    return named && expr.kind !== 'fold' ? this.scopes.name(scope, key, text) : text;
  }

  /** Integers that step evenly from lane to lane. */
  private run(expr: Expr, stride: number): string {
    const type = wgslType(expr.type, 4);
    const offset = (i: number): string => literal(expr.type, i * stride, this.options.helpers);
    const base = wrapped(this.print(expr, 1));
    return `(${base} + ${type}(${[0, 1, 2, 3].map(offset).join(', ')}))`;
  }

  private text(expr: Expr, width: Width): string {
    const { helpers } = this.options;
    switch (expr.kind) {
      case 'const':
        return literal(expr.type, expr.value, helpers);
      case 'index':
        return this.indexName(expr.axis);
      case 'load':
        throw new InternalError('A kernel holds a load: buffers are not assigned.');
      case 'stage':
      case 'acc':
        return this.resolved(expr, width);
      case 'read':
        return this.read(expr, width);
      case 'unary':
        return this.unary(expr, width);
      case 'binary':
        return this.binary(expr, width);
      case 'select': {
        const condWidth = this.lanes.isUniform(expr.cond) ? 1 : width;
        const cond = this.print(expr.cond, condWidth);
        return `select(${this.print(expr.b, width)}, ${this.print(expr.a, width)}, ${cond})`;
      }
      case 'cast':
        return this.cast(expr, width);
      case 'bitcast':
        return `bitcast<${wgslType(expr.type, width)}>(${this.operand(expr, expr.x, width)})`;
      case 'fold':
        return this.fold(expr, width);
      case 'call':
        return this.call(expr, width);
      case 'check':
        return this.print(expr.x, width);
    }
  }

  private indexName(axis: number): string {
    const name = this.scopes.index(axis);
    if (name === undefined)
      throw new InternalError(`ExprPrinter: index axis ${axis} has no name here.`);
    return name;
  }

  private resolved(expr: ExprOf<'stage'> | ExprOf<'acc'>, width: Width): string {
    const found = this.options.resolve?.(expr);
    if (found === undefined) throw new InternalError(`ExprPrinter: ${expr.kind} has no name here.`);
    if (found.width === width) return found.text;
    return width === 4 ? `${wgslType(expr.type, 4)}(${found.text})` : `${found.text}.x`;
  }

  /**
   * Operand text. WGSL evaluates operators on constants when it compiles, and refuses overflow and
   * NaN there, so a constant that has no variable beside it goes through a `let`.
   */
  private operand(parent: Expr, expr: Expr, width: Width): string {
    const text = this.print(expr, width);
    const frozen = expr.kind === 'const' && operands(parent).every((x) => x.kind === 'const');
    return frozen
      ? this.scopes.name(this.scopeOf(expr), `${this.shared.id(expr)}:let${width}`, text)
      : text;
  }

  private unary(expr: ExprOf<'unary'>, width: Width): string {
    const x = wrapped(this.operand(expr, expr.x, width));
    return unaryText(expr.fn, x, expr.x.type, width, this.options.helpers);
  }

  private cast(expr: ExprOf<'cast'>, width: Width): string {
    const x = wrapped(this.operand(expr, expr.x, width));
    return castText(expr.type, expr.x.type, x, width, this.options.helpers);
  }

  private binary(expr: ExprOf<'binary'>, width: Width): string {
    const { helpers } = this.options;
    const repeated = expr.fn === 'pow' && expr.a.kind !== 'const';
    const a = repeated ? this.hold(expr.a, width) : this.operand(expr, expr.a, width);
    const b =
      expr.b.kind === 'const' ? this.print(expr.b, width) : this.operand(expr, expr.b, width);
    return binaryText({
      fn: expr.fn,
      type: isComparison(expr.fn) ? expr.a.type : expr.type,
      a: wrapped(a),
      b: wrapped(b),
      width,
      constantA: constantValue(expr.a),
      constantB: constantValue(expr.b),
      nonNegativeA: expr.a.type === 'u32' || this.lanes.of(expr.a).lo >= 0,
      helpers,
    });
  }

  private read(expr: ExprOf<'read'>, width: Width): string {
    const binding = this.options.bindings[expr.binding];
    if (binding === undefined) throw new InternalError(`A kernel reads binding ${expr.binding}.`);
    const raw =
      width === 1
        ? this.element(expr.binding, this.print(expr.at, 1))
        : this.vectorElements(expr, binding.storage);
    return fromStorage(raw, binding.storage, expr.type, width);
  }

  private element(binding: number, at: string): string {
    if (this.options.vectorBindings?.has(binding) !== true) return `b${binding}[${at}]`;
    const whole = wrapped(at);
    return `b${binding}[${whole} >> 2u][${whole} & 3]`;
  }

  private vectorElements(expr: ExprOf<'read'>, storage: ScalarType): string {
    const { binding, at } = expr;
    const type = wgslType(storage, 4);
    if (this.options.vectorBindings?.has(binding) === true && this.lanes.isAlignedRun(at))
      return `b${binding}[${wrapped(this.print(at, 1))} >> 2u]`;
    const { stride } = this.lanes.of(at);
    if (stride === undefined) {
      const all = this.hold(at, 4);
      return `${type}(${lanes.map((lane) => this.element(binding, `${all}.${lane}`)).join(', ')})`;
    }
    const base = this.hold(at, 1);
    const offsets = [0, 1, 2, 3].map((lane) =>
      this.element(binding, offsetText(base, lane * stride)),
    );
    return `${type}(${offsets.join(', ')})`;
  }

  /** Text of an expression that will be repeated: a name. */
  private hold(expr: Expr, width: Width): string {
    const text = this.print(expr, width);
    if (/^\w+$/.test(text)) return text;
    const scope = this.scopeOf(expr);
    const key = `${this.shared.id(expr)}:${width}`;
    return scope.names.get(key) ?? this.scopes.name(scope, key, text);
  }

  private fold(expr: ExprOf<'fold'>, width: Width): string {
    const { helpers } = this.options;
    const scope = this.scopeOf(expr);
    const total = this.fresh();
    const step = this.fresh();
    this.open([[expr.axis, step]]);
    this.within = this.scopes.top;
    this.nameDepths(expr.body, width);
    const value = this.print(expr.body, width);
    const next = combineText(expr.combine, expr.type, total, wrapped(value), width, helpers);
    const inner = this.close();
    const lines = indented([...inner, `${total} = ${next};`]);
    scope.lines.push(
      `var ${total} = ${identityText(expr.combine, expr.type, width, helpers)};`,
      `for (var ${step} = 0; ${step} < ${expr.extent}; ${step}++) {\n${lines}}`,
    );
    return total;
  }

  private call(expr: ExprOf<'call'>, width: Width): string {
    const { helpers } = this.options;
    const lane = expr.args[6];
    const group = expr.args.slice(0, 6);
    const { stride, multiple } = lane === undefined ? uniformNone : this.lanes.of(lane);
    if (
      width === 4 &&
      stride === 1 &&
      multiple % 4 === 0 &&
      group.every((x) => this.lanes.isUniform(x))
    )
      return callText(
        expr.fn,
        group.map((x) => this.print(x, 1)),
        helpers,
      );
    if (width === 1)
      return callText(
        expr.fn,
        expr.args.map((x) => this.print(x, 1)),
        helpers,
      );
    const columns = expr.args.map((x) =>
      this.lanes.isUniform(x) ? this.hold(x, 1) : this.hold(x, 4),
    );
    const calls = lanes.map((name) =>
      callText(
        expr.fn,
        columns.map((text, i) =>
          this.lanes.isUniform(expr.args[i] as Expr) ? text : `${text}.${name}`,
        ),
        helpers,
      ),
    );
    return `${wgslType(expr.type, 4)}(${calls.join(', ')})`;
  }
}

const constantValue = (expr: Expr): number | undefined =>
  expr.kind === 'const' ? Number(expr.value) : undefined;

const uniformNone = { stride: undefined, multiple: 1 } as const;

const offsetText = (base: string, offset: number): string =>
  offset === 0 ? base : offset < 0 ? `${base} - ${-offset}` : `${base} + ${offset}`;
