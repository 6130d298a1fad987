/** Sizes and data of the two-layer network all five examples train. */
import type * as tf from 'defrun';

/** Examples, input width, hidden width. */
export const [N, D, H] = [64, 1000, 100];

export interface Report {
  /** Loss at each step. */
  readonly losses: readonly number[];
  /** Statistics of the last step. */
  readonly stats: tf.RunStats;
}

/** Values around zero, uniform in [-scale, scale], the same for the same seed. */
export function randomArray(
  shape: readonly number[],
  seed: number,
  scale = 1,
): tf.NdArray<'float32'> {
  const data = new Float32Array(shape.reduce((n, dim) => n * dim, 1));
  let state = seed >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = scale * (state / 2 ** 31 - 1);
  }
  return { dtype: 'float32', shape, data };
}
