/**
 * Fed tensors as a run holds them: the caller's arrays, or, once the caller may change those, copies.
 * A copy of strings is made of byte strings, which kernels take as they are.
 */
import { copyNdArray, dataBytesOf, type NdArray } from '../graph/dtype.js';
import type { StaticShape } from '../graph/shape.js';
import { bytesOf, toByteString } from './byte-strings.js';
import { encode, stringArray, type StorageArray } from './storage.js';
import type { StorageType } from './kernel.js';

/** A fed string tensor that shares nothing with the caller's. */
export interface TakenStrings {
  readonly dtype: 'string';
  readonly shape: StaticShape;
  readonly texts: readonly string[];
}

export type FeedArray = NdArray | TakenStrings;

const isTaken = (feed: FeedArray): feed is TakenStrings => 'texts' in feed;

/** The feed as it is now, whatever the caller does to its arrays. */
export function takeFeed(feed: FeedArray): FeedArray {
  if (isTaken(feed)) return feed;
  const { shape } = feed;
  if (feed.dtype !== 'string') return copyNdArray(feed);
  return { dtype: 'string', shape, texts: feed.data.map(toByteString) };
}

/** As `encode`; strings come in an array of their own. */
export const encodeFeed = (feed: FeedArray, storage: StorageType, label: string): StorageArray =>
  isTaken(feed) ? [...feed.texts] : encode(feed, storage, label);

/** Bytes of the elements; of strings, all their bytes. */
export const feedBytesOf = (feed: FeedArray): number =>
  isTaken(feed) ? feed.texts.reduce((sum, text) => sum + text.length, 0) : dataBytesOf(feed);

/** The feed's elements, for looking at. */
export const arrayOf = (feed: FeedArray): NdArray =>
  isTaken(feed) ? stringArray(feed.texts.map(bytesOf), feed.shape) : feed;

/** The array for a caller, who may keep it. */
export const answerOf = (feed: FeedArray, shape: StaticShape = feed.shape): NdArray =>
  isTaken(feed) ? { ...arrayOf(feed), shape: [...shape] } : copyNdArray({ ...feed, shape });
