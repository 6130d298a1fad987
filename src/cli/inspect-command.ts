/** `defrun inspect`: what a graph file holds, without running anything. */
import type { Command } from 'commander';
import { formatShape } from '../graph/shape.js';
import { exitCodes } from './exit-codes.js';
import { readGraph } from './graph-file.js';
import { summarise, type GraphSummary, type TensorFacts } from './graph-summary.js';
import { Progress, writeLine, type CliIo } from './io.js';

const help = `
Sizes marked ? come from the feeds. FLOPs are an estimate: a multiply-add counts as two, an open
batch dimension as 1, and nodes with other open sizes are left out.

Examples:
  $ defrun inspect frozen.pb
  $ defrun inspect frozen.pb --json`;

export function addInspectCommand(program: Command, io: CliIo, done: (code: number) => void): void {
  program
    .command('inspect')
    .summary('list what a graph file holds')
    .description('Lists inputs, outputs, ops, parameters and cost of a graph file.')
    .argument('<graph>', 'graph file (.pb or .pbtxt)')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(async (path: string, flags: { readonly json?: true }) => {
      const progress = new Progress(io);
      progress.show(`Loading ${path}`);
      const loaded = await readGraph(path, io).finally(() => {
        progress.clear();
      });
      const summary = summarise(loaded);
      await writeLine(
        io.stdout,
        flags.json === true ? JSON.stringify(summary, null, 2) : print(summary),
      );
      done(exitCodes.ok);
    });
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

/** `12.3M`: three digits and a prefix of powers of 1000. */
export function shortNumber(value: number): string {
  const step = Math.min(prefixes.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3)));
  if (value < 1000 || !Number.isFinite(value)) return String(value);
  return `${(value / 1000 ** step).toPrecision(3)}${prefixes[step] ?? ''}`;
}

function tensorLines(tensors: readonly TensorFacts[]): string[] {
  const width = tensors.reduce((n, { name }) => Math.max(n, name.length), 0);
  if (tensors.length === 0) return ['  (none)'];
  return tensors.map(
    ({ name, dtype, shape }) => `  ${name.padEnd(width)}  ${dtype} ${formatShape(shape)}`,
  );
}

function opLines({ ops }: GraphSummary): string[] {
  const width = ops.reduce((n, { type }) => Math.max(n, type.length), 0);
  return ops.map(({ type, count, known, flops, openShapes }) => {
    const notes = [
      known ? '' : 'unknown op',
      flops > 0 ? `${shortNumber(flops)} FLOPs` : '',
      openShapes > 0 ? `${openShapes} of open shape` : '',
    ].filter(Boolean);
    return `  ${type.padEnd(width)}  ${String(count).padStart(5)}  ${notes.join(', ')}`.trimEnd();
  });
}

function print(summary: GraphSummary): string {
  const { versions, unknownOps, parameters, parameterBytes, flops, openShapes } = summary;
  const open = openShapes === 0 ? '' : `, and ${openShapes} nodes of open shape`;
  return [
    `${summary.nodes} nodes, producer ${versions.producer}, minimum consumer ${versions.minConsumer}`,
    ...(summary.functions > 0 ? [`${summary.functions} library functions`] : []),
    'Inputs',
    ...tensorLines(summary.inputs),
    'Outputs',
    ...tensorLines(summary.outputs),
    `Parameters: ${parameters} (${shortNumber(parameterBytes)}B)`,
    `FLOPs: ${shortNumber(flops)}${open}`,
    'Ops',
    ...opLines(summary),
    ...(unknownOps.length > 0 ? [`Op types not supported: ${unknownOps.join(', ')}`] : []),
  ].join('\n');
}
