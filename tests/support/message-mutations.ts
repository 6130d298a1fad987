/** Seeded changes to decoded graphs: well-formed files that say wrong or extreme things. */
import { dataTypeNumbers } from '../../src/graph/dtype.js';
import { decodeGraphDef, encodeGraphDef } from '../../src/serialize/graph-def.js';
import type { Rng } from './rng.js';

type Fields = Record<string, unknown>;

interface Site {
  readonly owner: Fields | unknown[];
  readonly key: string | number;
  readonly value: unknown;
}

/** Every scalar, and every list or message, of a message. */
function sitesOf(root: Fields): Site[] {
  const sites: Site[] = [];
  const visit = (owner: Fields | unknown[]): void => {
    for (const [name, value] of Object.entries(owner)) {
      if (value === null || value === undefined) continue;
      const key = Array.isArray(owner) ? Number(name) : name;
      sites.push({ owner, key, value });
      if (typeof value === 'object' && !(value instanceof Uint8Array)) visit(value as Fields);
    }
  };
  visit(root);
  return sites;
}

const numbers = [
  0,
  1,
  2,
  3,
  7,
  255,
  65536,
  1e6,
  1e9,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 40,
  2 ** 53,
  -1,
  -2,
  -(2 ** 31),
  0.5,
  Infinity,
  NaN,
  1e-45,
];
const dtypes = Object.values(dataTypeNumbers);
const texts = ['', 'SAME', 'VALID', 'EXPLICIT', 'NHWC', 'NCHW', 'x', 'x:1', '^x', 'loc:@x', 'Ünï'];

function otherValue(rng: Rng, site: Site, sites: readonly Site[]): unknown {
  const { value, key } = site;
  const alike = sites.filter((s) => typeof s.value === typeof value && s.key === site.key);
  if (alike.length > 1 && rng.chance(0.5)) return structuredClone(rng.pick(alike).value);
  if (typeof value === 'number')
    return key === 'type' || key === 'dtype' ? rng.pick(dtypes) : rng.pick(numbers);
  if (typeof value === 'string') return rng.pick(texts);
  if (typeof value === 'boolean') return !value;
  if (value instanceof Uint8Array) return otherBytes(rng, value);
  if (Array.isArray(value)) return otherList(rng, value);
  return rng.chance(0.5) ? {} : value;
}

function otherBytes(rng: Rng, bytes: Uint8Array): Uint8Array {
  if (rng.chance(0.3)) return new TextEncoder().encode(rng.pick(texts));
  const out = Uint8Array.from(bytes);
  if (out.length > 0) out[rng.below(out.length)] = rng.pick([0, 1, 0x7f, 0x80, 0xff]);
  return out;
}

function otherList(rng: Rng, list: readonly unknown[]): unknown[] {
  const at = rng.below(Math.max(list.length, 1));
  switch (rng.below(4)) {
    case 0:
      return list.filter((_, i) => i !== at);
    case 1:
      return list.length === 0 ? [] : [...list, list[at]];
    case 2:
      return rng.shuffled(list);
    default:
      return [];
  }
}

/** Bytes of the graph with one to three of its values replaced; as they were if they do not decode. */
export function mutatedMessage(rng: Rng, bytes: Uint8Array): Uint8Array {
  let message: object;
  try {
    message = decodeGraphDef(Uint8Array.from(bytes));
  } catch {
    return bytes;
  }
  const times = 1 + rng.below(3);
  for (let i = 0; i < times; i++) {
    const sites = sitesOf(message as Fields);
    if (sites.length === 0) break;
    const site = rng.pick(sites);
    (site.owner as Fields)[String(site.key)] = otherValue(rng, site, sites);
  }
  try {
    return encodeGraphDef(message);
  } catch {
    return bytes;
  }
}
