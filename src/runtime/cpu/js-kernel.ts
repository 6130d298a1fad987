/**
 * Kernel to JavaScript: the body of a function `(buffers, begin, end)` over a flattened range of
 * units (map: points, reduce: rows, contract: rows of batch * m, scatter: updates), so that an executor can slice a
 * long kernel. Within one point all reads come before all stores, and the element stores of a
 * reduce row before its row stores, so an in-place update sees the old values.
 */
import { elementCount } from '../../graph/shape.js';
import type {
  Kernel,
  MapKernel,
  MapPart,
  MapsKernel,
  ReduceKernel,
  ScatterKernel,
} from '../../ir/kernel.js';
import {
  childScope,
  ExprGraph,
  environment,
  rootScope,
  type Environment,
  type Node,
  type Scope,
  type Variable,
} from './expr-graph.js';
import {
  advanceCounters,
  countersOf,
  indexVariable,
  prepareStores,
  splitStores,
  startCounters,
  storeLines,
  wrapSource,
  type PrintedKernel,
} from './js-block.js';
import { printContract } from './js-contract.js';
import { bufferName, printNodes } from './js-expr.js';
import { binaryText, combineText, finishText, identityText, unaryText } from './js-ops.js';
import { isBig } from './js-values.js';

/** Prints a kernel. The text depends on what is computed only, not on labels. */
export function printKernelJs(kernel: Kernel): PrintedKernel {
  switch (kernel.kind) {
    case 'map':
      return printMap(kernel);
    case 'maps':
      return printMaps(kernel);
    case 'reduce':
      return printReduce(kernel);
    case 'contract':
      return printContract(kernel);
    case 'scatter':
      return printScatter(kernel);
  }
}

/** What one point does: its texts are known when the whole graph has been printed. */
interface PointBody {
  /** Steps besides the expressions. */
  readonly work: number;
  readonly lines: () => readonly string[];
}

/** Loops over the points from `begin` to before `end`. */
interface PrintedPoints {
  readonly lines: readonly string[];
  readonly units: number;
  readonly work: number;
  readonly failures: PrintedKernel['failures'];
}

/** Nested loops over the points of a shape, in row-major order. */
function pointLoops(
  shape: readonly number[],
  prepare: (graph: ExprGraph, point: Scope, env: Environment) => PointBody,
): PrintedPoints {
  const units = elementCount(shape);
  const counters = countersOf(shape);
  const column = counters.at(-1) ?? { axis: 0, extent: 1 };
  const outer = counters.slice(0, -1);
  const root = rootScope();
  const row = childScope(root, true, units / column.extent);
  const point = childScope(row, true, column.extent);
  const axes = new Map<number, Variable>();
  for (const [axis, extent] of shape.entries())
    axes.set(axis, indexVariable(axis, extent, axis === column.axis ? point : row));
  const graph = new ExprGraph();
  const body = prepare(graph, point, environment(axes));
  const work = printNodes(graph) + units * body.work;
  const i = `i${column.axis}`;
  const lines = [
    ...root.lines,
    `let first = begin % ${column.extent};`,
    ...startCounters(outer, `(begin - first) / ${column.extent}`),
    'for (let left = end - begin; left > 0;) {',
    `const stop = Math.min(${column.extent}, first + left);`,
    'left -= stop - first;',
    ...row.lines,
    `for (let ${i} = first; ${i} < stop; ${i}++) {`,
    ...point.lines,
    ...body.lines(),
    '}',
    'first = 0;',
    ...advanceCounters(outer),
    '}',
  ];
  return { lines, units, work, failures: graph.failures };
}

function printPoints(kernel: Kernel, { lines, ...facts }: PrintedPoints): PrintedKernel {
  return { source: wrapSource(kernel, lines), grain: 1, ...facts };
}

const mapLoops = ({ shape, stores }: MapPart): PrintedPoints =>
  pointLoops(shape, (graph, point, env) => {
    const prepared = prepareStores(graph, stores, point, env);
    return { work: prepared.length, lines: () => storeLines(prepared) };
  });

const printMap = (kernel: MapKernel): PrintedKernel => printPoints(kernel, mapLoops(kernel));

/** One range after another, each part in a function of its own. */
function printMaps(kernel: MapsKernel): PrintedKernel {
  const lines: string[] = [];
  let [units, work] = [0, 0];
  for (const [i, map] of kernel.parts.map(mapLoops).entries()) {
    const [from, to] = [units, units + map.units];
    lines.push(
      `const part${i} = (begin, end) => {`,
      ...map.lines,
      '};',
      `if (begin < ${to} && end > ${from})`,
      `part${i}(Math.max(begin - ${from}, 0), Math.min(end, ${to}) - ${from});`,
    );
    units = to;
    work += map.work;
  }
  return { source: wrapSource(kernel, lines), units, grain: 1, work, failures: [] };
}

