/**
 * TensorFlow's random streams as expressions: Philox4x32-10 (Salmon et al. 2011) with key `seed` and
 * counter (position, seed2), four 32-bit words per counter, and the distributions made of them.
 * Sources: tensorflow/core/lib/random/{philox_random,random_distributions}.h, for the layout of
 * words among elements only.
 */
import type { DType } from '../../graph/dtype.js';
import { elementCount, stridesOf, type StaticShape } from '../../graph/shape.js';
import {
  add,
  and,
  binary,
  call,
  cast,
  constant,
  eq,
  ge,
  int,
  like,
  lt,
  max,
  mod,
  mul,
  or,
  select,
  sub,
  unary,
  type Expr,
  type Intrinsic,
  type ScalarType,
} from '../../ir/expr.js';

export const u32 = (value: number): Expr => constant('u32', value);

/** Low and high 32 bits of a seed attr, as two's complement. */
function words(seed: number): readonly [Expr, Expr] {
  const bits = BigInt.asUintN(64, BigInt(seed));
  return [u32(Number(bits & 0xffffffffn)), u32(Number(bits >> 32n))];
}

export interface Seeds {
  readonly seed: number;
  readonly seed2: number;
}

export interface StreamPosition {
  readonly low: Expr;
  readonly high: Expr;
}

/** Counters an op reserves per run: 256 for each output element. */
export const reserved = (shape: StaticShape): bigint => 256n * BigInt(elementCount(shape));

/** Number of an element in row-major order, as u32. */
export function elementNumber(shape: StaticShape, index: readonly Expr[]): Expr {
  const strides = stridesOf(shape);
  const terms = index.map((at, axis) => mul(at, int(strides[axis] ?? 1)));
  return cast('u32', terms.length === 0 ? int(0) : terms.reduce(add));
}

/** Draws from the stream of an op: `draw(counters, lane)` of `fn`, `counters` after the position. */
export type Draw = (fn: Intrinsic, offset: readonly [low: Expr, high: Expr], lane: Expr) => Expr;

export function drawFrom(seeds: Seeds, position: StreamPosition): Draw {
  const [key0, key1] = words(seeds.seed);
  const [counter2, counter3] = words(seeds.seed2);
  return (fn, [low, high], lane) => {
    const counter0 = add(position.low, low);
    const carry = cast('u32', lt(counter0, position.low));
    const counter1 = add(add(position.high, high), carry);
    return call(fn, [key0, key1, counter0, counter1, counter2, counter3, lane]);
  };
}

const none = u32(0);

/** Word `lane` of the counter for `group`. */
export const word = (draw: Draw, group: Expr, lane: Expr): Expr =>
  draw('philox', [group, none], lane);

const shiftRight = (x: Expr, bits: number): Expr => binary('shr', x, u32(bits));
const shiftLeft = (x: Expr, bits: number): Expr => binary('shl', x, u32(bits));

/** Bits of precision of a uniform sample: the dtype's explicit fraction. */
const fractionBits: Partial<Record<DType, number>> = { float16: 10, bfloat16: 7, float32: 23 };

/** Uniform in [0, 1) from one word: its low bits as a fraction. Exact. */
const unit = (dtype: DType, bits: Expr, type: ScalarType): Expr => {
  const width = fractionBits[dtype] ?? 23;
  const fraction = cast(type, and(bits, u32(2 ** width - 1)));
  return mul(fraction, constant(type, 2 ** -width));
};

/** Uniform float64 in [0, 1) from two words: 20 bits of the first above 32 of the second. */
const unit64 = (first: Expr, second: Expr): Expr => {
  const high = mul(cast('f64', and(first, u32(0xfffff))), constant('f64', 2 ** -20));
  return add(high, mul(cast('f64', second), constant('f64', 2 ** -52)));
};

/** Element number `i` of a uniform stream: one word each, or two for float64. */
export function uniform(dtype: DType, draw: Draw, i: Expr): Expr {
  if (dtype === 'float64') {
    const [first, second] = wordPair(draw, i);
    return unit64(first, second);
  }
  return unit(dtype, word(draw, shiftRight(i, 2), and(i, u32(3))), 'f32');
}

/** Words 2i and 2i + 1 of the stream. */
function wordPair(draw: Draw, i: Expr): readonly [Expr, Expr] {
  const group = shiftRight(i, 1);
  const lane = shiftLeft(and(i, u32(1)), 1);
  return [word(draw, group, lane), word(draw, group, or(lane, u32(1)))];
}

