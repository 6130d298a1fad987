/** What a Program will do, as plain data and as a table: which ops became which kernels, and costs. */
import type { DType } from '../graph/dtype.js';
import { elementCount, formatShape, type StaticShape } from '../graph/shape.js';
import type { Kernel } from '../ir/kernel.js';
import type { BufferDecl, FetchSource, Place, Program, Step } from '../ir/program.js';
import { fillOf } from '../ir/scatter-fill.js';
import { storageBytes, storedLength } from '../ir/storage.js';
import { kernelCost, type KernelCost } from './kernel-cost.js';

export interface ExplainedKernel extends KernelCost {
  /** Index among the program's steps. */
  readonly step: number;
  readonly kind: Kernel['kind'];
  readonly place: Place;
  readonly label: string;
  /** Graph nodes fused into it, first to last. */
  readonly nodes: readonly string[];
  /** Iteration space of the outputs: of rows for a reduce, batch, m and n for a contract, all for maps. */
  readonly shape: StaticShape;
  /** Extents summed or combined over; of a scatter, those of its updates. */
  readonly reduced: StaticShape;
}

export interface ExplainedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: StaticShape;
  /** Bytes it takes where the run holds it. */
  readonly byteLength: number;
}

export interface ExplainedVariable extends ExplainedTensor {
  readonly place: Place;
  readonly reads: boolean;
  readonly writes: boolean;
}

export interface Explanation {
  readonly kernels: readonly ExplainedKernel[];
  /** Kernels started per run, on the device and on the host. A device starts a scatter's fill too. */
  readonly dispatches: number;
  /** Copies within a place: snapshots of variables, and new values not computed in place. */
  readonly copies: number;
  /** Moves between device and host during a run, feeds and fetches apart. */
  readonly transfers: number;
  readonly flops: number;
  readonly feeds: readonly ExplainedTensor[];
  readonly fetches: readonly (ExplainedTensor & { readonly source: FetchSource['kind'] })[];
  readonly variables: readonly ExplainedVariable[];
  /** Memory for temporaries, after sharing; of strings, the references to them. */
  readonly arenaBytes: number;
  readonly constantBytes: number;
  readonly variableBytes: number;
}

