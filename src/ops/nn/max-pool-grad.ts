/**
 * Gradients of max pooling. All of a window's gradient goes to its first maximum (row-major), so
 * they decompose into the winning tap of each window and a move of values along it.
 */
import { integersOf } from '../integers.js';
import { defineOp, type Operand } from '../op-def.js';
import { sameShapes, withRank } from '../shape-checks.js';
import { pooledDTypes } from './max-pool-taps.js';
import {
  explicitPadding,
  explicitPaddings,
  formatAttr,
  implicitPadding,
  poolShape,
  poolWindow,
  windowAttrs,
} from './pool-geometry.js';

const gradInputs = { orig_input: 'T', orig_output: 'T', grad: 'T' } as const;
const windowInputs = { ksize: 'int32', strides: 'int32' } as const;
const gradType = { kind: 'type', default: 'float32', allowed: pooledDTypes } as const;

export const MaxPoolGrad = defineOp({
  name: 'MaxPoolGrad',
  attrs: {
    ...windowAttrs,
    padding: explicitPadding,
    explicit_paddings: explicitPaddings,
    data_format: formatAttr,
    T: gradType,
  },
  inputs: gradInputs,
  outputs: { output: 'T' },
  infer: ({ shapes, fail }) => {
    withRank(shapes.orig_output, 4, fail);
    withRank(shapes.grad, 4, fail);
    return { output: withRank(shapes.orig_input, 4, fail) };
  },
  grad: ({ b, attrs, x, dy }) => {
    const { ksize, strides, padding, data_format } = attrs;
    return {
      orig_input: b.op('ZerosLike', [x.orig_input]),
      orig_output: b.op('ZerosLike', [x.orig_output]),
      grad: b.op('MaxPoolGradGrad', [x.orig_input, x.orig_output, dy.output], {
        ksize,
        strides,
        padding,
        data_format,
      }),
    };
  },
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
    orig_input: b.op('ZerosLike', [x.orig_input]),
    orig_output: b.op('ZerosLike', [x.orig_output]),
    grad: b.op('MaxPoolGradGradV2', [x.orig_input, x.orig_output, dy.output, x.ksize, x.strides], {
      padding: attrs.padding,
      data_format: attrs.data_format,
    }),
    ksize: null,
    strides: null,
  }),
  lower: {
    kind: 'decompose',
    into: (b, x, { attrs, x: operands, fail }) => [
      b.op('MaxPoolGrad', [x.orig_input, x.orig_output, x.grad], {
        ...constantWindow(operands.ksize, operands.strides, fail),
        padding: attrs.padding,
        data_format: attrs.data_format,
      }),
    ],
  },
});

function constantWindow(
  ksize: Operand,
  strides: Operand,
  fail: (message: string) => never,
): { readonly ksize: readonly number[]; readonly strides: readonly number[] } {
  if (ksize.constant === null || strides.constant === null)
    return fail('ksize and strides must be constant or fed');
  return { ksize: integersOf(ksize.constant), strides: integersOf(strides.constant) };
}

/** The gradient of MaxPoolGrad with respect to its `grad`: out[w] = grad at w's first maximum. */
export const MaxPoolGradGrad = defineOp({
  name: 'MaxPoolGradGrad',
  attrs: {
    ...windowAttrs,
    padding: implicitPadding,
    data_format: formatAttr,
    T: { kind: 'type', allowed: pooledDTypes },
  },
  inputs: gradInputs,
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => {
    const pooled = poolShape(poolWindow(attrs), shapes.orig_input, 'MaxPoolGradGrad', fail);
    sameShapes(shapes.orig_input, shapes.grad, fail);
    return { output: sameShapes(pooled, shapes.orig_output, fail) };
  },
  grad: ({ b, attrs, x, dy }) => {
    const { ksize, strides, padding, data_format } = attrs;
    return {
      orig_input: b.op('ZerosLike', [x.orig_input]),
      orig_output: b.op('ZerosLike', [x.orig_output]),
      grad: b.op('MaxPoolGrad', [x.orig_input, x.orig_output, dy.output], {
        ksize,
        strides,
        padding,
        data_format,
      }),
    };
  },
  lower: {
    kind: 'decompose',
    into: (b, x, { attrs }) => {
      const { ksize, strides, padding, data_format } = attrs;
      const window = { ksize, strides, padding, data_format };
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
    into: (b, x, { attrs, x: operands, fail }) => [
      b.op('MaxPoolGradGrad', [x.orig_input, x.orig_output, x.grad], {
        ...constantWindow(operands.ksize, operands.strides, fail),
        padding: attrs.padding,
        data_format: attrs.data_format,
      }),
    ],
  },
});
