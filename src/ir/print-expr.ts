/**
 * Expressions as text, for people: infix, with as few parentheses as precedence allows. A node used
 * more than once gets a name, defined on a line of its own ahead of its first use. Names are given
 * in order of appearance, so equal structures print alike whatever numbers their folds carry.
 */
import { quoted } from './byte-strings.js';
import {
  firstFoldAxis,
  operands,
  walk,
  type BinaryFn,
  type Expr,
  type ExprOf,
  type ScalarType,
} from './expr.js';

/** How leaves are called. All have defaults. */
export interface ExprNames {
  /** Name of a kernel's own axis. */
  readonly axis?: (axis: number) => string;
  readonly binding?: (binding: number) => string;
  /** Name of a logical value, before buffers are assigned. */
  readonly value?: (value: number) => string;
}

interface Text {
  readonly text: string;
  readonly level: number;
}

/** Precedence levels; a higher one binds tighter. */
const levels = { choice: 1, or: 2, and: 3, comparison: 4, sum: 5, product: 6, unary: 7, atom: 8 };

const operators: Partial<Record<BinaryFn, readonly [symbol: string, level: number]>> = {
  or: ['|', levels.or],
  xor: ['^', levels.or],
  and: ['&', levels.and],
  shl: ['<<', levels.and],
  shr: ['>>', levels.and],
  lt: ['<', levels.comparison],
  le: ['<=', levels.comparison],
  gt: ['>', levels.comparison],
  ge: ['>=', levels.comparison],
  eq: ['==', levels.comparison],
  ne: ['!=', levels.comparison],
  add: ['+', levels.sum],
  sub: ['-', levels.sum],
  mul: ['*', levels.product],
  div: ['/', levels.product],
  mod: ['%', levels.product],
};

const suffixes: Readonly<Record<ScalarType, string>> = {
  f32: 'f',
  f64: 'd',
  i32: '',
  u32: 'u',
  i64: 'L',
  u64: 'uL',
  bool: '',
  str: '',
  c64: 'c',
  c128: 'cd',
};

/** Prints expressions that share nodes; one printer per kernel. */
export class ExprPrinter {
  readonly #uses = new Map<Expr, number>();
  readonly #texts = new Map<Expr, Text>();
  readonly #folds = new Map<number, string>();
  #pending: string[] = [];
  #sharedCount = 0;

  /** @param roots every expression that will be printed: what they share gets a name. */
  constructor(
    roots: readonly Expr[],
    readonly names: ExprNames = {},
  ) {
    for (const root of roots) this.#count(root);
    walk(roots, (node) => {
      for (const operand of operands(node)) this.#count(operand);
    });
  }

  #count(node: Expr): void {
    this.#uses.set(node, (this.#uses.get(node) ?? 0) + 1);
  }

  /** One line per shared node not printed before, then `line` of the expression's text. */
  lines(expr: Expr, line: (text: string) => string): string[] {
    const text = this.#text(expr).text;
    return [...this.#take(), line(text)];
  }

  /** As `lines`, for two expressions on one line. */
  pair(a: Expr, b: Expr, line: (a: string, b: string) => string): string[] {
    const text = line(this.#text(a).text, this.#text(b).text);
    return [...this.#take(), text];
  }

  #take(): string[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  #text(root: Expr): Text {
    walk([root], (node) => {
      if (this.#texts.has(node)) return;
      this.#texts.set(node, this.#shared(node, this.#of(node)));
    });
    return this.#texts.get(root) as Text;
  }

  /** Gives a shared node that is more than a leaf a name. */
  #shared(node: Expr, text: Text): Text {
    const isLeaf = operands(node).length === 0;
    if (isLeaf || (this.#uses.get(node) ?? 0) < 2) return text;
    const name = `t${this.#sharedCount++}`;
    this.#pending.push(`${name} = ${text.text}`);
    return atom(name);
  }

  #at(node: Expr, level: number): string {
    const known = this.#texts.get(node) as Text;
    return known.level < level ? `(${known.text})` : known.text;
  }

  #list(nodes: readonly Expr[]): string {
    return nodes.map((node) => this.#at(node, 0)).join(', ');
  }

  #of(node: Expr): Text {
    const { binding = (i: number) => `b${i}`, value = (i: number) => `%${i}` } = this.names;
    switch (node.kind) {
      case 'const':
        return constantText(node);
      case 'index':
        return atom(this.#axis(node.axis));
      case 'load':
        return atom(`${value(node.value)}[${this.#list(node.index)}]`);
      case 'read':
        return atom(`${binding(node.binding)}[${this.#at(node.at, 0)}]`);
      case 'stage':
        return atom(`s${node.stage}`);
      case 'acc':
        return atom('acc');
      case 'unary':
        return this.#unary(node);
      case 'binary':
        return this.#binary(node);
      case 'select': {
        const [cond, a, b] = [node.cond, node.a, node.b].map((e) => this.#at(e, levels.or));
        return { text: `${cond} ? ${a} : ${b}`, level: levels.choice };
      }
      case 'cast':
        return atom(`${node.type}(${this.#at(node.x, 0)})`);
      case 'bitcast':
        return atom(`bits_${node.type}(${this.#at(node.x, 0)})`);
      case 'fold':
        return atom(
          `${node.combine}(${this.#axis(node.axis)} < ${node.extent}: ${this.#at(node.body, 0)})`,
        );
      case 'call':
        return atom(`${node.fn}(${this.#list(node.args)})`);
      case 'check':
        return atom(`check(${this.#list([node.x, node.ok])})`);
    }
  }

  #axis(axis: number): string {
    if (axis < firstFoldAxis) return (this.names.axis ?? ((i) => `i${i}`))(axis);
    const known = this.#folds.get(axis);
    if (known !== undefined) return known;
    const name = `j${this.#folds.size}`;
    this.#folds.set(axis, name);
    return name;
  }

  #unary(node: ExprOf<'unary'>): Text {
    const symbol = node.fn === 'neg' ? '-' : node.fn === 'not' ? '!' : null;
    if (symbol === null) return atom(`${node.fn}(${this.#at(node.x, 0)})`);
    return { text: symbol + this.#at(node.x, levels.atom), level: levels.unary };
  }

  #binary(node: ExprOf<'binary'>): Text {
    const operator = operators[node.fn];
    if (operator === undefined) return atom(`${node.fn}(${this.#list([node.a, node.b])})`);
    const [symbol, level] = operator;
    // Comparisons do not chain, and the right side of the others groups first only in parentheses.
    const left = this.#at(node.a, level === levels.comparison ? level + 1 : level);
    return { text: `${left} ${symbol} ${this.#at(node.b, level + 1)}`, level };
  }
}

const atom = (text: string): Text => ({ text, level: levels.atom });

function constantText(node: ExprOf<'const'>): Text {
  const { type, value } = node;
  if (type === 'bool') return atom(value === 0 ? 'false' : 'true');
  if (typeof value === 'string') return atom(quoted(value));
  const text = typeof value === 'number' ? numberText(value, type) : String(value);
  const level = text.startsWith('-') ? levels.unary : levels.atom;
  return { text: text + suffixes[type], level };
}

/** The shortest decimal that gives the value back in its type. */
function numberText(value: number, type: ScalarType): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  if (type !== 'f32') return String(value);
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === rounded) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
