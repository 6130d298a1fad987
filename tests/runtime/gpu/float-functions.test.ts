/** Every f32 function on the device against double precision, at ordinary and at strange arguments. */
import { describe, expect, it } from '@jest/globals';
import { binary, unary, type BinaryFn, type UnaryFn } from '../../../src/ir/expr.js';
import { elementwise, f32 } from './gpu-harness.js';

const magnitudes = [1e-30, 1e-10, 1e-5, 1e-3, 0.1, 0.25, 0.3, 0.44, 0.46, 0.5, 0.7, 0.9, 0.999, 1];
const larger = [
  1.001, 1.2, 1.5, 2, 2.5, 3, 3.5, 5, 7.7, 9, 10.5, 20, 50, 87, 88.5, 100, 1e3, 5999, 6001,
];
const huge = [12345.678, 1e6, 8388609, 1e10, 1e20, 1e30, 3e38];
const positives = [0, ...magnitudes, ...larger, ...huge, Infinity];
const grid = [...positives, ...positives.map((x) => -x), NaN].map(Math.fround);
for (let i = 0; i < 400; i++) grid.push(Math.fround((i - 200) * 0.0517));
while (grid.length % 4 !== 0) grid.push(1);
/** A length that is no multiple of four, so that the same functions are printed on scalars. */
const oddGrid = [...grid, 0.123];

const smallestNormal = 1.1754943508222875e-38;

/** Relative error, where subnormals may be flushed to zero; Infinity where NaN or sign differ. */
function errorOf(actual: number, expected: number): number {
  if (Number.isNaN(expected)) return Number.isNaN(actual) ? 0 : Infinity;
  const target = Math.fround(expected);
  if (actual === target) return 0;
  if (Math.abs(target) < 2 * smallestNormal)
    return Math.abs(actual) < 4 * smallestNormal ? 0 : Infinity;
  if (!Number.isFinite(target)) return Math.abs(actual) > 3.3e38 ? 0 : Infinity;
  return Math.abs(actual - expected) / Math.abs(expected);
}

function expectGrid(
  actual: readonly number[],
  expected: readonly number[],
  inputs: readonly string[],
  tolerance: number,
): void {
  const worst = { input: '', actual: 0, expected: 0, error: 0 };
  for (const [i, value] of actual.entries()) {
    const error = errorOf(value, expected[i] ?? NaN);
    if (error > worst.error)
      Object.assign(worst, { input: inputs[i], actual: value, expected: expected[i], error });
  }
  expect({ ...worst, isClose: worst.error <= tolerance }).toEqual({ ...worst, isClose: true });
}

/** Abramowitz and Stegun 7.1.5 below 2.5, the continued fraction 7.1.14 above. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x > 2.5) {
    let fraction = 0;
    for (let k = 80; k > 0; k--) fraction = k / 2 / (x + fraction);
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
  }
  return 1 - erfSeries(x);
}
function erfSeries(x: number): number {
  let sum = 0;
  let term = x;
  for (let n = 0; n < 100; n++) {
    sum += term / (2 * n + 1);
    term *= (-x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
const erf = (x: number): number =>
  Math.abs(x) <= 2.5 ? erfSeries(x) : Math.sign(x) * (1 - erfc(Math.abs(x)));

function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const half = x - down;
  if (half !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

const references: Partial<Record<UnaryFn, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: roundHalfEven,
  sqrt: Math.sqrt,
  rsqrt: (x) => (x === 0 ? Infinity : 1 / Math.sqrt(x)),
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0),
  erf,
  erfc,
  isNan: (x) => Number(Number.isNaN(x)),
  isInf: (x) => Number(Math.abs(x) === Infinity),
  isFinite: (x) => Number(Number.isFinite(x)),
};

/**
 * Near zeros of sin, cos and tan the reduced argument keeps about 24 bits of x, so the relative
 * error grows with x over the distance to the zero; the grid's worst is well below this.
 */
const tolerances: Partial<Record<UnaryFn, number>> = { tan: 2e-6, sin: 2e-6, cos: 2e-6 };

describe('unary functions of f32', () => {
  const names = Object.keys(references) as UnaryFn[];
  it.each(names)('%s agrees with double precision on vectors and on scalars', async (fn) => {
    const reference = references[fn] ?? Math.abs;
    for (const points of [grid, oddGrid]) {
      const actual = await elementwise((x) => unary(fn, x), [f32(points)]);
      const expected = points.map(Math.fround).map(reference);
      expectGrid(actual, expected, points.map(String), tolerances[fn] ?? 1e-6);
    }
  });
});