/** The updates of a scatter, one after another; the fill is a kernel of its own. */
function printScatter(kernel: ScatterKernel): PrintedKernel {
  const { shape, type, combine, round, initial, bindings } = kernel;
  const loops = pointLoops(shape, (graph, point, env) => {
    const at = graph.use(kernel.at, point, env);
    const value = graph.use(kernel.value, point, env);
    return {
      work: isBig(type) ? 20 : 3,
      lines: () => {
        const element = `${bufferName(initial.binding)}[at]`;
        const next = binaryText(scatterFunctions[combine], type, element, value.text);
        const rounded = round === null ? next : unaryText(round, type, next);
        const length = bindings[initial.binding]?.length ?? 0;
        return [
          `const at = ${at.text};`,
          `if (at >= 0 && at < ${length}) ${element} = ${rounded};`,
        ];
      },
    };
  });
  return printPoints(kernel, loops);
}

const scatterFunctions = { sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const;

interface InnerLoops {
  readonly scopes: readonly Scope[];
  readonly point: Scope;
  readonly axes: ReadonlyMap<number, Variable>;
}

/** Nested loops over the inner axes of a reduce kernel, inside `parent`. */
function innerLoops(
  kernel: ReduceKernel,
  parent: Scope,
  rowAxes: ReadonlyMap<number, Variable>,
): InnerLoops {
  const axes = new Map(rowAxes);
  const scopes: Scope[] = [];
  let point = parent;
  for (const [i, extent] of kernel.inner.entries()) {
    const axis = kernel.shape.length + i;
    if (extent !== 1) {
      point = childScope(point, true, extent);
      scopes.push(point);
    }
    axes.set(axis, indexVariable(axis, extent, point));
  }
  if (point === parent) {
    point = childScope(parent, false);
    scopes.push(point);
  }
  return { scopes, point, axes };
}

function printLoops(kernel: ReduceKernel, loops: InnerLoops, body: readonly string[]): string[] {
  const counters = countersOf(kernel.inner, kernel.shape.length);
  const heads = counters.map(
    ({ axis, extent }) => `for (let i${axis} = 0; i${axis} < ${extent}; i${axis}++) {`,
  );
  if (heads.length === 0) heads.push('{');
  const open = heads.flatMap((head, i) => [head, ...(loops.scopes[i]?.lines ?? [])]);
  return [...open, ...body, ...heads.map(() => '}')];
}

interface PreparedStage {
  readonly loops: InnerLoops;
  readonly value: Node;
  /** Block after the loop, where the result can be read. */
  readonly after: Scope;
}

function printReduce(kernel: ReduceKernel): PrintedKernel {
  const units = elementCount(kernel.shape);
  const counters = countersOf(kernel.shape);
  const root = rootScope();
  const row = childScope(root, true, units);
  const rowAxes = new Map(
    kernel.shape.map((extent, axis) => [axis, indexVariable(axis, extent, row)]),
  );
  const graph = new ExprGraph();
  const results: Variable[] = [];
  let at = row;
  const stages = kernel.stages.map((stage, s): PreparedStage => {
    const loops = innerLoops(kernel, at, rowAxes);
    const value = graph.use(stage.value, loops.point, environment(loops.axes, [...results]));
    at = childScope(at, false);
    results.push({ text: `r${s}`, scope: at });
    return { loops, value, after: at };
  });
  const rowStores = prepareStores(graph, kernel.rowStores, at, environment(rowAxes, results));
  const last = innerLoops(kernel, at, rowAxes);
  const elementStores = prepareStores(
    graph,
    kernel.elementStores,
    last.point,
    environment(last.axes, results),
  );
  const passes = kernel.stages.length + (elementStores.length > 0 ? 1 : 0);
  const work = printNodes(graph) + units * (2 + passes * elementCount(kernel.inner));
  const rowLines = splitStores(rowStores, 'w');
  const elements =
    elementStores.length > 0 ? printLoops(kernel, last, storeLines(elementStores)) : [];
  const source = wrapSource(kernel, [
    ...root.lines,
    ...startCounters(counters, 'begin'),
    'for (let row = begin; row < end; row++) {',
    ...row.lines,
    ...stages.flatMap((stage, s) => printStage(kernel, s, stage)),
    ...rowLines.compute,
    ...elements,
    ...rowLines.store,
    ...advanceCounters(counters),
    '}',
  ]);
  return { source, units, grain: 1, work, failures: graph.failures };
}

function printStage(
  kernel: ReduceKernel,
  s: number,
  { loops, value, after }: PreparedStage,
): string[] {
  const stage = kernel.stages[s];
  if (stage === undefined) return [];
  const { combine, type } = stage;
  const step = `a${s} = ${combineText(combine, type, `a${s}`, value.text)};`;
  return [
    `let a${s} = ${identityText(combine, type)};`,
    ...printLoops(kernel, loops, [step]),
    `const r${s} = ${finishText(combine, type, `a${s}`)};`,
    ...after.lines,
  ];
}
