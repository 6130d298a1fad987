/**
 * Counter-based random numbers as TensorFlow's CPU kernels draw them: Philox4x32-10 (Salmon et al.
 * 2011, "Parallel random numbers: as easy as 1, 2, 3") and truncated normals by rejection.
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;
const twoTo32 = 4294967296;

/** The last group drawn: neighbouring elements are lanes of one group, so it is usually asked again. */
const last = new Uint32Array(10);
let lastIsValid = false;
const lanes = last.subarray(6);

/** High word of a 32 x 32 bit product; the rounding error of a * b is far below one high word. */
const highWord = (a: number, b: number, low: number): number => Math.round((a * b - low) / twoTo32);

function fillGroup(k0: number, k1: number, c0: number, c1: number, c2: number, c3: number): void {
  let [key0, key1, x0, x1, x2, x3] = [k0, k1, c0, c1, c2, c3];
  for (let round = 0; round < rounds; round++) {
    const low0 = Math.imul(multiplier0, x0) >>> 0;
    const low1 = Math.imul(multiplier1, x2) >>> 0;
    const high0 = highWord(multiplier0, x0, low0);
    const high1 = highWord(multiplier1, x2, low1);
    x0 = (high1 ^ x1 ^ key0) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ key1) >>> 0;
    x3 = low0;
    key0 = (key0 + weyl0) >>> 0;
    key1 = (key1 + weyl1) >>> 0;
  }
  lanes[0] = x0;
  lanes[1] = x1;
  lanes[2] = x2;
  lanes[3] = x3;
}

/** Lane 0..3 of the group of four at a counter. */
export function philox(
  k0: number,
  k1: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  lane: number,
): number {
  const known =
    lastIsValid &&
    last[2] === c0 &&
    last[3] === c1 &&
    last[0] === k0 &&
    last[1] === k1 &&
    last[4] === c2 &&
    last[5] === c3;
  if (!known) {
    fillGroup(k0, k1, c0, c1, c2, c3);
    last[0] = k0;
    last[1] = k1;
    last[2] = c0;
    last[3] = c1;
    last[4] = c2;
    last[5] = c3;
    lastIsValid = true;
  }
  return lanes[lane & 3] as number;
}

const f32 = Math.fround;
const minUniform = f32(1e-7);
const truncateAt = 2;

/** 23 random bits as a float in [0, 1). */
const uniform = (bits: number): number => (bits & 0x7fffff) / 0x800000;

/** Truncated normals of the last group asked for, with the key and counter they belong to. */
const kept = new Float32Array(4);
const keptAt = new Uint32Array(6);
let keptIsValid = false;

/** Box-Muller in f32 steps: u1, v, r as TensorFlow rounds them; pairs of lanes give sin, then cos. */
function fillTruncated(k0: number, k1: number, start: readonly number[]): void {
  let [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = start;
  let count = 0;
  while (count < 4) {
    for (let pair = 0; pair < 4 && count < 4; pair += 2) {
      const u = Math.max(uniform(philox(k0, k1, c0, c1, c2, c3, pair)), minUniform);
      const v = f32(2 * Math.PI * uniform(philox(k0, k1, c0, c1, c2, c3, pair + 1)));
      const r = f32(Math.sqrt(f32(-2 * f32(Math.log(u)))));
      const first = f32(f32(Math.sin(v)) * r);
      const second = f32(f32(Math.cos(v)) * r);
      if (Math.abs(first) < truncateAt) kept[count++] = first;
      if (Math.abs(second) < truncateAt && count < 4) kept[count++] = second;
    }
    c0 = (c0 + 1) >>> 0;
    if (c0 === 0) c1 = (c1 + 1) >>> 0;
    if (c0 === 0 && c1 === 0) c2 = (c2 + 1) >>> 0;
    if (c0 === 0 && c1 === 0 && c2 === 0) c3 = (c3 + 1) >>> 0;
  }
}

/** Lane 0..3 of the four normals with |z| < 2 drawn from a counter on. */
export function truncatedNormal(
  k0: number,
  k1: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  lane: number,
): number {
  const at = [k0, k1, c0, c1, c2, c3];
  if (!keptIsValid || at.some((word, i) => keptAt[i] !== word)) {
    fillTruncated(k0, k1, at.slice(2));
    keptAt.set(at);
    keptIsValid = true;
  }
  return kept[lane & 3] as number;
}
