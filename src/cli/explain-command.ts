/** `defrun explain`: the Program that a run with given input shapes would execute. */
import type { Command } from 'commander';
import type { Tensor } from '../graph/operation.js';
import { formatShape, isCompatible, isStatic, type StaticShape } from '../graph/shape.js';
import { explain, type GraphExplanation } from '../session/explain.js';
import { exitCodes, inputError, usageError } from './exit-codes.js';
import { readFeeds } from './feed-values.js';
import {
  assertAllFed,
  describeTensor,
  namedInput,
  readGraph,
  resolveFetches,
  unfedPlaceholders,
  type LoadedGraph,
  type NamedFetch,
} from './graph-file.js';
import { Limit, writeLine, type CliIo } from './io.js';
import { deviceOption, gather, gatherShapes, type DeviceName, type NamedShape } from './options.js';

interface ExplainFlags {
  readonly fetch?: readonly string[];
  readonly shape?: readonly NamedShape[];
  readonly feed?: readonly string[];
  readonly program?: true;
  readonly json?: true;
  readonly device: DeviceName;
}

const help = `
Placeholders whose shape is known need no --shape. Where a value decides shapes (the new shape
of a Reshape), give it with --feed, as to defrun run. No device is needed: the program is that
for a usual GPU, or for the CPU.

Examples:
  $ defrun explain frozen.pb --shape x=1,784
  $ defrun explain frozen.pb --fetch logits --shape x=32,784 --device gpu --json`;

export function addExplainCommand(program: Command, io: CliIo, done: (code: number) => void): void {
  program
    .command('explain')
    .summary('print the program a run would execute')
    .description('Compiles a run and prints its program: feeds, kernels, buffers.')
    .argument('<graph>', 'graph file (.pb or .pbtxt)')
    .option('--fetch <name...>', "what to compute; default: the graph's outputs", gather)
    .option('--shape <name=sizes>', 'shape of a fed tensor (repeat for each)', gatherShapes)
    .option('--feed <name=value...>', 'value of a fed tensor that decides shapes', gather)
    .option('--program', 'print every step with the code of its kernel')
    .option('--json', 'print JSON')
    .addOption(deviceOption('auto and gpu: a usual GPU; cpu: the CPU'))
    .addHelpText('after', help)
    .action(async (path: string, flags: ExplainFlags) => {
      const limit = new Limit(io);
      const explanation = await limit.within((signal) => explainGraph(path, flags, io, signal));
      await writeLine(io.stdout, textOf(explanation, flags));
      done(exitCodes.ok);
    });
}

async function explainGraph(
  path: string,
  flags: ExplainFlags,
  io: CliIo,
  signal: AbortSignal,
): Promise<GraphExplanation> {
  const loaded = await readGraph(path, io);
  const fetches = resolveFetches(loaded, flags.fetch ?? []);
  const feeds = await readFeeds(loaded, flags.feed ?? [], io, { signal });
  const values = feeds.map(({ tensor, array }) => [tensor, array] as const);
  const fed = new Set(feeds.map(({ tensor }) => tensor));
  const shapes = feedShapes(loaded, fetches, flags.shape ?? [], fed);
  const wanted = fetches.map(({ fetch }) => fetch);
  return explain(loaded.graph, wanted, shapes, { device: flags.device, values });
}

function textOf(explanation: GraphExplanation, { json, program }: ExplainFlags): string {
  if (program === true) return explanation.toProgramText();
  if (json !== true) return explanation.toString();
  // The program holds the weights: far too much.
  return JSON.stringify({ ...explanation, program: undefined }, null, 2);
}

/** Given shapes, and those that placeholders declare themselves. */
function feedShapes(
  loaded: LoadedGraph,
  fetches: readonly NamedFetch[],
  given: readonly NamedShape[],
  fed: ReadonlySet<Tensor>,
): Record<string, StaticShape> {
  const shapes = new Map<Tensor, StaticShape>();
  for (const { name, shape } of given) {
    const tensor = namedInput(loaded, name, '--shape');
    if (shapes.has(tensor) || fed.has(tensor))
      throw usageError(`--shape: '${tensor.name}' is given twice.`);
    if (!isCompatible(tensor.shape, shape))
      throw inputError(
        `--shape ${name}: ${formatShape(shape)} does not fit ${describeTensor(tensor)}.`,
      );
    shapes.set(tensor, shape);
  }
  const known = new Set([...fed, ...shapes.keys()]);
  for (const tensor of unfedPlaceholders(fetches, known))
    if (isStatic(tensor.shape)) shapes.set(tensor, tensor.shape);
  assertAllFed(fetches, new Set([...fed, ...shapes.keys()]), '--shape NAME=SIZES');
  return Object.fromEntries([...shapes].map(([tensor, shape]) => [tensor.name, shape]));
}
