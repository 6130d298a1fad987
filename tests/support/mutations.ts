/** Seeded damage to files: what a bad disk, a cut download or an attacker does to them. */
import type { Rng } from './rng.js';

type Mutation = (rng: Rng, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts));

const flipBits: Mutation = (rng, bytes) => {
  const out = Uint8Array.from(bytes);
  const times = 1 + rng.below(8);
  for (let i = 0; i < times; i++) {
    const at = rng.below(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << rng.below(8));
  }
  return out;
};

/** Values that mean something to a varint or a length. */
const telling = [0, 1, 2, 8, 10, 18, 0x7f, 0x80, 0xff];
const overwrite: Mutation = (rng, bytes) => {
  const out = Uint8Array.from(bytes);
  const at = rng.below(out.length);
  const times = 1 + rng.below(4);
  for (let i = at; i < Math.min(at + times, out.length); i++) out[i] = rng.pick(telling);
  return out;
};

const truncate: Mutation = (rng, bytes) => bytes.slice(0, rng.below(bytes.length));

const insert: Mutation = (rng, bytes) => {
  const at = rng.below(bytes.length + 1);
  const added = Uint8Array.from({ length: 1 + rng.below(12) }, () =>
    rng.chance(0.5) ? rng.pick(telling) : rng.below(256),
  );
  return joined(bytes.subarray(0, at), added, bytes.subarray(at));
};

const remove: Mutation = (rng, bytes) => {
  const at = rng.below(bytes.length);
  return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + rng.below(16)));
};

const spliceFiles: Mutation = (rng, bytes, other) =>
  joined(bytes.subarray(0, rng.below(bytes.length)), other.subarray(rng.below(other.length)));

/** Ends of the top-level fields of a protobuf message that has only length-delimited ones. */
function fieldEnds(bytes: Uint8Array): number[] {
  const ends = [0];
  for (let at = 0; at < bytes.length;) {
    if (((bytes[at] ?? 0) & 7) !== 2) break;
    let length = 0;
    let scale = 1;
    for (at++; at < bytes.length; at++, scale *= 128) {
      const byte = bytes[at] ?? 0;
      length += (byte & 127) * scale;
      if (byte < 128) break;
    }
    at += 1 + length;
    if (at > bytes.length) break;
    ends.push(at);
  }
  return ends;
}

function someField(rng: Rng, bytes: Uint8Array): readonly [from: number, to: number] {
  const ends = fieldEnds(bytes);
  const i = rng.below(Math.max(1, ends.length - 1));
  return [ends[i] ?? 0, ends[i + 1] ?? bytes.length];
}

const duplicateField: Mutation = (rng, bytes) => {
  const [from, to] = someField(rng, bytes);
  return joined(bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to));
};

const dropField: Mutation = (rng, bytes) => {
  const [from, to] = someField(rng, bytes);
  return joined(bytes.subarray(0, from), bytes.subarray(to));
};

/** A name or attr of the file put over another of the same length: valid, but contradictory. */
const swapText: Mutation = (rng, bytes) => {
  const length = 1 + rng.below(6);
  const from = rng.below(Math.max(1, bytes.length - length));
  const out = Uint8Array.from(bytes);
  out.copyWithin(rng.below(Math.max(1, bytes.length - length)), from, from + length);
  return out;
};

const mutations: readonly Mutation[] = [
  flipBits,
  flipBits,
  overwrite,
  overwrite,
  truncate,
  insert,
  remove,
  spliceFiles,
  duplicateField,
  dropField,
  swapText,
];

/** One or two mutations of `bytes`, perhaps with parts of `other`. */
export function mutated(rng: Rng, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const once = rng.pick(mutations)(rng, bytes, other);
  return rng.chance(0.3) && once.length > 0 ? rng.pick(mutations)(rng, once, other) : once;
}
