/** tf.train: optimizers and the global step. */
export { AdagradOptimizer } from './optimizer/adagrad.js';
export { AdamOptimizer } from './optimizer/adam.js';
export { GradientDescentOptimizer } from './optimizer/gradient-descent.js';
export { MomentumOptimizer } from './optimizer/momentum.js';
export { RMSPropOptimizer } from './optimizer/rms-prop.js';
export { Optimizer } from './optimizer/optimizer.js';
export { createGlobalStep, getGlobalStep, getOrCreateGlobalStep } from './optimizer/global-step.js';
