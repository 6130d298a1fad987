/**
 * 2-D convolution and its two backprops, in both data formats, with strides, dilations, explicit
 * padding and channel groups. They decompose into contractions (`conv2d-grouped.ts`).
 */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import type { Dim, Shape, StaticShape } from '../../graph/shape.js';
import { defineOp, type Part } from '../op-def.js';
import { shapeFromVector, withRank } from '../shape-checks.js';
import {
  checkOutputChannels,
  convAttrs,
  convGeometry,
  convOutputShape,
  sameConv,
  type ConvAttrs,
} from './conv2d-geometry.js';
import { paddingAttrs, perAxis, type PaddingOption } from './window-options.js';
import { axesOf, checkExplicitPaddings, inFormat, type DataFormat } from './window.js';

const computed = ['float16', 'bfloat16', 'float32', 'float64', 'int32'] as const;
const differentiated = ['float16', 'bfloat16', 'float32', 'float64'] as const;

const reshaped = (b: OpBuilder<Part>, part: Part, shape: StaticShape): Part =>
  b.op('Reshape', [part, b.constant([...shape], 'int32')]);

/** Brings a leading group axis next to the channels of a group, the last axis. */
const groupsLast = (b: OpBuilder<Part>, part: Part, groups: number): Part =>
  groups === 1 ? part : b.op('Transpose', [part, b.constant([1, 2, 3, 0, 4], 'int32')]);

const ungrouped = (b: OpBuilder<Part>, part: Part, format: string, groups: number): Part =>
  format === 'NCHW' ? part : groupsLast(b, part, groups);

export const Conv2D = defineOp({
  name: 'Conv2D',
  attrs: { T: { kind: 'type', allowed: computed }, ...convAttrs },
  inputs: { input: 'T', filter: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => ({
    output: convOutputShape(attrs, shapes.input, shapes.filter, fail),
  }),
  grad: ({ b, attrs, x, dy }) => {
    const [inputShape, filterShape] = b.ops('ShapeN', [[x.input, x.filter]], { out_type: 'int32' });
    const conv = sameConv(attrs);
    return {
      input: b.op('Conv2DBackpropInput', [inputShape as Tensor, x.filter, dy.output], conv),
      filter: b.op('Conv2DBackpropFilter', [x.input, filterShape as Tensor, dy.output], conv),
    };
  },
  lower: {
    kind: 'decompose',
    into: (b, x, { attrs, x: operands, y, fail }) => {
      const { groups } = convGeometry(attrs, operands.input.shape, operands.filter.shape, fail);
      const grouped = b.op('_GroupedConv2D', [x.input, x.filter], sameConv(attrs));
      return [reshaped(b, ungrouped(b, grouped, attrs.data_format, groups), y.output.shape)];
    },
  },
});

/** Shape of the convolution's input from `input_sizes`: all four sizes, or height and width alone. */
function inputShapeOf(
  attrs: ConvAttrs,
  sizes: readonly (number | null)[] | null,
  filter: Shape,
  outBackprop: Shape,
  fail: (message: string) => never,
): Dim[] {
  const { data_format: format } = attrs;
  const batch = withRank(outBackprop, 4, fail)[axesOf(format).batch] ?? null;
  const depth = withRank(filter, 4, fail)[2] ?? null;
  if (sizes === null) return inFormat<Dim>(format, batch, null, null, null);
  if (sizes.length === 2) {
    const [height = null, width = null] = sizes;
    return inFormat(format, batch, height, width, depth);
  }
  if (sizes.length !== 4)
    fail(
      `Conv2DBackpropInput requires input_sizes to contain 4 values or 2 values, but got: ${sizes.length}`,
    );
  return sizes.map((size) => (size === -1 ? null : size));
}

export const Conv2DBackpropInput = defineOp({
  name: 'Conv2DBackpropInput',
  attrs: { T: { kind: 'type', allowed: computed }, ...convAttrs },
  inputs: { input_sizes: 'int32', filter: 'T', out_backprop: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, partial, fail }) => {
    checkExplicitPaddings(attrs.padding, attrs.explicit_paddings, attrs.data_format, fail);
    checkOutputChannels(shapes.out_backprop, shapes.filter, attrs.data_format, fail);
    const { filter, out_backprop: dy } = shapes;
    return { output: inputShapeOf(attrs, partial('input_sizes'), filter, dy, fail) };
  },
  grad: ({ b, attrs, x, dy }) => {
    const conv = sameConv(attrs);
    const filterShape = b.op('Shape', [x.filter]);
    return {
      input_sizes: null,
      filter: b.op('Conv2DBackpropFilter', [dy.output, filterShape, x.out_backprop], conv),
      out_backprop: b.op('Conv2D', [dy.output, x.filter], conv),
    };
  },
  lower: {
    kind: 'decompose',
    into: (b, x, { attrs, x: operands, y, fail }) => {
      const { filter, out_backprop: dy } = operands;
      const shape = y.output.shape;
      const { groups } = convGeometry(attrs, shape, filter.shape, fail, dy.shape);
      const grouped = b.op('_GroupedConv2DBackpropInput', [x.filter, x.out_backprop], {
        ...sameConv(attrs),
        input_sizes: shape,
      });
      return [reshaped(b, ungrouped(b, grouped, attrs.data_format, groups), shape)];
    },
  },
});

