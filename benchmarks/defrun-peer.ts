/** The workloads on defrun: graphs with resident Variables, one session each. */
import * as tf from 'defrun';
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

const array = (shape: readonly number[], data: Float32Array): tf.NdArray<'float32'> => ({
  dtype: 'float32',
  shape,
  data,
});

interface Built {
  readonly fetches: readonly (tf.Tensor | tf.Operation)[];
  readonly feeds?: Readonly<Record<string, tf.NdArray>>;
}

/** A session on the graph `build` makes; each call runs its fetches and gives the first. */
async function sessionCall(build: () => Built): Promise<Call> {
  const graph = new tf.Graph();
  const { built, init } = graph.asDefault(() => {
    const built = build();
    return { built, init: tf.globalVariablesInitializer() };
  });
  const session = new tf.Session({ graph, device: 'gpu' });
  await session.run(init);
  return async () => {
    const [first] = await session.run(built.fetches, built.feeds);
    return (first as tf.NdArray<'float32'>).data;
  };
}

function trainingStep(): Built {
  const { examples, width, hidden, learningRate } = net;
  const x = tf.placeholder('float32', [examples, width], 'x');
  const y = tf.placeholder('float32', [examples, width], 'y');
  const h = tf.layers.dense(x, hidden, {
    activation: tf.nn.relu,
    kernelInitializer: tf.initializers.constantInitializer(weights(width, hidden, 3)),
  });
  const predicted = tf.layers.dense(h, width, {
    kernelInitializer: tf.initializers.constantInitializer(weights(hidden, width, 4)),
  });
  const loss = tf.losses.meanSquaredError(y, predicted);
  const train = new tf.train.GradientDescentOptimizer(learningRate).minimize(loss);
  const feeds = {
    x: array([examples, width], randomData(examples * width, 1)),
    y: array([examples, width], randomData(examples * width, 2)),
  };
  return { fetches: [loss, train], feeds };
}

function matmul(): Built {
  const n = matmulSize;
  const a = tf.variable(array([n, n], randomData(n * n, 1)));
  const b = tf.variable(array([n, n], randomData(n * n, 2)));
  return { fetches: [tf.reduceMean(tf.square(tf.matMul(a, b)))] };
}

function chain(): Built {
  const x = tf.variable(array([chainLength], randomData(chainLength, 1)));
  const one = tf.add(tf.mul(x, 1.5), 0.25);
  const two = tf.sub(tf.square(tf.tanh(one)), x);
  const three = tf.sqrt(tf.add(tf.abs(two), 1));
  const four = tf.sub(tf.exp(tf.neg(three)), tf.sigmoid(x));
  return { fetches: [tf.reduceMean(four)] };
}

function tiny(isFed: boolean): Built {
  const { count, shape } = tinyOps;
  const start = array(shape, randomData(shape[0] * shape[1], 1));
  let x: tf.TensorLike = isFed ? tf.placeholder('float32', shape, 'x') : tf.variable(start);
  for (let i = 0; i < count; i++) x = i % 2 === 0 ? tf.mul(x, 0.995) : tf.add(x, 0.01);
  return { fetches: [tf.convertToTensor(x)], feeds: isFed ? { x: start } : {} };
}

function mlp(): Built {
  const [inputs] = mlpSizes;
  let x: tf.Tensor = tf.placeholder('float32', [1, inputs], 'x');
  for (let layer = 1; layer < mlpSizes.length; layer++) {
    const [from, to] = [mlpSizes[layer - 1] ?? 0, mlpSizes[layer] ?? 0];
    const w = tf.constant(array([from, to], weights(from, to, 2 * layer)));
    const b = tf.constant(array([to], randomData(to, 2 * layer + 1, 0.1)));
    const sum = tf.nn.biasAdd(tf.matMul(x, w), b);
    x = layer === mlpSizes.length - 1 ? tf.nn.softmax(sum) : tf.nn.relu(sum);
  }
  return { fetches: [x], feeds: { x: array([1, inputs], randomData(inputs, 1)) } };
}

function embeddingStep(): Built {
  const { words, width, tokens, learningRate } = embedding;
  const ids = tf.placeholder('int32', [tokens], 'ids');
  const y = tf.placeholder('float32', [tokens, width], 'y');
  const table = tf.variable(array([words, width], randomData(words * width, 1)));
  const loss = tf.losses.meanSquaredError(y, tf.gather(table, ids));
  const train = new tf.train.GradientDescentOptimizer(learningRate).minimize(loss);
  const feeds = {
    ids: { dtype: 'int32', shape: [tokens], data: randomIndices(tokens, words, 2) } as const,
    y: array([tokens, width], randomData(tokens * width, 3)),
  };
  return { fetches: [loss, train], feeds };
}

async function adapterName(): Promise<string> {
  const graph = new tf.Graph();
  const session = new tf.Session({ graph, device: 'gpu' });
  const name = await session.deviceDescription();
  await session.close();
  return name;
}

serve({
  adapter: await adapterName(),
  workloads: {
    'training step': () => sessionCall(trainingStep),
    'matmul 512': () => sessionCall(matmul),
    'chain of 12': () => sessionCall(chain),
    'tiny ops': () => sessionCall(() => tiny(false)),
    'tiny ops, fed': () => sessionCall(() => tiny(true)),
    mlp: () => sessionCall(mlp),
    embedding: () => sessionCall(embeddingStep),
  },
});