export function explainProgram(program: Program): Explanation {
  const kernels = program.steps.flatMap((step, i): ExplainedKernel[] => {
    if (step.kind !== 'kernel') return [];
    const { kernel, place, nodes } = step;
    const { kind, label } = kernel;
    return [{ step: i, kind, place, label, nodes, ...spaceOf(kernel), ...kernelCost(kernel) }];
  });
  const variables = program.variables.map(
    ({ key, dtype, shape, place, storage, reads, writes }): ExplainedVariable => {
      const byteLength = Math.max(1, storedLength(dtype, shape)) * storageBytes(storage);
      return { name: key.replace(/^\//, ''), dtype, shape, place, reads, writes, byteLength };
    },
  );
  const bytesOf = (isWanted: (buffer: BufferDecl) => boolean): number =>
    sum(program.buffers.filter(isWanted).map((buffer) => buffer.byteLength));
  return {
    kernels,
    dispatches: sum(program.steps.map(dispatchesOf)),
    copies: program.steps.filter((step) => step.kind === 'copy').length,
    transfers: program.steps.filter((step) => step.kind === 'transfer').length,
    flops: sum(kernels.map((kernel) => kernel.flops)),
    feeds: program.feeds.map((feed, i) => ({
      ...feed,
      byteLength: bytesOf(({ role }) => role.kind === 'feed' && role.feed === i),
    })),
    fetches: program.fetches.map((fetch, i) => explainFetch(program, fetch, i)),
    variables,
    arenaBytes:
      sum(program.slots.map((slot) => slot.byteLength)) +
      bytesOf(({ role }) => role.kind === 'strings'),
    constantBytes: bytesOf(({ role }) => role.kind === 'constant'),
    variableBytes: sum(variables.map((variable) => variable.byteLength)),
  };
}

function dispatchesOf(step: Step): number {
  if (step.kind !== 'kernel') return 0;
  const { kernel, place } = step;
  return place === 'device' && kernel.kind === 'scatter' && fillOf(kernel) !== null ? 2 : 1;
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);

function spaceOf(kernel: Kernel): Pick<ExplainedKernel, 'shape' | 'reduced'> {
  switch (kernel.kind) {
    case 'map':
      return { shape: kernel.shape, reduced: [] };
    case 'maps':
      return { shape: [sum(kernel.parts.map((part) => elementCount(part.shape)))], reduced: [] };
    case 'reduce':
      return { shape: kernel.shape, reduced: kernel.inner };
    case 'contract':
      return { shape: [kernel.batch, kernel.m, kernel.n], reduced: [kernel.k] };
    case 'scatter':
      return { shape: kernel.out, reduced: kernel.shape };
  }
}

function explainFetch(
  program: Program,
  fetch: FetchSource,
  i: number,
): Explanation['fetches'][number] {
  const source = fetch.kind;
  switch (fetch.kind) {
    case 'buffer': {
      const buffer = program.buffers[fetch.buffer];
      const { dtype, shape } = fetch;
      return {
        source,
        name: buffer?.label ?? '',
        dtype,
        shape,
        byteLength: buffer?.byteLength ?? 0,
      };
    }
    case 'constant': {
      const { dtype, shape } = fetch.data;
      return { source, name: `fetch ${i}`, dtype, shape, byteLength: 0 };
    }
    case 'feed': {
      const { name = '', dtype = 'float32' } = program.feeds[fetch.feed] ?? {};
      return { source, name, dtype, shape: fetch.shape, byteLength: 0 };
    }
  }
}

/** The explanation as a table of kernels, then what surrounds them, columns aligned. */
export function formatExplanation(explanation: Explanation): string {
  const { kernels, copies, transfers, flops, feeds, fetches, variables } = explanation;
  const onHost = kernels.filter((kernel) => kernel.place === 'host').length;
  const rows = kernels.map((kernel) => [
    String(kernel.step),
    kernel.kind,
    kernel.place,
    spaceText(kernel),
    formatBytes(kernel.bytesRead),
    formatBytes(kernel.bytesWritten),
    formatFlops(kernel.flops),
    kernel.nodes.join(' + '),
  ]);
  const tensors = (title: string, list: readonly ExplainedTensor[], note: Note = () => ''): Row[] =>
    list.map((tensor) => [title, ...tensorCells(tensor), note(tensor)]);
  return [
    `${kernels.length} kernels (${kernels.length - onHost} on the device, ${onHost} on the host), ${copies} copies, ${transfers} transfers, ${formatFlops(flops)}`,
    `memory: variables ${formatBytes(explanation.variableBytes)}, constants ${formatBytes(explanation.constantBytes)}, arena ${formatBytes(explanation.arenaBytes)}`,
    '',
    ...alignRows([['step', 'kind', 'place', 'space', 'read', 'written', 'work', 'ops'], ...rows]),
    '',
    ...alignRows([
      ...tensors('feed', feeds),
      ...tensors('variable', variables, (v) => usesOf(v as ExplainedVariable)),
      ...tensors('fetch', fetches),
    ]),
  ].join('\n');
}

type Row = readonly string[];
type Note = (tensor: ExplainedTensor) => string;

const tensorCells = ({ name, dtype, shape, byteLength }: ExplainedTensor): Row => [
  name,
  dtype,
  formatShape(shape),
  formatBytes(byteLength),
];

const usesOf = ({ reads, writes }: ExplainedVariable): string =>
  [reads ? 'read' : '', writes ? 'written' : ''].filter((word) => word !== '').join(', ');

const spaceText = ({ kind, shape, reduced }: ExplainedKernel): string =>
  kind === 'map' || kind === 'maps'
    ? formatShape(shape)
    : `${formatShape(shape)} over ${formatShape(reduced)}`;

/** Pads every column but the last to its widest cell. */
function alignRows(rows: readonly Row[]): string[] {
  const widths = new Map<number, number>();
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths.set(i, Math.max(widths.get(i) ?? 0, cell.length));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths.get(i) ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `512 B`, `3.1 KiB`, `98 MiB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

/** `512 FLOP`, `3.1 kFLOP`, `98 MFLOP`. */
const formatFlops = (flops: number): string =>
  scaled(flops, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP']);

function scaled(value: number, step: number, units: readonly string[]): string {
  let at = 0;
  let rest = value;
  while (rest >= step && at < units.length - 1) {
    rest /= step;
    at++;
  }
  const digits = at === 0 || rest >= 100 ? rest.toFixed(0) : rest.toPrecision(2);
  return `${digits} ${units[at] ?? ''}`;
}
