/**
 * Exponentials, logarithms, powers and their kin on f32, to a few units in the last place on every
 * adapter: WGSL's own lose all relative accuracy near zeros of log, tanh and others, and differ on
 * NaN. Polynomials are minimax fits of the remainder named beside them.
 */
import type { HelperSource } from './wgsl-helper-source.js';

const real = { params: 'x: f32', result: 'f32' } as const;

export const exponentialSources: Readonly<Record<string, HelperSource>> = {
  // x = k ln 2 + r; e^r = 1 + r + r^2 P(r), |r| <= ln(2)/2. Scaling in two steps reaches both ends.
  exp: {
    ...real,
    body: `
let y = clamp(x, -104.0, 89.0);
let k = round(y * 1.44269504);
let r = (y - k * 0.693145751953125) - k * 1.428606765330187e-06;
let p = 0.5 + r * (0.166665122 + r * (0.0416661873 + r * (0.00836959854 + r * 0.00139517174)));
let n = i32(k);
let h = n >> 1u;
let scaled = (1.0 + (r + r * r * p)) * bitcast<f32>((h + 127) << 23u);
return select(scaled * bitcast<f32>((n - h + 127) << 23u), x, isNan_(x));`,
  },
  // log(m) for sqrt(1/2) <= m <= sqrt(2), given m - 1: s = f / (2 + f); 2s + s^3 P(s^2).
  logNearOne: {
    params: 'f: f32',
    result: 'f32',
    body: `
let s = f / (2.0 + f);
let z = s * s;
let p = 0.666666627 + z * (0.400003403 + z * (0.285369188 + z * 0.235899925));
return 2.0 * s + s * z * p;`,
  },
  log: {
    ...real,
    body: `
let bits = bitcast<u32>(x);
let tiny = bits < 0x00800000u;
let a = select(bits, bitcast<u32>(f32(bits)), tiny);
let k = (bitcast<i32>(a) - 0x3f3504f3) >> 23u;
let e = f32(k - select(0, 149, tiny));
let m = bitcast<f32>(bitcast<i32>(a) - (k << 23u));
let y = e * 0.693145751953125 + (logNearOne_(m - 1.0) + e * 1.428606765330187e-06);
let special = select(bitcast<f32>(nan_bits), x, bits == 0x7f800000u || isNan_(x));
let positive = select(y, special, bits >= 0x7f800000u);
return select(positive, bitcast<f32>(neg_inf_bits), (bits & 0x7fffffffu) == 0u);`,
  },
  log1p: {
    ...real,
    body: `
let u = 1.0 + x;
let correction = select((x - (u - 1.0)) / u, 0.0, abs(x) > 1e8 || u <= 0.0);
return select(log_(u) + correction, logNearOne_(x), x > -0.29 && x < 0.41);`,
  },
  expm1: {
    ...real,
    body: `
let p = 0.5 + x * (0.166665122 + x * (0.0416661873 + x * (0.00836959854 + x * 0.00139517174)));
return select(exp_(x) - 1.0, x + x * x * p, abs(x) < 0.34);`,
  },
  sigmoid: {
    ...real,
    body: `
return 1.0 / (1.0 + exp_(-x));`,
  },
  softplus: {
    ...real,
    body: `
return select(log1p_(exp_(-abs(x))) + max(x, 0.0), x, isNan_(x));`,
  },
  // Clamped, since the exponential overflows; an odd series near zero, where 1 - 2/(e+1) cancels.
  tanh: {
    ...real,
    body: `
let z = x * x;
let p = -0.333333284 + z * (0.133329704 + z * (-0.0538999699 + z * (0.0213016998 + z * -0.00665356731)));
let large = 1.0 - 2.0 / (exp_(2.0 * clamp(x, -10.0, 10.0)) + 1.0);
return select(select(large, x + x * z * p, abs(x) < 0.45), x, isNan_(x));`,
  },
  sinh: {
    ...real,
    body: `
let z = x * x;
let p = 0.166666672 + z * (0.00833335053 + z * (0.000198360663 + z * 2.81743974e-06));
let h = exp_(0.5 * abs(x));
let e = (0.5 * h) * h;
let large = e - 0.25 / e;
return select(select(large, -large, x < 0.0), x + x * z * p, abs(x) < 1.0);`,
  },
  cosh: {
    ...real,
    body: `
let h = exp_(0.5 * abs(x));
let e = (0.5 * h) * h;
return e + 0.25 / e;`,
  },
  asinh: {
    ...real,
    body: `
let a = abs(x);
let z = a * a;
let y = select(log1p_(a + z / (1.0 + sqrt(1.0 + z))), log_(a) + 0.693147181, a > 1e9);
return select(select(y, -y, x < 0.0), x, isNan_(x) || a < 1e-4);`,
  },
  acosh: {
    ...real,
    body: `
let t = x - 1.0;
let y = select(log1p_(t + sqrt(2.0 * t + t * t)), log_(x) + 0.693147181, x > 1e9);
return select(select(y, bitcast<f32>(nan_bits), x < 1.0), x, isNan_(x));`,
  },
  atanh: {
    ...real,
    body: `
let a = abs(x);
let y = 0.5 * log1p_(2.0 * a / (1.0 - a));
let inside = select(select(y, -y, x < 0.0), x, a < 1e-4);
let outside = select(bitcast<f32>(nan_bits), x, isNan_(x));
let edge = select(inside, bitcast<f32>(inf_bits) * sign(x), a == 1.0);
return select(edge, outside, !(a <= 1.0) || isNan_(x));`,
  },
  // x P(x^2) below 1, and 1 - erfc above.
  erf: {
    ...real,
    body: `
let z = x * x;
let p = 1.12837911 + z * (-0.37612626 + z * (0.112836003 + z * (-0.0268544443 + z * (0.00518953521 + z * (-0.000802084105 + z * 7.8891193e-05)))));
let y = 1.0 - erfcTail_(max(abs(x), 1.0));
return select(select(select(y, -y, x < 0.0), x * p, abs(x) < 1.0), x, isNan_(x));`,
  },
  // exp(-x^2) Q(1 / (1 + x/2)) for x >= 1; x is split so that x^2 keeps its last bits.
  erfcTail: {
    ...real,
    body: `
let a = min(x, 11.0);
let t = 1.0 / (1.0 + 0.5 * a);
let q = -4.04174261e-06 + t * (0.282198578 + t * (0.280992001 + t * (0.253001928 + t * (0.157778338 + t * (0.106212653 + t * (0.0235349741 + t * (-0.183658019 + t * 0.0803805515)))))));
let h = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
return exp_(-(h * h)) * exp_(-((a - h) * (a + h))) * q;`,
  },
  erfc: {
    ...real,
    body: `
let tail = erfcTail_(max(abs(x), 1.0));
let y = select(tail, 2.0 - tail, x < 0.0);
return select(select(y, 1.0 - erf_(x), abs(x) < 1.0), x, isNan_(x));`,
  },
  // C's pow. x = m 2^e; y log2(x) = y e + y log2(m), with y split so that y e is exact.
  pow: {
    params: 'x: f32, y: f32',
    result: 'f32',
    body: `
let a = abs(x);
let even = y == 2.0 * floor(y * 0.5);
let whole = y == floor(y);
let xBits = bitcast<u32>(x);
if (y == 0.0 || xBits == 0x3f800000u) { return 1.0; }
if (isNan_(x) || isNan_(y)) { return bitcast<f32>(nan_bits); }
let negative = (xBits >> 31u) == 1u && whole && !even;
if (isInf_(y)) {
  let grows = (a > 1.0) == (y > 0.0);
  return select(select(0.0, bitcast<f32>(inf_bits), grows), 1.0, a == 1.0);
}
if (a == 0.0 || isInf_(x)) {
  let big = (a == 0.0) == (y < 0.0);
  let r = select(0.0, bitcast<f32>(inf_bits), big);
  return select(r, -r, negative);
}
if ((xBits >> 31u) == 1u && !whole) { return bitcast<f32>(nan_bits); }
let r = powPositive_(a, y);
return select(r, -r, negative);`,
  },
  powPositive: {
    params: 'a: f32, y: f32',
    result: 'f32',
    body: `
if (y == floor(y) && abs(y) <= 8.0) {
  var r = 1.0;
  for (var i = 0; i < i32(abs(y)); i++) { r *= a; }
  if (y > 0.0) { return r; }
  if (r > 1e-37 && r < 1e37) { return 1.0 / r; }
}
let bits = bitcast<u32>(a);
let tiny = bits < 0x00800000u;
let b = bitcast<i32>(select(bits, bitcast<u32>(f32(bits)), tiny));
let k = (b - 0x3f3504f3) >> 23u;
let e = f32(k - select(0, 149, tiny));
let l = logNearOne_(bitcast<f32>(b - (k << 23u)) - 1.0) * 1.44269504;
// No power beyond is finite and not 0; a larger literal could overflow in a compiler's hands.
let z = clamp(y, -1e10, 1e10);
let head = bitcast<f32>(bitcast<u32>(z) & 0xfffff000u);
let n = clamp(round(z * (e + l)), -300.0, 300.0);
let f = (head * e - n) + (z - head) * e + z * l;
let h = clamp(i32(n), -252, 254) >> 1u;
let rest = clamp(i32(n), -252, 254) - h;
let near = exp_(clamp(f, -150.0, 150.0) * 0.693147181);
return near * bitcast<f32>((h + 127) << 23u) * bitcast<f32>((rest + 127) << 23u);`,
  },
};
