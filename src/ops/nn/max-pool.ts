/**
 * Max pooling. Padding never wins; a NaN loses to any number, and an all-NaN window gives the
 * smallest finite value, as TensorFlow's CPU kernels do.
 */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { isFloating } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { and, select, unary, type Expr } from '../../ir/expr.js';
import { lowestOf } from '../limits.js';
import { integersOf } from '../integers.js';
import { defineOp, type Operand, type ReducePlan } from '../op-def.js';
import {
  explicitWindowAttrs,
  formatAttr,
  implicitPadding,
  implicitWindow,
  outputOf,
  poolGeometry,
  poolShape,
  poolWindow,
  tapsOf,
  under,
  type PoolGeometry,
} from './pool-geometry.js';
import { paddingAttrs, perAxis, poolOptions, type PoolOptions } from './window-options.js';

const computed = [
  'float16',
  'bfloat16',
  'float32',
  'float64',
  'int32',
  'int64',
  'uint8',
  'int16',
  'int8',
  'uint16',
] as const;

function maxPlan(pool: PoolGeometry, input: Operand): ReducePlan {
  const none = lowestOf(input.dtype, input.type);
  const value = (row: readonly Expr[], taps: readonly Expr[]): Expr => {
    const { index, inside } = under(pool, row, taps);
    const x = input.at(index);
    const counts = isFloating(input.dtype) ? and(inside, unary('not', unary('isNan', x))) : inside;
    return select(counts, x, none);
  };
  return {
    rows: outputOf(pool),
    inner: tapsOf(pool),
    stages: [{ combine: 'max', value }],
    outputs: [{ of: 'row', value: (_, [best]) => maxOf(best as Expr, none) }],
  };
}

/** A window of infinities below the smallest finite value gives that value. */
const maxOf = (best: Expr, none: Expr): Expr => ({
  kind: 'binary',
  type: best.type,
  fn: 'max',
  a: best,
  b: none,
});

export const MaxPool = defineOp({
  name: 'MaxPool',
  attrs: {
    T: { kind: 'type', default: 'float32', allowed: computed },
    ...explicitWindowAttrs,
  },
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => ({
    output: poolShape(poolWindow(attrs), shapes.input, 'MaxPool', fail),
  }),
  grad: ({ b, attrs, x, y, dy }) => {
    const { explicit_paddings: explicit } = attrs;
    return {
      input: b.op('MaxPoolGrad', [x.input, y.output, dy.output], {
        ...implicitWindow(attrs),
        ...(explicit.length > 0 ? { explicit_paddings: explicit } : {}),
      }),
    };
  },
  lower: {
    kind: 'reduce',
    plan: ({ attrs, x, fail }) =>
      maxPlan(poolGeometry(poolWindow(attrs), x.input.shape, fail, true), x.input),
  },
});

/** MaxPool whose window comes as tensors; they decide the output's shape. */
export const MaxPoolV2 = defineOp({
  name: 'MaxPoolV2',
  attrs: {
    T: { kind: 'type', default: 'float32', allowed: computed },
    padding: implicitPadding,
    data_format: formatAttr,
  },
  inputs: { input: 'T', ksize: 'int32', strides: 'int32' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, value, fail }) => {
    const ksize = value('ksize');
    const strides = value('strides');
    if (ksize === null || strides === null)
      return { output: shapes.input === null ? null : shapes.input.map(() => null) };
    const window = { ...attrs, ksize: integersOf(ksize), strides: integersOf(strides) };
    return { output: poolShape(poolWindow(window), shapes.input, 'MaxPool', fail) };
  },
  grad: ({ b, attrs, x, y, dy }) => ({
    input: b.op('MaxPoolGradV2', [x.input, y.output, dy.output, x.ksize, x.strides], {
      padding: attrs.padding,
      data_format: attrs.data_format,
    }),
    ksize: null,
    strides: null,
  }),
  lower: {
    kind: 'reduce',
    plan: ({ attrs, x, fail }) => {
      if (x.ksize.constant === null || x.strides.constant === null)
        return fail('ksize and strides decide the output shape and must be constant or fed');
      const window = poolWindow({
        ...attrs,
        ksize: integersOf(x.ksize.constant),
        strides: integersOf(x.strides.constant),
      });
      return maxPlan(poolGeometry(window, x.input.shape, fail, true), x.input);
    },
  },
});

/**
 * Maximum over windows.
 *
 * @param value `[batch, height, width, channels]`, or channels second for `NCHW`.
 * @throws ValueError if the rank is not 4 or a VALID window does not fit.
 * @see TF op MaxPool; tf.nn.max_pool
 * @example
 * const y = nn.maxPool(x, { ksize: 3, strides: 2, padding: 'SAME' });
 */
export function maxPool(value: TensorLike, options: PoolOptions): Tensor {
  const format = checkedOptions('maxPool', options, poolOptions).dataFormat ?? 'NHWC';
  return addNode(
    MaxPool,
    { input: value },
    {
      ksize: perAxis('ksize', options.ksize, format),
      strides: perAxis('strides', options.strides, format),
      ...paddingAttrs(options.padding),
      data_format: format,
    },
    options.name,
  ).output;
}
