/** Average pooling and its gradient: padding is not counted. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { cast, div, like, select, type Expr } from '../../ir/expr.js';
import { defineOp } from '../op-def.js';
import { shapeFromVector, withRank } from '../shape-checks.js';
import {
  formatAttr,
  implicitPadding,
  poolGeometry,
  poolShape,
  poolWindow,
  productOf,
  outputOf,
  tapsOf,
  under,
  windowAttrs,
  type PoolGeometry,
} from './pool-geometry.js';
import { perAxis, poolOptions, type PoolOptions } from './window-options.js';
import { sumOverWindows, tapCount, type WindowAxis } from './window.js';

const floats = ['float16', 'bfloat16', 'float32', 'float64'] as const;
const attrs = {
  ...windowAttrs,
  padding: implicitPadding,
  data_format: formatAttr,
  T: { kind: 'type', allowed: floats },
} as const;

/** Elements averaged by the window at `row`. */
const countAt = ({ axes, windowed }: PoolGeometry, row: readonly Expr[]): Expr =>
  productOf(windowed.map((i) => tapCount(axes[i] as WindowAxis, row[i] as Expr)));

export const AvgPool = defineOp({
  name: 'AvgPool',
  attrs,
  inputs: { value: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => ({
    output: poolShape(poolWindow(attrs), shapes.value, 'AvgPool', fail),
  }),
  grad: ({ b, attrs, x, dy }) => {
    const { ksize, strides, padding, data_format } = attrs;
    const shape = b.op('Shape', [x.value], { out_type: 'int32' });
    return {
      value: b.op('AvgPoolGrad', [shape, dy.output], { ksize, strides, padding, data_format }),
    };
  },
  lower: {
    kind: 'reduce',
    plan: ({ attrs, x, fail }) => {
      const pool = poolGeometry(poolWindow(attrs), x.value.shape, fail);
      return {
        rows: outputOf(pool),
        inner: tapsOf(pool),
        stages: [
          {
            combine: 'sum',
            value: (row, taps) => {
              const { index, inside } = under(pool, row, taps);
              const value = x.value.at(index);
              return select(inside, value, like(value, 0));
            },
          },
        ],
        outputs: [
          {
            of: 'row',
            value: (row, [sum]) => div(sum as Expr, cast(x.value.type, countAt(pool, row))),
          },
        ],
      };
    },
  },
});

/** dx[i] = sum of dy[w] / count[w] over the windows w that cover position i. */
export const AvgPoolGrad = defineOp({
  name: 'AvgPoolGrad',
  attrs,
  inputs: { orig_input_shape: 'int32', grad: 'T' },
  outputs: { output: 'T' },
  infer: ({ shapes, partial, fail }) => ({
    output: withRank(
      shapeFromVector(shapes.orig_input_shape, partial('orig_input_shape'), fail),
      4,
      fail,
    ),
  }),
  grad: ({ b, attrs, dy }) => {
    const { ksize, strides, padding, data_format } = attrs;
    return {
      orig_input_shape: null,
      grad: b.op('AvgPool', [dy.output], { ksize, strides, padding, data_format }),
    };
  },
  lower: {
    kind: 'map',
    body: ({ attrs, x, y, fail }, index) => {
      const pool = poolGeometry(poolWindow(attrs), y.output.shape, fail);
      const windows = pool.windowed.map((i) => pool.axes[i] as WindowAxis);
      const at = pool.windowed.map((i) => index[i] as Expr);
      return sumOverWindows(windows, at, (outs) => {
        const row = index.map((i, axis) => outs[pool.windowed.indexOf(axis)] ?? i);
        return div(x.grad.at(row), cast(x.grad.type, countAt(pool, row)));
      });
    },
  },
});

/**
 * Mean over windows; positions in the padding are not counted.
 *
 * @param value float `[batch, height, width, channels]`, or channels second for `NCHW`.
 * @throws ValueError if the rank is not 4 or a VALID window does not fit.
 * @see TF op AvgPool; tf.nn.avg_pool
 * @example
 * const y = nn.avgPool(x, { ksize: 2, strides: 2, padding: 'VALID' });
 */
export function avgPool(
  value: TensorLike,
  options: PoolOptions & { readonly padding: 'SAME' | 'VALID' },
): Tensor {
  const format = checkedOptions('avgPool', options, poolOptions).dataFormat ?? 'NHWC';
  return addNode(
    AvgPool,
    { value },
    {
      ksize: perAxis('ksize', options.ksize, format),
      strides: perAxis('strides', options.strides, format),
      padding: options.padding,
      data_format: format,
    },
    options.name,
  ).output;
}
