/**
 * Arithmetic of f32 with a literal zero, division by a literal infinity, and x - x. Drivers' compilers
 * fold these as if there were no NaN, infinity and sign of zero (`x * 0` to 0, `x + 0` to x), so what
 * IEEE 754 says of them is put together from bit patterns, with which no compiler takes liberties.
 */
import type { BinaryFn } from '../../ir/expr.js';
import type { HelperSource, Width } from './wgsl-helper-source.js';

const real = { params: 'x: f32', result: 'f32' } as const;

export const zeroSources: Readonly<Record<string, HelperSource>> = {
  // Also x / infinity.
  timesZero: {
    ...real,
    body: `
let bits = bitcast<u32>(x);
let isFinite = (bits & 0x7fffffffu) < 0x7f800000u;
return bitcast<f32>(select(nan_bits, bits & 0x80000000u, isFinite));`,
  },
  overZero: {
    ...real,
    body: `
let bits = bitcast<u32>(x);
let size = bits & 0x7fffffffu;
let isNan = size == 0u || size > 0x7f800000u;
return bitcast<f32>(select((bits & 0x80000000u) | 0x7f800000u, nan_bits, isNan));`,
  },
  zeroOver: {
    ...real,
    body: `
let bits = bitcast<u32>(x);
let size = bits & 0x7fffffffu;
let isNan = size == 0u || size > 0x7f800000u;
return bitcast<f32>(select(bits & 0x80000000u, nan_bits, isNan));`,
  },
  // Only the sign of -0 changes.
  plusZero: {
    ...real,
    body: `
let bits = bitcast<u32>(x);
return bitcast<f32>(select(bits, 0u, bits == 0x80000000u));`,
  },
  minusSelf: {
    ...real,
    body: `
let isFinite = (bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u;
return bitcast<f32>(select(nan_bits, 0u, isFinite));`,
  },
};

/** What this asks of the module's helpers: the name of one at a width. */
interface HelperNames {
  use(name: string, width: Width): string;
}

export interface ZeroParts {
  readonly fn: BinaryFn;
  readonly a: string;
  readonly b: string;
  /** Values of the operands that are constants. */
  readonly constantA: number | undefined;
  readonly constantB: number | undefined;
  readonly width: Width;
  readonly helpers: HelperNames;
}

/** The sign of a zero, as text before an operand; undefined for what is no zero. */
function signOfZero(value: number | undefined): Sign | undefined {
  if (value === undefined || Math.fround(value) !== 0) return undefined;
  return Object.is(Math.fround(value), -0) ? '-' : '';
}
type Sign = '' | '-';

/** The operation's text if it is one of these. */
export function zeroText(parts: ZeroParts): string | undefined {
  const { fn, a, b, constantA, constantB, width, helpers } = parts;
  if (fn === 'sub' && a === b) return `${helpers.use('minusSelf', width)}(${a})`;
  const zeroB = signOfZero(constantB);
  if (zeroB !== undefined) return withZero(fn, a, zeroB, width, helpers);
  if (fn === 'div' && (constantB === Infinity || constantB === -Infinity))
    return `${constantB < 0 ? '-' : ''}${helpers.use('timesZero', width)}(${a})`;
  const zeroA = signOfZero(constantA);
  if (zeroA === undefined) return undefined;
  if (fn === 'div') return `${zeroA}${helpers.use('zeroOver', width)}(${b})`;
  if (fn === 'sub') return zeroA === '-' ? `-${b}` : `${helpers.use('plusZero', width)}(-${b})`;
  return withZero(fn, b, zeroA, width, helpers);
}

/** `x fn 0`, or `x fn -0`. */
function withZero(
  fn: BinaryFn,
  x: string,
  sign: Sign,
  width: Width,
  helpers: HelperNames,
): string | undefined {
  switch (fn) {
    case 'mul':
      return `${sign}${helpers.use('timesZero', width)}(${x})`;
    case 'div':
      return `${sign}${helpers.use('overZero', width)}(${x})`;
    case 'add':
    case 'sub':
      // x + -0 and x - 0 are x, whatever x is.
      return (fn === 'add') === (sign === '-') ? x : `${helpers.use('plusZero', width)}(${x})`;
    default:
      return undefined;
  }
}
