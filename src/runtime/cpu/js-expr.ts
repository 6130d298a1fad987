/**
 * Expression graph to JavaScript: one pass, operands first, that writes each named node as a
 * `const` into the scope it lives in and leaves everything else as text inside its user. Nothing
 * recurses, so long fused chains are safe.
 */
import { InternalError } from '../../errors.js';
import { operands, type Expr, type ScalarType } from '../../ir/expr.js';
import { isTrivial, placeNodes, type ExprGraph, type Node, type Scope } from './expr-graph.js';
import { binaryText, combineText, finishText, identityText, unaryText } from './js-ops.js';
import { bitcastText, castText, constText, isBig } from './js-values.js';

/** Longer texts get a name, to keep the generated code's nesting shallow. */
const maxInlineLength = 240;

/** Name of the buffer at a binding in generated code. */
export const bufferName = (binding: number): string => `b${binding}`;

/** An out-of-range read gives undefined, which BigInt arithmetic would throw on. */
function readText(type: ScalarType, binding: number, at: string): string {
  const element = `${bufferName(binding)}[${at}]`;
  if (type === 'bool') return `(${element} !== 0)`;
  return isBig(type) ? `(${element} ?? 0n)` : element;
}

function foldText(node: Node): string {
  const { expr, inner, loop, id } = node;
  const [body] = node.inputs;
  const [scope] = inner;
  if (expr.kind !== 'fold' || body === undefined || scope === undefined || loop === undefined)
    throw new InternalError('A fold needs a body and a loop variable.');
  const step = combineText(expr.combine, expr.type, `t${id}`, body.text);
  node.home?.lines.push(
    `let t${id} = ${identityText(expr.combine, expr.type)};`,
    `for (let ${loop.text} = 0; ${loop.text} < ${expr.extent}; ${loop.text}++) {`,
    ...scope.lines,
    `t${id} = ${step};`,
    '}',
  );
  return finishText(expr.combine, expr.type, `t${id}`);
}

/** A ternary, or an `if` where a side needs statements of its own. */
function selectText(node: Node): string {
  const [cond, a, b] = node.inputs.map((input) => input.text);
  const [whenTrue, whenFalse] = node.inner.map((scope) => scope.lines);
  if (!whenTrue?.length && !whenFalse?.length) return `(${cond} ? ${a} : ${b})`;
  const name = `t${node.id}`;
  node.home?.lines.push(
    `let ${name};`,
    `if (${cond}) {`,
    ...(whenTrue ?? []),
    `${name} = ${a};`,
    '} else {',
    ...(whenFalse ?? []),
    `${name} = ${b};`,
    '}',
  );
  return name;
}

/** The value, after an `if` that leaves the kernel where the check fails. */
function checkText(node: Node): string {
  const [x = '', ok = '', ...args] = node.inputs.map((input) => input.text);
  const lines = node.inner[0]?.lines ?? [];
  node.home?.lines.push(
    `if (!${ok}) {`,
    ...lines,
    `fail(${node.text}, [${args.join(', ')}]);`,
    '}',
  );
  return x;
}

function nodeText(node: Node): string {
  const { expr } = node;
  const [x = '', y = ''] = node.inputs.map((input) => input.text);
  const from = node.inputs[0]?.expr.type ?? expr.type;
  switch (expr.kind) {
    case 'read':
      return readText(expr.type, expr.binding, x);
    case 'unary':
      return unaryText(expr.fn, from, x);
    case 'binary':
      return binaryText(expr.fn, from, x, y);
    case 'select':
      return selectText(node);
    case 'cast':
      return castText(expr.type, from, x);
    case 'bitcast':
      return bitcastText(expr.type, from, x);
    case 'fold':
      return foldText(node);
    case 'call':
      return `L.${expr.fn}(${node.inputs.map((input) => input.text).join(', ')})`;
    case 'check':
      return checkText(node);
    case 'const':
      return constText(expr.type, expr.value);
    case 'index':
    case 'stage':
    case 'acc':
    case 'load':
      return node.text;
  }
}

const isName = (text: string): boolean => /^\w+$/.test(text);

function settle(node: Node, home: Scope, text: string): string {
  const inline = node.uses === 1 && node.late === home && text.length <= maxInlineLength;
  if (inline || isTrivial(node.expr) || isName(text)) return text;
  const name = node.expr.kind === 'fold' ? `v${node.id}` : `t${node.id}`;
  home.lines.push(`const ${name} = ${text};`);
  return name;
}

/** Rough cost of one evaluation, in additions. */
function costOf(expr: Expr): number {
  if (isTrivial(expr)) return 0;
  if (expr.kind === 'call') return 60;
  if (expr.type === 'str' || operands(expr).some(({ type }) => type === 'str')) return 20;
  const slow = isBig(expr.type) ? 20 : 1;
  return expr.kind === 'unary' && expr.fn !== 'neg' && expr.fn !== 'abs' ? 16 * slow : slow;
}

/**
 * Prints all nodes: afterwards scopes hold their statements and used nodes their text.
 * @returns the estimated work of the whole, in additions.
 */
export function printNodes(graph: ExprGraph): number {
  placeNodes(graph);
  let work = 0;
  for (const node of graph.nodes) {
    if (node.home === null) continue;
    work += node.home.trips * costOf(node.expr);
    node.text = settle(node, node.home, nodeText(node));
  }
  return work;
}
