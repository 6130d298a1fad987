/**
 * defrun against TensorFlow.js's WebGPU backend on the same adapter. Each peer lives in a process
 * of its own; they compute one after the other, in turns, so that load from elsewhere hits both
 * alike. Their numbers are compared before any time is taken.
 *
 *   npm run bench -- [--rounds N] [--only WORKLOAD] [--cold]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { PeerAnswer, PeerRequest } from './peer-process.js';
import { printLine, quantile, rounded, summary } from './timing.js';
import { operationsOf, tolerance, workloadNames, type WorkloadName } from './workloads.js';

const peerNames = ['defrun', 'tfjs-webgpu'] as const;
type PeerName = (typeof peerNames)[number];
const scripts: Record<PeerName, string> = {
  defrun: 'defrun-peer.js',
  'tfjs-webgpu': 'tfjs-peer.js',
};

/** Milliseconds a peer computes before it is the other's turn. */
const turnMs = 600;

type Answer<K extends PeerAnswer['kind']> = Extract<PeerAnswer, { readonly kind: K }>;

/** A peer's process, one request at a time. */
class PeerProcess {
  adapter = '';

  private constructor(private readonly child: ChildProcess) {}

  static async start(name: PeerName, env: NodeJS.ProcessEnv): Promise<PeerProcess> {
    const script = fileURLToPath(new URL(scripts[name], import.meta.url));
    // The result's own output is standard output; a peer's chatter is not.
    const child = fork(script, { env, stdio: ['ignore', 2, 2, 'ipc'] });
    const peer = new PeerProcess(child);
    ({ adapter: peer.adapter } = await peer.answer('ready'));
    return peer;
  }

  private answer<K extends PeerAnswer['kind']>(kind: K): Promise<Answer<K>> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null, signal: string | null): void => {
        reject(new Error(`The peer's process ended (${signal ?? code ?? 'no code'}).`));
      };
      this.child.once('exit', onExit);
      this.child.once('message', (message: PeerAnswer) => {
        this.child.off('exit', onExit);
        if (message.kind === kind) resolve(message as Answer<K>);
        else reject(new Error(message.kind === 'failed' ? message.message : `got ${message.kind}`));
      });
    });
  }

  ask<K extends PeerAnswer['kind']>(request: PeerRequest, kind: K): Promise<Answer<K>> {
    this.child.send(request);
    return this.answer(kind);
  }

  /** Lets the process end, and waits until it has. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || !this.child.connected) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await ended;
  }
}

/** @throws if the peers' numbers differ by more than rounding explains. */
function assertClose(workload: string, ours: readonly number[], theirs: readonly number[]): void {
  if (ours.length !== theirs.length)
    throw new Error(`${workload}: ${ours.length} numbers against ${theirs.length}.`);
  for (const [i, a] of ours.entries()) {
    const b = theirs[i] ?? NaN;
    const error = Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b), 1e-3);
    if (!(error <= tolerance))
      throw new Error(`${workload}: number ${i} is ${a} on defrun and ${b} on TensorFlow.js.`);
  }
}

/** Whether Mesa has compiled kernels on its disk: a first call is then some ten times faster. */
function mesaCacheState(env: NodeJS.ProcessEnv): 'warm' | 'cold' {
  const base = env['MESA_SHADER_CACHE_DIR'] ?? env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(base, 'mesa_shader_cache_db');
  return existsSync(folder) && readdirSync(folder).length > 0 ? 'warm' : 'cold';
}

interface Row {
  readonly workload: WorkloadName;
  readonly ms: Record<PeerName, number>;
  readonly firstMs: Record<PeerName, number>;
  /** Ratio of the medians of each round, sorted. */
  readonly ratios: readonly number[];
}