/** Box-Muller: r sin(v) or r cos(v) with r = sqrt(-2 ln u), v = 2 pi w; u is kept from 0. */
function boxMuller(u: Expr, w: Expr, isSecond: Expr): Expr {
  const radius = unary('sqrt', mul(like(u, -2), unary('log', max(u, like(u, 1e-7)))));
  const angle = mul(like(w, 2 * Math.PI), w);
  return mul(radius, select(isSecond, unary('cos', angle), unary('sin', angle)));
}

/** Element number `i` of a normal stream: a pair of elements per pair of uniforms. */
export function normal(dtype: DType, draw: Draw, i: Expr): Expr {
  const isSecond = eq(and(i, u32(1)), u32(1));
  if (dtype === 'float64') {
    const at = (lane: number): Expr => word(draw, shiftRight(i, 1), u32(lane));
    return boxMuller(unit64(at(0), at(1)), unit64(at(2), at(3)), isSecond);
  }
  const group = shiftRight(i, 2);
  const pair = and(i, u32(2));
  const at = (lane: Expr): Expr => unit('float32', word(draw, group, lane), 'f32');
  return boxMuller(at(pair), at(or(pair, u32(1))), isSecond);
}

/** Element number `i` of a truncated normal stream; each group of elements has its own counters. */
export function truncatedNormal(dtype: DType, draw: Draw, i: Expr): Expr {
  if (dtype === 'float64') return truncatedNormal64(draw, i);
  const group = shiftRight(i, 2);
  // 256 counters per group; the product may pass 32 bits.
  const offset = [shiftLeft(group, 8), shiftRight(group, 24)] as const;
  return draw('truncatedNormal', offset, and(i, u32(3)));
}

/** Counters tried per group of two float64 samples; all rejected with probability below 1e-20. */
const tries = 8;

/** As the float32 groups, but two elements per group, 128 counters apart, from float64 uniforms. */
function truncatedNormal64(draw: Draw, i: Expr): Expr {
  const group = shiftRight(i, 1);
  const wanted = and(i, u32(1));
  let kept: Expr = u32(0);
  let value: Expr = constant('f64', 0);
  for (let attempt = 0; attempt < tries; attempt++) {
    const low = add(shiftLeft(group, 7), u32(attempt));
    const at = (lane: number): Expr => draw('philox', [low, shiftRight(group, 25)], u32(lane));
    const [u, w] = [unit64(at(0), at(1)), unit64(at(2), at(3))];
    for (const isSecond of [false, true]) {
      const sample = boxMuller(u, w, constant('bool', isSecond));
      const inside = lt(unary('abs', sample), like(sample, 2));
      value = select(and(inside, eq(kept, wanted)), sample, value);
      kept = add(kept, cast('u32', inside));
    }
  }
  return value;
}

/** minval + word mod (maxval - minval), in the width of the integer type. */
export function uniformInteger(
  dtype: DType,
  draw: Draw,
  i: Expr,
  minval: Expr,
  maxval: Expr,
): Expr {
  const { type } = minval;
  if (dtype === 'int32') {
    const range = sub(cast('u32', maxval), cast('u32', minval));
    const bits = word(draw, shiftRight(i, 2), and(i, u32(3)));
    return cast(type, add(cast('u32', minval), mod(bits, range)));
  }
  const [low, high] = wordPair(draw, i);
  if (type === 'i64') {
    const range = sub(cast('u64', maxval), cast('u64', minval));
    const bits = or(binary('shl', cast('u64', high), constant('u64', 32)), cast('u64', low));
    return cast(type, add(cast('u64', minval), mod(bits, range)));
  }
  const range = sub(cast('u32', maxval), cast('u32', minval));
  return cast(type, add(cast('u32', minval), longRemainder(high, low, range)));
}

/** (high * 2^32 + low) mod range in 32-bit arithmetic: long division, one bit at a time. */
function longRemainder(high: Expr, low: Expr, range: Expr): Expr {
  let rest = mod(high, range);
  for (let bit = 31; bit >= 0; bit--) {
    const overflows = ge(rest, u32(0x80000000));
    const next = or(shiftLeft(rest, 1), and(shiftRight(low, bit), u32(1)));
    rest = select(or(overflows, ge(next, range)), sub(next, range), next);
  }
  return rest;
}
