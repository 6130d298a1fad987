/** User functions of the random ops: scaled and shifted samples, under TensorFlow 1's node names. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { DTypeError, ValueError } from '../../errors.js';
import { getDefaultGraph } from '../../graph/graph.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import {
  RandomStandardNormal,
  RandomUniformInt,
  RandomUniform,
  TruncatedNormal,
} from './random.js';
import { getSeed } from './seed.js';

export type FloatDType = 'float16' | 'bfloat16' | 'float32' | 'float64';

/** Shape of the samples: known, or an integer vector tensor. */
export type RandomShape = readonly number[] | Tensor;

export interface RandomUniformOptions {
  /** Lower bound, included; 0 by default. */
  readonly minval?: TensorLike;
  /** Upper bound, excluded; 1 by default, required for integers. */
  readonly maxval?: TensorLike;
  /** float32 by default. */
  readonly dtype?: FloatDType | 'int32' | 'int64';
  /** Op seed; with the graph's seed it fixes the stream. */
  readonly seed?: number | null;
  readonly name?: string;
}

export interface RandomNormalOptions {
  /** 0 by default. */
  readonly mean?: TensorLike;
  /** 1 by default. */
  readonly stddev?: TensorLike;
  /** float32 by default. */
  readonly dtype?: FloatDType;
  /** Op seed; with the graph's seed it fixes the stream. */
  readonly seed?: number | null;
  readonly name?: string;
}

const shapeInput = (shape: RandomShape): Tensor =>
  convertToTensor(shape, { fallback: 'int32', name: 'shape' });

/**
 * Uniform samples in [minval, maxval).
 *
 * A session continues the stream from run to run; a new session with the same seeds repeats it.
 * Without an op seed and a graph seed every session draws another stream.
 *
 * @param shape of the samples: a list, or an int32 or int64 vector.
 * @returns `shape`, of `dtype`.
 * @throws ValueError if an integer dtype comes without `maxval`; DTypeError for other dtypes.
 * @see TF ops RandomUniform, RandomUniformInt; tf.random_uniform
 * @example
 * const noise = tf.random.randomUniform([2, 3], { minval: -1, maxval: 1, seed: 7 });
 * const dice = tf.random.randomUniform([10], { minval: 1, maxval: 7, dtype: 'int32' });
 */
export function randomUniform(shape: RandomShape, options: RandomUniformOptions = {}): Tensor {
  const { minval = 0, dtype = 'float32' } = checkedOptions('randomUniform', options, {
    minval: 'any',
    maxval: 'any',
    dtype: 'dtype',
    seed: 'int?',
    name: 'string',
  });
  const isInteger = dtype === 'int32' || dtype === 'int64';
  if (isInteger && options.maxval === undefined)
    throw new ValueError(`Must specify maxval for integer dtype ${dtype}.`);
  if (!isInteger && !['float16', 'bfloat16', 'float32', 'float64'].includes(dtype))
    throw new DTypeError(
      `randomUniform cannot make ${dtype}; use a floating dtype, int32 or int64.`,
    );
  return withNameScope(options.name, 'random_uniform', (scope) => {
    const b = graphBuilder();
    const size = shapeInput(shape);
    const low = convertToTensor(minval, { dtype, name: 'min' });
    const high = convertToTensor(options.maxval ?? 1, { dtype, name: 'max' });
    const seeds = getSeed(getDefaultGraph(), options.seed);
    if (isInteger)
      return addNode(RandomUniformInt, { shape: size, minval: low, maxval: high }, seeds, scope)
        .output;
    const { output } = addNode(RandomUniform, { shape: size }, { ...seeds, dtype });
    const range = b.op('Sub', [high, low], {}, 'sub');
    return b.op('AddV2', [b.op('Mul', [output, range], {}, 'mul'), low], {}, scope);
  });
}

function scaledNormal(
  fn: string,
  def: typeof RandomStandardNormal,
  fallback: string,
  shape: RandomShape,
  options: RandomNormalOptions,
): Tensor {
  const { dtype = 'float32' } = checkedOptions(fn, options, {
    mean: 'any',
    stddev: 'any',
    dtype: 'dtype',
    seed: 'int?',
    name: 'string',
  });
  return withNameScope(options.name, fallback, (scope) => {
    const b = graphBuilder();
    const size = shapeInput(shape);
    const mean = convertToTensor(options.mean ?? 0, { dtype, name: 'mean' });
    const stddev = convertToTensor(options.stddev ?? 1, { dtype, name: 'stddev' });
    const seeds = getSeed(getDefaultGraph(), options.seed);
    const { output } = addNode(def, { shape: size }, { ...seeds, dtype });
    return b.op('AddV2', [b.op('Mul', [output, stddev], {}, 'mul'), mean], {}, scope);
  });
}

/**
 * Normal samples with the given mean and standard deviation; seeds as in `randomUniform`.
 *
 * @see TF op RandomStandardNormal; tf.random_normal
 * @example const z = tf.random.randomNormal([batch, 16], { stddev: 0.1 });
 */
export const randomNormal = (shape: RandomShape, options: RandomNormalOptions = {}): Tensor =>
  scaledNormal('randomNormal', RandomStandardNormal, 'random_normal', shape, options);

/**
 * As `randomNormal`, with samples two or more standard deviations from the mean drawn again.
 *
 * @see TF op TruncatedNormal; tf.truncated_normal
 * @example const weights = tf.random.truncatedNormal([784, 128], { stddev: 0.05 });
 */
export const truncatedNormal = (shape: RandomShape, options: RandomNormalOptions = {}): Tensor =>
  scaledNormal('truncatedNormal', TruncatedNormal, 'truncated_normal', shape, options);
