/**
 * Speed of every kind of kernel a run may hold, one JSON line per entry with the adapter's name.
 * Inputs are Variables, results go to Variables: nothing crosses the bus. `medianMs` is the time of
 * a whole run; `kernelMs` the kernels' own, by timestamps, where the adapter has them. Rates count
 * the bytes (or operations) that the operation needs, not what its kernels happen to touch.
 *
 *   npm run kernels -- [--only ENTRY]
 */
import { parseArgs } from 'node:util';
import * as tf from 'defrun';
import { printLine, quantile, rounded, sampleFor, summary } from './timing.js';
import { randomData } from './workloads.js';

interface Entry {
  readonly name: string;
  /** Builds the graph; the operation is what is run. */
  readonly build: () => tf.Operation;
  /** Bytes that must move, for a rate in GB/s. */
  readonly bytes?: number;
  /** Floating-point operations, for a rate in GFLOP/s. */
  readonly operations?: number;
}

const budgetMs = 700;
const leastSamples = 5;
const tracedRuns = 9;

const count = (shape: readonly number[]): number => shape.reduce((n, dim) => n * dim, 1);

let seed = 1;
const resident = (shape: readonly number[], scale = 1): tf.Variable =>
  tf.variable({ dtype: 'float32', shape, data: randomData(count(shape), seed++, scale) });

/** Keeps a result on the device: the operation that stores it. */
function store(...results: readonly tf.Tensor[]): tf.Operation {
  return tf.group(
    results.map((result) => {
      const shape = result.shape as readonly number[];
      const zeros = tf.initializers.zerosInitializer()(shape);
      return tf.assign(tf.variable(zeros, { trainable: false }), result).op;
    }),
  );
}

const float = 4;
const square = [1024, 1024] as const;
const vector = [2 ** 22] as const;
const wide = [4, 2 ** 18] as const;
const tall = [2 ** 14, 64] as const;
const logitShape = [2048, 512] as const;
const image = { batch: 32, size: 28, channels: 16, filters: 32, kernel: 5 };
const features = [32, 28, 28, 64] as const;
const imageShape = [image.batch, image.size, image.size, image.channels] as const;
const filterShape = [image.kernel, image.kernel, image.channels, image.filters] as const;
const convOperations =
  2 * image.batch * image.size ** 2 * image.kernel ** 2 * image.channels * image.filters;
const table = { rows: 50_000, width: 64, picks: 16_384 };
const adamShapes = [[1024, 1024], [1024], [1024, 10], [10]] as const;
const adamElements = adamShapes.reduce((sum, shape) => sum + count(shape), 0);

const sum = (shape: readonly number[], axis?: number) => (): tf.Operation =>
  store(tf.reduceSum(resident(shape), axis === undefined ? {} : { axis }));

function softmaxLoss(): tf.Operation {
  const logits = resident(logitShape);
  const labels = tf.identity(resident(logitShape, 1 / logitShape[1]));
  const loss = tf.nn.softmaxCrossEntropyWithLogitsV2({ labels, logits });
  const [gradient] = tf.gradients([loss], [logits]);
  if (!gradient) throw new Error('the loss depends on the logits');
  return store(loss, gradient);
}

function adam(): tf.Operation {
  const pairs = adamShapes.map((shape) => {
    const gradient = tf.identity(resident(shape));
    return [gradient, resident(shape)] as [tf.Tensor, tf.Variable];
  });
  return new tf.train.AdamOptimizer(1e-3).applyGradients(pairs);
}

/** The convolution, or its gradient to one of its inputs. */
function conv2d(of: 'forward' | 'input' | 'filter'): tf.Operation {
  const [x, filter] = [resident(imageShape), resident(filterShape)];
  const y = tf.nn.conv2d(x, filter, { strides: 1, padding: 'SAME' });
  if (of === 'forward') return store(y);
  const dy = tf.identity(resident(y.shape as readonly number[]));
  const [dx] = tf.gradients([y], [of === 'input' ? x : filter], { gradYs: [dy] });
  if (!dx) throw new Error('a convolution depends on its inputs');
  return store(dx);
}

function gather(): tf.Operation {
  const ids = randomData(table.picks, 1).map((x) => Math.floor(((x + 1) / 2) * (table.rows - 1)));
  const indices = tf.constant(Int32Array.from(ids));
  return store(tf.gather(resident([table.rows, table.width]), indices));
}

