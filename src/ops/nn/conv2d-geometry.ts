/**
 * What the 2-D convolution ops share: attrs, the checks of their shape functions, and the extents of
 * one convolution with its channels split into groups.
 */
import { mergeDims, type Dim, type Shape, type StaticShape } from '../../graph/shape.js';
import { withRank } from '../shape-checks.js';
import {
  axesOf,
  checkExplicitPaddings,
  explicitPair,
  outputDim,
  windowAxis,
  type Padding,
  type WindowAxis,
  type WindowSpec,
} from './window.js';

type Fail = (message: string) => never;

/** Attrs of Conv2D and its two backprops, but for `T`. */
export const convAttrs = {
  strides: { kind: 'list(int)' },
  use_cudnn_on_gpu: { kind: 'bool', default: true },
  padding: { kind: 'string', allowed: ['SAME', 'VALID', 'EXPLICIT'] },
  explicit_paddings: { kind: 'list(int)', default: [] as readonly number[] },
  data_format: { kind: 'string', default: 'NHWC', allowed: ['NHWC', 'NCHW'] },
  dilations: { kind: 'list(int)', default: [1, 1, 1, 1] as readonly number[] },
} as const;

export interface ConvAttrs {
  readonly strides: readonly number[];
  readonly use_cudnn_on_gpu: boolean;
  readonly padding: string;
  readonly explicit_paddings: readonly number[];
  readonly data_format: string;
  readonly dilations: readonly number[];
}

/** One 2-D convolution, all extents known. */
export interface ConvGeometry {
  readonly format: string;
  readonly batch: number;
  readonly height: WindowAxis;
  readonly width: WindowAxis;
  readonly groups: number;
  /** Input channels per group, which is the filter's input depth. */
  readonly depth: number;
  /** Output channels per group. */
  readonly outputs: number;
}

/** The attrs to hand on to another convolution op. */
export const sameConv = (attrs: ConvAttrs): Record<keyof ConvAttrs, unknown> => ({
  strides: attrs.strides,
  use_cudnn_on_gpu: attrs.use_cudnn_on_gpu,
  padding: attrs.padding,
  explicit_paddings: attrs.explicit_paddings,
  data_format: attrs.data_format,
  dilations: attrs.dilations,
});

function specOf(attrs: ConvAttrs, axis: number): WindowSpec {
  return {
    stride: attrs.strides[axis] ?? 1,
    dilation: attrs.dilations[axis] ?? 1,
    padding: attrs.padding as Padding,
    explicit: explicitPair(attrs.explicit_paddings, axis),
  };
}

function checkAttrs(attrs: ConvAttrs, fail: Fail): void {
  if (attrs.dilations.length !== 4)
    fail(
      `Conv2D requires the dilation attribute to contain 4 values, but got: ${attrs.dilations.length}`,
    );
  if (attrs.strides.length !== 4)
    fail(
      `Conv2D on data format ${attrs.data_format} requires the stride attribute to contain 4 values, but got: ${attrs.strides.length}`,
    );
  checkExplicitPaddings(attrs.padding, attrs.explicit_paddings, attrs.data_format, fail);
}

/** Conv2D's output shape from what is known of input and filter. */
export function convOutputShape(attrs: ConvAttrs, input: Shape, filter: Shape, fail: Fail): Dim[] {
  const axes = axesOf(attrs.data_format);
  const x = withRank(input, 4, fail);
  const [kernelHeight = null, kernelWidth = null, filterDepth = null, outputs = null] = withRank(
    filter,
    4,
    fail,
  );
  checkAttrs(attrs, fail);
  checkGroups(x[axes.channel] ?? null, filterDepth, outputs, fail);
  const out = new Array<Dim>(4);
  out[axes.batch] = x[axes.batch] ?? null;
  out[axes.channel] = outputs;
  const { height, width } = axes;
  out[height] = outputDim(x[height] ?? null, kernelHeight, specOf(attrs, height), fail);
  out[width] = outputDim(x[width] ?? null, kernelWidth, specOf(attrs, width), fail);
  return out;
}

function checkGroups(depth: Dim, filterDepth: Dim, outputs: Dim, fail: Fail): void {
  if (filterDepth === 0) fail('Depth of filter must not be 0');
  if (depth === null || filterDepth === null) return;
  if (depth % filterDepth !== 0)
    fail(`Depth of input (${depth}) is not a multiple of input depth of filter (${filterDepth})`);
  const groups = depth / filterDepth;
  if (groups > 0 && outputs !== null && outputs % groups !== 0)
    fail(`Depth of output (${outputs}) is not a multiple of the number of groups (${groups})`);
}

/**
 * The convolution of an input with a filter. With `outBackprop`, its shape is checked to be the
 * one the convolution gives.
 */
export function convGeometry(
  attrs: ConvAttrs,
  input: StaticShape,
  filter: StaticShape,
  fail: Fail,
  outBackprop?: StaticShape,
): ConvGeometry {
  const out = convOutputShape(attrs, input, filter, fail);
  const axes = axesOf(attrs.data_format);
  for (const [name, list] of [
    ['strides', attrs.strides],
    ['dilations', attrs.dilations],
  ] as const)
    if (list[axes.batch] !== 1 || list[axes.channel] !== 1)
      fail(
        `${name} in the batch and depth dimensions must be 1, but ${name} is [${list.join(',')}]`,
      );
  if (outBackprop !== undefined && outBackprop.some((dim, axis) => dim !== out[axis]))
    fail(
      `Size of out_backprop doesn't match computed: actual = [${outBackprop.join(',')}], computed = [${out.join(',')}]`,
    );
  const [kernelHeight = 0, kernelWidth = 0, depth = 1, outputs = 0] = filter;
  const groups = Math.max(1, (input[axes.channel] ?? 0) / depth);
  return {
    format: attrs.data_format,
    batch: input[axes.batch] ?? 0,
    height: windowAxis(input[axes.height] ?? 0, kernelHeight, specOf(attrs, axes.height), fail),
    width: windowAxis(input[axes.width] ?? 0, kernelWidth, specOf(attrs, axes.width), fail),
    groups,
    depth,
    outputs: outputs / groups,
  };
}

/** Output channels of `out_backprop` and of the filter must agree. */
export function checkOutputChannels(
  outBackprop: Shape,
  filter: Shape,
  format: string,
  fail: Fail,
): void {
  const given = withRank(outBackprop, 4, fail)[axesOf(format).channel] ?? null;
  const wanted = withRank(filter, 4, fail)[3] ?? null;
  if (mergeDims(given, wanted) === undefined)
    fail(`Dimensions must be equal, but are ${String(given)} and ${String(wanted)}`);
}
