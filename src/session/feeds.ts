/** Feeds: values for tensors of the graph, checked against their dtype and static shape. */
import { DTypeError, ValueError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import { isComplex, type NdArray } from '../graph/dtype.js';
import type { Graph } from '../graph/graph.js';
import { isNdArray, toNdArray, type ArrayLike } from '../graph/nd-array.js';
import { Tensor } from '../graph/operation.js';
import { elementCount, formatTuple, isCompatible, type StaticShape } from '../graph/shape.js';
import { isTypedArray, valueCount } from '../graph/typed-array.js';
import { takeFeed, type FeedArray } from '../ir/feed-array.js';

/**
 * Data for a fed tensor: an NdArray, nested arrays, a scalar, or a flat typed array, which fills the
 * tensor's shape row by row. Text becomes strings in UTF-8,
 * and a Uint8Array in a nested array is the bytes of one string.
 *
 * A typed array of the class that `NdArray.data` has for the tensor's dtype means what it means there,
 * so that `feeds` take back what `run` gave: a Uint16Array for float16 or bfloat16 is raw bits, a
 * Float32Array for complex64 (Float64Array for complex128) re, im pairs. Plain arrays and other typed
 * arrays hold one number per element, which for a complex tensor is its real part.
 */
export type FeedValue = ArrayLike;
/** By tensor name (`x:0`, or `x` for output 0), or pairs of tensor (or name) and value. */
export type Feeds =
  | Readonly<Record<string, FeedValue>>
  | ReadonlyMap<Tensor | string, FeedValue>
  | readonly (readonly [Tensor | string, FeedValue])[];

export interface Feed {
  readonly tensor: Tensor;
  readonly array: FeedArray;
  /** Whether the caller holds the same memory. */
  readonly isShared: boolean;
}

export function resolveFeeds(graph: Graph, feeds: Feeds): Feed[] {
  const pairs = feedPairs(feeds);
  const seen = new Set<Tensor>();
  const result: Feed[] = [];
  for (const [key, value] of pairs) {
    const tensor = feedTensor(graph, key);
    if (seen.has(tensor))
      throw new ValueError(`Endpoint "${tensor.name}" fed more than once.`, {
        node: tensor.op.name,
      });
    seen.add(tensor);
    result.push(feedOf(tensor, value));
  }
  return result;
}

function feedPairs(feeds: Feeds): Iterable<readonly [Tensor | string, FeedValue]> {
  if (feeds instanceof Map) return feeds;
  if (Array.isArray(feeds)) {
    const at = feeds.findIndex((pair) => !isPair(pair));
    if (at < 0) return feeds as readonly (readonly [Tensor | string, FeedValue])[];
    throw wrongFeeds(
      `A list of feeds holds pairs of tensor and value, not ${describeValue(feeds[at])}`,
    );
  }
  if (typeof feeds !== 'object' || (feeds as unknown) === null || feeds instanceof Set)
    throw wrongFeeds(
      `Feeds are an object, a Map or a list of pairs of tensor and value, not ${describeValue(feeds)}`,
    );
  if (feeds instanceof Tensor || isTypedArray(feeds))
    throw wrongFeeds(`Feeds name the tensors they are for; ${describeValue(feeds)} names none`);
  return Object.entries(feeds as Record<string, FeedValue>);
}

const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2;

const wrongFeeds = (rule: string): DTypeError =>
  new DTypeError(`${rule}. Give { 'x:0': value } or [[x, value]].`);

/** @throws DTypeError, with the reason, if the key names no tensor of the graph. */
export function feedTensor(graph: Graph, key: Tensor | string): Tensor {
  const reject = (reason: string): never => {
    throw new DTypeError(`Cannot interpret feed_dict key as Tensor: ${reason}`);
  };
  if (key instanceof Tensor)
    return key.graph === graph ? key : reject(`Tensor ${key} is not an element of this graph.`);
  if (typeof key !== 'string') return reject('Can not convert it into a Tensor.');
  try {
    return graph.tensor(key);
  } catch (error) {
    const names = graph.operations.flatMap((op) => (op.type === 'Placeholder' ? [op.name] : []));
    const known = names.length === 0 ? '' : ` Placeholders: ${names.slice(0, 8).join(', ')}.`;
    return reject(`${(error as Error).message}${known}`);
  }
}

/** The feed as it is now, whatever the caller does to its arrays. */
export const keepFeed = (feed: Feed): Feed =>
  feed.isShared ? { ...feed, array: takeFeed(feed.array), isShared: false } : feed;

/**
 * The value as an array of the tensor's dtype.
 * @throws ValueError for a wrong shape, DTypeError for data the dtype cannot hold.
 */
export function feedOf(tensor: Tensor, value: FeedValue): Feed {
  const array = feedArray(tensor, value);
  // Runs take strings as byte strings: taken at once, they are looked at only once.
  if (array.dtype === 'string') return { tensor, array: takeFeed(array), isShared: false };
  const isShared =
    array.data === value ||
    (isNdArray(value) && array.data === value.data) ||
    (isTypedArray(value) && (array.data as Uint8Array).buffer === value.buffer);
  return { tensor, array, isShared };
}

function feedArray(tensor: Tensor, value: FeedValue): NdArray {
  if ((value as unknown) instanceof Tensor)
    throw new DTypeError(
      `The value of a feed cannot be a Tensor (feeding '${tensor.name}'). Run it first, and feed the NdArray that comes back.`,
      { node: tensor.op.name, op: tensor.op.type },
    );
  const array = converted(tensor, value);
  if (!isCompatible(tensor.shape, array.shape))
    throw new ValueError(
      `Cannot feed value of shape ${formatTuple(array.shape)} for Tensor '${tensor.name}', which has shape '${formatTuple(tensor.shape)}'.${pairsHint(value, array)}`,
      { node: tensor.op.name, op: tensor.op.type },
    );
  return array;
}

/** A typed array of complex numbers counts half of what its length says. */
const pairsHint = (value: FeedValue, array: NdArray): string =>
  array.data === value && isComplex(array.dtype)
    ? ` A flat typed array for ${array.dtype} holds re, im pairs; give real numbers as a plain array.`
    : '';

function converted(tensor: Tensor, value: FeedValue): NdArray {
  const { dtype } = tensor;
  try {
    if (isTypedArray(value))
      return toNdArray(value, { dtype, shape: flatShape(tensor, valueCount(value, dtype)) });
    return toNdArray(value, { dtype, truncate: true });
  } catch (error) {
    if (!(error instanceof ValueError || error instanceof DTypeError)) throw error;
    const Same = error instanceof ValueError ? ValueError : DTypeError;
    throw new Same(
      `Cannot feed Tensor '${tensor.name}' (${dtype}, shape '${formatTuple(tensor.shape)}'): ${error.message}`,
      {
        node: tensor.op.name,
        op: tensor.op.type,
        cause: error,
      },
    );
  }
}

/** A flat typed array fills the tensor's shape if at most one dim of it is open. */
function flatShape(tensor: Tensor, length: number): StaticShape {
  const { shape } = tensor;
  if (shape === null) return [length];
  const open = shape.filter((dim) => dim === null).length;
  const known = elementCount(shape.map((dim) => dim ?? 1));
  if (open === 0) return known === length ? (shape as StaticShape) : [length];
  if (open === 1 && known > 0 && length % known === 0)
    return shape.map((dim) => dim ?? length / known);
  return [length];
}
