/**
 * The API as somebody misremembers it: no type checker stands between a JavaScript caller and us, so
 * a wrong argument must be an error of ours that says which, or mean something; never a crash inside
 * the library, and never silent nonsense.
 */
import * as tf from 'defrun';
import * as math from '../src/math.js';
import * as tensors from '../src/tensors.js';
import { publicCalls } from './support/public-calls.js';

const inGraph = <R>(fn: () => R): R => new tf.Graph().asDefault(fn);

/** Runs a call with its arguments changed; the error, or null. */
function attempt(name: string, change: (args: readonly unknown[]) => readonly unknown[]): unknown {
  try {
    inGraph(() => {
      const { call, args } = (publicCalls[name] ?? fail(name))();
      call(...change(args));
    });
    return null;
  } catch (error) {
    return error;
  }
}
const fail = (name: string): never => {
  throw new Error(`no call of ${name}`);
};

const wrong: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => ({}),
  () => ({ axis: 1 }),
  () => 'abc',
  () => NaN,
  () => 1.5,
  () => -7,
  () => 1e20,
  () => true,
  () => 2n,
  () => [[1], [1, 2]],
  () => [],
  () => ['a'],
  () => [null],
  () => () => 1,
  () => Symbol('symbol'),
  () => new Map(),
  () => tf.constant(1),
  () => new tf.Graph().asDefault(() => tf.constant([1, 2])),
  () => tf.noOp(),
  () => ({ dtype: 'int32', shape: [1], data: Int32Array.of(1) }),
];

const isOptions = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The arguments with one, or one option of one, replaced. */
function variants(name: string): ((value: () => unknown) => unknown)[] {
  const sample = inGraph(() => (publicCalls[name] ?? fail(name))().args);
  return sample.flatMap((given, at) => {
    const replaced = (make: (arg: unknown) => unknown): unknown =>
      attempt(name, (args) => args.map((arg, i) => (i === at ? make(arg) : arg)));
    const keys = isOptions(given) ? Object.keys(given) : [];
    return [
      (value: () => unknown) => replaced(value),
      ...keys.map(
        (key) => (value: () => unknown) =>
          replaced((options) => ({ ...(options as object), [key]: value() })),
      ),
    ];
  });
}

describe.each(Object.keys(publicCalls))('%s', (name) => {
  it('accepts the arguments that the next test breaks', () => {
    expect(attempt(name, (args) => args)).toBeNull();
  });

  it('answers any wrong argument with an error of ours, or takes it', () => {
    const strange = variants(name)
      .flatMap((variant) => wrong.map((value) => variant(value)))
      .filter((error) => error !== null && !(error instanceof tf.TfError));
    expect(strange).toEqual([]);
  });

  const options = inGraph(() => (publicCalls[name] ?? fail(name))().args).findIndex(isOptions);
  it(options < 0 ? 'refuses an object for its name' : 'refuses options it does not have', () => {
    const broken = attempt(name, (args) =>
      options < 0
        ? [...args.slice(0, -1), { axis: 1 }]
        : args.map((arg, i) => (i === options ? { ...(arg as object), wrongKey: 1 } : arg)),
    );
    expect(broken).toBeInstanceOf(tf.TfError);
  });
});

describe('the public functions', () => {
  const families = { tensors, math, nn: tf.nn, losses: tf.losses, layers: tf.layers };
  it.each(Object.entries(families))('of %s are all here', (_, family) => {
    expect(Object.keys(family).filter((name) => !(name in publicCalls))).toEqual([]);
  });
});

const x = (): tf.Tensor => tf.placeholder('float32', [2, 3], 'x');
const any = (value: unknown): never => value as never;

