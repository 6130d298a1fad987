/**
 * Gradients of max pooling. All of a window's gradient goes to its first maximum (row-major), so
 * they decompose into the winning tap of each window and a move of values along it.
 */
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { integersOf } from '../integers.js';
import { defineOp, type Operand } from '../op-def.js';
import { sameShapes, withRank } from '../shape-checks.js';
import { pooledDTypes } from './max-pool-taps.js';
import {
  explicitWindowAttrs,
  formatAttr,
  implicitPadding,
  implicitWindow,
  implicitWindowAttrs,
  poolShape,
  poolWindow,
} from './pool-geometry.js';

const gradInputs = { orig_input: 'T', orig_output: 'T', grad: 'T' } as const;
const windowInputs = { ksize: 'int32', strides: 'int32' } as const;
const gradType = { kind: 'type', default: 'float32', allowed: pooledDTypes } as const;

/** Only `grad` has a gradient, which goes the other way between pooled and unpooled. */
const passedOn = (
  b: OpBuilder<Tensor>,
  x: { readonly orig_input: Tensor; readonly orig_output: Tensor },
  type: string,
  rest: readonly Tensor[],
  window: Readonly<Record<string, unknown>>,
) => ({
  orig_input: b.op('ZerosLike', [x.orig_input]),
  orig_output: b.op('ZerosLike', [x.orig_output]),
  grad: b.op(type, [x.orig_input, x.orig_output, ...rest], window),
});

export const MaxPoolGrad = defineOp({
  name: 'MaxPoolGrad',
  attrs: {
    ...explicitWindowAttrs,
    T: gradType,
  },
  inputs: gradInputs,
  outputs: { output: 'T' },
  infer: ({ shapes, fail }) => {
    withRank(shapes.orig_output, 4, fail);
    withRank(shapes.grad, 4, fail);
    return { output: withRank(shapes.orig_input, 4, fail) };
  },
  grad: ({ b, attrs, x, dy }) =>
    passedOn(b, x, 'MaxPoolGradGrad', [dy.output], implicitWindow(attrs)),
  lower: {
    kind: 'decompose',
    into: (b, x, { attrs, y }) => {
      const { ksize, strides, padding, explicit_paddings, data_format } = attrs;
      const window = { ksize, strides, padding, explicit_paddings, data_format };
      const tap = b.op('_MaxPoolTap', [x.orig_input], window);
      return [b.op('_MaxPoolSpread', [x.grad, tap], { ...window, input_shape: y.output.shape })];
    },
  },
});

/** MaxPoolGrad whose window comes as tensors. */
export const MaxPoolGradV2 = defineOp({
  name: 'MaxPoolGradV2',
  attrs: { padding: implicitPadding, data_format: formatAttr, T: gradType },
  inputs: { ...gradInputs, ...windowInputs },
  outputs: { output: 'T' },
  infer: ({ shapes, value, fail }) => {
    value('ksize');
    value('strides');
    return { output: withRank(shapes.orig_input, 4, fail) };
  },
  grad: ({ b, attrs, x, dy }) => ({
    ...passedOn(b, x, 'MaxPoolGradGradV2', [dy.output, x.ksize, x.strides], {
      padding: attrs.padding,
      data_format: attrs.data_format,
    }),
    ksize: null,
    strides: null,
  }),
  lower: {
    kind: 'decompose',
    into: (b, x, ctx) => [
      b.op('MaxPoolGrad', [x.orig_input, x.orig_output, x.grad], constantWindow(ctx)),
    ],
  },
});

/** Window attrs of an op whose window comes as tensors. */
function constantWindow(ctx: {
  readonly attrs: { readonly padding: string; readonly data_format: string };
  readonly x: { readonly ksize: Operand; readonly strides: Operand };
  readonly fail: (message: string) => never;
}): Readonly<Record<string, unknown>> {
  const { ksize, strides } = ctx.x;
  if (ksize.constant === null || strides.constant === null)
    return ctx.fail('ksize and strides must be constant or fed');
  const { padding, data_format } = ctx.attrs;
  const [sizes, steps] = [integersOf(ksize.constant), integersOf(strides.constant)];
  return { ksize: sizes, strides: steps, padding, data_format };
}

/** The gradient of MaxPoolGrad with respect to its `grad`: out[w] = grad at w's first maximum. */
export const MaxPoolGradGrad = defineOp({
  name: 'MaxPoolGradGrad',
  attrs: {
    ...implicitWindowAttrs,
    T: { kind: 'type', allowed: pooledDTypes },
  },
  inputs: gradInputs,
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => {
    const pooled = poolShape(poolWindow(attrs), shapes.orig_input, 'MaxPoolGradGrad', fail);
    sameShapes(shapes.orig_input, shapes.grad, fail);
    return { output: sameShapes(pooled, shapes.orig_output, fail) };
  },
  grad: ({ b, attrs, x, dy }) => passedOn(b, x, 'MaxPoolGrad', [dy.output], implicitWindow(attrs)),
  lower: {
    kind: 'decompose',
    into: (b, x, { attrs }) => {
      const window = implicitWindow(attrs);
      return [b.op('_MaxPoolPick', [x.grad, b.op('_MaxPoolTap', [x.orig_input], window)], window)];
    },
  },
});

/** MaxPoolGradGrad whose window comes as tensors. */
export const MaxPoolGradGradV2 = defineOp({
  name: 'MaxPoolGradGradV2',
  attrs: {
    padding: implicitPadding,
    data_format: formatAttr,
    T: { kind: 'type', allowed: pooledDTypes },
  },
  inputs: { ...gradInputs, ...windowInputs },
  outputs: { output: 'T' },
  infer: ({ shapes, value, fail }) => {
    value('ksize');
    value('strides');
    return { output: withRank(shapes.orig_output, 4, fail) };
  },
  grad: { missing: 'TensorFlow has none' },
  lower: {
    kind: 'decompose',
    into: (b, x, ctx) => [
      b.op('MaxPoolGradGrad', [x.orig_input, x.orig_output, x.grad], constantWindow(ctx)),
    ],
  },
});