describe('binary functions of f32', () => {
  const base = [0, -0, 0.1, 0.5, 1, 1.5, 2, 3, 7.25, 10, 1000.5, 1e-5, 1e20, 3e38, Infinity];
  const some = [...base, ...base.map((x) => -x), NaN].map(Math.fround);
  const pairs = some.flatMap((a) => some.map((b) => [a, b] as const));
  const a = pairs.map(([x]) => x);
  const b = pairs.map(([, y]) => y);
  const power = (x: number, y: number): number =>
    x === 1 || (x === -1 && !Number.isFinite(y) && !Number.isNaN(y)) ? 1 : x ** y;
  const nan = (x: number, y: number): boolean => Number.isNaN(x) || Number.isNaN(y);
  const cases: Partial<Record<BinaryFn, (x: number, y: number) => number>> = {
    add: (x, y) => x + y,
    sub: (x, y) => x - y,
    mul: (x, y) => x * y,
    div: (x, y) => x / y,
    mod: (x, y) => x % y,
    max: (x, y) => (nan(x, y) ? NaN : Math.max(x, y)),
    min: (x, y) => (nan(x, y) ? NaN : Math.min(x, y)),
    pow: power,
    atan2: Math.atan2,
    lt: (x, y) => Number(x < y),
    le: (x, y) => Number(x <= y),
    gt: (x, y) => Number(x > y),
    ge: (x, y) => Number(x >= y),
    eq: (x, y) => Number(x === y),
    ne: (x, y) => Number(x !== y),
  };
  it.each(Object.keys(cases) as BinaryFn[])('%s agrees with double precision', async (fn) => {
    const reference = cases[fn] ?? Math.max;
    const actual = await elementwise((x, y) => binary(fn, x, y), [f32(a), f32(b)]);
    const expected = pairs.map(([x, y]) => reference(x, y));
    expectGrid(actual, expected, pairs.map(String), fn === 'pow' ? 4e-6 : 1e-6);
  });
});

describe('powers', () => {
  it('keeps accuracy over the whole range of results', async () => {
    const pairs: [number, number][] = [];
    for (let x = 0.0137; x < 50; x *= 1.31)
      for (let y = -20.3; y < 20; y += 1.7) pairs.push([Math.fround(x), Math.fround(y)]);
    const actual = await elementwise(
      (x, y) => binary('pow', x, y),
      [f32(pairs.map(([x]) => x)), f32(pairs.map(([, y]) => y))],
    );
    expectGrid(
      actual,
      pairs.map(([x, y]) => x ** y),
      pairs.map(String),
      4e-6,
    );
  });
});

describe('roundings to sixteen bits', () => {
  const points = [
    0,
    1,
    1.0004883,
    1.00048828125,
    2049,
    2051,
    65504,
    65519,
    65520,
    1e9,
    Infinity,
    NaN,
  ];
  const small = [6e-8, 3e-8, 2.98e-8, 1e-9, 6.1e-5, 6.097e-5, 1e-7, 0.333, 0.1, 123.456];
  const all = [...points, ...small, ...points.map((x) => -x)].map(Math.fround);
  const toF16 = (x: number): number => {
    if (!Number.isFinite(x) || x === 0) return x;
    const quantum = 2 ** Math.max(Math.floor(Math.log2(Math.abs(x))) - 10, -24);
    const rounded = roundHalfEven(x / quantum) * quantum;
    return Math.abs(rounded) > 65504 ? Math.sign(x) * Infinity : rounded;
  };
  const toBf16 = (x: number): number => {
    if (!Number.isFinite(x) || x === 0) return x;
    const quantum = 2 ** (Math.floor(Math.log2(Math.abs(x))) - 7);
    return roundHalfEven(x / quantum) * quantum;
  };
  it('rounds to float16 exactly, to nearest even', async () => {
    expect(await elementwise((x) => unary('roundF16', x), [f32(all)])).toEqual(all.map(toF16));
  });
  it('rounds to bfloat16 exactly, to nearest even', async () => {
    expect(await elementwise((x) => unary('roundBf16', x), [f32(all)])).toEqual(all.map(toBf16));
  });
});
