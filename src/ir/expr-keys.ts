/**
 * Structural keys of expressions: within one ExprKeys, equal expressions get equal strings, however
 * their nodes are shared. Shared nodes are looked at once.
 */
import { quoted } from './byte-strings.js';
import { operands, rewrite, type Expr } from './expr.js';

export class ExprKeys {
  readonly #keys = new Map<Expr, string>();
  readonly #ids = new Map<string, number>();

  of(expr: Expr): string {
    const known = this.#keys.get(expr);
    if (known !== undefined) return known;
    rewrite(expr, (node) => {
      if (!this.#keys.has(node)) this.#keys.set(node, this.#intern(node));
      return node;
    });
    return this.#keys.get(expr) as string;
  }

  #intern(node: Expr): string {
    const parts = operands(node).map((operand) => this.#keys.get(operand));
    const text = nodeKey(node, parts);
    const id = this.#ids.get(text) ?? this.#ids.size;
    this.#ids.set(text, id);
    return `#${id}`;
  }
}

/** Tells a node from all others, given what stands for each of its operands. */
export const nodeKey = (node: Expr, inputs: readonly unknown[]): string =>
  `${node.kind}|${node.type}|${detailOf(node)}|${inputs.join(',')}`;

function detailOf(node: Expr): string {
  switch (node.kind) {
    case 'const':
      return typeof node.value === 'string'
        ? quoted(node.value)
        : Object.is(node.value, -0)
          ? '-0'
          : String(node.value);
    case 'index':
      return String(node.axis);
    case 'load':
      return String(node.value);
    case 'read':
      return String(node.binding);
    case 'stage':
      return String(node.stage);
    case 'fold':
      return `${node.combine}:${node.axis}:${node.extent}`;
    case 'unary':
    case 'binary':
    case 'call':
      return node.fn;
    case 'check':
      return JSON.stringify(node.failure);
    case 'acc':
    case 'select':
    case 'cast':
    case 'bitcast':
      return '';
  }
}
