/**
 * MaxPoolWithArgmax and its gradients. An argmax is the flat index (y * width + x) * channels + c
 * within an image, or within the whole batch with `include_batch_in_index`.
 */
import { add, cast, eq, int, like, mul, select, type Expr } from '../../ir/expr.js';
import type { StaticShape } from '../../graph/shape.js';
import { defineOp } from '../op-def.js';
import { withRank } from '../shape-checks.js';
import { argmaxPlan, pooledDTypes, spread } from './max-pool-taps.js';
import {
  implicitPadding,
  poolGeometry,
  poolShape,
  poolWindow,
  under,
  windowAttrs,
} from './pool-geometry.js';
import { split } from './window.js';

const indexDTypes = ['int32', 'int64'] as const;
const attrs = {
  ...windowAttrs,
  padding: implicitPadding,
  include_batch_in_index: { kind: 'bool', default: false },
  T: { kind: 'type', allowed: pooledDTypes },
} as const;

/** Flat index of an NHWC element, within its image or within the batch. */
function flatIndex(shape: StaticShape, index: readonly Expr[], withBatch: boolean): Expr {
  const [batch = int(0), ...image] = index;
  return image.reduce(
    (flat, at, axis) => add(mul(flat, int(shape[axis + 1] ?? 1)), at),
    withBatch ? batch : int(0),
  );
}

export const MaxPoolWithArgmax = defineOp({
  name: 'MaxPoolWithArgmax',
  attrs: { ...attrs, Targmax: { kind: 'type', default: 'int64', allowed: indexDTypes } },
  inputs: { input: 'T' },
  outputs: { output: 'T', argmax: 'Targmax' },
  infer: ({ attrs, shapes, fail }) => {
    const shape = poolShape(poolWindow(attrs), shapes.input, 'MaxPool', fail);
    return { output: shape, argmax: shape };
  },
  grad: ({ b, attrs, x, y, dy }) => {
    const { ksize, strides, padding, include_batch_in_index } = attrs;
    return {
      input: b.op('MaxPoolGradWithArgmax', [x.input, dy.output, y.argmax], {
        ksize,
        strides,
        padding,
        include_batch_in_index,
      }),
    };
  },
  lower: {
    kind: 'reduce',
    plan: ({ attrs, x, y, fail }) => {
      const { input } = x;
      const pool = poolGeometry(poolWindow(attrs), input.shape, fail);
      return argmaxPlan(pool, input, [
        (row, taps) => input.at(under(pool, row, taps).index),
        (row, taps) => {
          const { index } = under(pool, row, taps);
          const flat = flatIndex(input.shape, index, attrs.include_batch_in_index);
          return cast(y.argmax.type, flat);
        },
      ]);
    },
  },
});

/** dx[argmax[w]] += dy[w], as a gather over the windows that cover each position. */
export const MaxPoolGradWithArgmax = defineOp({
  name: 'MaxPoolGradWithArgmax',
  attrs: { ...attrs, Targmax: { kind: 'type', allowed: indexDTypes } },
  inputs: { input: 'T', grad: 'T', argmax: 'Targmax' },
  outputs: { output: 'T' },
  infer: ({ shapes, fail }) => ({ output: withRank(shapes.input, 4, fail) }),
  grad: { missing: 'TensorFlow has none' },
  lower: {
    kind: 'map',
    body: ({ attrs, x, fail }, index) => {
      const { shape } = x.input;
      const pool = poolGeometry(poolWindow(attrs), shape, fail);
      const own = cast(x.argmax.type, flatIndex(shape, index, attrs.include_batch_in_index));
      return spread(pool, index, (row) => {
        const dy = x.grad.at(row);
        return select(eq(x.argmax.at(row), own), dy, like(dy, 0));
      });
    },
  },
});

/** out[w] = grad[argmax[w]]. */
export const MaxPoolGradGradWithArgmax = defineOp({
  name: 'MaxPoolGradGradWithArgmax',
  attrs: { ...attrs, Targmax: { kind: 'type', allowed: indexDTypes } },
  inputs: { input: 'T', grad: 'T', argmax: 'Targmax' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => ({
    output: poolShape(poolWindow(attrs), shapes.input, 'MaxPoolGradGradWithArgmax', fail),
  }),
  grad: { missing: 'TensorFlow has none' },
  lower: {
    kind: 'map',
    body: ({ attrs, x }, row) => {
      const [batch = 1, ...image] = x.grad.shape;
      const flat = cast('i32', x.argmax.at(row));
      if (attrs.include_batch_in_index) return x.grad.at(split(flat, [batch, ...image]));
      return x.grad.at([row[0] ?? int(0), ...split(flat, image)]);
    },
  },
});
