/** Every scalar function against recorded TensorFlow values, on grids with special values. */
import { readFileSync } from 'node:fs';
import {
  binary,
  bitcast,
  cast,
  constant,
  index,
  select,
  unary,
  type BinaryFn,
  type Expr,
  type ScalarType,
  type UnaryFn,
} from '../../../src/ir/expr.js';
import { decode, encode } from '../../../src/ir/storage.js';
import { mapKernel, pseudoRandom, read, runKernel, storageArray } from './kernels.js';

interface Golden {
  readonly grid: string;
  readonly pairs: string;
  readonly unary: Record<string, Record<string, string>>;
  readonly binary: Record<string, Record<string, string>>;
  readonly integers: Record<string, string>;
}
const golden = JSON.parse(
  readFileSync(new URL('./scalar-golden.json', import.meta.url), 'utf8'),
) as Golden;

const parse = (type: ScalarType, text: string): (number | bigint)[] =>
  text.split(' ').map((word) => {
    if (word === 'true' || word === 'false') return word === 'true' ? 1 : 0;
    return type === 'i64' || type === 'u64' ? BigInt(word) : Number(word);
  });

/**
 * Specials must match exactly; f32 within 4 parts in a million, since TensorFlow's vectorised
 * kernels are a few units in the last place off; tiny results may be flushed to zero there.
 */
function expectNear(
  actual: number | bigint,
  expected: number | bigint,
  rtol: number,
  what: string,
): void {
  if (typeof actual === 'bigint' || typeof expected === 'bigint' || rtol === 0) {
    expect(`${what}: ${actual}`).toBe(`${what}: ${expected}`);
    return;
  }
  if (
    Object.is(actual + 0, expected + 0) ||
    Math.abs(actual - expected) <= rtol * Math.abs(expected)
  )
    return;
  if (Math.abs(actual - expected) < 1.2e-38) return;
  expect(`${what}: ${actual}`).toBe(`${what}: ${expected}`);
}

const x = (type: ScalarType): Expr => read(0, index(0), type);
const y = (type: ScalarType): Expr => read(1, index(0), type);
const apply = (
  type: ScalarType,
  fn: UnaryFn,
  values: readonly (number | bigint)[],
): (number | bigint)[] => [
  ...runKernel(mapKernel(values.length, [type], unary(fn, x(type))), storageArray(type, values)),
];
const cross = <T>(grid: readonly T[]): [T[], T[]] => [
  grid.flatMap((value) => grid.map(() => value)),
  grid.flatMap(() => [...grid]),
];
const applyTwo = (
  type: ScalarType,
  fn: BinaryFn,
  a: readonly (number | bigint)[],
  b: readonly (number | bigint)[],
): (number | bigint)[] => [
  ...runKernel(
    mapKernel(a.length, [type, type], binary(fn, x(type), y(type))),
    storageArray(type, a),
    storageArray(type, b),
  ),
];
const tolerance = { f32: 4e-6, f64: 1e-13 } as const;

describe.each(['f32', 'f64'] as const)('functions of one %s', (type) => {
  const grid = parse(type, golden.grid);
  it.each(Object.entries(golden.unary[type] ?? {}))('%s agrees with TensorFlow', (fn, line) => {
    const actual = apply(type, fn as UnaryFn, grid);
    for (const [i, expected] of parse('f64', line).entries())
      expectNear(actual[i] ?? 0n, expected, tolerance[type], `${fn}(${grid[i]})`);
  });

  it('trunc drops the fraction', () => {
    expect(apply(type, 'trunc', [1.75, -1.75, -0.5, Infinity])).toEqual([1, -1, -0, Infinity]);
  });
});

describe.each(['f32', 'f64'] as const)('functions of two %s', (type) => {
  const [a, b] = cross(parse(type, golden.pairs));
  it.each(Object.entries(golden.binary[type] ?? {}))('%s agrees with TensorFlow', (fn, line) => {
    const actual = applyTwo(type, fn as BinaryFn, a, b);
    for (const [i, expected] of parse('f64', line).entries())
      expectNear(actual[i] ?? 0n, expected, tolerance[type], `${fn}(${a[i]}, ${b[i]})`);
  });
});

