/**
 * JSON text -> arrays. Numbers too long for a double keep every digit, and NaN and Infinity may
 * stand bare or in quotes. What does not fit the dtype is an error, never silently changed.
 */
import { InvalidArgumentError } from '../errors.js';
import { isComplex, isFloating, isInteger, type DType, type NdArray } from '../graph/dtype.js';
import { ndArray, toNdArray, type ArrayLike, type NestedArray } from '../graph/nd-array.js';
import { formatTuple, type StaticShape } from '../graph/shape.js';

const deepest = 32;
/** A string is taken in runs: a choice per character would overflow the matcher's stack. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:Infinity|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|NaN/g;
const quoted = /^(?:NaN|-?Infinity|-?\d{16,})$/;

/** JSON.parse, but long integers, NaN and Infinity come as strings. @throws InvalidArgumentError */
export function parseJson(text: string): unknown {
  const source = text
    .replace(/^\uFEFF/, '')
    .replace(tokens, (token) => (quoted.test(token) ? `"${token}"` : token));
  try {
    return JSON.parse(source) as unknown;
  } catch (cause) {
    throw new InvalidArgumentError(`This is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

const ranges: Partial<Record<DType, readonly [bigint, bigint]>> = Object.fromEntries(
  [8, 16, 32, 64].flatMap((bits) => [
    [`int${bits}`, [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]],
    [`uint${bits}`, [0n, 2n ** BigInt(bits) - 1n]],
  ]),
);

const misfit = (value: unknown, dtype: DType, why = ''): InvalidArgumentError =>
  new InvalidArgumentError(`${JSON.stringify(value)} is not a value of ${dtype}${why}.`);

function integerLeaf(value: unknown, dtype: DType): number | bigint {
  const isText = typeof value === 'string' && /^-?\d+$/.test(value);
  if (!isText && typeof value !== 'number') throw misfit(value, dtype);
  if (typeof value === 'number' && !Number.isInteger(value))
    throw misfit(value, dtype, ': it is not an integer');
  const exact = BigInt(value);
  const [low, high] = ranges[dtype] ?? ranges.int32 ?? [0n, 0n];
  if (exact < low || exact > high)
    throw misfit(value, dtype, `, which goes from ${low} to ${high}`);
  return dtype.endsWith('64') ? exact : Number(exact);
}

function floatLeaf(value: unknown, dtype: DType): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && (quoted.test(value) || value === 'inf' || value === '-inf'))
    return Number(value.replace(/inf$/, 'Infinity'));
  throw misfit(value, dtype);
}

const isEncoded = (value: unknown): value is { readonly b64: string } =>
  typeof value === 'object' &&
  value !== null &&
  'b64' in value &&
  typeof value.b64 === 'string' &&
  Object.keys(value).length === 1;

/** Text, or bytes that are no text as TensorFlow Serving writes them: `{"b64": "..."}`. */
function stringLeaf(value: unknown): string | Uint8Array {
  if (typeof value === 'string') return value;
  if (!isEncoded(value))
    throw misfit(value, 'string', ': put it in quotes, or give its bytes as {"b64": "..."}');
  const bytes = Buffer.from(value.b64, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== value.b64.replace(/=+$/, ''))
    throw misfit(value, 'string', ': it is not base64');
  return new Uint8Array(bytes);
}

/** A scalar of JSON as a value of `dtype`. */
export function leafValue(
  value: unknown,
  dtype: DType,
): number | bigint | boolean | string | Uint8Array {
  if (dtype === 'string') return stringLeaf(value);
  if (dtype === 'bool') {
    if (typeof value === 'boolean') return value;
    if (value === 0 || value === 1) return value === 1;
    throw misfit(value, dtype);
  }
  if (isFloating(dtype)) return floatLeaf(value, dtype);
  if (isInteger(dtype)) return integerLeaf(value, dtype);
  throw new InvalidArgumentError(`A ${dtype} tensor cannot be given as JSON; use a .npy file.`);
}

function mapLeaves(value: unknown, dtype: DType, depth = 0): NestedArray<unknown> {
  if (!Array.isArray(value)) return leafValue(value, dtype);
  if (depth >= deepest)
    throw new InvalidArgumentError(`The array is nested more than ${deepest} deep.`);
  return value.map((item) => mapLeaves(item, dtype, depth + 1));
}

interface Described {
  readonly dtype?: unknown;
  readonly shape: unknown;
  readonly data: unknown;
}

const isDescribed = (value: unknown): value is Described =>
  typeof value === 'object' && value !== null && 'shape' in value && 'data' in value;

/**
 * Array of a parsed JSON value: a scalar, nested arrays, or `{dtype, shape, data}` with flat data.
 * @param dtype what the placeholder takes.
 * @throws InvalidArgumentError or ValueError for ragged arrays and values the dtype cannot hold.
 */
export function arrayOfJson(value: unknown, dtype: DType): NdArray {
  if (isDescribed(value)) return arrayOfDescribed(value, dtype);
  if (isComplex(dtype)) return complexOfJson(value, dtype);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && !(dtype === 'string' && isEncoded(value)))
    throw new InvalidArgumentError(
      'A JSON object must have the keys "dtype", "shape" and "data"; nested arrays need none.',
    );
  const plain = mapLeaves(value, dtype);
  // Alone, bytes would be taken for a tensor of them.
  if (plain instanceof Uint8Array) return { dtype: 'string', shape: [], data: [plain] };
  return toNdArray(plain as ArrayLike, { dtype });
}

/** Complex numbers are pairs [re, im]: the innermost arrays. A number alone is real. */
function complexOfJson(value: unknown, dtype: DType): NdArray {
  if (!Array.isArray(value)) return toNdArray(floatLeaf(value, dtype), { dtype });
  if (value.length === 0) return toNdArray([], { dtype });
  const parts = toNdArray(mapLeaves(value, 'float64') as ArrayLike, { dtype: 'float64' });
  if (parts.shape.at(-1) !== 2)
    throw new InvalidArgumentError(`Values of ${dtype} are pairs [re, im]; put each in brackets.`);
  const data = dtype === 'complex64' ? Float32Array.from(parts.data as Float64Array) : parts.data;
  return ndArray(dtype, parts.shape.slice(0, -1), data as Float64Array);
}

function arrayOfDescribed(value: Described, dtype: DType): NdArray {
  const { shape, data } = value;
  const isShape =
    Array.isArray(shape) && shape.every((dim) => Number.isSafeInteger(dim) && Number(dim) >= 0);
  if (!isShape || !Array.isArray(data))
    throw new InvalidArgumentError('"shape" must be a list of sizes and "data" a list of values.');
  if (value.dtype !== undefined && value.dtype !== dtype)
    throw new InvalidArgumentError(
      `"dtype" is ${JSON.stringify(value.dtype)}, but ${dtype} is wanted.`,
    );
  const flat = isComplex(dtype)
    ? complexOfJson(data, dtype)
    : toNdArray(mapLeaves(data, dtype) as ArrayLike, { dtype });
  if (flat.shape.length === 1) return ndArray(dtype, shape as StaticShape, flat.data);
  if (formatTuple(flat.shape) === formatTuple(shape as StaticShape)) return flat;
  throw new InvalidArgumentError(
    `"shape" is [${shape.join(',')}], but the data is nested as [${flat.shape.join(',')}].`,
  );
}
