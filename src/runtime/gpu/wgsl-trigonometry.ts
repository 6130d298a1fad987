/** Circular functions on f32 and their inverses; arguments of any size are reduced exactly. */
import type { HelperSource } from './wgsl-helper-source.js';

const real = { params: 'x: f32', result: 'f32' } as const;

/** 2/pi in 32-bit words, after one of zeros. */
const twoOverPi = [
  '0u',
  '0xa2f9836eu',
  '0x4e441529u',
  '0xfc2757d1u',
  '0xf534ddc0u',
  '0xdb629599u',
  '0x3c439041u',
  '0xfe5163abu',
] as const;

/** `twoOverPi[word + offset]` for `word` of 0 to 4: lavapipe compiles an indexed table slowly. */
const chosenWord = (offset: number): string =>
  [3, 2, 1, 0].reduce<string>(
    (rest, word) => `select(${rest}, ${twoOverPi[word + offset] ?? '0u'}, word == ${word}u)`,
    twoOverPi[4 + offset] ?? '0u',
  );

/** A function that reduces its argument, and then is one of the turns and the argument. */
const ofTurns = (name: string): HelperSource => ({
  ...real,
  body: `
return ${name}_(quarterTurns_(x), x);`,
  wide: {
    result: 'vec4<f32>',
    body: `
let t = quarterTurns_4(x);
return vec4<f32>(${name}_(t[0], x.x), ${name}_(t[1], x.y), ${name}_(t[2], x.z), ${name}_(t[3], x.w));`,
  },
});

