/** Kernels and Programs as text, for people, snapshots and comparisons: stable and complete. */
import { formatShape } from '../graph/shape.js';
import { quoted, toByteString } from './byte-strings.js';
import type { Expr } from './expr.js';
import { kernelExprs, type Kernel, type MapPart, type Store } from './kernel.js';
import { ExprPrinter, type ExprNames } from './print-expr.js';
import type {
  BufferDecl,
  BufferRole,
  FetchSource,
  Program,
  Step,
  VariableDecl,
} from './program.js';

/**
 * An expression, after one line per node it uses more than once.
 *
 * @example printExpr(max(read, constant('f32', 0))); // 'max(b0[i0], 0f)'
 */
export const printExpr = (expr: Expr, names: ExprNames = {}): string =>
  new ExprPrinter([expr], names).lines(expr, (text) => text).join('\n');

const contractAxisNames = ['batch', 'm', 'n', 'k'];

/**
 * A kernel: what it iterates over, its bindings, and what it computes and stores.
 *
 * @param buffers what stands behind each binding, if that is known.
 */
export function printKernel(kernel: Kernel, buffers: readonly string[] = []): string {
  const axis = (i: number): string =>
    kernel.kind === 'contract' ? (contractAxisNames[i] ?? `i${i}`) : `i${i}`;
  const printer = new ExprPrinter(kernelExprs(kernel), { axis });
  const bindings = kernel.bindings.map((binding, i) => {
    const behind = buffers[i] === undefined ? '' : ` = ${buffers[i]}`;
    return `b${i}: ${binding.access} ${binding.storage}[${binding.length}]${behind}`;
  });
  return [headOf(kernel), ...indent([...bindings, ...bodyOf(kernel, printer)])].join('\n');
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function headOf(kernel: Kernel): string {
  const { kind, label } = kernel;
  switch (kind) {
    case 'map':
      return `map ${formatShape(kernel.shape)} "${label}"`;
    case 'maps':
      return `maps "${label}"`;
    case 'reduce':
      return `reduce rows ${formatShape(kernel.shape)} inner ${formatShape(kernel.inner)} "${label}"`;
    case 'contract': {
      const { type, batch, m, n, k } = kernel;
      return `contract ${type} batch ${batch} m ${m} n ${n} k ${k} "${label}"`;
    }
    case 'scatter':
      return `scatter ${formatShape(kernel.shape)} into ${formatShape(kernel.out)} "${label}"`;
  }
}

function bodyOf(kernel: Kernel, printer: ExprPrinter): string[] {
  const stores = (list: readonly Store[]): string[] => storeLines(list, printer);
  switch (kernel.kind) {
    case 'map':
      return stores(kernel.stores);
    case 'maps':
      return kernel.parts.flatMap((part) => section(formatShape(part.shape), partLines(part)));
    case 'reduce':
      return [
        ...kernel.stages.flatMap(({ combine, type, value }, i) =>
          printer.lines(value, (text) => `s${i}: ${type} = ${combine} of ${text}`),
        ),
        ...section('each row', stores(kernel.rowStores)),
        ...section('each element', stores(kernel.elementStores)),
      ];
    case 'contract':
      return [
        ...printer.lines(kernel.a, (text) => `a = ${text}`),
        ...printer.lines(kernel.b, (text) => `b = ${text}`),
        ...stores(kernel.stores),
      ];
    case 'scatter': {
      const { initial, at, value, combine, round } = kernel;
      const rounded = round === null ? '' : `, ${round}`;
      return [
        ...section('each element', stores([initial])),
        ...section(
          'each update',
          printer.pair(
            at,
            value,
            (place, text) => `b${initial.binding}[${place}] = ${combine} with ${text}${rounded}`,
          ),
        ),
      ];
    }
  }
}

/** The same index names another axis in every part, so each has its own names for what it shares. */
function partLines({ stores }: MapPart): string[] {
  const roots = stores.flatMap(({ at, value }) => [at, value]);
  return storeLines(stores, new ExprPrinter(roots, { axis: (i) => `i${i}` }));
}

const storeLines = (list: readonly Store[], printer: ExprPrinter): string[] =>
  list.flatMap(({ binding, at, value }) =>
    printer.pair(at, value, (place, text) => `b${binding}[${place}] = ${text}`),
  );

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}:`, ...indent(lines)];

/** A Program: its buffers, what surrounds a run, and every step with its kernel. */
export function printProgram(program: Program): string {
  const { buffers, feeds, variables, random, slots, steps, fetches } = program;
  const lines = [
    ...section(
      'feeds',
      feeds.map(({ name, dtype, shape }, i) => `${i}: ${name} ${dtype} ${formatShape(shape)}`),
    ),
    ...section('variables', variables.map(variableLine)),
    ...section(
      'random',
      random.map(
        ({ node, advance, seeded }, i) =>
          `${i}: ${node} ${seeded ? 'seeded' : 'unseeded'}, advances by ${advance}`,
      ),
    ),
    ...section('buffers', buffers.map(bufferLine)),
    ...section(
      'slots',
      slots.map(({ place, byteLength }, i) => `${i}: ${place} ${byteLength} bytes`),
    ),
    ...section(
      'steps',
      steps.flatMap((step, i) => stepLines(step, i, buffers)),
    ),
    ...section(
      'fetches',
      fetches.map((fetch, i) => `${i}: ${fetchText(fetch)}`),
    ),
  ];
  return lines.join('\n');
}

function variableLine(variable: VariableDecl, i: number): string {
  const { key, op, dtype, shape, place, storage, reads, writes } = variable;
  const uses = [reads ? 'read' : '', writes ? 'written' : ''].filter((word) => word !== '');
  return `${i}: ${key} ${op} ${dtype} ${formatShape(shape)} ${place} ${storage} ${uses.join(' and ') || 'unused'}`;
}

function bufferLine(buffer: BufferDecl, i: number): string {
  const { role, place, dtype, storage, shape, byteLength, label } = buffer;
  return `#${i}: ${place} ${storage} ${dtype} ${formatShape(shape)} ${byteLength} bytes, ${roleText(role)} "${label}"`;
}