const entries: readonly Entry[] = [
  {
    name: 'map: x * 2 + y, 4M',
    build: () => store(tf.add(tf.mul(resident(vector), 2), resident(vector))),
    bytes: 3 * float * count(vector),
  },
  {
    name: 'map: tanh, 4M',
    build: () => store(tf.tanh(resident(vector))),
    bytes: 2 * float * count(vector),
  },
  {
    name: 'map: broadcast row, 1024x1024',
    build: () => store(tf.add(resident(square), resident([square[1]]))),
    bytes: 2 * float * count(square),
  },
  { name: 'reduce: many rows of 64', build: sum(tall, 1), bytes: float * count(tall) },
  { name: 'reduce: rows of 1024', build: sum(square, 1), bytes: float * count(square) },
  { name: 'reduce: 4 rows of 256K', build: sum(wide, 1), bytes: float * count(wide) },
  { name: 'reduce: 4M to a scalar', build: sum(vector), bytes: float * count(vector) },
  { name: 'reduce: 1024 columns', build: sum(square, 0), bytes: float * count(square) },
  {
    name: 'softmax cross-entropy and gradient, 2048x512',
    build: softmaxLoss,
    bytes: 3 * float * count(logitShape),
  },
  // Reads the variable, two moments and the gradient; writes all but the gradient.
  { name: 'Adam, 4 variables', build: adam, bytes: 7 * float * adamElements },
  { name: 'conv2d 5x5', build: () => conv2d('forward'), operations: convOperations },
  { name: 'conv2d gradient to input', build: () => conv2d('input'), operations: convOperations },
  { name: 'conv2d gradient to filter', build: () => conv2d('filter'), operations: convOperations },
  {
    name: 'matmul 512',
    build: () => store(tf.matMul(resident([512, 512]), resident([512, 512]))),
    operations: 2 * 512 ** 3,
  },
  {
    name: 'transpose 1024x1024',
    build: () => store(tf.transpose(resident(square))),
    bytes: 2 * float * count(square),
  },
  {
    name: 'transpose NHWC to NCHW, 32x28x28x64',
    build: () => store(tf.transpose(resident(features), [0, 3, 1, 2])),
    bytes: 2 * float * count(features),
  },
  {
    name: 'map: x + transposed y, 1024x1024',
    build: () => store(tf.add(resident(square), tf.transpose(resident(square)))),
    bytes: 3 * float * count(square),
  },
  {
    name: 'gather 16K rows of 64',
    build: gather,
    bytes: 2 * float * table.picks * table.width,
  },
  {
    name: 'philox uniform, 4M',
    build: () => store(tf.random.randomUniform(vector, { seed: 1 })),
    bytes: float * count(vector),
  },
];

/** Sum of the kernels' times of a run, median of several; undefined if they cannot be timed. */
async function kernelTime(run: (trace: tf.RunTrace) => Promise<unknown>): Promise<object> {
  const sums: number[] = [];
  let kernels = 0;
  for (let i = 0; i < tracedRuns; i++) {
    const trace = new tf.RunTrace();
    await run(trace);
    kernels = trace.kernels.length;
    sums.push(trace.kernels.reduce((total, { durationNs }) => total + durationNs, 0) / 1e6);
  }
  return kernels === 0 ? {} : { kernelMs: rounded(quantile(sums, 0.5)) };
}

async function measure({ name, build, bytes, operations }: Entry): Promise<void> {
  const graph = new tf.Graph();
  const { target, init } = graph.asDefault(() => {
    const target = build();
    return { target, init: tf.globalVariablesInitializer() };
  });
  const session = new tf.Session({ graph, device: 'gpu' });
  await session.run(init);
  const begin = performance.now();
  await session.run(target);
  const firstMs = performance.now() - begin;
  const stats = new tf.RunStats();
  for (let i = 0; i < 3; i++) await session.run(target, {}, { stats });
  const times = summary(await sampleFor(budgetMs, leastSamples, () => session.run(target)));
  const kernelMs = await kernelTime((trace) => session.run(target, {}, { trace }));
  const rate = {
    ...(bytes && { gigabytesPerSecond: rounded(bytes / times.medianMs / 1e6) }),
    ...(operations && { gflops: rounded(operations / times.medianMs / 1e6) }),
  };
  const adapter = await session.deviceDescription();
  const { dispatches } = stats;
  const first = { firstMs: rounded(firstMs) };
  printLine({ kernel: name, ...times, ...kernelMs, ...rate, dispatches, ...first, adapter });
  await session.close();
}

const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } });
for (const entry of entries) if (entry.name.includes(options.only)) await measure(entry);
