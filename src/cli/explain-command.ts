/** `defrun explain`: the Program that a run with given input shapes would execute. */
import type { Command } from 'commander';
import type { Tensor } from '../graph/operation.js';
import { formatShape, isCompatible, isStatic, type StaticShape } from '../graph/shape.js';
import { exitCodes, inputError, usageError } from './exit-codes.js';
import {
  assertAllFed,
  describeTensor,
  namedInput,
  readGraph,
  resolveFetches,
  unfedPlaceholders,
  type NamedFetch,
} from './graph-file.js';
import type { LoadedGraph } from '../serialize/load-graph.js';
import { writeLine, type CliIo } from './io.js';
import { deviceOption, gather, gatherShapes, type DeviceName, type NamedShape } from './options.js';

interface ExplainFlags {
  readonly fetch?: readonly string[];
  readonly shape?: readonly NamedShape[];
  readonly json?: true;
  readonly device: DeviceName;
}

const help = `
Placeholders whose shape is known need no --shape.

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
    .option('--json', 'print JSON')
    .addOption(deviceOption())
    .addHelpText('after', help)
    .action(async (path: string, flags: ExplainFlags) => {
      const loaded = await readGraph(path, io);
      const fetches = resolveFetches(loaded, flags.fetch ?? []);
      const shapes = feedShapes(loaded, fetches, flags.shape ?? []);
      const { explain } = await import('../session/explain.js');
      const text = explain(loaded.graph, fetches.map(({ fetch }) => fetch), shapes, { device: flags.device });
      await writeLine(io.stdout, text);
      done(exitCodes.ok);
    });
}

/** Given shapes, and those that placeholders declare themselves. */
function feedShapes(
  loaded: LoadedGraph,
  fetches: readonly NamedFetch[],
  given: readonly NamedShape[],
): Record<string, StaticShape> {
  const shapes = new Map<Tensor, StaticShape>();
  for (const { name, shape } of given) {
    const tensor = namedInput(loaded, name, '--shape');
    if (shapes.has(tensor)) throw usageError(`--shape: '${tensor.name}' is given twice.`);
    if (!isCompatible(tensor.shape, shape))
      throw inputError(
        `--shape ${name}: ${formatShape(shape)} does not fit ${describeTensor(tensor)}.`,
      );
    shapes.set(tensor, shape);
  }
  for (const tensor of unfedPlaceholders(fetches, new Set(shapes.keys())))
    if (isStatic(tensor.shape)) shapes.set(tensor, tensor.shape);
  assertAllFed(fetches, new Set(shapes.keys()), '--shape NAME=SIZES');
  return Object.fromEntries([...shapes].map(([tensor, shape]) => [tensor.name, shape]));
}
