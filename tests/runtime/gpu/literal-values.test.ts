/**
 * Arithmetic with literals that drivers fold too freely, at NaN, infinities and both zeros: the GPU
 * against the CPU, with the literal wherever fusion may bring it.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '../../../src/index.js';

const largest = 3.4028234663852886e38;
const tiny = Math.fround(1e-40);
const points = [NaN, Infinity, -Infinity, 0, -0, 1, -1, tiny, -tiny, largest, -largest, 2.5];

type Fn = (x: tf.Tensor) => tf.Tensor;
const literal = (value: number): tf.Tensor => tf.constant(value, { dtype: 'float32' });
const nameOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** `x op literal` and `literal op x` for each literal. */
function withLiterals(
  ops: Readonly<Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>>,
  literals: readonly number[],
): Record<string, Fn> {
  const fns: Record<string, Fn> = {};
  for (const [name, op] of Object.entries(ops))
    for (const value of literals) {
      fns[`x ${name} ${nameOf(value)}`] = (x) => op(x, literal(value));
      fns[`${nameOf(value)} ${name} x`] = (x) => op(literal(value), x);
    }
  return fns;
}

const asFloat =
  (test: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) =>
  (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.cast(test(a, b), 'float32');

const { add, sub, mul, div } = tf;
const some = withLiterals({ add, sub, mul, div }, [0, -0, Infinity]);
const arithmetic = withLiterals({ add, sub, mul, div }, [0, -0, 1, -1, Infinity, -Infinity, NaN]);
const others: Record<string, Fn> = {
  ...withLiterals({ max: tf.maximum, min: tf.minimum, pow: tf.pow }, [Infinity, -Infinity, NaN]),
  ...withLiterals(
    { less: asFloat(tf.less), atLeast: asFloat(tf.greaterEqual), equal: asFloat(tf.equal) },
    [0, Infinity, -Infinity, NaN],
  ),
  'pow(x, 0)': (x) => tf.pow(x, literal(0)),
  'pow(x, 3e38)': (x) => tf.pow(x, literal(3e38)),
  'pow(-0, x)': (x) => tf.pow(literal(-0), x),
  'atan2(-0, x)': (x) => tf.atan2(literal(-0), x),
  'atan2(x, -0)': (x) => tf.atan2(x, literal(-0)),
  'x - x': (x) => sub(x, x),
  'x / x': (x) => div(x, x),
  'x of zerosLike': (x) => mul(tf.zerosLike(x), x),
  'x over zerosLike': (x) => div(x, tf.zerosLike(x)),
  'x of a fill': (x) => mul(x, tf.fill([1], literal(0))),
  'x of a cast 0': (x) => mul(x, tf.cast(tf.constant(0, { dtype: 'int32' }), 'float32')),
  'x * 0 + 1': (x) => add(mul(x, literal(0)), literal(1)),
  'x + x * 0': (x) => add(x, mul(x, literal(0))),
  'exp(x) * 0': (x) => mul(tf.exp(x), literal(0)),
  'x * x * 0': (x) => mul(tf.square(x), literal(0)),
  'x * inf * 0': (x) => mul(mul(x, literal(Infinity)), literal(0)),
  'inf - inf * x': (x) => sub(literal(Infinity), mul(literal(Infinity), x)),
};
const all = { ...arithmetic, ...others };

type Compute = (fns: readonly Fn[], values: readonly number[]) => Promise<number[][]>;
type Place = (fn: Fn, x: tf.Tensor) => tf.Tensor;

let gpu: tf.OpenDevice;
beforeAll(async () => {
  gpu = await tf.openDevice('gpu');
});
afterAll(() => gpu.close());

/** Computes every function of a column of values, at a place in the graph. */
const computeOn =
  (device: tf.Device, place: Place, columns: number): Compute =>
  async (fns, values) => {
    const graph = new tf.Graph();
    const shape = columns === 1 ? [values.length] : [values.length, columns];
    const { x, ys } = graph.asDefault(() => {
      const fed = tf.placeholder('float32', shape);
      return { x: fed, ys: fns.map((fn) => place(fn, fed)) };
    });
    const session = new tf.Session({ graph, device });
    try {
      const data = Float32Array.from(values.flatMap((v) => new Array<number>(columns).fill(v)));
      const fetched = await session.run(ys, new Map([[x, { dtype: 'float32', shape, data }]]));
      return fetched.map((y) => Array.from(y.data as Float32Array));
    } finally {
      await session.close();
    }
  };

const flushed = (x: number): number =>
  Math.abs(x) < 1.1754943508222875e-38 ? (Object.is(x, -0) || x < 0 ? -0 : 0) : x;

interface Comparison {
  readonly values: readonly number[];
  readonly columns?: number;
  /** A sum that starts from 0 may end as either zero. */
  readonly signOfZero?: boolean;
}

/** Expects the GPU to give what the CPU gives; what is subnormal may count as zero. */
async function expectSame(
  fns: Readonly<Record<string, Fn>>,
  place: Place,
  { values, columns = 1, signOfZero = true }: Comparison,
): Promise<void> {
  const list = Object.values(fns);
  const [actual, exact, coarse] = [
    await computeOn(gpu, place, columns)(list, values),
    await computeOn('cpu', place, columns)(list, values),
    await computeOn('cpu', place, columns)(list, values.map(flushed)),
  ];
  const same = (a: number, b: number): boolean =>
    Object.is(a, b) ||
    (a === b && !signOfZero) ||
    (a !== 0 && Math.abs(a - b) <= 1e-6 * Math.abs(b)) ||
    (b !== 0 && Object.is(flushed(a), flushed(b)));
  const wrong = Object.keys(fns).flatMap((name, f) =>
    (actual[f] ?? []).flatMap((value, i) => {
      const wanted = [exact, coarse].map((results) => results[f]?.[i] ?? 0);
      const x = values[Math.floor((i * values.length) / (actual[f]?.length ?? 1))] ?? 0;
      return wanted.some((want) => same(value, want))
        ? []
        : [`${name} at ${nameOf(x)}: ${nameOf(value)}, not ${nameOf(wanted[0] ?? 0)}`];
    }),
  );
  expect(wrong).toEqual([]);
}

describe('literals on the GPU', () => {
  it('gives what TensorFlow gives for products and quotients with zero', async () => {
    const fns = ['x mul 0', 'x div 0', '0 div x', 'x add 0', '0 sub x'].map((name) => all[name]);
    const values = [NaN, Infinity, -Infinity, 0, -0, 1, -1];
    const got = await computeOn(gpu, (fn, x) => fn(x), 1)(fns as Fn[], values);
    // Recorded from TensorFlow 2.21.
    expect(got).toEqual([
      [NaN, NaN, NaN, 0, -0, 0, -0],
      [NaN, Infinity, -Infinity, NaN, NaN, Infinity, -Infinity],
      [NaN, 0, -0, NaN, NaN, 0, -0],
      [NaN, Infinity, -Infinity, 0, 0, 1, -1],
      [NaN, -Infinity, Infinity, 0, 0, -1, 1],
    ]);
  });
  it('computes with them on vectors', async () => {
    await expectSame(all, (fn, x) => fn(x), { values: points });
  });
  it('computes with them on scalars', async () => {
    await expectSame(all, (fn, x) => fn(x), { values: points.slice(0, 11) });
  });
  it('computes with them before a reduction', async () => {
    const place: Place = (fn, x) => tf.reduceMax(fn(x), { axis: 1 });
    await expectSame(some, place, { values: points, columns: 2 });
  });
  it('computes with them after a reduction', async () => {
    const place: Place = (fn, x) => fn(tf.reduceMax(x, { axis: 1 }));
    await expectSame(some, place, { values: points, columns: 2 });
  });
  it('computes with them before a contraction', async () => {
    const place: Place = (fn, x) =>
      tf.matMul(fn(tf.reshape(x, [points.length, 1])), tf.constant([[1, 1, 1, 1]]));
    await expectSame(some, place, { values: points, signOfZero: false });
  });
  it('computes with them after a contraction', async () => {
    const place: Place = (fn, x) =>
      fn(tf.matMul(tf.reshape(x, [-1, 1]), tf.constant([[1, 1, 1, 1]])));
    // A sum loses the sign of -0.
    const values = points.filter((x) => !Object.is(flushed(x), -0));
    await expectSame(some, place, { values });
  });
  it('contracts with zeros', async () => {
    const column: Fn = (x) => tf.reshape(x, [points.length, 1]);
    const row: Fn = (x) => tf.reshape(x, [1, points.length]);
    const fns: Record<string, Fn> = {
      'column times zeros': (x) => tf.matMul(column(x), tf.zeros([1, 4])),
      'zeros times row': (x) => tf.transpose(tf.matMul(tf.zeros([4, 1]), row(x))),
    };
    await expectSame(fns, (fn, x) => fn(x), { values: points, signOfZero: false });
  });
});
