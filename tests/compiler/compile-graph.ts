/** Compiles graphs for the tests of the compiler: for a device that is not there, or for the host. */
import { compile } from '../../src/compiler/compile.js';
import { explainProgram, type ExplainedKernel } from '../../src/compiler/explain.js';
import type { TensorLike } from '../../src/graph/add-node.js';
import { Graph } from '../../src/graph/graph.js';
import type { Operation, Tensor } from '../../src/graph/operation.js';
import { isStatic, type StaticShape } from '../../src/graph/shape.js';
import { graphBuilder } from '../../src/graph/builder.js';
import type { Program } from '../../src/ir/program.js';
import '../../src/ops/index.js';
import { runProgramSync } from '../../src/runtime/cpu/fold-constants.js';

/** The op builder with plain values for inputs. */
export interface Builder {
  op(
    type: string,
    inputs: readonly (TensorLike | readonly TensorLike[])[],
    attrs?: Readonly<Record<string, unknown>>,
    name?: string,
  ): Tensor;
}
/** Builds into the default graph. */
export const builder = graphBuilder() as unknown as Builder;

export interface CompileOptions {
  readonly hasDevice?: boolean;
  readonly maxBindings?: number;
  readonly fuse?: boolean;
  /** Concrete shapes of fed tensors; static ones need none. */
  readonly shapes?: ReadonlyMap<Tensor, StaticShape>;
}

/** Builds a graph of its own and returns what `build` returns. */
export const inGraph = <R>(build: (b: Builder) => R): R =>
  new Graph().asDefault(() => build(builder));

export const placeholder = (
  b: Builder,
  shape: readonly (number | null)[],
  name = 'x',
  dtype = 'float32',
): Tensor => b.op('Placeholder', [], { dtype, shape }, name);

/** Compiles with every variable initialised and no feed values at hand. */
export function compileGraph(
  fetches: readonly Tensor[],
  feeds: readonly Tensor[],
  targets: readonly Operation[] = [],
  options: CompileOptions = {},
): Program {
  const { hasDevice = true, maxBindings = 10, fuse = true, shapes } = options;
  const shapeOf = (feed: Tensor): StaticShape => {
    const shape = shapes?.get(feed) ?? feed.shape;
    if (!isStatic(shape)) throw new Error(`${feed.name} needs a shape.`);
    return shape;
  };
  return compile(
    { fetches, targets, feeds },
    {
      hasDevice,
      maxBindings,
      maxBindingBytes: 2 ** 27,
      fuse,
      feedShapes: new Map(feeds.map((feed) => [feed, shapeOf(feed)])),
      feedValue: () => undefined,
      variables: {
        shape: (_key, declared) => (isStatic(declared) ? declared : null),
        isInitialized: () => true,
      },
      evaluate: (program) => runProgramSync(program, []),
    },
  ).program;
}

/** Kind and fused ops of each kernel, as `contract: MatMul + Relu`. */
export const kernelsOf = (program: Program): string[] =>
  explainProgram(program).kernels.map(kernelText);

const kernelText = ({ kind, nodes }: ExplainedKernel): string => `${kind}: ${nodes.join(' + ')}`;
