/**
 * Contraction kernels as JavaScript. Blocks of `a` and `b` are evaluated (with their prologues) into
 * packed scratch arrays, multiplied by the shared loop of contract-tile.ts, and the stores run over
 * each finished block. Where a batch has too few rows for packing `b` to pay, `b` is read in place.
 */
import type { Expr } from '../../ir/expr.js';
import { contractAxes, type ContractKernel } from '../../ir/kernel.js';
import { columnBlock, depthBlock, rowBlock, thinBlock, tile } from './contract-tile.js';
import {
  childScope,
  environment,
  rootScope,
  type Environment,
  ExprGraph,
  type Scope,
  type Variable,
} from './expr-graph.js';
import {
  indexVariable,
  prepareStores,
  storeLines,
  wrapSource,
  type PreparedStore,
  type PrintedKernel,
} from './js-block.js';
import { printNodes } from './js-expr.js';
import { combineText, finishText } from './js-ops.js';
import { isBig } from './js-values.js';

const { batch, m, n, k } = contractAxes;
/**
 * From this many rows on, evaluating `b` once per block of rows costs less than it saves; not so
 * with fewer columns than a tile has, unless `b` is costly.
 */
const packRows = 4;

/** Prints a contraction. Units are rows: batch * m. */
export function printContract(kernel: ContractKernel): PrintedKernel {
  const isThin = kernel.m < packRows || (kernel.n < tile && kernel.b.kind === 'read');
  const graph = new ExprGraph();
  const root = rootScope();
  const printed = isThin ? printThin(kernel, graph, root) : printPacked(kernel, graph, root);
  const units = kernel.batch * kernel.m;
  const macs = units * kernel.n * kernel.k * (isBig(kernel.type) ? 100 : 1);
  const lines = [
    ...root.lines,
    `const scratch = L.contractScratch('${kernel.type}');`,
    'const { a, b, acc } = scratch;',
    ...printed.lines,
  ];
  const grain = isThin ? 1 : Math.min(rowBlock, kernel.m);
  const source = wrapSource(kernel, lines);
  return { source, units, grain, work: printed.work + macs, failures: graph.failures };
}

/** A loop nest of two axes inside a block: the outer loop, and the inner one. */
interface Nest {
  readonly outer: Scope;
  readonly point: Scope;
  readonly env: Environment;
}

/** `axes` are the contraction's axes the two loops run over, with their trip counts. */
function nest(
  kernel: ContractKernel,
  parent: Scope,
  outerAxis: number,
  innerAxis: number,
  around: ReadonlyMap<number, Variable>,
  acc?: Variable,
): Nest {
  const extents = [kernel.batch, kernel.m, kernel.n, kernel.k];
  const outerExtent = extents[outerAxis] ?? 1;
  const innerExtent = extents[innerAxis] ?? 1;
  const outer = childScope(parent, true, outerExtent);
  const point = childScope(outer, true, innerExtent);
  const axes = new Map(around);
  axes.set(outerAxis, indexVariable(outerAxis, outerExtent, outer));
  axes.set(innerAxis, indexVariable(innerAxis, innerExtent, point));
  return { outer, point, env: environment(axes, [], acc) };
}

/** The accumulator as the stores see it, rounded or reinterpreted to the kernel's type. */
const accumulated = (kernel: ContractKernel, element: string): string =>
  kernel.type === 'u32' ? `${element} >>> 0` : finishText('sum', kernel.type, element);

const clearValue = (kernel: ContractKernel): string => (isBig(kernel.type) ? '0n' : '0');

interface Printed {
  readonly lines: readonly string[];
  readonly work: number;
}

function epilogue(
  kernel: ContractKernel,
  graph: ExprGraph,
  parent: Scope,
  around: ReadonlyMap<number, Variable>,
): Nest & { readonly stores: readonly PreparedStore[] } {
  const sum: { text: string; scope: Scope | null } = { text: 'sum', scope: null };
  const loops = nest(kernel, parent, m, n, around, sum);
  sum.scope = loops.point;
  return { ...loops, stores: prepareStores(graph, kernel.stores, loops.point, loops.env) };
}

