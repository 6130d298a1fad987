/** Steps of random graphs that compute: elementwise, with broadcasting, casts, products. */
import * as tf from 'defrun';
import { broadcastShapes } from './random-shapes.js';
import { isExact, ulp, type Fact, type Step } from './random-graph.js';
import type { StepSource } from './random-steps.js';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;
type Bounds = Pick<Fact, 'bound' | 'grid' | 'error'>;

/** Error of a smooth function of slope at most `slope` and magnitude at most `bound`. */
const smooth =
  (slope: number, bound: (x: Fact) => number) =>
  (x: Fact): Bounds => ({
    bound: bound(x),
    grid: 0,
    error: slope * x.error + 8 * ulp * (bound(x) + slope * x.bound),
  });
const same = (x: Fact): Bounds => x;
const one = (): number => 1;

interface UnaryCase {
  readonly text: string;
  readonly apply: Unary;
  readonly bounds: (x: Fact) => Bounds;
  readonly exactOnly?: boolean;
}

const floatUnary: readonly UnaryCase[] = [
  { text: 'neg', apply: tf.neg, bounds: same },
  { text: 'abs', apply: tf.abs, bounds: same },
  { text: 'relu', apply: tf.nn.relu, bounds: same },
  { text: 'identity', apply: tf.identity, bounds: same },
  {
    text: 'square',
    apply: tf.square,
    bounds: (x) => ({ bound: x.bound ** 2, grid: x.grid ** 2, error: 2 * x.bound * x.error }),
  },
  { text: 'tanh', apply: tf.tanh, bounds: smooth(1, one) },
  { text: 'sigmoid', apply: tf.sigmoid, bounds: smooth(1, one) },
  { text: 'sin', apply: tf.sin, bounds: smooth(1, one) },
  { text: 'softplus', apply: tf.nn.softplus, bounds: smooth(1, (x) => x.bound + 1) },
  { text: 'exp -abs', apply: (x) => tf.exp(tf.neg(tf.abs(x))), bounds: smooth(1, one) },
  {
    text: 'sqrt 1+abs',
    apply: (x) => tf.sqrt(tf.add(tf.abs(x), 1)),
    bounds: smooth(1, (x) => Math.sqrt(x.bound + 1)),
  },
  {
    text: 'log 1+abs',
    apply: (x) => tf.log(tf.add(tf.abs(x), 1)),
    bounds: smooth(1, (x) => x.bound),
  },
  {
    text: 'floor',
    apply: tf.floor,
    exactOnly: true,
    bounds: (x) => ({ ...x, bound: x.bound + 1, grid: 1 }),
  },
  {
    text: 'sign',
    apply: tf.sign,
    exactOnly: true,
    bounds: () => ({ bound: 1, grid: 1, error: 0 }),
  },
  {
    text: 'clip -1 1',
    apply: (x) => tf.clipByValue(x, -1, 1),
    bounds: (x) => ({ ...x, bound: 1, grid: Math.min(x.grid, 1) }),
  },
];
const intUnary: readonly UnaryCase[] = [
  { text: 'neg', apply: tf.neg, bounds: same },
  { text: 'abs', apply: tf.abs, bounds: same },
  { text: 'square', apply: tf.square, bounds: (x) => ({ ...x, bound: x.bound ** 2 }) },
];

export const unary: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.dtype !== 'bool' || rng.chance(0.3));
  if (x.fact.dtype === 'bool')
    return step('logicalNot', [x.id], x.fact, ([a]) => tf.logicalNot(a as tf.Tensor));
  const cases = x.fact.dtype === 'float32' ? floatUnary : intUnary;
  const { text, apply, bounds, exactOnly = false } = rng.pick(cases);
  if (exactOnly && !isExact(x.fact)) return null;
  return step(text, [x.id], { ...x.fact, ...bounds(x.fact) }, ([a]) => apply(a as tf.Tensor));
};

interface BinaryCase {
  readonly text: string;
  readonly apply: Binary;
  readonly bounds: (a: Fact, b: Fact) => Bounds;
}
const sums = (a: Fact, b: Fact): Bounds => ({
  bound: a.bound + b.bound,
  grid: Math.min(a.grid, b.grid),
  error: a.error + b.error,
});
const larger = (a: Fact, b: Fact): Bounds => ({
  bound: Math.max(a.bound, b.bound),
  grid: Math.min(a.grid, b.grid),
  error: Math.max(a.error, b.error),
});
const products = (a: Fact, b: Fact): Bounds => ({
  bound: a.bound * b.bound,
  grid: a.grid * b.grid,
  error: a.bound * b.error + b.bound * a.error + a.error * b.error,
});
const arithmetic: readonly BinaryCase[] = [
  { text: 'add', apply: tf.add, bounds: sums },
  { text: 'sub', apply: tf.sub, bounds: sums },
  { text: 'mul', apply: tf.mul, bounds: products },
  { text: 'maximum', apply: tf.maximum, bounds: larger },
  { text: 'minimum', apply: tf.minimum, bounds: larger },
];
const floatBinary: readonly BinaryCase[] = [
  ...arithmetic,
  {
    text: 'div by 1+abs',
    apply: (a, b) => tf.div(a, tf.add(tf.abs(b), 1)),
    bounds: (a, b) => ({
      bound: a.bound,
      grid: 0,
      error: a.error + a.bound * b.error + 8 * ulp * a.bound,
    }),
  },
];
const intBinary: readonly BinaryCase[] = [
  ...arithmetic,
  {
    text: 'floorDiv by 1+abs',
    apply: (a, b) => tf.floorDiv(a, tf.add(tf.abs(b), 1)),
    bounds: (a) => ({ ...a, bound: a.bound + 1 }),
  },
  {
    text: 'mod by 1+abs',
    apply: (a, b) => tf.mod(a, tf.add(tf.abs(b), 1)),
    bounds: (_, b) => ({ ...b, bound: b.bound + 1 }),
  },
];
const comparisons: Readonly<Record<string, Binary>> = {
  less: tf.less,
  lessEqual: tf.lessEqual,
  greater: tf.greater,
  equal: tf.equal,
  notEqual: tf.notEqual,
};
const logic: Readonly<Record<string, Binary>> = {
  logicalAnd: tf.logicalAnd,
  logicalOr: tf.logicalOr,
};