async function compareOn(
  peers: Record<PeerName, PeerProcess>,
  workload: WorkloadName,
  rounds: number,
  mesaCache: 'warm' | 'cold',
): Promise<Row> {
  const firstMs: Record<string, number> = {};
  const values: Record<string, readonly number[]> = {};
  for (const name of peerNames) {
    const prepared = await peers[name].ask({ kind: 'prepare', workload }, 'prepared');
    [values[name], firstMs[name]] = [prepared.values, rounded(prepared.firstMs)];
  }
  assertClose(workload, values['defrun'] ?? [], values['tfjs-webgpu'] ?? []);
  const samples: Record<PeerName, number[]> = { defrun: [], 'tfjs-webgpu': [] };
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const medians: Record<string, number> = {};
    for (const name of round % 2 === 0 ? peerNames : peerNames.toReversed()) {
      const request = { kind: 'time', workload, budgetMs: turnMs } as const;
      const timed = await peers[name].ask(request, 'timed');
      samples[name].push(...timed.samples);
      medians[name] = quantile(timed.samples, 0.5);
    }
    ratios.push((medians['tfjs-webgpu'] ?? NaN) / (medians['defrun'] ?? NaN));
  }
  for (const peer of peerNames) {
    const times = summary(samples[peer]);
    const operations = operationsOf[workload];
    const gflops = operations && { gflops: rounded(operations / times.medianMs / 1e6) };
    const { adapter } = peers[peer];
    printLine({ workload, peer, adapter, ...times, ...gflops, firstMs: firstMs[peer], mesaCache });
  }
  return {
    workload,
    ms: {
      defrun: quantile(samples.defrun, 0.5),
      'tfjs-webgpu': quantile(samples['tfjs-webgpu'], 0.5),
    },
    firstMs: firstMs,
    ratios: ratios.toSorted((a, b) => a - b),
  };
}

function printTable(adapter: string, mesaCache: string, rows: readonly Row[]): void {
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(16) : cell.padStart(14))).join('');
  const ms = (value: number): string => `${rounded(value)} ms`;
  const lines = rows.map(({ workload, ms: of, firstMs, ratios }) => {
    const [low, high] = [ratios[0] ?? NaN, ratios.at(-1) ?? NaN];
    return line([
      workload,
      ms(of.defrun),
      ms(of['tfjs-webgpu']),
      `${quantile(ratios, 0.5).toFixed(1)}x`,
      `${low.toFixed(1)}-${high.toFixed(1)}x`,
      ms(firstMs.defrun),
      ms(firstMs['tfjs-webgpu']),
    ]);
  });
  const head = ['workload', 'defrun', 'tfjs-webgpu', 'faster', 'by round', 'first', 'tfjs first'];
  console.log(`\n${adapter}; Mesa's cache was ${mesaCache} at the start\n`);
  console.log([line(head), ...lines].join('\n'));
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      cold: { type: 'boolean', default: false },
    },
  });
  const env = { ...process.env };
  env['XDG_RUNTIME_DIR'] ??= tmpdir();
  const emptyCache = options.cold ? mkdtempSync(join(tmpdir(), 'mesa-')) : undefined;
  if (emptyCache !== undefined) env['MESA_SHADER_CACHE_DIR'] = emptyCache;
  const mesaCache = mesaCacheState(env);
  const peers = {
    defrun: await PeerProcess.start('defrun', env),
    'tfjs-webgpu': await PeerProcess.start('tfjs-webgpu', env),
  };
  try {
    const { adapter } = peers.defrun;
    if (peers['tfjs-webgpu'].adapter !== adapter)
      throw new Error(`Two adapters: '${adapter}' and '${peers['tfjs-webgpu'].adapter}'.`);
    const rows: Row[] = [];
    for (const workload of workloadNames)
      if (workload.includes(options.only))
        rows.push(await compareOn(peers, workload, Number(options.rounds), mesaCache));
    printTable(adapter, mesaCache, rows);
  } finally {
    for (const peer of Object.values(peers)) await peer.stop();
    if (emptyCache !== undefined) rmSync(emptyCache, { recursive: true, force: true });
  }
}

await main();
