/** Explain: what a run would do on a device, found out by compiling for it; no device is needed. */
import { compile } from '../compiler/compile.js';
import { explainProgram, formatExplanation, type Explanation } from '../compiler/explain.js';
import { NeedsFeedValues } from '../compiler/needed-feeds.js';
import type { VariableStates } from '../compiler/variable-versions.js';
import { InvalidArgumentError } from '../errors.js';
import type { NdArray } from '../graph/dtype.js';
import { checkedGraph, type Graph } from '../graph/graph.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { isStatic, type StaticShape } from '../graph/shape.js';
import { printProgram } from '../ir/print.js';
import { arrayOf } from '../ir/feed-array.js';
import type { Program } from '../ir/program.js';
import { runProgramSync } from '../runtime/cpu/fold-constants.js';
import type { DeviceCaps } from '../runtime/runtime.js';
import type { Device } from './device-choice.js';
import { resolveFeedShapes, type FeedShapes } from './feed-shapes.js';
import { resolveFeeds, type Feeds } from './feeds.js';
import { planFetches, type Fetches } from './fetches.js';

export interface ExplainOptions {
  /** Plan for a generic GPU (`gpu`, and `auto`, the default), or for the CPU. */
  readonly device?: Device | undefined;
  /** Values of feeds that decide shapes; their shapes need not be given again. */
  readonly values?: Feeds;
}

export interface GraphExplanation extends Explanation {
  /** The compiled program itself. */
  readonly program: Program;
  /** Every step with its kernel's code. */
  toProgramText(): string;
  /** The kernels as a table. */
  toString(): string;
}

/** A GPU with the bindings that almost all adapters offer. */
const genericGpu: DeviceCaps = { kind: 'gpu', maxBindings: 10, maxBindingBytes: 2 ** 27 };
const genericCpu: DeviceCaps = { kind: 'cpu', maxBindings: 256, maxBindingBytes: 2 ** 32 };

/** Every variable counts as initialised, with the shape it declares. */
const declared: VariableStates = {
  shape: (_key, shape) => (isStatic(shape) ? shape : null),
  isInitialized: () => true,
};

/**
 * Which kernels a run of these fetches becomes, what they read, write and compute, and the memory
 * it takes.
 *
 * @param feedShapes shape of each feed, by tensor name.
 * @throws InvalidArgumentError for a placeholder not fed, or a feed whose value decides a shape and
 *   is not among `options.values`; ValueError for a shape that does not fit its tensor.
 * @example console.log(String(explain(graph, [loss, train], { x: [128, 784], y: [128] })));
 */
export function explain(
  graph: Graph,
  fetches: Fetches,
  feedShapes: FeedShapes = {},
  options: ExplainOptions = {},
): GraphExplanation {
  checkedGraph('explain', graph);
  checkedOptions('explain', options, { device: 'any', values: 'any' });
  const caps = options.device === 'cpu' ? genericCpu : genericGpu;
  const values = new Map<Tensor, NdArray>(
    resolveFeeds(graph, options.values ?? {}).map(({ tensor, array }) => [tensor, arrayOf(array)]),
  );
  const shapes = new Map<Tensor, StaticShape>(
    [...values].map(([tensor, array]) => [tensor, array.shape]),
  );
  for (const [tensor, shape] of resolveFeedShapes('explain', graph, feedShapes))
    shapes.set(tensor, shape);
  const program = compiled(graph, fetches, shapes, values, caps);
  const explanation = explainProgram(program);
  return {
    ...explanation,
    program,
    toProgramText: () => printProgram(program),
    toString: () => formatExplanation(explanation),
  };
}

function compiled(
  graph: Graph,
  fetches: Fetches,
  shapes: ReadonlyMap<Tensor, StaticShape>,
  values: ReadonlyMap<Tensor, NdArray>,
  caps: DeviceCaps,
): Program {
  const plan = planFetches(graph, fetches);
  const feeds = [...shapes.keys()];
  const signature = { fetches: plan.tensors, targets: plan.targets, feeds };
  try {
    return compile(signature, {
      hasDevice: caps.kind === 'gpu',
      maxBindings: caps.maxBindings,
      maxBindingBytes: caps.maxBindingBytes,
      feedShapes: shapes,
      feedValue: (feed) => values.get(feed),
      variables: declared,
      evaluate: (constant) => runProgramSync(constant, []),
    }).program;
  } catch (error) {
    if (!(error instanceof NeedsFeedValues)) throw error;
    const names = error.feeds.map((i) => `'${feeds[i]?.name ?? ''}'`).join(', ');
    throw new InvalidArgumentError(
      `explain: the values of ${names} decide shapes. Pass them as options.values.`,
      { node: feeds[error.feeds[0] ?? -1]?.op.name },
    );
  }
}
