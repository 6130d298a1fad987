/**
 * The three 2-D convolutions as contractions (implicit GEMM): input patches are index expressions,
 * padding is a select. They exist only while compiling: Conv2D and its backprops decompose into
 * them. Their outputs keep the groups on an axis of their own, so that the contraction's order
 * (batch, m, n) is row-major: NHWC gives [groups, batch, height, width, channels of a group],
 * NCHW [batch, groups, channels of a group, height, width].
 */
import { isStatic, type Shape, type StaticShape } from '../../graph/shape.js';
import { add, and, int, like, mul, select, type Expr } from '../../ir/expr.js';
import { defineOp, type ContractPlan, type Operand } from '../op-def.js';
import { convAttrs, convGeometry, type ConvAttrs, type ConvGeometry } from './conv2d-geometry.js';
import { inFormat, inputAt, isInside, outputAt, split } from './window.js';

const computed = ['float16', 'bfloat16', 'float32', 'float64', 'int32'] as const;
const internal = { missing: 'it exists only while a graph is compiled' } as const;

/** The 5-D result with channels split into groups. */
const groupedShape = (
  geometry: ConvGeometry,
  height: number,
  width: number,
  channels: number,
): number[] =>
  geometry.format === 'NCHW'
    ? [geometry.batch, geometry.groups, channels, height, width]
    : [geometry.groups, geometry.batch, height, width, channels];

const whenKnown = (shapes: readonly Shape[], shape: () => StaticShape): Shape =>
  shapes.every(isStatic) ? shape() : null;

/** Channel `channel` of group `group`, which has `size` channels. */
const channelOf = (group: Expr, size: number, channel: Expr): Expr =>
  add(mul(group, int(size)), channel);

/** Input element under a tap of the window at (y, x) of the output; zero in the padding. */
function patch(
  input: Operand,
  { format, height, width }: ConvGeometry,
  at: { readonly batch: Expr; readonly y: Expr; readonly x: Expr; readonly channel: Expr },
  tapY: Expr,
  tapX: Expr,
): Expr {
  const y = inputAt(height, at.y, tapY);
  const x = inputAt(width, at.x, tapX);
  const value = input.at(inFormat(format, at.batch, y, x, at.channel));
  return select(and(isInside(height, y), isInside(width, x)), value, like(value, 0));
}

/** Output gradient of the window that a tap joins to input position (y, x); zero if there is none. */
function backPatch(
  outBackprop: Operand,
  { format, height, width }: ConvGeometry,
  at: { readonly batch: Expr; readonly y: Expr; readonly x: Expr; readonly channel: Expr },
  tapY: Expr,
  tapX: Expr,
): Expr {
  const y = outputAt(height, at.y, tapY);
  const x = outputAt(width, at.x, tapX);
  const value = outBackprop.at(inFormat(format, at.batch, y.out, x.out, at.channel));
  return select(and(y.meets, x.meets), value, like(value, 0));
}

/** What a convolution over images sums at each position of a plane of its result. */
interface ImageContraction {
  /** Height and width of the result. */
  readonly plane: readonly [number, number];
  /** Channels of a group of the result. */
  readonly channels: number;
  /** Extents that are summed over: taps, and channels of a group on the other side. */
  readonly summed: readonly number[];
  readonly patchAt: (image: Expr, group: Expr, y: Expr, x: Expr, k: Expr) => Expr;
  readonly weightAt: (group: Expr, k: Expr, channel: Expr) => Expr;
}

/** Patches times weights for NHWC; for NCHW, whose channels come first, weights times patches. */
function imagePlan(g: ConvGeometry, over: ImageContraction): ContractPlan {
  const { plane, channels, patchAt, weightAt } = over;
  const area = plane[0] * plane[1];
  const k = over.summed.reduce((n, extent) => n * extent, 1);
  if (g.format === 'NCHW') {
    const split2 = (batch: Expr): Expr[] => split(batch, [g.batch, g.groups]);
    return {
      batch: g.batch * g.groups,
      m: channels,
      n: area,
      k,
      a: (batch, m, kk) => weightAt(split2(batch)[1] ?? batch, kk, m),
      b: (batch, kk, n) => {
        const [image = batch, group = batch] = split2(batch);
        const [y = n, x = n] = split(n, plane);
        return patchAt(image, group, y, x, kk);
      },
    };
  }
  return {
    batch: g.groups,
    m: g.batch * area,
    n: channels,
    k,
    a: (group, m, kk) => {
      const [image = m, y = m, x = m] = split(m, [g.batch, ...plane]);
      return patchAt(image, group, y, x, kk);
    },
    b: (group, kk, n) => weightAt(group, kk, n),
  };
}

