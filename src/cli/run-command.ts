/** `defrun run`: feeds a graph, runs it once, and prints or saves what it fetched. */
import type { Command } from 'commander';
import type { NdArray } from '../graph/dtype.js';
import { Session } from '../session/session.js';
import { CliError, exitCodes } from './exit-codes.js';
import { readFeeds } from './feed-values.js';
import { assertAllFed, readGraph, resolveFetches, type NamedFetch } from './graph-file.js';
import { Limit, Progress, writeAll, writeLine, type CliIo } from './io.js';
import { deviceOption, gather, parseMilliseconds, parseScale, type DeviceName } from './options.js';
import { printArray } from './print-array.js';
import { saveArrays } from './save-arrays.js';
import { jsonOfArrays } from './scalar-text.js';

interface RunFlags {
  readonly feed?: readonly string[];
  readonly fetch?: readonly string[];
  readonly out?: string;
  readonly json?: true;
  readonly device: DeviceName;
  readonly timeout?: number;
  readonly imageScale?: number;
}

const help = `
Values (--feed NAME=VALUE):
  x.npy                  NumPy array of any numeric, bool or text type
  x.json                 nested arrays, or {"dtype", "shape", "data"} with flat data
  x.png, x.jpg           image, fitted to the placeholder (never resized); values are
                         multiplied by --image-scale: 1/255 for floats, 1 for integers.
                         A string placeholder takes the file's bytes.
  3.5, [1,2], [[1],[2]]  number or JSON; NaN, Infinity and -Infinity are understood
  -                      JSON on stdin
  other text             for string placeholders; in JSON, bytes that are no text are
                         {"b64": "..."}, and are printed so by --json

Examples:
  $ defrun run frozen.pb --feed x=digit.png
  $ defrun run frozen.pb --feed x=batch.npy --fetch probabilities --out results
  $ defrun run frozen.pb --feed 'x=[[1,2,3,4]]' --fetch logits,classes --json
  $ echo '[[1,2,3,4]]' | defrun run frozen.pb --feed x=- --json --device cpu`;

export function addRunCommand(program: Command, io: CliIo, done: (code: number) => void): void {
  program
    .command('run')
    .summary('run a graph file')
    .description('Runs a frozen graph (.pb or .pbtxt) once and prints what was fetched.')
    .argument('<graph>', 'graph file')
    .option('--feed <name=value...>', 'value of a placeholder (repeat for each)', gather)
    .option('--fetch <name...>', "what to compute; default: the graph's outputs", gather)
    .option('--out <dir>', 'write one .npy file per fetch into this folder')
    .option('--json', 'print one JSON object {name: {dtype, shape, data}}')
    .addOption(deviceOption('auto: a hardware GPU if there is one, else the CPU'))
    .option(
      '--timeout <ms>',
      'stop with exit code 124 after so many milliseconds',
      parseMilliseconds,
    )
    .option('--image-scale <factor>', 'factor on image values, such as 1/255', parseScale)
    .addHelpText('after', help)
    .action(async (path: string, flags: RunFlags) => {
      if (flags.out !== undefined && flags.json === true)
        throw new CliError(exitCodes.usage, 'Give either --out or --json, not both.');
      if (flags.out === '') throw new CliError(exitCodes.usage, '--out: expected a folder.');
      const limit = new Limit(io, flags.timeout);
      await limit.within((signal) => runGraph(path, flags, io, signal));
      done(exitCodes.ok);
    });
}

async function runGraph(
  path: string,
  flags: RunFlags,
  io: CliIo,
  signal: AbortSignal,
): Promise<void> {
  const progress = new Progress(io);
  try {
    progress.show(`Loading ${path}`);
    const loaded = await readGraph(path, io);
    const fetches = resolveFetches(loaded, flags.fetch ?? []);
    const { imageScale } = flags;
    const feeds = await readFeeds(loaded, flags.feed ?? [], io, { imageScale, signal });
    assertAllFed(fetches, new Set(feeds.map(({ tensor }) => tensor)), '--feed NAME=VALUE');
    signal.throwIfAborted();
    progress.show('Running');
    const session = new Session({ graph: loaded.graph, device: flags.device });
    let values: (NdArray | null)[];
    try {
      const pairs = feeds.map(({ tensor, array }) => [tensor, array] as const);
      const answer = await session.run(
        fetches.map(({ fetch }) => fetch),
        pairs,
        { signal },
      );
      values = answer;
    } finally {
      await session.close();
    }
    progress.clear();
    await present(fetches, values, flags, io);
  } finally {
    progress.clear();
  }
}

async function present(
  fetches: readonly NamedFetch[],
  values: readonly (NdArray | null)[],
  { json, out }: RunFlags,
  io: CliIo,
): Promise<void> {
  const named = fetches.map(({ name }, i) => [name, values[i] ?? null] as const);
  const arrays = named.flatMap(([name, array]) => (array === null ? [] : [[name, array] as const]));
  if (json === true) return writeAll(io.stdout, jsonOfArrays(named));
  if (out !== undefined) {
    const paths = await saveArrays(out, arrays, io);
    for (const [i, [name]] of arrays.entries())
      await writeLine(io.stderr, `${name} -> ${paths[i] ?? ''}`);
    return;
  }
  const columns = io.stdout.columns;
  await writeAll(
    io.stdout,
    arrays.map(([name, array]) => printArray(name, array, columns)),
  );
}