function roleText(role: BufferRole): string {
  switch (role.kind) {
    case 'feed':
      return `feed ${role.feed}`;
    case 'variable':
      return `variable ${role.variable}`;
    case 'temp':
      return `slot ${role.slot}`;
    case 'strings':
      return 'strings of a run';
    case 'constant':
      return `constant ${previewOf(role.data.data)}`;
    case 'random':
      return 'random positions';
  }
}

function previewOf(data: ArrayLike<unknown>): string {
  const shown = Array.from({ length: Math.min(4, data.length) }, (_, i) => previewText(data[i]));
  return `{${shown.join(', ')}${data.length > 4 ? ', ...' : ''}}`;
}

const previewText = (value: unknown): string =>
  value instanceof Uint8Array ? quoted(toByteString(value.subarray(0, 32))) : String(value);

function stepLines(step: Step, i: number, buffers: readonly BufferDecl[]): string[] {
  const name = (buffer: number): string => `#${buffer} "${buffers[buffer]?.label ?? '?'}"`;
  switch (step.kind) {
    case 'kernel': {
      const [head = '', ...rest] = printKernel(step.kernel, step.buffers.map(name)).split('\n');
      return [`${i}: ${step.place} ${head}`, ...indent(rest)];
    }
    case 'copy':
      return [`${i}: ${step.place} copy ${name(step.from)} to ${name(step.to)}`];
    case 'transfer':
      return [`${i}: transfer ${name(step.from)} to ${name(step.to)}`];
  }
}

function fetchText(fetch: FetchSource): string {
  switch (fetch.kind) {
    case 'buffer':
      return `#${fetch.buffer} as ${fetch.dtype} ${formatShape(fetch.shape)}`;
    case 'constant':
      return `constant ${fetch.data.dtype} ${formatShape(fetch.data.shape)}`;
    case 'feed':
      return `feed ${fetch.feed} as ${formatShape(fetch.shape)}`;
  }
}