describe.each(['i32', 'u32', 'i64', 'u64'] as const)('functions of two %s', (type) => {
  const [a, b] = cross(parse(type, golden.integers[type] ?? ''));
  it.each(Object.entries(golden.binary[type] ?? {}))('%s is exact', (fn, line) => {
    const actual = applyTwo(type, fn as BinaryFn, a, b);
    for (const [i, expected] of parse(type, line).entries())
      expectNear(actual[i] ?? 0n, expected, 0, `${fn}(${a[i]}, ${b[i]})`);
  });
});

describe('functions of one integer', () => {
  const lowest = -(2n ** 63n);
  it.each<[UnaryFn, ScalarType, (number | bigint)[], (number | bigint)[]]>([
    ['neg', 'i32', [1, -2147483648, 0], [-1, -2147483648, 0]],
    ['neg', 'u32', [1, 0], [4294967295, 0]],
    ['neg', 'i64', [lowest, 5n], [lowest, -5n]],
    ['neg', 'u64', [1n], [2n ** 64n - 1n]],
    ['abs', 'i32', [-7, -2147483648], [7, -2147483648]],
    ['abs', 'u32', [4294967295], [4294967295]],
    ['abs', 'i64', [lowest, -3n], [lowest, 3n]],
    ['abs', 'u64', [2n ** 63n], [2n ** 63n]],
    ['sign', 'i32', [-9, 0, 4], [-1, 0, 1]],
    ['sign', 'u32', [0, 4294967295], [0, 1]],
    ['sign', 'i64', [-9n, 0n, 4n], [-1n, 0n, 1n]],
    ['not', 'i32', [0, -1], [-1, 0]],
    ['not', 'u32', [0], [4294967295]],
    ['not', 'i64', [5n], [-6n]],
    ['not', 'u64', [0n], [2n ** 64n - 1n]],
    ['floor', 'i32', [-7], [-7]],
    ['round', 'i64', [7n], [7n]],
    ['isNan', 'i32', [1], [0]],
    ['isFinite', 'i64', [1n], [1]],
    ['wrapI8', 'i32', [127, 128, -129, 300], [127, -128, 127, 44]],
    ['wrapU8', 'i32', [255, 256, -1], [255, 0, 255]],
    ['wrapI16', 'i32', [32768, -32769], [-32768, 32767]],
    ['wrapU16', 'i32', [65536, -1], [0, 65535]],
  ])('%s of %s', (fn, type, values, expected) => {
    expect(apply(type, fn, values)).toEqual(expected);
  });

  it('shifts left and right', () => {
    expect(applyTwo('i32', 'shl', [1, 3], [31, 4])).toEqual([-2147483648, 48]);
    expect(applyTwo('i32', 'shr', [-8], [1])).toEqual([-4]);
    expect(applyTwo('u32', 'shr', [4294967288], [1])).toEqual([2147483644]);
    expect(applyTwo('i64', 'shl', [1n], [63n])).toEqual([-(2n ** 63n)]);
    expect(applyTwo('u64', 'shr', [2n ** 63n], [62n])).toEqual([2n]);
  });
});

describe('bool', () => {
  it.each<[BinaryFn, number[]]>([
    ['and', [0, 0, 0, 1]],
    ['or', [0, 1, 1, 1]],
    ['xor', [0, 1, 1, 0]],
    ['eq', [1, 0, 0, 1]],
    ['ne', [0, 1, 1, 0]],
    ['max', [0, 1, 1, 1]],
    ['min', [0, 0, 0, 1]],
  ])('%s is stored as 0 or 1', (fn, expected) => {
    expect(applyTwo('bool', fn, [0, 0, 1, 1], [0, 1, 0, 1])).toEqual(expected);
  });

  it('not is logical', () => {
    expect(apply('bool', 'not', [0, 1])).toEqual([1, 0]);
  });

  it('a select takes one side', () => {
    const value = select(read(0, index(0), 'bool'), constant('f32', 2.5), constant('f32', -0));
    const out = runKernel(mapKernel(2, ['bool'], value), storageArray('bool', [1, 0]));
    expect([...out]).toEqual([2.5, -0]);
  });
});

