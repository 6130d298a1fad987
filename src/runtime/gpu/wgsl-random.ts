/** Counter-based random numbers, bit for bit as TensorFlow draws them. */
import type { HelperSource } from './wgsl-helper-source.js';

const keyAndCounter = 'key0: u32, key1: u32, c0: u32, c1: u32, c2: u32, c3: u32';

export const randomSources: Readonly<Record<string, HelperSource>> = {
  // Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011).
  philox: {
    params: keyAndCounter,
    result: 'vec4<u32>',
    body: `
var c = vec4<u32>(c0, c1, c2, c3);
var k0 = key0;
var k1 = key1;
for (var round = 0; round < 10; round++) {
  let high0 = mulHigh_(0xd2511f53u, c.x);
  let high1 = mulHigh_(0xcd9e8d57u, c.z);
  c = vec4<u32>(high1 ^ c.y ^ k0, 0xcd9e8d57u * c.z, high0 ^ c.w ^ k1, 0xd2511f53u * c.x);
  k0 += 0x9e3779b9u;
  k1 += 0xbb67ae85u;
}
return c;`,
  },
  // Box and Muller: two uniform words to two normals.
  normalPair: {
    params: 'a: u32, b: u32',
    result: 'vec2<f32>',
    body: `
let u = max(bitcast<f32>((a & 0x7fffffu) | 0x3f800000u) - 1.0, 1e-7);
let v = 6.28318531 * (bitcast<f32>((b & 0x7fffffu) | 0x3f800000u) - 1.0);
let r = sqrt(-2.0 * log_(u));
let t = nearTurns_(v);
return vec2<f32>(r * sinTurned_(t, v), r * cosTurned_(t, v));`,
  },
  // Normals from the counter on, keeping |z| < 2, until four are kept. Each draw of a group keeps
  // 91 in 100, so a bound of 64 groups is never met in practice; it only ends the loop for compilers.
  truncatedNormal: {
    params: keyAndCounter,
    result: 'vec4<f32>',
    body: `
var kept = vec4<f32>();
var count = 0;
var c = vec4<u32>(c0, c1, c2, c3);
for (var group = 0; group < 64 && count < 4; group++) {
  let bits = philox_(key0, key1, c.x, c.y, c.z, c.w);
  let drawn = vec4<f32>(normalPair_(bits.x, bits.y), normalPair_(bits.z, bits.w));
  for (var i = 0; i < 4; i++) {
    if (abs(drawn[i]) < 2.0 && count < 4) {
      kept[count] = drawn[i];
      count++;
    }
  }
  c.x += 1u;
  c.y += select(0u, 1u, c.x == 0u);
  c.z += select(0u, 1u, c.x == 0u && c.y == 0u);
  c.w += select(0u, 1u, c.x == 0u && c.y == 0u && c.z == 0u);
}
return kept;`,
  },
};