export const trigonometrySources: Readonly<Record<string, HelperSource>> = {
  // x = n pi/2 + r: (r, n mod 4).
  quarterTurns: {
    params: 'x: f32',
    result: 'vec2<f32>',
    body: `
if (abs(x) > 6000.0) { return hugeTurns_(x); }
return nearTurns_(x);`,
    // One loop, which drivers cannot unroll, has a single copy of the long way for all components.
    wide: {
      result: 'mat4x2<f32>',
      body: `
var t = mat4x2<f32>(nearTurns_(x.x), nearTurns_(x.y), nearTurns_(x.z), nearTurns_(x.w));
var left = abs(x) > vec4<f32>(6000.0);
while (any(left)) {
  let lane = select(select(select(3, 2, left.z), 1, left.y), 0, left.x);
  t[lane] = hugeTurns_(x[lane]);
  left[lane] = false;
}
return t;`,
    },
  },
  // Three-part pi/2 (Cody and Waite 1980), good while n has twelve bits.
  nearTurns: {
    params: 'x: f32',
    result: 'vec2<f32>',
    body: `
let n = round(x * 0.636619772);
let r = ((x - n * 1.5703125) - n * 0.0004837512969970703) - n * 7.549790126404332e-08;
return vec2<f32>(r, f32(i32(n) & 3));`,
  },
  // Payne and Hanek 1983: multiplies by the bits of 2/pi that matter at this exponent.
  hugeTurns: {
    params: 'x: f32',
    result: 'vec2<f32>',
    body: `
let bits = bitcast<u32>(x);
let m = (bits & 0x7fffffu) | 0x800000u;
let first = ((bits >> 23u) & 0xffu) - 120u;
let word = first >> 5u;
let shift = first & 31u;
let s = (32u - shift) & 31u;
let some = shift != 0u;
${[0, 1, 2, 3].map((i) => `let t${i} = ${chosenWord(i)};`).join('\n')}
let w0 = (t0 << shift) | select(0u, t1 >> s, some);
let w1 = (t1 << shift) | select(0u, t2 >> s, some);
let w2 = (t2 << shift) | select(0u, t3 >> s, some);
let low = m * w1;
let p1 = low + mulHigh_(m, w2);
let p0 = m * w0 + mulHigh_(m, w1) + select(0u, 1u, p1 < low);
let f0 = bitcast<i32>((p0 << 2u) | (p1 >> 30u));
let f1 = p1 << 2u;
let quadrant = (p0 >> 30u) + ((p0 >> 29u) & 1u);
let r = (f32(f0) + f32(f1) * 2.3283064365386963e-10) * 3.6572952e-10;
let negative = (bits >> 31u) == 1u;
return vec2<f32>(select(r, -r, negative), f32(select(quadrant, 4u - quadrant, negative) & 3u));`,
  },
  sinNear: {
    params: 'r: f32',
    result: 'f32',
    body: `
let z = r * r;
return r + r * z * (-0.166666672 + z * (0.00833332911 + z * (-0.000198392561 + z * 2.71756448e-06)));`,
  },
  cosNear: {
    params: 'r: f32',
    result: 'f32',
    body: `
let z = r * r;
return (1.0 - 0.5 * z) + z * z * (0.0416666456 + z * (-0.0013887306 + z * 2.44312032e-05));`,
  },
  // Of x with the turns t.
  sinTurned: {
    params: 't: vec2<f32>, x: f32',
    result: 'f32',
    body: `
let n = i32(t.y);
let y = select(sinNear_(t.x), cosNear_(t.x), (n & 1) == 1);
let signed = select(y, -y, n >= 2);
return select(signed, bitcast<f32>(nan_bits), !isFinite_(x));`,
  },
  cosTurned: {
    params: 't: vec2<f32>, x: f32',
    result: 'f32',
    body: `
let n = i32(t.y);
let y = select(cosNear_(t.x), sinNear_(t.x), (n & 1) == 1);
let signed = select(y, -y, n == 1 || n == 2);
return select(signed, bitcast<f32>(nan_bits), !isFinite_(x));`,
  },
  tanTurned: {
    params: 't: vec2<f32>, x: f32',
    result: 'f32',
    body: `
let odd = (i32(t.y) & 1) == 1;
let s = sinNear_(t.x);
let c = cosNear_(t.x);
let y = select(s, -c, odd) / select(c, s, odd);
return select(y, bitcast<f32>(nan_bits), !isFinite_(x));`,
  },
  sin: ofTurns('sinTurned'),
  cos: ofTurns('cosTurned'),
  tan: ofTurns('tanTurned'),
  // asin(x) = x + x^3 P(x^2) up to 1/2.
  asinNear: {
    ...real,
    body: `
let z = x * x;
return x + x * z * (0.166667566 + z * (0.0749514997 + z * (0.0454896092 + z * (0.0240812376 + z * 0.0423385911))));`,
  },
  asin: {
    ...real,
    body: `
let a = abs(x);
let far = 1.57079633 - 2.0 * asinNear_(sqrt(max(0.5 * (1.0 - a), 0.0)));
let y = select(select(far, -far, x < 0.0), asinNear_(x), a <= 0.5);
return select(select(y, bitcast<f32>(nan_bits), a > 1.0), x, isNan_(x));`,
  },
  acos: {
    ...real,
    body: `
let a = abs(x);
let far = 2.0 * asinNear_(sqrt(max(0.5 * (1.0 - a), 0.0)));
let y = select(select(far, 3.14159265 - far, x < 0.0), 1.57079633 - asinNear_(x), a <= 0.5);
return select(select(y, bitcast<f32>(nan_bits), a > 1.0), x, isNan_(x));`,
  },
  // For 0 <= x <= 1; above tan(pi/8) as pi/4 + atan((x - 1) / (x + 1)).
  atanNear: {
    ...real,
    body: `
let upper = x > 0.414213562;
let t = select(x, (x - 1.0) / (x + 1.0), upper);
let z = t * t;
let y = t + t * z * (-0.333329529 + z * (0.199778825 + z * (-0.13879329 + z * 0.0805849656)));
return select(y, 0.785398163 + y, upper);`,
  },
  atan: {
    ...real,
    body: `
let a = abs(x);
let near = atanNear_(select(a, 1.0 / a, a > 1.0));
let y = select(near, 1.57079633 - near, a > 1.0);
return select(select(y, -y, x < 0.0), x, isNan_(x) || a < 1e-4);`,
  },
  atan2: {
    params: 'y: f32, x: f32',
    result: 'f32',
    body: `
if (isNan_(x) || isNan_(y)) { return bitcast<f32>(nan_bits); }
let ax = abs(x);
let ay = abs(y);
let big = max(ax, ay);
let ratio = select(min(ax, ay) / big, 1.0, isInf_(ax) && isInf_(ay));
let near = select(atanNear_(ratio), 0.0, big == 0.0);
let first = select(near, 1.57079633 - near, ay > ax);
let half = select(first, 3.14159265 - first, (bitcast<u32>(x) >> 31u) == 1u);
return select(half, -half, (bitcast<u32>(y) >> 31u) == 1u);`,
  },
};
