/**
 * Scopes of the function being printed (a loop body, an unrolled copy): the index variables each
 * defines, its statements, and the names of the temporaries among them.
 */
import { InternalError } from '../../errors.js';

export interface Scope {
  /** Index variables this scope defines: axis to i32 expression (at lane 0). */
  readonly axes: ReadonlyMap<number, string>;
  readonly lines: string[];
  /** Temporary per expression. */
  readonly names: Map<string, string>;
}

export class ScopeStack {
  private readonly scopes: Scope[] = [];
  private counter = 0;

  /** @param prefix start of the names of temporaries. */
  constructor(private readonly prefix: string) {}

  open(axes: Iterable<readonly [number, string]>): void {
    this.scopes.push({ axes: new Map(axes), lines: [], names: new Map() });
  }

  close(): string[] {
    const { lines } = this.top;
    this.scopes.pop();
    return lines;
  }

  get top(): Scope {
    const scope = this.scopes[this.scopes.length - 1];
    if (scope === undefined) throw new InternalError('ExprPrinter: no scope is open.');
    return scope;
  }

  /** The outermost scope in which all these index variables are defined. */
  of(axes: ReadonlySet<number>): Scope {
    for (let depth = this.scopes.length - 1; depth > 0; depth--) {
      const scope = this.scopes[depth];
      if (scope !== undefined && [...scope.axes.keys()].some((axis) => axes.has(axis)))
        return scope;
    }
    return this.scopes[0] ?? this.top;
  }

  /** Text of an index variable, or undefined if no open scope defines it. */
  index(axis: number): string | undefined {
    for (let depth = this.scopes.length - 1; depth >= 0; depth--) {
      const name = this.scopes[depth]?.axes.get(axis);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  fresh(): string {
    return `${this.prefix}${this.counter++}`;
  }

  /** Gives `text` a name in a scope; later prints of the expression with this key use it. */
  name(scope: Scope, key: string, text: string): string {
    const name = this.fresh();
    scope.lines.push(`let ${name} = ${text};`);
    scope.names.set(key, name);
    return name;
  }
}