function printPacked(kernel: ContractKernel, graph: ExprGraph, root: Scope): Printed {
  const block = childScope(root, true, kernel.batch);
  const around = new Map([[batch, indexVariable(batch, kernel.batch, block)]]);
  const left = nest(kernel, block, m, k, around);
  const right = nest(kernel, block, k, n, around);
  const aNode = graph.use(kernel.a, left.point, left.env);
  const bNode = graph.use(kernel.b, right.point, right.env);
  const end = epilogue(kernel, graph, block, around);
  const work = printNodes(graph);
  const multiply = isBig(kernel.type)
    ? 'multiplyBig'
    : kernel.type === 'f32' || kernel.type === 'f64'
      ? 'multiplyFloat'
      : 'multiplyInt';
  const lines = [
    'for (let row = begin; row < end;) {',
    `const i${batch} = row / ${kernel.m} | 0, m0 = row - i${batch} * ${kernel.m};`,
    `const rows = Math.min(${rowBlock}, end - row, ${kernel.m} - m0);`,
    'row += rows;',
    ...block.lines,
    `for (let n0 = 0; n0 < ${kernel.n}; n0 += ${columnBlock}) {`,
    `const columns = Math.min(${columnBlock}, ${kernel.n} - n0);`,
    `acc.fill(${clearValue(kernel)}, 0, rows * ${columnBlock});`,
    `for (let k0 = 0; k0 < ${kernel.k}; k0 += ${depthBlock}) {`,
    `const depth = Math.min(${depthBlock}, ${kernel.k} - k0), k1 = k0 + depth;`,
    `for (let i${m} = m0, at = 0; i${m} < m0 + rows; i${m}++) {`,
    ...left.outer.lines,
    `for (let i${k} = k0; i${k} < k1; i${k}++, at++) {`,
    ...left.point.lines,
    `a[at] = ${aNode.text};`,
    '}',
    '}',
    `for (let i${k} = k0, at = 0; i${k} < k1; i${k}++, at += ${tile}) {`,
    ...right.outer.lines,
    'for (let j = 0; j < columns; j++) {',
    `const i${n} = n0 + j;`,
    ...right.point.lines,
    `b[at + (j & ${-tile}) * depth + (j & ${tile - 1})] = ${bNode.text};`,
    '}',
    '}',
    `L.${multiply}(scratch, rows, columns, depth);`,
    '}',
    ...epilogueLines(kernel, end, `(i${m} - m0) * ${columnBlock} - n0`, 'm0', 'm0 + rows'),
    '}',
    '}',
  ];
  return { lines, work };
}

/** Loops over the rows and columns of a finished block; `offset + i2` is an accumulator's place. */
const epilogueLines = (
  kernel: ContractKernel,
  end: ReturnType<typeof epilogue>,
  offset: string,
  from: string,
  to: string,
): string[] => [
  `for (let i${m} = ${from}; i${m} < ${to}; i${m}++) {`,
  ...end.outer.lines,
  `const offset = ${offset};`,
  `for (let i${n} = n0; i${n} < n0 + columns; i${n}++) {`,
  `const sum = ${accumulated(kernel, `acc[offset + i${n}]`)};`,
  ...end.point.lines,
  ...storeLines(end.stores),
  '}',
  '}',
];

