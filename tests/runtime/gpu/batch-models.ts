/** Models over a batch of any size, and a GPU object that counts pipelines. */
import * as tf from '../../../src/index.js';
import { createDawn } from '../../../src/runtime/gpu/local-gpu.js';
import { findAdapter } from '../../../src/runtime/gpu/provider.js';

/** Values in [-0.5, 0.5) without a visible pattern. */
export const wave = (shape: readonly number[]): tf.NdArray<'float32'> => {
  const count = shape.reduce((n, dim) => n * dim, 1);
  return tf.ndArray(
    'float32',
    shape,
    Float32Array.from({ length: count }, (_, i) => ((i * 0.618034 + 0.1) % 1) - 0.5),
  );
};

const weights = (...shape: readonly number[]): tf.Tensor => tf.identity(tf.variable(wave(shape)));

const dense = (x: tf.Tensor, inputs: number, outputs: number): tf.Tensor =>
  tf.nn.biasAdd(tf.matMul(x, weights(inputs, outputs)), weights(outputs));

const convolved = (x: tf.Tensor, ...filter: readonly number[]): tf.Tensor =>
  tf.nn.conv2d(x, weights(...filter), { strides: 1, padding: 'SAME' });

const pool = { ksize: 2, strides: 2, padding: 'SAME' } as const;
const perRow = { axis: 1, keepDims: true } as const;

export interface Model {
  /** Shape of one example. */
  readonly example: readonly number[];
  readonly build: (x: tf.Tensor) => tf.Tensor;
}

export const mlp: Model = {
  example: [20],
  build: (x) => tf.nn.softmax(dense(tf.nn.relu(dense(x, 20, 24)), 24, 10)),
};

export const cnn: Model = {
  example: [6, 6, 2],
  build(x) {
    const first = tf.nn.maxPool(tf.nn.relu(convolved(x, 3, 3, 2, 4)), pool);
    const second = tf.nn.avgPool(tf.nn.relu(convolved(first, 3, 3, 4, 6)), pool);
    const rows = tf.reshape(tf.transpose(second, [0, 3, 1, 2]), [-1, 24]);
    return tf.nn.softmax(dense(rows, 24, 10));
  },
};

/** One op, or a few that belong together. */
export const pieces: Readonly<Record<string, Model>> = {
  'an elementwise chain': { example: [12], build: (x) => tf.tanh(tf.mul(tf.add(x, 1), x)) },
  'a chain whose rows are no vec4s': { example: [10], build: (x) => tf.tanh(tf.mul(x, x)) },
  'a row added to a matrix': { example: [12], build: (x) => tf.tanh(tf.add(x, weights(12))) },
  'short softmax rows': { example: [10], build: (x) => tf.nn.softmax(x) },
  'long softmax rows': { example: [1000], build: (x) => tf.nn.logSoftmax(x) },
  'means of rows': { example: [30], build: (x) => tf.reduceMean(x, { axis: 1 }) },
  'a layer norm': {
    example: [32],
    build(x) {
      const centred = tf.sub(x, tf.reduceMean(x, perRow));
      const variance = tf.reduceMean(tf.square(centred), perRow);
      return tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5)));
    },
  },
  'a dense layer': { example: [64], build: (x) => tf.nn.relu(dense(x, 64, 48)) },
  'a dense layer of one unit': { example: [64], build: (x) => tf.sigmoid(dense(x, 64, 1)) },
  'a convolution': { example: [9, 9, 3], build: (x) => tf.nn.relu(convolved(x, 3, 3, 3, 5)) },
  'a pool of maxima': { example: [6, 6, 8], build: (x) => tf.nn.maxPool(x, pool) },
  'a pool of means': { example: [7, 7, 3], build: (x) => tf.nn.avgPool(x, pool) },
  'a transposition behind the batch': {
    example: [6, 5, 4],
    build: (x) => tf.transpose(x, [0, 3, 1, 2]),
  },
  padding: {
    example: [5, 6],
    build: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 1],
        [2, 2],
      ]),
  },
  attention: {
    example: [16, 8],
    build: (x) => tf.matMul(tf.nn.softmax(tf.matMul(x, x, { transposeB: true })), x),
  },
};

export interface Served {
  readonly graph: tf.Graph;
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
  readonly init: tf.Operation;
}

export function serve({ example, build }: Model): Served {
  const graph = new tf.Graph();
  return graph.asDefault(() => {
    const x = tf.placeholder('float32', [null, ...example], 'x');
    const y = build(x);
    return { graph, x, y, init: tf.globalVariablesInitializer() };
  });
}

export interface CountedGpu {
  readonly gpu: GPU;
  /** Pipelines made since the last call. */
  readonly pipelines: () => number;
}

/** A GPU object of this machine's that counts the pipelines made on its devices. */
export async function countedGpu(): Promise<CountedGpu> {
  // Names the software driver where the machine has no other.
  await findAdapter();
  const dawn = await createDawn();
  let made = 0;
  const countOn = (device: GPUDevice): GPUDevice => {
    const create = device.createComputePipelineAsync.bind(device);
    device.createComputePipelineAsync = (descriptor) => {
      made++;
      return create(descriptor);
    };
    return device;
  };
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await dawn.requestAdapter(options);
    if (adapter === null) return null;
    const request = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => countOn(await request(descriptor));
    return adapter;
  };
  return {
    gpu: { requestAdapter } as unknown as GPU,
    pipelines: () => {
      const count = made;
      made = 0;
      return count;
    },
  };
}
