/**
 * Checks gradients against central differences along a direction, in float64 on the host: first
 * order, and second order through the gradient's own graph.
 */
import { compile } from '../../src/compiler/compile.js';
import type { NdArray } from '../../src/graph/dtype.js';
import { convertToTensor } from '../../src/graph/add-node.js';
import { graphBuilder } from '../../src/graph/builder.js';
import { gradients } from '../../src/graph/gradients.js';
import { Graph } from '../../src/graph/graph.js';
import { toNdArray } from '../../src/graph/nd-array.js';
import type { Tensor } from '../../src/graph/operation.js';
import { elementCount, type Shape, type StaticShape } from '../../src/graph/shape.js';
import { runProgramSync } from '../../src/runtime/cpu/fold-constants.js';

type Feeds = ReadonlyMap<Tensor, NdArray>;
export type Build = (xs: readonly Tensor[]) => Tensor | readonly Tensor[];
/** What the graph is told of a shape: all of it, the rank, or nothing. */
export type Knowledge = 'static' | 'rank' | 'nothing';

/** Values of tensors, computed by the compiler and the CPU kernels. */
export function evaluate(fetches: readonly Tensor[], feeds: Feeds): readonly NdArray[] {
  const tensors = [...feeds.keys()];
  const { program } = compile(
    { fetches, targets: [], feeds: tensors },
    {
      hasDevice: false,
      maxBindingBytes: Infinity,
      maxBindings: 64,
      feedShapes: new Map([...feeds].map(([tensor, array]) => [tensor, array.shape])),
      feedValue: (tensor) => feeds.get(tensor),
      variables: { shape: () => null, isInitialized: () => false },
      evaluate: (constant) => runProgramSync(constant, []),
    },
  );
  return runProgramSync(program, [...feeds.values()]) as readonly NdArray[];
}

/** Numbers spread evenly over [low, high) in an order without symmetry. */
export const spread = (shape: StaticShape, low: number, high: number, seed: number): NdArray => ({
  dtype: 'float64',
  shape,
  data: Float64Array.from(
    { length: elementCount(shape) },
    (_, i) => low + (high - low) * ((0.137 * seed + 0.6180339887498949 * (i + 1)) % 1),
  ),
});

const known = (shape: StaticShape, knowledge: Knowledge): Shape =>
  knowledge === 'static' ? shape : knowledge === 'rank' ? shape.map(() => null) : null;

const dot = (a: NdArray, b: NdArray): number =>
  Array.from(a.data as Float64Array).reduce((sum, v, i) => sum + v * Number(b.data[i]), 0);

const moved = (x: NdArray, along: NdArray, by: number): NdArray => ({
  dtype: 'float64',
  shape: x.shape,
  data: Float64Array.from(x.data as Float64Array, (v, i) => v + by * Number(along.data[i])),
});

/** Derivative of sum_i(ys_i * weights_i) with respect to xs along `along`, by differences. */
function difference(
  ys: readonly Tensor[],
  weights: readonly NdArray[],
  feeds: Feeds,
  along: readonly NdArray[],
  step: number,
): number {
  const at = (by: number): number => {
    const shifted = new Map([...feeds].map(([x, v], i) => [x, moved(v, along[i] ?? v, by)]));
    const values = evaluate(ys, shifted);
    return values.reduce((sum, value, i) => sum + dot(value, weights[i] ?? value), 0);
  };
  return (at(step) - at(-step)) / (2 * step);
}

/** The same derivative from the graph's gradients; tensors without a gradient count as 0. */
function analytic(
  dxs: readonly (Tensor | null)[],
  feeds: Feeds,
  along: readonly NdArray[],
): number {
  const live = dxs.flatMap((dx, i) => (dx === null ? [] : [[dx, along[i]] as const]));
  const xs = [...feeds.keys()];
  const values = evaluate(
    live.map(([dx]) => dx),
    feeds,
  );
  for (const [i, dx] of dxs.entries())
    if (dx !== null) {
      const value = values[live.findIndex(([tensor]) => tensor === dx)];
      expect(value?.shape).toEqual(feeds.get(xs[i] as Tensor)?.shape);
    }
  return values.reduce((sum, value, i) => sum + dot(value, live[i]?.[1] ?? value), 0);
}

// Central differences at 1e-5 in float64 lose about 1e-10 to rounding and 1e-10 to curvature.
const expectNear = (got: number, want: number): void => {
  expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(want)));
};

/** First and (unless `order` is 1) second derivative of `build` at `inputs`. */
export function checkGradient(
  build: Build,
  inputs: readonly NdArray[],
  knowledge: Knowledge = 'static',
  order: 1 | 2 = 2,
  step = 1e-5,
): void {
  const graph = new Graph();
  graph.asDefault(() => {
    const b = graphBuilder();
    const xs = inputs.map(({ shape }) =>
      b.op('Placeholder', [], { dtype: 'float64', shape: known(shape, knowledge) }),
    );
    const feeds = new Map(xs.map((x, i) => [x, inputs[i] as NdArray]));
    const ys = [build(xs)].flat();
    const weights = weightsOf(ys, feeds, 5);
    const along = inputs.map(({ shape }, i) => spread(shape, -1, 1, 7 + i));
    const dxs = gradients(ys, xs, { gradYs: constants(ys, weights) });
    expectNear(analytic(dxs, feeds, along), difference(ys, weights, feeds, along, step));
    const live = dxs.filter((dx): dx is Tensor => dx !== null);
    if (order === 1 || live.length === 0) return;
    const seconds = weightsOf(live, feeds, 11);
    const ddxs = gradients(live, xs, { gradYs: constants(live, seconds) });
    expectNear(analytic(ddxs, feeds, along), difference(live, seconds, feeds, along, step));
  });
}

/** A fixed random projection of tensors' values. */
const weightsOf = (ys: readonly Tensor[], feeds: Feeds, seed: number): NdArray[] =>
  evaluate(ys, feeds).map(({ shape }, i) => spread(shape, -1, 1, seed + i));

const constants = (ys: readonly Tensor[], weights: readonly NdArray[]): Tensor[] =>
  ys.map((y, i) => convertToTensor(toNdArray(weights[i] as NdArray, { dtype: y.dtype })));
