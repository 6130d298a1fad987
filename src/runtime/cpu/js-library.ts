/**
 * What generated kernels call: scalar functions JavaScript lacks or defines differently, and the
 * scratch space and inner loop of contractions. Passed to generated code as `L`.
 */
import { contractScratch, multiplyBig, multiplyFloat, multiplyInt } from './contract-tile.js';
import { erf, erfc } from './erf.js';
import { philox, truncatedNormal } from './random.js';

const bits = new Int32Array(1);
const floats = new Float32Array(bits.buffer);

function bitsOfFloat(x: number): number {
  floats[0] = x;
  return bits[0] as number;
}

function floatOfBits(x: number): number {
  bits[0] = x;
  return floats[0] as number;
}

/** Half to even. 2^52 has no room for a fraction, so adding it rounds as the hardware does. */
function round(x: number): number {
  const size = Math.abs(x);
  if (!(size < 4503599627370496)) return x;
  const rounded = size + 4503599627370496 - 4503599627370496;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

/** C's pow: unlike JavaScript's, 1 to any power is 1, and so is (-1) to an infinite one. */
function pow(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return Math.pow(x, y);
}

/** Power of 32-bit integers modulo 2^32; a negative exponent gives the truncated reciprocal. */
function powInt(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? 1 - 2 * (y & 1) : 0;
  let result = 1;
  let square = x | 0;
  for (let rest = y; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** Power of 64-bit integers modulo 2^64, in two's complement. */
function powBig(x: bigint, y: bigint): bigint {
  if (y < 0n) return x === 1n ? 1n : x === -1n ? 1n - 2n * (y & 1n) : 0n;
  let result = 1n;
  let square = x;
  for (let rest = y; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asUintN(64, result * square);
    square = BigInt.asUintN(64, square * square);
  }
  return result;
}

function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** log(1 + e^x). */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Nearest float16 (half to even) of an f32; from 65520 on that is infinity. */
function roundF16(x: number): number {
  const size = Math.abs(x);
  if (!(size < 65520)) return Number.isNaN(x) ? x : x > 0 ? Infinity : -Infinity;
  if (size < 6.103515625e-5) return round(x * 16777216) / 16777216; // subnormal: steps of 2^-24
  const raw = bitsOfFloat(x);
  return floatOfBits((raw + 0xfff + ((raw >>> 13) & 1)) & ~0x1fff);
}

/** Nearest bfloat16 (half to even) of an f32. */
function roundBf16(x: number): number {
  if (Number.isNaN(x)) return x;
  const raw = bitsOfFloat(x);
  return floatOfBits((raw + 0x7fff + ((raw >>> 16) & 1)) & ~0xffff);
}

const toI32 = (x: number): number =>
  x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : x | 0;
const toU32 = (x: number): number => (x >= 4294967295 ? 4294967295 : x > 0 ? x >>> 0 : 0);

function toI64(x: number): bigint {
  if (x >= 9223372036854775808) return 9223372036854775807n;
  if (x <= -9223372036854775808) return -9223372036854775808n;
  return Number.isNaN(x) ? 0n : BigInt(Math.trunc(x));
}

function toU64(x: number): bigint {
  if (x >= 18446744073709551616) return 18446744073709551615n;
  return x > 0 ? BigInt(Math.trunc(x)) : 0n;
}

/** Rounds once: the bits a double cannot hold are folded into a sticky bit first. */
function bigToF32(x: bigint): number {
  const size = x < 0n ? -x : x;
  if (size < 9007199254740992n) return Math.fround(Number(x));
  const sticky = (size & 2047n) === 0n ? 0n : 1n;
  const rounded = Math.fround(Number((size >> 11n) | sticky) * 2048);
  return x < 0n ? -rounded : rounded;
}

const absBig = (x: bigint): bigint => (x < 0n ? -x : x);
const signBig = (x: bigint): bigint => (x > 0n ? 1n : x < 0n ? -1n : 0n);
const maxBig = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const minBig = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const divBig = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a / b);
const modBig = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a % b);

export const library = {
  Math,
  Number,
  BigInt,
  absBig,
  bigToF32,
  bitsOfFloat,
  contractScratch,
  divBig,
  erf,
  erfc,
  floatOfBits,
  maxBig,
  minBig,
  modBig,
  multiplyBig,
  multiplyFloat,
  multiplyInt,
  philox,
  pow,
  powBig,
  powInt,
  round,
  roundBf16,
  roundF16,
  sigmoid,
  signBig,
  softplus,
  toI32,
  toI64,
  toU32,
  toU64,
  truncatedNormal,
} as const;
