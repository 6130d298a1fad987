/** Steps of random graphs that fold an axis: reductions, argmax, scans, softmax. */
import * as tf from 'defrun';
import { elementCount } from '../../src/graph/shape.js';
import { isExact, ulp, type Fact } from './random-graph.js';
import { step } from './random-math.js';
import type { StepSource } from './random-steps.js';

type Reduction = typeof tf.reduceSum;

/** Fact of a sum of `count` elements. */
function summed(x: Fact, count: number): Fact {
  const bound = x.bound * Math.max(count, 1);
  const rounding = x.error === 0 && bound / x.grid < 2 ** 24 ? 0 : count * ulp * bound;
  const isFloat = x.dtype === 'float32';
  return { ...x, bound, error: isFloat ? x.error * count + rounding : 0 };
}

const reductions: Readonly<
  Record<string, { readonly apply: Reduction; readonly fact: (x: Fact, count: number) => Fact }>
> = {
  reduceSum: { apply: tf.reduceSum, fact: summed },
  reduceMean: {
    apply: tf.reduceMean,
    fact: (x, count) => ({
      ...x,
      grid: 0,
      error: x.error + (Math.max(count, 2) + 2) * ulp * x.bound,
    }),
  },
  reduceMax: { apply: tf.reduceMax, fact: (x) => x },
  reduceMin: { apply: tf.reduceMin, fact: (x) => x },
};

export const reduce: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length > 0 && !f.shape.includes(0));
  const { shape, dtype } = x.fact;
  const axis = [...shape.keys()].filter(() => rng.chance(0.5));
  const keepDims = rng.chance(0.4);
  const count = elementCount(axis.map((a) => shape[a] ?? 1));
  const left = shape.flatMap((dim, a) => (axis.includes(a) ? (keepDims ? [1] : []) : [dim]));
  const options = { axis, keepDims };
  const where = `axis [${axis.join()}]${keepDims ? ' keepDims' : ''}`;
  if (dtype === 'bool') {
    const all = rng.chance(0.5);
    return step(
      `${all ? 'reduceAll' : 'reduceAny'} ${where}`,
      [x.id],
      { ...x.fact, shape: left },
      ([a]) => (all ? tf.reduceAll : tf.reduceAny)(a as tf.Tensor, options),
    );
  }
  const [name, { apply, fact }] = rng.pick(Object.entries(reductions));
  if (name === 'reduceMean' && dtype !== 'float32') return null;
  const result = { ...fact(x.fact, count), shape: left };
  return step(`${name} ${where}`, [x.id], result, ([a]) => apply(a as tf.Tensor, options));
};

export const argMax: StepSource = (rng, graph) => {
  const x = graph.pick(
    (f) => isExact(f) && f.shape.length > 0 && !f.shape.includes(0) && f.dtype !== 'bool',
  );
  const { shape } = x.fact;
  const axis = rng.below(shape.length);
  const outputType = rng.pick(['int32', 'int64'] as const);
  const fact: Fact = {
    dtype: outputType,
    shape: shape.toSpliced(axis, 1),
    bound: shape[axis] ?? 1,
    grid: 1,
    error: 0,
  };
  const apply = rng.chance(0.5) ? tf.argMax : tf.argMin;
  return step(`${apply.name} ${axis} ${outputType}`, [x.id], fact, ([a]) =>
    apply(a as tf.Tensor, { axis, outputType }),
  );
};

export const cumsum: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length > 0 && f.dtype !== 'bool');
  const { shape } = x.fact;
  const axis = rng.below(shape.length);
  const [exclusive, reverse] = [rng.chance(0.3), rng.chance(0.3)];
  return step(
    `cumsum ${axis}${exclusive ? ' exclusive' : ''}${reverse ? ' reverse' : ''}`,
    [x.id],
    summed(x.fact, shape[axis] ?? 1),
    ([a]) => tf.cumsum(a as tf.Tensor, { axis, exclusive, reverse }),
  );
};

/** Rows added up by ids that the graph knows, and clips at run time if it is to. */
export const segmentSum: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length > 0 && f.dtype !== 'bool');
  const { shape } = x.fact;
  const rows = shape[0] ?? 0;
  const segments = 1 + rng.below(rng.chance(0.3) ? 600 : 5);
  const ids = Array.from({ length: rows }, () => rng.below(segments + 1) - 1);
  const fact = { ...summed(x.fact, rows), shape: [segments, ...shape.slice(1)] };
  return step(`unsortedSegmentSum [${ids.join()}] ${segments}`, [x.id], fact, ([a]) => {
    const known = tf.constant(ids, { dtype: 'int32', shape: [rows] });
    return tf.unsortedSegmentSum(a as tf.Tensor, known, segments);
  });
};

export const softmax: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.dtype === 'float32' && f.shape.length > 0 && !f.shape.includes(0));
  const { shape } = x.fact;
  const n = shape.at(-1) ?? 1;
  const rounding = (n + 16) * ulp * (1 + x.fact.bound);
  const log = rng.chance(0.4);
  const bound = log ? 2 * x.fact.bound + Math.log(n) + 1 : 1;
  const fact: Fact = { ...x.fact, bound, grid: 0, error: 2 * x.fact.error + rounding };
  return step(log ? 'logSoftmax' : 'softmax', [x.id], fact, ([a]) =>
    (log ? tf.nn.logSoftmax : tf.nn.softmax)(a as tf.Tensor),
  );
};