/** How far one step along `axis` moves the read, where that is a constant. */
function strideOf(expr: Expr, axis: number): number | undefined {
  switch (expr.kind) {
    case 'const':
      return 0;
    case 'index':
      return expr.axis === axis ? 1 : 0;
    case 'binary': {
      const a = strideOf(expr.a, axis);
      const b = strideOf(expr.b, axis);
      if (a === undefined || b === undefined) return undefined;
      if (expr.fn === 'add') return a + b;
      if (expr.fn === 'sub') return a - b;
      if (expr.fn === 'mul' && expr.b.kind === 'const') return a * Number(expr.b.value);
      if (expr.fn === 'mul' && expr.a.kind === 'const') return b * Number(expr.a.value);
      return a === 0 && b === 0 ? 0 : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether `b` lies in memory along k, as the transposed weights of a dense layer do. */
const runsAlongDepth = (b: Expr): boolean => b.kind === 'read' && strideOf(b.at, k) === 1;

/** One row at a time: the row of `a` is evaluated first, then `b` is streamed past it. */
function printThin(kernel: ContractKernel, graph: ExprGraph, root: Scope): Printed {
  const row = childScope(root, true, kernel.batch * kernel.m);
  const around = new Map([
    [batch, indexVariable(batch, kernel.batch, row)],
    [m, indexVariable(m, kernel.m, row)],
  ]);
  const left = nest(kernel, row, m, k, around);
  const dots = kernel.n < tile || runsAlongDepth(kernel.b);
  const right = dots ? nest(kernel, row, n, k, around) : nest(kernel, row, k, n, around);
  const aNode = graph.use(kernel.a, left.point, left.env);
  const bNode = graph.use(kernel.b, right.point, right.env);
  const end = epilogue(kernel, graph, row, around);
  const work = printNodes(graph);
  const product = (x: string): string => {
    const { type } = kernel;
    if (isBig(type)) return `${x} * ${bNode.text}`;
    return type === 'f32' || type === 'f64'
      ? `${x} * ${bNode.text}`
      : `Math.imul(${x}, ${bNode.text})`;
  };
  const add = (to: string, x: string): string =>
    `${to} = ${combineText('sum', kernel.type, to, product(x))};`;
  const lines = [
    'for (let row = begin; row < end; row++) {',
    `const i${batch} = row / ${kernel.m} | 0, m0 = row - i${batch} * ${kernel.m};`,
    '{',
    `const i${m} = m0;`,
    ...row.lines,
    `for (let n0 = 0; n0 < ${kernel.n}; n0 += ${thinBlock}) {`,
    `const columns = Math.min(${thinBlock}, ${kernel.n} - n0);`,
    `acc.fill(${clearValue(kernel)}, 0, columns);`,
    `for (let k0 = 0; k0 < ${kernel.k}; k0 += ${thinBlock}) {`,
    `const k1 = Math.min(k0 + ${thinBlock}, ${kernel.k});`,
    ...left.outer.lines,
    `for (let i${k} = k0; i${k} < k1; i${k}++) {`,
    ...left.point.lines,
    `a[i${k} - k0] = ${aNode.text};`,
    '}',
    ...(dots ? dotLines(right, add) : streamLines(right, add)),
    '}',
    ...epilogueLines(kernel, end, '-n0', 'm0', 'm0 + 1'),
    '}',
    '}',
    '}',
  ];
  return { lines, work };
}

const dotLines = ({ outer, point }: Nest, add: (to: string, x: string) => string): string[] => [
  'for (let j = 0; j < columns; j++) {',
  `const i${n} = n0 + j;`,
  ...outer.lines,
  'let dot = acc[j];',
  `for (let i${k} = k0; i${k} < k1; i${k}++) {`,
  ...point.lines,
  add('dot', `a[i${k} - k0]`),
  '}',
  'acc[j] = dot;',
  '}',
];

const streamLines = ({ outer, point }: Nest, add: (to: string, x: string) => string): string[] => [
  `for (let i${k} = k0; i${k} < k1; i${k}++) {`,
  `const x = a[i${k} - k0];`,
  ...outer.lines,
  'for (let j = 0; j < columns; j++) {',
  `const i${n} = n0 + j;`,
  ...point.lines,
  add('acc[j]', 'x'),
  '}',
  '}',
];
