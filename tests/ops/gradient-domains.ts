/**
 * Where each op's gradient is checked. Float inputs are spread over [-2, 2] unless a domain is
 * given here: away from poles and kinks, where a difference quotient says nothing.
 */
import type { NdArray } from '../../src/graph/dtype.js';

export type Interval = readonly [low: number, high: number];

export interface GradientSpec {
  /** Interval per input argument, or one for all. */
  readonly domain?: Interval | Readonly<Record<string, Interval>>;
  /** Arguments to differentiate by; the others are constants. All float ones by default. */
  readonly by?: readonly string[];
  /** Attrs other than those of the case. */
  readonly attrs?: Readonly<Record<string, unknown>>;
  /** Outputs to weigh; all float ones by default. */
  readonly outputs?: number;
  /** 1 where TensorFlow defines no gradient of the gradient. */
  readonly order?: 1 | 2;
  /** Half the distance of the difference quotient. */
  readonly step?: number;
  /** Makes the case's inputs, by argument, into ones the op is defined for. */
  readonly prepare?: (inputs: Inputs, run: Run) => Inputs;
  /** Cases where TensorFlow's gradient is not the derivative. */
  readonly skip?: (inputs: Inputs, attrs: Readonly<Record<string, unknown>>) => boolean;
}
/** Values per argument. */
export type Inputs = Readonly<Record<string, readonly NdArray[]>>;
/** First output of an op over constants, with the attrs of the case that it has too. */
export type Run = (type: string, inputs: readonly NdArray[]) => NdArray;

const positive: Interval = [0.3, 2];
const inside: Interval = [-0.9, 0.9];

const one = (values: readonly NdArray[] | undefined): NdArray => {
  const [value] = values ?? [];
  if (value === undefined) throw new Error('the argument is missing');
  return value;
};

/** Rows that sum to 1, as the gradient supposes of labels. */
function distributions(labels: NdArray): NdArray {
  const data = Float64Array.from(labels.data as Float64Array, Math.abs);
  const width = labels.shape[labels.shape.length - 1] ?? 1;
  for (let row = 0; row < data.length; row += width) {
    const sum = data.subarray(row, row + width).reduce((a, b) => a + b, 0);
    for (let i = row; i < row + width; i++) data[i] = (data[i] ?? 0) / sum;
  }
  return { dtype: 'float64', shape: labels.shape, data };
}

/** The gradient ops of pooling take what the pooling gave. */
const pooled: GradientSpec = {
  by: ['grad'],
  prepare: (inputs, run) => {
    const rest = [inputs['ksize'], inputs['strides']].flatMap((values) => values ?? []);
    const output = run(rest.length > 0 ? 'MaxPoolV2' : 'MaxPool', [
      one(inputs['orig_input']),
      ...rest,
    ]);
    return { ...inputs, orig_output: [output] };
  },
};

const hasDuplicates = (indices: readonly NdArray[] | undefined): boolean => {
  const all = (indices ?? []).flatMap(({ data }) => Array.from(data as Int32Array));
  return new Set(all).size < all.length;
};

/** An extreme of no elements is the largest number there is, next to which all others vanish. */
const fullSegments: GradientSpec = {
  skip: ({ segment_ids, num_segments }) => {
    const ids = new Set(Array.from(one(segment_ids).data as Int32Array, Number));
    const count = Number(one(num_segments).data[0]);
    return Array.from({ length: count }, (_, i) => i).some((i) => !ids.has(i));
  },
};

export const gradientSpecs: Readonly<Record<string, GradientSpec>> = {
  Acos: { domain: inside },
  Acosh: { domain: [1.2, 3] },
  Asin: { domain: inside },
  Atan2: { domain: { x: positive } },
  Atanh: { domain: inside },
  // Rounds to float32: a wide step, as the op is linear.
  Cast: { attrs: { DstT: 'float32' }, step: 0.25, order: 1 },
  ClipByValue: {
    domain: { t: [-2, 2], clip_value_min: [-1.1, -0.9], clip_value_max: [0.9, 1.1] },
  },
  Div: { domain: { y: positive } },
  DivNoNan: { domain: { y: positive } },
  // The gradient of a part that a later one overwrites is not 0 in TensorFlow.
  DynamicStitch: { skip: ({ indices }) => hasDuplicates(indices) },
  FloorDiv: { domain: { y: positive } },
  FloorMod: { domain: { y: positive } },
  Inv: { domain: positive },
  InvGrad: { domain: positive },
  Log: { domain: positive },
  Log1p: { domain: [-0.7, 2] },
  MaxPoolGrad: pooled,
  MaxPoolGradGrad: pooled,
  MaxPoolGradV2: pooled,
  // TensorFlow pools over channels, but has no gradient of that.
  MaxPool: { skip: (_, { ksize }) => (ksize as readonly number[])[3] !== 1 },
  // TensorFlow has no gradient of MaxPoolGradWithArgmax.
  MaxPoolWithArgmax: { order: 1 },
  // The border's value has no gradient in TensorFlow.
  PadV2: { by: ['input'] },
  Pow: { domain: { x: positive } },
  RealDiv: { domain: { y: positive } },
  Reciprocal: { domain: positive },
  ReciprocalGrad: { domain: positive },
  Relu6: { domain: [-2, 8] },
  Relu6Grad: { domain: [-2, 8] },
  Rsqrt: { domain: positive },
  RsqrtGrad: { domain: positive },
  SoftmaxCrossEntropyWithLogits: {
    outputs: 1,
    // Labels count as constants in the gradient of the gradient.
    by: ['features'],
    prepare: ({ labels = [], ...rest }) => ({ ...rest, labels: labels.map(distributions) }),
  },
  SparseSoftmaxCrossEntropyWithLogits: { outputs: 1 },
  // TensorFlow has no gradient of SoftsignGrad.
  Softsign: { order: 1 },
  Sqrt: { domain: positive },
  SqrtGrad: { domain: positive },
  Tan: { domain: [-1.2, 1.2] },
  UnsortedSegmentMax: fullSegments,
  UnsortedSegmentMin: fullSegments,
  Xdivy: { domain: { y: positive } },
  Xlogy: { domain: { y: positive } },
};

const ofComplex = 'it is about complex numbers, whose gradients complex.test.ts compares';

/** Ops with a gradient that is not checked here, and why. */
export const uncheckedGradients: ReadonlyMap<string, string> = new Map([
  ['Angle', ofComplex],
  ['Complex', ofComplex],
  ['ComplexAbs', ofComplex],
  ['Conj', ofComplex],
  ['Imag', ofComplex],
  ['Real', ofComplex],
  ['PreventGradient', 'asking for its gradient is an error, which is what it is for'],
  ['TruncateDiv', 'it is division of integers'],
  ['ReadVariableOp', 'it reads state; tests/ops/state and the training corpus differentiate by it'],
]);