function forwardPlan(g: ConvGeometry, input: Operand, filter: Operand): ContractPlan {
  const summed = [g.height.size, g.width.size, g.depth];
  return imagePlan(g, {
    plane: [g.height.output, g.width.output],
    channels: g.outputs,
    summed,
    patchAt: (batch, group, y, x, k) => {
      const [tapY = k, tapX = k, c = k] = split(k, summed);
      const channel = channelOf(group, g.depth, c);
      return patch(input, g, { batch, y, x, channel }, tapY, tapX);
    },
    weightAt: (group, k, output) =>
      filter.at([...split(k, summed), channelOf(group, g.outputs, output)]),
  });
}

function inputPlan(g: ConvGeometry, filter: Operand, outBackprop: Operand): ContractPlan {
  const summed = [g.height.size, g.width.size, g.outputs];
  return imagePlan(g, {
    plane: [g.height.input, g.width.input],
    channels: g.depth,
    summed,
    patchAt: (batch, group, y, x, k) => {
      const [tapY = k, tapX = k, o = k] = split(k, summed);
      const channel = channelOf(group, g.outputs, o);
      return backPatch(outBackprop, g, { batch, y, x, channel }, tapY, tapX);
    },
    weightAt: (group, k, channel) => {
      const [tapY = k, tapX = k, o = k] = split(k, summed);
      return filter.at([tapY, tapX, channel, channelOf(group, g.outputs, o)]);
    },
  });
}

/** Result [groups, tap y, tap x, depth, outputs]; the sum runs over images and output positions. */
function filterPlan(g: ConvGeometry, input: Operand, outBackprop: Operand): ContractPlan {
  const taps = [g.height.size, g.width.size, g.depth];
  const positions = [g.batch, g.height.output, g.width.output];
  return {
    batch: g.groups,
    m: g.height.size * g.width.size * g.depth,
    n: g.outputs,
    k: g.batch * g.height.output * g.width.output,
    a: (group, m, k) => {
      const [tapY = m, tapX = m, c = m] = split(m, taps);
      const [image = k, y = k, x = k] = split(k, positions);
      const channel = channelOf(group, g.depth, c);
      return patch(input, g, { batch: image, y, x, channel }, tapY, tapX);
    },
    b: (group, k, n) => {
      const [image = k, y = k, x = k] = split(k, positions);
      return outBackprop.at(inFormat(g.format, image, y, x, channelOf(group, g.outputs, n)));
    },
  };
}

const forwardGeometry = (
  attrs: ConvAttrs,
  input: Shape,
  filter: Shape,
  fail: (message: string) => never,
): ConvGeometry => convGeometry(attrs, input as StaticShape, filter as StaticShape, fail);

export const GroupedConv2D = defineOp({
  name: '_GroupedConv2D',
  attrs: { T: { kind: 'type', allowed: computed }, ...convAttrs },
  inputs: { input: 'T', filter: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => ({
    output: whenKnown([shapes.input, shapes.filter], () => {
      const g = forwardGeometry(attrs, shapes.input, shapes.filter, fail);
      return groupedShape(g, g.height.output, g.width.output, g.outputs);
    }),
  }),
  grad: internal,
  lower: {
    kind: 'contract',
    plan: ({ attrs, x, fail }) =>
      forwardPlan(convGeometry(attrs, x.input.shape, x.filter.shape, fail), x.input, x.filter),
  },
});

export const GroupedConv2DBackpropInput = defineOp({
  name: '_GroupedConv2DBackpropInput',
  attrs: {
    T: { kind: 'type', allowed: computed },
    ...convAttrs,
    input_sizes: { kind: 'list(int)' },
  },
  inputs: { filter: 'T', out_backprop: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => ({
    output: whenKnown([shapes.filter], () => {
      const g = forwardGeometry(attrs, attrs.input_sizes, shapes.filter, fail);
      return groupedShape(g, g.height.input, g.width.input, g.depth);
    }),
  }),
  grad: internal,
  lower: {
    kind: 'contract',
    plan: ({ attrs, x, fail }) => {
      const { filter, out_backprop: dy } = x;
      return inputPlan(
        convGeometry(attrs, attrs.input_sizes, filter.shape, fail, dy.shape),
        filter,
        dy,
      );
    },
  },
});

export const GroupedConv2DBackpropFilter = defineOp({
  name: '_GroupedConv2DBackpropFilter',
  attrs: {
    T: { kind: 'type', allowed: computed },
    ...convAttrs,
    filter_sizes: { kind: 'list(int)' },
  },
  inputs: { input: 'T', out_backprop: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => ({
    output: whenKnown([shapes.input], () => {
      const g = forwardGeometry(attrs, shapes.input, attrs.filter_sizes, fail);
      return [g.groups, g.height.size, g.width.size, g.depth, g.outputs];
    }),
  }),
  grad: internal,
  lower: {
    kind: 'contract',
    plan: ({ attrs, x, fail }) => {
      const { input, out_backprop: dy } = x;
      return filterPlan(
        convGeometry(attrs, input.shape, attrs.filter_sizes, fail, dy.shape),
        input,
        dy,
      );
    },
  },
});
