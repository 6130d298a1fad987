/** tf.nn: building blocks of networks. */
export {
  elu,
  leakyRelu,
  relu,
  relu6,
  selu,
  sigmoid,
  softplus,
  softsign,
} from './ops/nn/activations.js';
export { tanh } from './ops/math/trigonometry.js';
export { biasAdd } from './ops/nn/bias.js';
export { conv2d, conv2dTranspose } from './ops/nn/conv2d.js';
export { avgPool } from './ops/nn/avg-pool.js';
export { maxPool } from './ops/nn/max-pool.js';
export { logSoftmax, softmax } from './ops/nn/softmax.js';
export {
  softmaxCrossEntropyWithLogits,
  softmaxCrossEntropyWithLogitsV2,
  sparseSoftmaxCrossEntropyWithLogits,
} from './ops/nn/softmax-loss.js';
export { inTopK } from './ops/nn/in-top-k.js';
export { l2Loss } from './ops/math/l2-loss.js';