const messages: readonly (readonly [string, () => unknown, string])[] = [
  [
    'an options object where an axis belongs',
    () => tf.stack([x(), x()], any({ axis: 1 })),
    `Pack "stack": Expected int for argument 'axis' not {"axis":1}. Give a whole number.`,
  ],
  [
    'an axis where options belong',
    () => tf.split(x(), 3, any(1)),
    'split: Expected an object of options, such as { axis: ... }, not 1. The options are axis, num, name.',
  ],
  [
    "NumPy's spelling of an option",
    () => tf.reduceSum(x(), any({ keep_dims: true })),
    "reduceSum: there is no option 'keep_dims'. Did you mean 'keepDims'? The options are axis, keepDims, name.",
  ],
  [
    'one tensor where a list belongs',
    () => tf.concat(any(x()), 0),
    "concat: Expected list for argument 'values' not the Tensor 'x:0'.",
  ],
  [
    'a list argument of an op',
    () => tf.identityN(any(x())),
    "Expected list for 'input' argument to 'IdentityN' Op, not the Tensor 'x:0'.",
  ],
  [
    'a flag that is a word',
    () => tf.matMul(x(), x(), { transposeB: any('yes') }),
    "matMul: Expected true or false for option 'transposeB' not the string 'yes'.",
  ],
  [
    'an operand left out',
    () => tf.add(x(), any(undefined), 'sum'),
    "Tried to convert 'sum/y' to a tensor and failed. Error: Expected float32, but got undefined.",
  ],
  [
    'a fraction for a whole number',
    () => tf.unstack(x(), { axis: 0.5 }),
    "unstack: Expected a whole number for option 'axis' not 0.5.",
  ],
  [
    'no parts to split into',
    () => tf.split(x(), 0),
    `Split "split": Attr 'num_split' of 'Split' Op passed 0 less than minimum 1.`,
  ],
  [
    'a negative dim',
    () => tf.placeholder('float32', [-1, 3], 'p'),
    'Placeholder "p": Error converting shape to a TensorShape: Dimension -1 must be >= 0. Give a list of whole numbers >= 0, or null where it is unknown.',
  ],
  [
    'a dtype that is none',
    () => tf.placeholder(any('float'), [3], 'p'),
    `Placeholder "p": Expected DataType for argument 'dtype' not the string 'float'. Give a dtype's name, such as 'float32'.`,
  ],
  [
    'a number for a name',
    () => tf.nn.relu6(x(), any(6)),
    "Expected string for argument 'name' not 6. Names stand by themselves where a function takes them so, and in its options object where it has one.",
  ],
  [
    'a name where options belong',
    () => tf.toNdArray([1, 2], any('int32')),
    "toNdArray: Expected an object of options, such as { dtype: ... }, not the string 'int32'. The options are dtype, shape, fallback, truncate.",
  ],
  [
    'a window of three numbers',
    () => tf.nn.maxPool(tf.zeros([1, 4, 4, 1]), { ksize: [1, 2, 2], strides: 1, padding: 'SAME' }),
    'ksize should be of length 1, 2 or 4 but was 3: [1,2,2].',
  ],
  [
    'a reduction by another name',
    () => tf.losses.meanSquaredError(x(), x(), { reduction: any('mean') }),
    "Invalid Reduction Key the string 'mean'. Use one of none, sum, meanOfWeights, sumOverBatchSize, sumByNonzeroWeights.",
  ],
  [
    "Python's slice in getItem",
    () => tf.getItem(x(), any('1:')),
    "getItem: Expected a whole number, a tensor, { begin, end, step }, ':', '...' or null as an index, not the string '1:'.",
  ],
  [
    'a shape of a fraction for random values',
    () => tf.random.randomUniform([2.5]),
    "Tried to convert 'random_uniform/shape' to a tensor and failed. Error: Expected int32, but got 2.5, which is not a whole number. Round it, or use cast().",
  ],
  [
    'an axis in a list',
    () => tf.concat([x(), x()], [1]),
    'ConcatV2 "concat": Shape must be rank 0 but is rank 1 (inputs: x:0: float32 [2,3], x_1:0: float32 [2,3], concat/axis:0: int32 [1]).',
  ],
  [
    'a variable that is none',
    () => tf.assign(any(x()), 1),
    "assign: Expected a variable for argument 'ref' not the Tensor 'x:0'.",
  ],
];

describe('messages', () => {
  it.each(messages)('say what is wrong with %s', (_, call, message) => {
    let said = '';
    try {
      inGraph(call);
    } catch (error) {
      said = (error as Error).message.replace(/ Defined at .*$/s, '');
    }
    expect(said).toBe(message);
  });
});

describe('attrs', () => {
  it('takes a bigint that is a safe integer for a whole number', () => {
    const shape = inGraph(() => tf.stack([x(), x()], any(1n)).shape);
    expect(shape).toEqual([2, 2, 3]);
  });
});
