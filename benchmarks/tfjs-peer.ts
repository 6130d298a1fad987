/**
 * The workloads on TensorFlow.js with its WebGPU backend, on the same Dawn. The globals a browser
 * would have are set in this process only.
 */
import { createRequire } from 'node:module';
import * as dawn from 'webgpu';
import { serve } from './peer-process.js';
import {
  chainLength,
  embedding,
  matmulSize,
  mlpSizes,
  net,
  randomData,
  randomIndices,
  tinyOps,
  weights,
  type Call,
} from './workloads.js';

/** As much of TensorFlow.js as is used here. */
interface TfjsTensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}
type Operand = TfjsTensor | number;
type Unary = (x: TfjsTensor) => TfjsTensor;
type Binary = (a: Operand, b: Operand) => TfjsTensor;
interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  getBackend(): string;
  env(): { set(flag: string, value: boolean): void };
  tensor(data: Float32Array | Int32Array, shape: readonly number[], dtype?: 'int32'): TfjsTensor;
  variable(initial: TfjsTensor): TfjsTensor;
  tidy(work: () => TfjsTensor): TfjsTensor;
  readonly train: {
    sgd(learningRate: number): {
      minimize(loss: () => TfjsTensor, returnCost: true): TfjsTensor;
    };
  };
  gather(table: TfjsTensor, indices: TfjsTensor): TfjsTensor;
  readonly losses: { readonly meanSquaredError: Binary };
  readonly matMul: Binary;
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly relu: Unary;
  readonly softmax: Unary;
  readonly mean: Unary;
  readonly square: Unary;
  readonly tanh: Unary;
  readonly sqrt: Unary;
  readonly abs: Unary;
  readonly exp: Unary;
  readonly neg: Unary;
  readonly sigmoid: Unary;
}

/** Dawn's objects must outlive the device: it crashes if the garbage collector takes them. */
const held: unknown[] = [];

async function openTfjs(): Promise<{ readonly tf: Tfjs; readonly adapter: string }> {
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('There is no WebGPU adapter for TensorFlow.js.');
  held.push(gpu, adapter);
  Object.assign(globalThis, dawn.globals);
  // TensorFlow.js would drop an adapter of its own.
  const heldGpu = { requestAdapter: () => Promise.resolve(adapter) };
  const navigator = { gpu: heldGpu, userAgent: 'node' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  // Its ES modules lack file extensions: Node needs the CommonJS builds.
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs') as Tfjs;
  require('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend('webgpu');
  await tf.ready();
  if (tf.getBackend() !== 'webgpu')
    throw new Error('TensorFlow.js did not take its WebGPU backend.');
  return { tf, adapter: adapter.info.description || adapter.info.device };
}

const { tf, adapter } = await openTfjs();

/** Computes in a tidy, waits for the values and frees them. */
async function read(compute: () => TfjsTensor): Promise<Float32Array> {
  const result = tf.tidy(compute);
  const values = await result.data();
  result.dispose();
  return values;
}

const resident = (data: Float32Array, shape: readonly number[]): TfjsTensor =>
  tf.variable(tf.tensor(data, shape));

/** A tensor that was computed on the device, and so stays there. */
function onDevice(data: Float32Array, shape: readonly number[]): TfjsTensor {
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const computed = tf.add(tf.tensor(data, shape), 0);
  tf.env().set('WEBGPU_CPU_FORWARD', true);
  return computed;
}

function trainingStep(): Call {
  const { examples, width, hidden, learningRate } = net;
  const inputs = randomData(examples * width, 1);
  const labels = randomData(examples * width, 2);
  const w1 = resident(weights(width, hidden, 3), [width, hidden]);
  const b1 = resident(new Float32Array(hidden), [hidden]);
  const w2 = resident(weights(hidden, width, 4), [hidden, width]);
  const b2 = resident(new Float32Array(width), [width]);
  const optimizer = tf.train.sgd(learningRate);
  return () =>
    read(() => {
      const x = tf.tensor(inputs, [examples, width]);
      const y = tf.tensor(labels, [examples, width]);
      const loss = (): TfjsTensor => {
        const h = tf.relu(tf.add(tf.matMul(x, w1), b1));
        return tf.losses.meanSquaredError(y, tf.add(tf.matMul(h, w2), b2));
      };
      return optimizer.minimize(loss, true);
    });
}

function matmul(): Call {
  const n = matmulSize;
  const a = resident(randomData(n * n, 1), [n, n]);
  const b = resident(randomData(n * n, 2), [n, n]);
  return () => read(() => tf.mean(tf.square(tf.matMul(a, b))));
}

function chain(): Call {
  const x = resident(randomData(chainLength, 1), [chainLength]);
  return () =>
    read(() => {
      const one = tf.add(tf.mul(x, 1.5), 0.25);
      const two = tf.sub(tf.square(tf.tanh(one)), x);
      const three = tf.sqrt(tf.add(tf.abs(two), 1));
      const four = tf.sub(tf.exp(tf.neg(three)), tf.sigmoid(x));
      return tf.mean(four);
    });
}

/** Small tensors the device has not seen yet are computed on the CPU: that is the fed variant. */
function tiny(isFed: boolean): Call {
  const { count, shape } = tinyOps;
  const data = randomData(shape[0] * shape[1], 1);
  const start = isFed ? undefined : onDevice(data, shape);
  return () =>
    read(() => {
      let x = start ?? tf.tensor(data, shape);
      for (let i = 0; i < count; i++) x = i % 2 === 0 ? tf.mul(x, 0.995) : tf.add(x, 0.01);
      return x;
    });
}

function mlp(): Call {
  const [inputs] = mlpSizes;
  const data = randomData(inputs, 1);
  const layers = mlpSizes.slice(1).map((to, i) => {
    const from = mlpSizes[i] ?? 0;
    const w = resident(weights(from, to, 2 * (i + 1)), [from, to]);
    return { w, b: resident(randomData(to, 2 * (i + 1) + 1, 0.1), [to]) };
  });
  return () =>
    read(() => {
      let x = tf.tensor(data, [1, inputs]);
      for (const [i, { w, b }] of layers.entries()) {
        const sum = tf.add(tf.matMul(x, w), b);
        x = i === layers.length - 1 ? tf.softmax(sum) : tf.relu(sum);
      }
      return x;
    });
}

function embeddingStep(): Call {
  const { words, width, tokens, learningRate } = embedding;
  const indices = randomIndices(tokens, words, 2);
  const labels = randomData(tokens * width, 3);
  const table = resident(randomData(words * width, 1), [words, width]);
  const optimizer = tf.train.sgd(learningRate);
  return () =>
    read(() => {
      const ids = tf.tensor(indices, [tokens], 'int32');
      const y = tf.tensor(labels, [tokens, width]);
      const loss = (): TfjsTensor => tf.losses.meanSquaredError(y, tf.gather(table, ids));
      return optimizer.minimize(loss, true);
    });
}

serve({
  adapter,
  workloads: {
    'training step': trainingStep,
    'matmul 512': matmul,
    'chain of 12': chain,
    'tiny ops': () => tiny(false),
    'tiny ops, fed': () => tiny(true),
    mlp,
    embedding: embeddingStep,
  },
});