describe('casts', () => {
  const convert = (
    from: ScalarType,
    to: ScalarType,
    values: readonly (number | bigint)[],
  ): (number | bigint)[] => [
    ...runKernel(mapKernel(values.length, [from], cast(to, x(from))), storageArray(from, values)),
  ];
  it.each<[ScalarType, ScalarType, (number | bigint)[], (number | bigint)[]]>([
    [
      'f32',
      'i32',
      [1.9, -1.9, NaN, 3e9, -3e9, Infinity],
      [1, -1, 0, 2147483647, -2147483648, 2147483647],
    ],
    ['f32', 'u32', [1.9, -1.9, NaN, 3e9, 5e9], [1, 0, 0, 3e9, 4294967295]],
    [
      'f64',
      'i64',
      [1e15 + 0.5, -1.5, NaN, 1e30, -1e30],
      [10n ** 15n, -1n, 0n, 2n ** 63n - 1n, -(2n ** 63n)],
    ],
    ['f64', 'u64', [1.5, -1, NaN, 1e30], [1n, 0n, 0n, 2n ** 64n - 1n]],
    ['f32', 'bool', [0, -0, 0.5, NaN], [0, 0, 1, 1]],
    ['i64', 'bool', [0n, -4n], [0, 1]],
    ['f64', 'f32', [0.1, 1e39], [Math.fround(0.1), Infinity]],
    ['f32', 'f64', [0.1], [Math.fround(0.1)]],
    ['i32', 'f32', [16777217], [16777216]],
    ['i32', 'u32', [-1], [4294967295]],
    ['u32', 'i32', [4294967295], [-1]],
    ['i32', 'i64', [-5], [-5n]],
    ['i32', 'u64', [-1], [2n ** 64n - 1n]],
    ['i64', 'i32', [2n ** 32n + 7n, -1n], [7, -1]],
    ['i64', 'u32', [-1n], [4294967295]],
    ['i64', 'u64', [-1n], [2n ** 64n - 1n]],
    ['u64', 'i64', [2n ** 64n - 1n], [-1n]],
    ['i64', 'f64', [2n ** 53n + 1n], [2 ** 53]],
    [
      'i64',
      'f32',
      [2n ** 60n + 2n ** 36n + 1n, -(2n ** 60n) - 2n ** 36n],
      [2 ** 60 + 2 ** 37, -(2 ** 60)],
    ],
    ['u64', 'f32', [2n ** 64n - 1n], [2 ** 64]],
    ['bool', 'f32', [1, 0], [1, 0]],
    ['bool', 'i64', [1, 0], [1n, 0n]],
  ])('%s to %s', (from, to, values, expected) => {
    expect(convert(from, to, values)).toEqual(expected);
  });

  it('bitcast keeps the bits', () => {
    const bits = (from: ScalarType, to: ScalarType, value: number): number | bigint | undefined =>
      runKernel(mapKernel(1, [from], bitcast(to, x(from))), storageArray(from, [value]))[0];
    expect(bits('f32', 'u32', -1)).toBe(0xbf800000);
    expect(bits('f32', 'i32', -1)).toBe(0xbf800000 | 0);
    expect(bits('u32', 'f32', 0x7f800000)).toBe(Infinity);
    expect(bits('i32', 'u32', -2)).toBe(4294967294);
  });
});

describe('16-bit rounding', () => {
  const values = [
    ...pseudoRandom(3000, 3).map((v, i) => v * 2 ** ((i % 60) - 40)),
    0,
    -0,
    65504,
    65519,
    65520,
    -65520,
    1e9,
    Infinity,
    -Infinity,
    NaN,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -25,
    6.103515625e-5,
    6.1e-5,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    3.3895314e38,
  ];
  it.each([
    ['roundF16', 'float16'],
    ['roundBf16', 'bfloat16'],
  ] as const)('%s gives what %s can store', (fn, dtype) => {
    const rounded = apply('f32', fn, values);
    const stored = encode(decode(storageArray('f32', values), dtype, [values.length]), 'f32', 'x');
    expect(rounded).toEqual([...stored]);
  });
});
