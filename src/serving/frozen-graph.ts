/** A frozen graph ready to answer: file in, callable out. What a production service loads. */
import { InvalidArgumentError } from '../errors.js';
import type { NdArray } from '../graph/dtype.js';
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../graph/operation.js';
import { checkedOptions } from '../graph/options.js';
import { loadGraph as readGraph } from '../serialize/load-graph.js';
import { checkDevice, type Device, type GpuObject } from '../session/device-choice.js';
import type { FeedShapes } from '../session/feed-shapes.js';
import type { Feeds } from '../session/feeds.js';
import type { RunOptions } from '../session/run-options.js';
import { Session } from '../session/session.js';

export interface LoadGraphOptions {
  /** Where it runs; `auto` by default. */
  readonly device?: Device;
  /** A WebGPU `GPU` object to use instead of the `webgpu` package's. */
  readonly gpu?: GpuObject;
  /** Names of the tensors or nodes to compute; by default those nothing consumes. */
  readonly outputs?: readonly string[];
}

/** A loaded graph with a session of its own. Close it when done. */
export class FrozenGraph {
  constructor(
    readonly graph: Graph,
    /** Outputs of the graph's Placeholders. */
    readonly inputs: readonly Tensor[],
    /** What `run` computes. */
    readonly outputs: readonly Tensor[],
    readonly session: Session,
  ) {}

  /**
   * Computes the outputs, keyed by node name (`probabilities`, or `split:1` for further outputs).
   *
   * @param feeds one value per Placeholder the outputs need, by name.
   * @throws InvalidArgumentError for a missing feed, ValueError for one of a wrong shape.
   * @example const { probabilities } = await model.run({ pixels: image });
   */
  async run(feeds: Feeds, options?: RunOptions): Promise<Record<string, NdArray>> {
    const arrays = await this.session.run(this.outputs, feeds, options);
    return Object.fromEntries(this.outputs.map((t, i) => [outputKey(t), arrays[i] as NdArray]));
  }

  /** Compiles for these input shapes ahead of the first run. */
  prepare(feedShapes: FeedShapes): Promise<void> {
    return this.session.prepare(this.outputs, feedShapes);
  }

  close(): Promise<void> {
    return this.session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const outputKey = (tensor: Tensor): string => (tensor.index === 0 ? tensor.op.name : tensor.name);

/**
 * Loads a frozen GraphDef (`.pb` or `.pbtxt`, told apart by content) ready to run.
 *
 * @param source path, or the file's bytes; weights are views on the bytes.
 * @throws NotFoundError for a missing file or output, DataLossError for a damaged one,
 *   InvalidArgumentError for a graph that contradicts itself or has no outputs, DTypeError for an
 *   argument of the wrong kind.
 * @example
 * await using model = await loadGraph('mnist.pb', { device: 'gpu' });
 * const { probabilities } = await model.run({ pixels });
 */
export async function loadGraph(
  source: string | URL | Uint8Array,
  options: LoadGraphOptions = {},
): Promise<FrozenGraph> {
  checkedOptions('loadGraph', options, { device: 'any', gpu: 'any', outputs: 'strings' });
  const { device = 'auto', gpu } = options;
  checkDevice('loadGraph', device, gpu);
  const { graph, inputs, outputs } = await readGraph(source);
  const chosen = options.outputs?.map((name) => graph.tensor(name)) ?? outputs;
  if (chosen.length === 0)
    throw new InvalidArgumentError(
      graph.operations.length === 0
        ? 'The graph has no nodes: the file is empty, or of another format than GraphDef.'
        : 'The graph has no outputs. Name some in options.outputs.',
    );
  const session = new Session({ graph, device, ...(gpu && { gpu }) });
  return new FrozenGraph(graph, inputs, chosen, session);
}
