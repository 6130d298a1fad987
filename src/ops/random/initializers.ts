/** Initializers: functions from a shape and a dtype to the tensor a variable starts from. */
import { convertToTensor } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { ValueError } from '../../errors.js';
import { isFloating, type DType } from '../../graph/dtype.js';
import { toNdArray, type ArrayLike } from '../../graph/nd-array.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { elementCount, type StaticShape } from '../../graph/shape.js';
import { vectorNode } from '../shape-nodes.js';
import { randomNormal, randomUniform, truncatedNormal, type FloatDType } from './random-user.js';

/** Makes the initial value of a variable. `dtype` is float32 where it is left out. */
export type Initializer = (shape: StaticShape, dtype?: DType) => Tensor;

/** Constants with fewer elements stand in the graph themselves; larger ones become a Fill. */
const largestConstant = 1000;

/** An empty string is the zero of strings. */
function zeroOrOne(value: 0 | 1, dtype: DType): number | boolean | string {
  if (dtype === 'bool') return value === 1;
  return dtype === 'string' && value === 0 ? '' : value;
}

function filled(value: 0 | 1, fallback: string): Initializer {
  return (shape, dtype = 'float32') =>
    withNameScope(undefined, fallback, (scope) => {
      const scalar = zeroOrOne(value, dtype);
      if (elementCount(shape) < largestConstant)
        return convertToTensor(toNdArray(scalar, { dtype, shape }), { name: scope });
      const b = graphBuilder();
      const size = vectorNode(b, shape, 'shape_as_tensor');
      const one = convertToTensor(toNdArray(scalar, { dtype }), { name: 'Const' });
      return b.op('Fill', [size, one], {}, scope);
    });
}

/** All zeros. @see tf.zeros_initializer */
export const zerosInitializer = (): Initializer => filled(0, 'zeros');

/** All ones. @see tf.ones_initializer */
export const onesInitializer = (): Initializer => filled(1, 'ones');

/**
 * A fixed value: a scalar for every element, or as many values as the shape has.
 *
 * @throws ValueError if the values do not fill the shape.
 * @see tf.constant_initializer
 * @example
 * const initializer = tf.initializers.constantInitializer(0.1);
 * const bias = tf.getVariable('bias', { shape: [10], initializer });
 */
export const constantInitializer =
  (value: ArrayLike): Initializer =>
  (shape, dtype = 'float32') =>
    convertToTensor(toNdArray(value, { dtype, shape }), { name: 'Const' });

export interface UniformInitializerOptions {
  readonly minval?: number;
  readonly maxval?: number;
  readonly seed?: number | null;
}

/** Uniform samples in [minval, maxval), [0, 1) by default. @see tf.random_uniform_initializer */
export const randomUniformInitializer = (options: UniformInitializerOptions = {}): Initializer => {
  checkedOptions('randomUniformInitializer', options, {
    minval: 'number',
    maxval: 'number',
    seed: 'int?',
  });
  return (shape, dtype = 'float32') => randomUniform(shape, { ...options, dtype: floating(dtype) });
};

export interface NormalInitializerOptions {
  readonly mean?: number;
  readonly stddev?: number;
  readonly seed?: number | null;
}

const normalOptions = { mean: 'number', stddev: 'number', seed: 'int?' } as const;

/** Normal samples, mean 0 and standard deviation 1 by default. @see tf.random_normal_initializer */
export const randomNormalInitializer = (options: NormalInitializerOptions = {}): Initializer => {
  checkedOptions('randomNormalInitializer', options, normalOptions);
  return (shape, dtype = 'float32') => randomNormal(shape, { ...options, dtype: floating(dtype) });
};

/** Normal samples within two standard deviations. @see tf.truncated_normal_initializer */
export const truncatedNormalInitializer = (options: NormalInitializerOptions = {}): Initializer => {
  checkedOptions('truncatedNormalInitializer', options, normalOptions);
  return (shape, dtype = 'float32') =>
    truncatedNormal(shape, { ...options, dtype: floating(dtype) });
};

