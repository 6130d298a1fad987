/** Fetches to arrays for the caller: many strings take long to turn into bytes, and so take turns. */
import type { DType, NdArray } from '../../graph/dtype.js';
import type { StaticShape } from '../../graph/shape.js';
import { bytesOf } from '../../ir/byte-strings.js';
import { decode, isText, stringArray, type StorageArray } from '../../ir/storage.js';
import type { Pacer } from './pacer.js';

/** Strings decoded between looks at the clock: well under a millisecond of work if they are short. */
const batch = 1024;

/**
 * A fetched array as it is now. Numbers, and strings that are soon done, are there at once.
 *
 * @param pacer of the run; long work on strings lets the event loop turn when it says so.
 */
export function decodeFetch(
  source: StorageArray,
  dtype: DType,
  shape: StaticShape,
  pacer: Pacer,
): NdArray | Promise<NdArray> {
  if (!isText(source) || source.length <= batch) return decode(source, dtype, shape);
  return decodeSlowly([...source], shape, pacer);
}

async function decodeSlowly(
  texts: readonly string[],
  shape: StaticShape,
  pacer: Pacer,
): Promise<NdArray> {
  const data: Uint8Array[] = [];
  for (const [i, text] of texts.entries()) {
    if (i % batch === 0 && pacer.remainingMs() <= 0) await pacer.turn();
    data.push(bytesOf(text));
  }
  return stringArray(data, shape);
}