export const binary: StepSource = (rng, graph) => {
  const a = graph.pick();
  const b = graph.pick((f) => f.dtype === a.fact.dtype);
  const shape = broadcastShapes([a.fact.shape, b.fact.shape]);
  if (shape === null) return null;
  const bool = { dtype: 'bool', shape, bound: 1, grid: 1, error: 0 } as const;
  const ids = [a.id, b.id];
  const named = (table: Readonly<Record<string, Binary>>): Step => {
    const [text, apply] = rng.pick(Object.entries(table));
    return step(text, ids, bool, ([x, y]) => apply(x as tf.Tensor, y as tf.Tensor));
  };
  if (a.fact.dtype === 'bool') return named(logic);
  if (isExact(a.fact) && isExact(b.fact) && rng.chance(0.15)) return named(comparisons);
  const { text, apply, bounds } = rng.pick(a.fact.dtype === 'float32' ? floatBinary : intBinary);
  const fact = { ...bounds(a.fact, b.fact), dtype: a.fact.dtype, shape };
  return step(text, ids, fact, ([x, y]) => apply(x as tf.Tensor, y as tf.Tensor));
};

export const select: StepSource = (_, graph) => {
  const cond = graph.pick((f) => f.dtype === 'bool');
  const a = graph.pick((f) => f.dtype !== 'bool');
  const b = graph.pick((f) => f.dtype === a.fact.dtype);
  const shape = broadcastShapes([cond.fact.shape, a.fact.shape, b.fact.shape]);
  if (shape === null) return null;
  const fact = { ...larger(a.fact, b.fact), dtype: a.fact.dtype, shape };
  return step('whereV2', [cond.id, a.id, b.id], fact, ([c, x, y]) =>
    tf.whereV2(c as tf.Tensor, x as tf.Tensor, y as tf.Tensor),
  );
};

export const cast: StepSource = (rng, graph) => {
  const x = graph.pick(isExact);
  const to = rng.pick(['float32', 'int32', 'int64', 'bool'] as const);
  if (to === x.fact.dtype) return null;
  if (to === 'float32' && x.fact.bound >= 2 ** 24) return null;
  const bound = to === 'bool' ? 1 : x.fact.bound;
  const fact: Fact = { dtype: to, shape: x.fact.shape, bound, grid: 1, error: 0 };
  return step(`cast ${to}`, [x.id], fact, ([a]) => tf.cast(a as tf.Tensor, to));
};

export const addN: StepSource = (rng, graph) => {
  const first = graph.pick((f) => f.dtype === 'float32' || f.dtype === 'int32');
  const like = (f: Fact): boolean =>
    f.dtype === first.fact.dtype && f.shape.join() === first.fact.shape.join();
  const all = [first, ...Array.from({ length: 1 + rng.below(3) }, () => graph.pick(like))];
  const fact = all.map((v) => v.fact).reduce((a, b) => ({ ...a, ...sums(a, b) }));
  return step(
    'addN',
    all.map((v) => v.id),
    fact,
    (inputs) => tf.addN(inputs),
  );
};

/** Rank 2 or more, with every transposition. */
export const matMul: StepSource = (rng, graph) => {
  const isMatrix = (f: Fact): boolean => f.dtype === 'float32' && f.shape.length >= 2;
  const a = graph.pick(isMatrix);
  const b = graph.pick(isMatrix);
  const [transposeA, transposeB] = [rng.chance(0.4), rng.chance(0.4)];
  const side = ({ shape }: Fact, flipped: boolean): readonly number[] =>
    flipped ? shape.slice(-2).reverse() : shape.slice(-2);
  const [m, k] = side(a.fact, transposeA);
  const [k2, n] = side(b.fact, transposeB);
  const batch = broadcastShapes([a.fact.shape.slice(0, -2), b.fact.shape.slice(0, -2)]);
  if (k === undefined || k !== k2 || m === undefined || n === undefined || batch === null)
    return null;
  const { bound, grid, error } = products(a.fact, b.fact);
  const size = Math.max(k, 1);
  const fact: Fact = {
    dtype: 'float32',
    shape: [...batch, m, n],
    bound: bound * size,
    grid,
    error: error * size + (error > 0 || grid === 0 ? size * ulp * bound : 0),
  };
  return step(
    `matMul${transposeA ? ' aT' : ''}${transposeB ? ' bT' : ''}`,
    [a.id, b.id],
    fact,
    ([x, y]) => tf.matMul(x as tf.Tensor, y as tf.Tensor, { transposeA, transposeB }),
  );
};

export function step(
  text: string,
  inputs: readonly number[],
  fact: Fact,
  build: (inputs: readonly tf.Tensor[]) => tf.Tensor,
): Step {
  return { text, inputs, fact, build };
}