function floating(dtype: DType): FloatDType {
  if (!isFloating(dtype))
    throw new ValueError(
      `Expected floating point type, got ${dtype}. Use zerosInitializer() or constantInitializer().`,
    );
  return dtype as FloatDType;
}

export interface VarianceScalingOptions {
  /** Positive factor of the variance; 1 by default. */
  readonly scale?: number;
  /** What the variance is divided by; `fanIn` by default. */
  readonly mode?: 'fanIn' | 'fanOut' | 'fanAvg';
  /** `truncatedNormal` by default. */
  readonly distribution?: 'truncatedNormal' | 'untruncatedNormal' | 'uniform';
  readonly seed?: number | null;
}

/** Standard deviation of a standard normal truncated to (-2, 2). */
const truncatedDeviation = 0.87962566103423978;

/**
 * Samples whose variance is `scale / n`, with n the number of inputs or outputs of a unit: signals
 * keep their size from layer to layer.
 *
 * @throws ValueError if `scale` is not positive.
 * @see tf.variance_scaling_initializer; He et al. 2015
 * @example const he = tf.initializers.varianceScaling({ scale: 2 });
 */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  const {
    scale = 1,
    mode = 'fanIn',
    distribution = 'truncatedNormal',
    seed = null,
  } = checkedOptions('varianceScaling', options, {
    scale: 'number',
    mode: 'string',
    distribution: 'string',
    seed: 'int?',
  });
  checkChoice('mode', mode, ['fanIn', 'fanOut', 'fanAvg']);
  checkChoice('distribution', distribution, ['truncatedNormal', 'untruncatedNormal', 'uniform']);
  if (!(scale > 0)) throw new ValueError(`scale must be positive, but is ${scale}.`);
  return (shape, dtype = 'float32') => {
    const type = floating(dtype);
    const [fanIn, fanOut] = fansOf(shape);
    const n = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode];
    const variance = scale / Math.max(1, n);
    const deviation = Math.sqrt(variance);
    switch (distribution) {
      case 'truncatedNormal':
        return truncatedNormal(shape, {
          stddev: deviation / truncatedDeviation,
          dtype: type,
          seed,
        });
      case 'untruncatedNormal':
        return randomNormal(shape, { stddev: deviation, dtype: type, seed });
      case 'uniform': {
        const limit = Math.sqrt(3 * variance);
        return randomUniform(shape, { minval: -limit, maxval: limit, dtype: type, seed });
      }
    }
  };
}

function checkChoice(option: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new ValueError(
      `Invalid \`${option}\` argument: '${value}'. Use one of ${choices.join(', ')}.`,
    );
}

/** Inputs and outputs of one unit, for a matrix or a convolution filter `[..., in, out]`. */
function fansOf(shape: StaticShape): readonly [number, number] {
  const last = shape[shape.length - 1] ?? 1;
  const before = shape[shape.length - 2] ?? last;
  const receptive = shape.slice(0, -2).reduce((n, dim) => n * dim, 1);
  return [before * receptive, last * receptive];
}

/** Glorot (Xavier) uniform, the default of getVariable for floats. @see tf.glorot_uniform_initializer */
export const glorotUniform = (seed: number | null = null): Initializer =>
  varianceScaling({ mode: 'fanAvg', distribution: 'uniform', seed });

/** Glorot (Xavier) normal, truncated. @see tf.glorot_normal_initializer */
export const glorotNormal = (seed: number | null = null): Initializer =>
  varianceScaling({ mode: 'fanAvg', distribution: 'truncatedNormal', seed });

/** He normal, for layers before a ReLU. @see tf.initializers.he_normal */
export const heNormal = (seed: number | null = null): Initializer =>
  varianceScaling({ scale: 2, seed });

/** He uniform, for layers before a ReLU. @see tf.initializers.he_uniform */
export const heUniform = (seed: number | null = null): Initializer =>
  varianceScaling({ scale: 2, distribution: 'uniform', seed });
