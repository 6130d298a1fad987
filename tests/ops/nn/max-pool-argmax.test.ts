/** Gradients through the positions of the maxima; values recorded from TensorFlow 2.21 where it has a kernel. */
import { describe, expect, it } from '@jest/globals';
import { graphBuilder } from '../../../src/graph/builder.js';
import { Graph } from '../../../src/graph/graph.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import type { Tensor } from '../../../src/graph/operation.js';
import '../../../src/ops/index.js';
import { Session } from '../../../src/session/session.js';

const x = [
  1.375, 2.75, 1.25, 0.25, 2.0, 1.75, 3.5, 3.25, 2.5, 1.625, 3.0, 0.625, 2.125, 1.0, 3.75, 3.125,
  2.875, 0.125, 3.875, 0.75, 0.5, 2.25, 3.625, 2.375, 1.125, 0.875, 3.375, 0.375, 0.0, 2.625, 1.875,
  1.5,
];
const dy = [1.0, 0.25, 0.0, 0.5, 1.5, 1.75, 1.25, 0.75];
const y = [3.0, 2.75, 3.75, 3.25, 3.875, 0.875, 3.625, 2.625];
const argmax = [10, 1, 14, 7, 18, 25, 22, 29];
const dx = [
  0, 0.25, 0, 0, 0, 0, 0, 0.5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1.5, 0, 0, 0, 1.25, 0, 0, 1.75, 0, 0,
  0, 0.75, 0, 0,
];
const image = [1, 4, 4, 2];
const pooled = [1, 2, 2, 2];
const attrs = { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'VALID' };

const floats = (values: readonly number[], shape: readonly number[]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const positions: NdArray = {
  dtype: 'int64',
  shape: pooled,
  data: BigInt64Array.from(argmax, BigInt),
};

async function run(
  device: 'cpu' | 'gpu',
  build: (b: ReturnType<typeof graphBuilder>) => Tensor,
): Promise<number[]> {
  const graph = new Graph();
  const result = graph.asDefault(() => build(graphBuilder()));
  const session = new Session({ graph, device });
  const array = await session.run(result);
  await session.close();
  return Array.from(array.data as Float32Array, Number);
}

describe.each(['cpu', 'gpu'] as const)('pooling by recorded positions on %s', (device) => {
  it('finds the first maximum of each window', async () => {
    const found = await run(
      device,
      (b) => b.ops('MaxPoolWithArgmax', [b.constant(floats(x, image))], attrs)[1] as Tensor,
    );
    expect(found).toEqual(argmax);
  });

  it('sends a gradient to the recorded positions', async () => {
    const found = await run(device, (b) =>
      b.op(
        'MaxPoolGradWithArgmax',
        [b.constant(floats(x, image)), b.constant(floats(dy, pooled)), b.constant(positions)],
        attrs,
      ),
    );
    expect(found).toEqual(dx);
  });

  it('picks a second-order gradient at the recorded positions', async () => {
    const second = x.map((value) => 10 * value);
    const found = await run(device, (b) =>
      b.op(
        'MaxPoolGradGradWithArgmax',
        [b.constant(floats(x, image)), b.constant(floats(second, image)), b.constant(positions)],
        attrs,
      ),
    );
    expect(found).toEqual(argmax.map((at) => second[at]));
  });

  it('picks the same where windows and strides are inputs', async () => {
    const second = x.map((value) => 10 * value);
    const found = await run(device, (b) =>
      b.op(
        'MaxPoolGradGradV2',
        [
          b.constant(floats(x, image)),
          b.constant(floats(y, pooled)),
          b.constant(floats(second, image)),
          b.constant(attrs.ksize, 'int32'),
          b.constant(attrs.strides, 'int32'),
        ],
        { padding: 'VALID' },
      ),
    );
    expect(found).toEqual(argmax.map((at) => second[at]));
  });
});
