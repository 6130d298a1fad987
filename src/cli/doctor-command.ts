/** `defrun doctor`: what this machine offers for running graphs, and what it lacks. */
import { release } from 'node:os';
import type { Command } from 'commander';
import { inspectGpu, type GpuReport } from '../runtime/gpu/gpu-report.js';
import { exitCodes } from './exit-codes.js';
import { abortOf, Limit, Progress, writeLine, type CliIo } from './io.js';

/** Facts of the host next to those of the GPU. */
interface DoctorReport extends GpuReport {
  readonly usable: boolean;
  readonly osRelease: string;
  /** C library version, or null where it is not glibc. */
  readonly glibc: string | null;
}

const help = `
Exit code 0 if a GPU adapter is usable (a software one counts), 5 if there is none.

Examples:
  $ defrun doctor
  $ defrun doctor --json`;

export function addDoctorCommand(program: Command, io: CliIo, done: (code: number) => void): void {
  program
    .command('doctor')
    .summary('report on GPU adapters and drivers')
    .description('Reports adapters, drivers, limits and features, and what is missing.')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help)
    .action(async (flags: { readonly json?: true }) => {
      const progress = new Progress(io);
      progress.show('Looking for GPU adapters');
      const report = await new Limit(io).within(examine).finally(() => {
        progress.clear();
      });
      await writeLine(
        io.stdout,
        flags.json === true ? JSON.stringify(report, null, 2) : print(report),
      );
      done(report.usable ? exitCodes.ok : exitCodes.noDevice);
    });
}

async function examine(signal: AbortSignal): Promise<DoctorReport> {
  const report = await Promise.race([inspectGpu(), abortOf(signal)]);
  return { usable: report.chosen !== null, osRelease: release(), glibc: glibcVersion(), ...report };
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? null;
}

const shownLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
];

function print(report: DoctorReport): string {
  const { chosen, advice } = report;
  const versions = Object.entries(report.packages).map(
    ([name, v]) => `  ${name}: ${v ?? 'not installed'}`,
  );
  const variables = Object.entries(report.environment).map(([name, v]) => `  ${name}=${v}`);
  const lines = [
    `Node ${report.node} on ${report.platform} ${report.osRelease}${report.glibc === null ? '' : `, glibc ${report.glibc}`}`,
    'Packages',
    ...versions,
    'Environment',
    ...listOr(variables, '  (nothing set)'),
    "Adapters of the system's drivers",
    ...listOr(
      report.systemAdapters.map((line) => `  ${line}`),
      '  (none)',
    ),
    ...(chosen === null ? ['Chosen adapter: none'] : adapterLines(chosen)),
    ...(advice.length === 0
      ? ['All is well.']
      : ['Advice', ...advice.map((line) => `  - ${line}`)]),
  ];
  return lines.join('\n');
}

const listOr = (lines: string[], none: string): string[] => (lines.length === 0 ? [none] : lines);

function adapterLines(chosen: NonNullable<GpuReport['chosen']>): string[] {
  const { isSoftware, subgroupMinSize, subgroupMaxSize, limits } = chosen;
  const subgroups = subgroupMaxSize > 0 ? `${subgroupMinSize} to ${subgroupMaxSize}` : 'unknown';
  return [
    `Chosen adapter: ${chosen.description} (${isSoftware ? 'software' : 'hardware'}, by way of ${chosen.source})`,
    `  vendor ${chosen.vendor || '?'}, architecture ${chosen.architecture || '?'}, subgroups of ${subgroups}`,
    `  features: ${chosen.features.join(', ')}`,
    ...shownLimits.map((name) => `  ${name}: ${limits[name] ?? '?'}`),
  ];
}
