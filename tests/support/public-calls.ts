/** A correct call of every public function that builds graphs, for tests that then break one thing. */
import * as tf from 'defrun';

export interface PublicCall {
  readonly call: (...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
}

type Table = Readonly<Record<string, () => PublicCall>>;
type AnyFunction = (...args: never[]) => unknown;
const calling = (fn: AnyFunction, ...args: readonly unknown[]): PublicCall => ({
  call: fn as (...args: unknown[]) => unknown,
  args,
});

const x = (): tf.Tensor => tf.placeholder('float32', [2, 3]);
const images = (): tf.Tensor => tf.placeholder('float32', [1, 8, 8, 4]);
const labels = (): tf.Tensor => tf.placeholder('int32', [2]);
const flags = (): tf.Tensor => tf.placeholder('bool', [2, 3]);
const weights = (): tf.Variable => tf.variable([1, 2]);
const name = 'n';

const unary = [
  ...['abs', 'acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'ceil', 'cos', 'cosh', 'erf'],
  ...['erfc', 'exp', 'expm1', 'floor', 'identity', 'isFinite', 'isInf', 'isNan', 'log', 'log1p'],
  ...['neg', 'rank', 'reciprocal', 'rint', 'round', 'rsqrt', 'sigmoid', 'sign', 'sin', 'sinh'],
  ...['sqrt', 'square', 'stopGradient', 'tan', 'tanh', 'angle', 'conj', 'imag', 'real'],
];
const binary = [
  ...[
    'add',
    'atan2',
    'complex',
    'div',
    'divNoNan',
    'equal',
    'floorDiv',
    'greater',
    'greaterEqual',
    'less',
  ],
  ...['lessEqual', 'maximum', 'minimum', 'mod', 'mul', 'mulNoNan', 'notEqual', 'pow'],
  ...['squaredDifference', 'sub', 'truncateMod', 'xdivy', 'xlogy'],
];
const reductions = ['reduceMax', 'reduceMean', 'reduceMin', 'reduceProd', 'reduceSum'];
const scatters = ['Add', 'Max', 'Min', 'Sub'].map((fn) => `tensorScatterNd${fn}`);
const segments = ['segmentMax', 'segmentMean', 'segmentMin', 'segmentProd', 'segmentSum'];
const unsorted = ['Max', 'Min', 'Prod', 'Sum'].map((fn) => `unsortedSegment${fn}`);
const activations = ['elu', 'relu', 'relu6', 'selu', 'sigmoid', 'softplus', 'softsign', 'tanh'];

/** Calls of functions that take the same arguments. */
const alike = (
  namespace: object,
  names: readonly string[],
  args: () => readonly unknown[],
): Table =>
  Object.fromEntries(
    names.map((fn) => {
      const functions = namespace as Readonly<Record<string, AnyFunction>>;
      return [fn, () => calling(functions[fn] as AnyFunction, ...args())];
    }),
  );

const window = { strides: [1, 2, 2, 1], padding: 'SAME', dataFormat: 'NHWC', name };
const pool = { ...window, ksize: [1, 2, 2, 1] };
const lossOptions = { weights: 1, reduction: 'sum', lossCollection: null, scope: 's' };
const shared = { useLocking: false, name };

const arrays: Table = {
  concat: () => calling(tf.concat, [x(), x()], 1, name),
  constant: () => calling(tf.constant, [1, 2, 3], { dtype: 'float32', shape: [3], name }),
  convertToTensor: () => calling(tf.convertToTensor, [1, 2], { dtype: 'int32', name }),
  dynamicStitch: () => calling(tf.dynamicStitch, [[0], [1]], [[1], [2]], name),
  fill: () => calling(tf.fill, [2, 3], 1, name),
  zeros: () => calling(tf.zeros, [2, 3], 'int32', name),
  ones: () => calling(tf.ones, [2, 3], 'int32', name),
  zerosLike: () => calling(tf.zerosLike, x(), { dtype: 'int32', name }),
  onesLike: () => calling(tf.onesLike, x(), { dtype: 'int32', name }),
  gatherNd: () => calling(tf.gatherNd, x(), [[0]], name),
  scatterNd: () => calling(tf.scatterNd, [[0]], [1.5], [4], name),
  gather: () => calling(tf.gather, x(), [0], { axis: 1, batchDims: 0, name }),
  getItem: () => calling(tf.getItem, x(), 0, { begin: 1, end: 2, step: 1 }),
  identityN: () => calling(tf.identityN, [x(), x()], name),
  preventGradient: () => calling(tf.preventGradient, x(), 'why', name),
  oneHot: () =>
    calling(tf.oneHot, [0, 1], 3, { axis: -1, onValue: 1, offValue: 0, dtype: 'float32', name }),
  stack: () => calling(tf.stack, [x(), x()], 1, name),
  unstack: () => calling(tf.unstack, x(), { axis: 1, num: 3, name }),
  pad: () =>
    calling(tf.pad, x(), [[1, 1], [0, 0]], { mode: 'CONSTANT', constantValues: 0, name }), // prettier-ignore
  placeholder: () => calling(tf.placeholder, 'float32', [null, 3], name),
  placeholderWithDefault: () => calling(tf.placeholderWithDefault, [1, 2], [null], name),
  linspace: () => calling(tf.linspace, 0, 1, 5, name),
  range: () => calling(tf.range, 0, 5, { delta: 1, dtype: 'int32', name }),
  expandDims: () => calling(tf.expandDims, x(), 0, name),
  reshape: () => calling(tf.reshape, x(), [3, 2], name),
  squeeze: () => calling(tf.squeeze, tf.placeholder('float32', [1, 3]), [0], name),
  reverse: () => calling(tf.reverse, x(), [0], name),
  shape: () => calling(tf.shape, x(), { outType: 'int32', name }),
  shapeN: () => calling(tf.shapeN, [x()], { outType: 'int32', name }),
  size: () => calling(tf.size, x(), { outType: 'int32', name }),
  slice: () => calling(tf.slice, x(), [0, 0], [1, 2], name),
  split: () => calling(tf.split, x(), 3, { axis: 1, name }),
  splitSizes: () => calling(tf.split, x(), [1, 2], { axis: 1, num: 2, name }),
  stridedSlice: () =>
    calling(tf.stridedSlice, x(), [0, 0], [1, 2], { strides: [1, 1], beginMask: 0, name }),
  broadcastTo: () => calling(tf.broadcastTo, x(), [4, 2, 3], name),
  tile: () => calling(tf.tile, x(), [2, 1], name),
  invertPermutation: () => calling(tf.invertPermutation, [1, 0], name),
  transpose: () => calling(tf.transpose, x(), [1, 0], name),
  ...alike(tf, scatters, () => [x(), [[0]], [[1, 2, 3]], name]),
  ...alike(tf, segments, () => [x(), [0, 1], name]),
  ...alike(tf, unsorted, () => [x(), [0, 1], 2, name]),
};

const mathematics: Table = {
  ...alike(tf, unary, () => [x(), name]),
  ...alike(tf, binary, () => [x(), x(), name]),
  ...alike(tf, reductions, () => [x(), { axis: 1, keepDims: true, name }]),
  truncateDiv: () => calling(tf.truncateDiv, labels(), labels(), name),
  accumulateN: () => calling(tf.accumulateN, [x(), x()], { shape: [2, 3], name }),
  addN: () => calling(tf.addN, [x(), x()], name),
  argMax: () => calling(tf.argMax, x(), { axis: 1, outputType: 'int32', name }),
  argMin: () => calling(tf.argMin, x(), { axis: 1, outputType: 'int32', name }),
  logicalAnd: () => calling(tf.logicalAnd, flags(), true, name),
  logicalOr: () => calling(tf.logicalOr, flags(), true, name),
  logicalNot: () => calling(tf.logicalNot, flags(), name),
  cast: () => calling(tf.cast, x(), 'int32', name),
  clipByValue: () => calling(tf.clipByValue, x(), 0, 1, name),
  matMul: () => calling(tf.matMul, x(), x(), { transposeA: false, transposeB: true, name }),
  reduceAll: () => calling(tf.reduceAll, flags(), { axis: 1, keepDims: true, name }),
  reduceAny: () => calling(tf.reduceAny, flags(), { axis: 1, keepDims: true, name }),
  cumsum: () => calling(tf.cumsum, x(), { axis: 1, exclusive: true, reverse: true, name }),
  cumprod: () => calling(tf.cumprod, x(), { axis: 1, exclusive: true, reverse: true, name }),
  where: () => calling(tf.where, flags(), x(), x(), name),
  whereV2: () => calling(tf.whereV2, flags(), x(), 0, name),
};

const networks: Table = {
  ...alike(tf.nn, activations, () => [x(), name]),
  leakyRelu: () => calling(tf.nn.leakyRelu, x(), 0.2, name),
  biasAdd: () => calling(tf.nn.biasAdd, x(), [1, 2, 3], { dataFormat: 'NHWC', name }),
  conv2d: () =>
    calling(tf.nn.conv2d, images(), tf.zeros([3, 3, 4, 5]), { ...window, dilations: 1 }),
  conv2dTranspose: () =>
    calling(tf.nn.conv2dTranspose, images(), tf.zeros([3, 3, 3, 4]), [1, 16, 16, 3], window),
  avgPool: () => calling(tf.nn.avgPool, images(), pool),
  maxPool: () => calling(tf.nn.maxPool, images(), pool),
  softmax: () => calling(tf.nn.softmax, x(), { axis: 0, name }),
  logSoftmax: () => calling(tf.nn.logSoftmax, x(), { axis: 0, name }),
  softmaxCrossEntropyWithLogits: () =>
    calling(tf.nn.softmaxCrossEntropyWithLogits, { labels: x(), logits: x(), axis: 0, name }),
  softmaxCrossEntropyWithLogitsV2: () =>
    calling(tf.nn.softmaxCrossEntropyWithLogitsV2, { labels: x(), logits: x(), axis: 0, name }),
  sparseSoftmaxCrossEntropyWithLogits: () =>
    calling(tf.nn.sparseSoftmaxCrossEntropyWithLogits, { labels: labels(), logits: x(), name }),
  inTopK: () => calling(tf.nn.inTopK, x(), labels(), 1, name),
  l2Loss: () => calling(tf.nn.l2Loss, x(), name),
  dense: () =>
    calling(tf.layers.dense, x(), 4, {
      activation: tf.nn.relu,
      useBias: true,
      name,
      kernelInitializer: tf.initializers.glorotUniform(1),
      trainable: true,
      reuse: false,
    }),
  meanSquaredError: () => calling(tf.losses.meanSquaredError, x(), x(), lossOptions),
  absoluteDifference: () => calling(tf.losses.absoluteDifference, x(), x(), lossOptions),
  softmaxCrossEntropy: () =>
    calling(tf.losses.softmaxCrossEntropy, x(), x(), { ...lossOptions, labelSmoothing: 0.1 }),
  sparseSoftmaxCrossEntropy: () =>
    calling(tf.losses.sparseSoftmaxCrossEntropy, labels(), x(), lossOptions),
  addLoss: () => calling(tf.losses.addLoss, tf.constant(1), 'losses'),
  computeWeightedLoss: () => calling(tf.losses.computeWeightedLoss, x(), lossOptions),
  getLosses: () => calling(tf.losses.getLosses, 'losses', tf.getDefaultGraph()),
  getTotalLoss: () => {
    tf.losses.addLoss(tf.constant(1));
    return calling(tf.losses.getTotalLoss, { addRegularizationLosses: true, name });
  },
};

/** Makes an optimizer and a step with it. */
const training =
  (Kind: new (...args: never[]) => tf.train.Optimizer) =>
  (...args: never[]): unknown =>
    new Kind(...args).minimize(tf.reduceSum(weights().value()));

const trained: Table = {
  AdagradOptimizer: () =>
    calling(training(tf.train.AdagradOptimizer), 0.1, { initialAccumulatorValue: 0.1, ...shared }),
  AdamOptimizer: () =>
    calling(training(tf.train.AdamOptimizer), 0.1, { beta1: 0.9, epsilon: 1e-8, ...shared }),
  GradientDescentOptimizer: () => calling(training(tf.train.GradientDescentOptimizer), 0.1, shared),
  MomentumOptimizer: () =>
    calling(training(tf.train.MomentumOptimizer), 0.1, 0.9, { useNesterov: true, ...shared }),
  RMSPropOptimizer: () =>
    calling(training(tf.train.RMSPropOptimizer), 0.1, { decay: 0.9, centered: true, ...shared }),
  minimize: () => {
    const varList = [weights()];
    const adam = new tf.train.AdamOptimizer(0.1);
    const loss = tf.reduceSum(tf.addN(varList));
    return calling(adam.minimize.bind(adam), loss, { varList, name });
  },
  applyGradients: () => {
    const adam = new tf.train.AdamOptimizer(0.1);
    const pairs = [[tf.constant([1, 2]), weights()]];
    return calling(adam.applyGradients.bind(adam), pairs, { name });
  },
  gradients: () => {
    const at = x();
    return calling(tf.gradients, tf.reduceSum(at), [at], { gradYs: [tf.constant(1)], name });
  },
  getOrCreateGlobalStep: () => calling(tf.train.getOrCreateGlobalStep, tf.getDefaultGraph()),
  randomUniform: () =>
    calling(tf.random.randomUniform, [2, 3], { minval: 0, dtype: 'float32', seed: 1, name }),
  randomNormal: () =>
    calling(tf.random.randomNormal, [2, 3], { stddev: 1, dtype: 'float32', seed: 1, name }),
  varianceScaling: () =>
    calling(tf.initializers.varianceScaling, { mode: 'fanIn', distribution: 'uniform', seed: 1 }),
  randomUniformInitializer: () =>
    calling(tf.initializers.randomUniformInitializer, { minval: 0, maxval: 1, seed: 1 }),
  variable: () =>
    calling(tf.variable, [1, 2], { name, trainable: true, dtype: 'float32', collections: ['a'] }),
  getVariable: () =>
    calling(tf.getVariable, 'v', { shape: [2, 3], dtype: 'float32', trainable: true }),
  variableScope: () =>
    calling(tf.variableScope, 's', { reuse: false }, () => tf.getVariable('v', { shape: [2] })),
  assign: () => calling(tf.assign, weights(), [3, 4], { useLocking: true, name }),
  group: () => calling(tf.group, [tf.constant(1)], name),
  noOp: () => calling(tf.noOp, name),
  tuple: () => calling(tf.tuple, [x()], { controlInputs: [tf.noOp()], name }),
  variablesInitializer: () => calling(tf.variablesInitializer, [weights()], name),
  toNdArray: () => calling(tf.toNdArray, [1, 2], { dtype: 'int32', shape: [2] }),
  ndArray: () => calling(tf.ndArray, 'float32', [2], new Float32Array(2)),
  explain: () =>
    calling(tf.explain, tf.getDefaultGraph(), tf.square(tf.constant([1])), {}, { device: 'cpu' }),
};

/** By function name; the calls are made in the default graph. */
export const publicCalls: Table = { ...arrays, ...mathematics, ...networks, ...trained };
