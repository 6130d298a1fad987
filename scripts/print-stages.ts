/**
 * Prints what every stage of the compiler makes of one small graph, the running example of
 * docs/architecture.md: a training step of a dense layer.
 *
 *   npx esbuild scripts/print-stages.ts --bundle --platform=node --format=esm \
 *     --packages=external --outfile=dist/print-stages.mjs && node dist/print-stages.mjs
 */
import { group } from '../src/compiler/group.js';
import { inline } from '../src/compiler/inline.js';
import { lower } from '../src/compiler/lower.js';
import { printFlow } from '../src/compiler/print-flow.js';
import { printPieces } from '../src/compiler/print-piece.js';
import { prune } from '../src/compiler/prune.js';
import { schedule } from '../src/compiler/schedule.js';
import { specialise } from '../src/compiler/specialise.js';
import { graphBuilder } from '../src/graph/builder.js';
import { Graph } from '../src/graph/graph.js';
import type { Operation, Tensor } from '../src/graph/operation.js';
import { isStatic } from '../src/graph/shape.js';
import { isLowerable } from '../src/ops/index.js';
import { biasAdd } from '../src/ops/nn/bias.js';
import { matMul } from '../src/ops/math/mat-mul.js';
import { reduceMean } from '../src/ops/math/reduce.js';
import { variable } from '../src/ops/state/variable.js';
import { GradientDescentOptimizer } from '../src/optimizer/gradient-descent.js';
import { runProgramSync } from '../src/runtime/cpu/fold-constants.js';
import { assemble } from '../src/compiler/assemble.js';
import { explain } from '../src/session/explain.js';

const maxBindings = 10;

interface Example {
  readonly graph: Graph;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly loss: Tensor;
  readonly train: Operation;
}

function example(): Example {
  const graph = new Graph();
  return graph.asDefault(() => {
    const b = graphBuilder();
    const x = b.op('Placeholder', [], { dtype: 'float32', shape: [null, 4] }, 'x');
    const y = b.op('Placeholder', [], { dtype: 'float32', shape: [null, 3] }, 'y');
    const w = variable(
      Array.from({ length: 4 }, () => [0.1, 0.2, 0.3]),
      { name: 'w' },
    );
    const bias = variable([0, 0, 0], { name: 'b' });
    const product = matMul(x, w, { name: 'dense/MatMul' });
    const out = b.op('Relu', [biasAdd(product, bias, { name: 'dense/BiasAdd' })], {}, 'dense/Relu');
    const error = b.op('Square', [b.op('Sub', [out, y], {}, 'loss/sub')], {}, 'loss/square');
    const loss = reduceMean(error, { name: 'loss/mean' });
    const train = new GradientDescentOptimizer(0.1).minimize(loss);
    return { graph, x, y, loss, train };
  });
}

function printStages({ graph, x, y, loss, train }: Example): void {
  const show = (title: string, text: string): void => {
    process.stdout.write(`--- ${title}\n${text}\n\n`);
  };
  const signature = { fetches: [loss], targets: [train], feeds: [x, y] };
  const ordered = prune(signature, (op) => isLowerable(op.type));
  show('prune', ordered.map(String).join('\n'));
  const flow = specialise(ordered, signature, {
    hasDevice: true,
    feedShapes: new Map([
      [x, [8, 4]],
      [y, [8, 3]],
    ]),
    feedValues: new Map(),
    variables: {
      shape: (_key, declared) => (isStatic(declared) ? declared : null),
      isInitialized: () => true,
    },
    evaluate: (constant) =>
      runProgramSync(assemble(constant, { maxBindings: 4096 }), []).filter((v) => v !== null),
  });
  show('specialise and fold', printFlow(flow));
  const { pieces } = lower(flow);
  show('lower', printPieces(pieces));
  const external = new Set([
    ...flow.fetches.map((id) => flow.values[id]?.base ?? id),
    ...flow.variables.flatMap((v) => (v.final === null ? [] : [v.final])),
  ]);
  const inlined = inline(pieces, external, maxBindings);
  show('inline', printPieces(inlined));
  const shapeOf = (id: number): readonly number[] => flow.values[id]?.shape ?? [];
  const grouped = group(inlined, { maxBindings, variables: flow.variables, external, shapeOf });
  show('group', printPieces(schedule(grouped, []).order));
  const plan = explain(graph, [loss, train], { x: [8, 4], y: [8, 3] });
  show('program', plan.toProgramText());
  show('explain', String(plan));
}

printStages(example());