export const Conv2DBackpropFilter = defineOp({
  name: 'Conv2DBackpropFilter',
  attrs: { T: { kind: 'type', allowed: differentiated }, ...convAttrs },
  inputs: { input: 'T', filter_sizes: 'int32', out_backprop: 'T' },
  outputs: { output: 'T' },
  infer: ({ shapes, partial, fail }) => ({
    output: withRank(shapeFromVector(shapes.filter_sizes, partial('filter_sizes'), fail), 4, fail),
  }),
  grad: ({ b, attrs, x, dy }) => {
    const conv = sameConv(attrs);
    const inputShape = b.op('Shape', [x.input]);
    return {
      input: b.op('Conv2DBackpropInput', [inputShape, dy.output, x.out_backprop], conv),
      filter_sizes: null,
      out_backprop: b.op('Conv2D', [x.input, dy.output], conv),
    };
  },
  lower: {
    kind: 'decompose',
    into: (b, x, { attrs, x: operands, y, fail }) => {
      const { input, out_backprop: dy } = operands;
      const shape = y.output.shape;
      const { groups } = convGeometry(attrs, input.shape, shape, fail, dy.shape);
      const grouped = b.op('_GroupedConv2DBackpropFilter', [x.input, x.out_backprop], {
        ...sameConv(attrs),
        filter_sizes: shape,
      });
      return [reshaped(b, groupsLast(b, grouped, groups), shape)];
    },
  },
});

export interface ConvOptions {
  /** One number for both spatial axes, [height, width], or one per axis. 1 by default. */
  readonly strides?: number | readonly number[];
  readonly padding: PaddingOption;
  readonly dataFormat?: DataFormat;
  /** Distance between filter taps, given as `strides` are. 1 by default. */
  readonly dilations?: number | readonly number[];
  readonly name?: string;
}

function attrsOf(fn: string, options: ConvOptions) {
  const {
    strides = 1,
    padding,
    dilations = 1,
    dataFormat: format = 'NHWC',
  } = checkedOptions(fn, options, {
    strides: 'any',
    padding: 'any',
    dataFormat: 'string',
    dilations: 'any',
    name: 'string',
  });
  return {
    strides: perAxis('strides', strides, format),
    ...paddingAttrs(padding),
    data_format: format,
    dilations: perAxis('dilations', dilations, format),
  };
}

/**
 * 2-D convolution (cross-correlation) of images with filters.
 *
 * @param input   `[batch, height, width, inChannels]`, or channels second for `NCHW`.
 * @param filter  `[filterHeight, filterWidth, inChannels / groups, outChannels]` for both formats.
 *   Fewer input channels than the input has make a grouped convolution.
 * @returns `[batch, outHeight, outWidth, outChannels]` (or channels second), of the input's dtype.
 * @throws ValueError if ranks are not 4, channels do not divide, or a VALID window does not fit.
 * @see TF op Conv2D; tf.nn.conv2d
 * @example
 * const y = nn.conv2d(images, filter, { strides: 2, padding: 'SAME' });
 */
export const conv2d = (input: TensorLike, filter: TensorLike, options: ConvOptions): Tensor =>
  addNode(Conv2D, { input, filter }, attrsOf('conv2d', options), options.name).output;

/**
 * Transposed convolution ("deconvolution"): the gradient of `conv2d` with respect to its input.
 *
 * @param value        `[batch, height, width, inChannels]`.
 * @param filter       `[filterHeight, filterWidth, outChannels, inChannels]`.
 * @param outputShape  int32 `[4]`: shape of the result.
 * @throws ValueError if channels disagree; at run time if `outputShape` does not lead to `value`'s.
 * @see TF op Conv2DBackpropInput; tf.nn.conv2d_transpose
 * @example
 * const up = nn.conv2dTranspose(x, filter, [8, 64, 64, 16], { strides: 2, padding: 'SAME' });
 */
export const conv2dTranspose = (
  value: TensorLike,
  filter: TensorLike,
  outputShape: TensorLike,
  options: ConvOptions,
): Tensor =>
  addNode(
    Conv2DBackpropInput,
    { input_sizes: outputShape, filter, out_backprop: value },
    attrsOf('conv2dTranspose', options),
    options.name ?? 'conv2d_transpose',
  ).output;
