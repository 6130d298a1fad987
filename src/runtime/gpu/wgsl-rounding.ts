/**
 * Tests and roundings that must not be left to an adapter's view of NaN: by bit pattern, since
 * compilers may assume NaN away. Also conversion from f32 and the exact floating remainder.
 */
import type { HelperSource } from './wgsl-helper-source.js';

const test = { params: 'x: f32', result: 'bool' } as const;
const real = { params: 'x: f32', result: 'f32' } as const;
const two = { params: 'a: f32, b: f32', result: 'f32' } as const;

export const roundingSources: Readonly<Record<string, HelperSource>> = {
  isNan: { ...test, body: 'return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;' },
  isInf: { ...test, body: 'return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;' },
  isFinite: { ...test, body: 'return (bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u;' },
  isNonzero: { ...test, body: 'return (bitcast<u32>(x) & 0x7fffffffu) != 0u;' },
  sign: { ...real, body: 'return select(sign(x), x, isNan_(x));' },
  max: { ...two, body: 'return select(select(max(a, b), b, isNan_(b)), a, isNan_(a));' },
  min: { ...two, body: 'return select(select(min(a, b), b, isNan_(b)), a, isNan_(a));' },
  maxConst: { ...two, body: 'return select(max(a, b), a, isNan_(a));' },
  minConst: { ...two, body: 'return select(min(a, b), a, isNan_(a));' },
  // The remainder of truncated division, by shifting and subtracting eight bits at a time: exact.
  mod: {
    ...two,
    body: `
let ua = bitcast<u32>(a) & 0x7fffffffu;
let ub = bitcast<u32>(b) & 0x7fffffffu;
if (ub == 0u || ub > 0x7f800000u || ua >= 0x7f800000u) { return bitcast<f32>(nan_bits); }
if (ua < ub) { return a; }
let ea = max(i32(ua >> 23u), 1);
var e = max(i32(ub >> 23u), 1);
let ma = (ua & 0x7fffffu) | select(0u, 0x800000u, ua >= 0x800000u);
let mb = (ub & 0x7fffffu) | select(0u, 0x800000u, ub >= 0x800000u);
var m = ma % mb;
if (ea - e < 8) {
  m = (ma << u32(ea - e)) % mb;
} else {
  for (var left = ea - e; left > 0 && m != 0u; left -= 8) { m = (m << u32(min(left, 8))) % mb; }
}
let lead = min(i32(countLeadingZeros(m)) - 8, e - 1);
let bits = select((u32(e - lead - 1) << 23u) + (m << u32(lead)), 0u, m == 0u);
return bitcast<f32>(bits | (bitcast<u32>(a) & 0x80000000u));`,
  },
  f32_to_i32: {
    params: 'x: f32',
    result: 'i32',
    body: 'return select(i32(x), i32(-2147483648), isNan_(x));',
  },
  f32_to_u32: {
    params: 'x: f32',
    result: 'u32',
    body: 'return select(select(u32(x), bitcast<u32>(i32(x)), x < 0.0), 0u, isNan_(x));',
  },
  // To nearest even at 10 bits; below 2^-14 at multiples of 2^-24.
  roundF16: {
    ...real,
    body: `
let bits = bitcast<u32>(x);
let a = bits & 0x7fffffffu;
if (a > 0x7f800000u) { return x; }
let small = bitcast<u32>(round(bitcast<f32>(a) * 16777216.0) / 16777216.0);
let normal = (a + 0xfffu + ((a >> 13u) & 1u)) & 0xffffe000u;
let finite = select(normal, small, a < 0x38800000u);
return bitcast<f32>(select(finite, 0x7f800000u, a >= 0x477ff000u) | (bits & 0x80000000u));`,
  },
  roundBf16: {
    ...real,
    body: `
let bits = bitcast<u32>(x);
let rounded = (bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u;
return select(bitcast<f32>(rounded), x, isNan_(x));`,
  },
};
