/** What the pooling ops share: attrs, shape function, windows along every axis, and their taps. */
import type { AttrsOf } from '../../graph/op-schema.js';
import type { Dim, Shape, StaticShape } from '../../graph/shape.js';
import { and, int, mul, type Expr } from '../../ir/expr.js';
import { withRank } from '../shape-checks.js';
import {
  axesOf,
  checkExplicitPaddings,
  explicitPair,
  inputAt,
  isInside,
  outputDim,
  windowAxis,
  type Padding,
  type WindowAxis,
  type WindowSpec,
} from './window.js';

type Fail = (message: string) => never;

/** Window attrs of the pools that take sizes as attrs. */
export const windowAttrs = {
  ksize: { kind: 'list(int)', minimum: 4 },
  strides: { kind: 'list(int)', minimum: 4 },
} as const;
export const implicitPadding = { kind: 'string', allowed: ['SAME', 'VALID'] } as const;
export const explicitPadding = { kind: 'string', allowed: ['SAME', 'VALID', 'EXPLICIT'] } as const;
export const explicitPaddings = {
  kind: 'list(int)',
  default: [] as readonly number[],
  recent: true,
} as const;
export const formatAttr = { kind: 'string', default: 'NHWC', allowed: ['NHWC', 'NCHW'] } as const;

/** All window attrs of a pool that may be padded by hand. */
export const explicitWindowAttrs = {
  ...windowAttrs,
  padding: explicitPadding,
  explicit_paddings: explicitPaddings,
  data_format: formatAttr,
} as const;
/** All window attrs of a pool that may not. */
export const implicitWindowAttrs = {
  ...windowAttrs,
  padding: implicitPadding,
  data_format: formatAttr,
} as const;

/** Those of an op's attrs that a pool without padding by hand takes. */
export const implicitWindow = ({
  ksize,
  strides,
  padding,
  data_format,
}: AttrsOf<typeof implicitWindowAttrs>): AttrsOf<typeof implicitWindowAttrs> => ({
  ksize,
  strides,
  padding,
  data_format,
});

/** A pool's window: sizes and strides per axis, in data format order. */
export interface PoolWindow {
  readonly ksize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: string;
  readonly format: string;
  readonly explicit: readonly number[];
}

/** A pool over a tensor of known shape: one window per axis, most of them of size 1. */
export interface PoolGeometry {
  readonly axes: readonly WindowAxis[];
  /** Axes along which windows have more than one tap; height and width are always among them. */
  readonly windowed: readonly number[];
}

/** A pool's window from an op's attrs. */
export const poolWindow = (attrs: {
  readonly ksize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: string;
  readonly data_format?: string;
  readonly explicit_paddings?: readonly number[];
}): PoolWindow => ({
  ksize: attrs.ksize,
  strides: attrs.strides,
  padding: attrs.padding,
  format: attrs.data_format ?? 'NHWC',
  explicit: attrs.explicit_paddings ?? [],
});

const specOf = (window: PoolWindow, axis: number): WindowSpec => ({
  stride: window.strides[axis] ?? 1,
  dilation: 1,
  padding: window.padding as Padding,
  explicit: explicitPair(window.explicit, axis),
});

/** Output shape of a pool; unknown dims where the input's are. */
export function poolShape(window: PoolWindow, input: Shape, op: string, fail: Fail): Dim[] {
  const x = withRank(input, 4, fail);
  for (const [name, list] of [
    ['ksize', window.ksize],
    ['stride', window.strides],
  ] as const)
    if (list.length !== 4)
      fail(`${op} requires the ${name} attribute to contain 4 values, but got: ${list.length}`);
  checkExplicitPaddings(window.padding, window.explicit, window.format, fail);
  if (window.ksize.some((size) => size <= 0))
    fail(`Sliding window ksize field must be positive, but is [${window.ksize.join(',')}]`);
  const { batch } = axesOf(window.format);
  return x.map((dim, axis) =>
    axis === batch ? dim : outputDim(dim, window.ksize[axis] ?? 1, specOf(window, axis), fail),
  );
}

/** Windows over an input of known shape. `depth` allows windows along the channel axis. */
export function poolGeometry(
  window: PoolWindow,
  input: StaticShape,
  fail: Fail,
  depth = false,
): PoolGeometry {
  const { batch, channel, height, width } = axesOf(window.format);
  const single = (axis: number): boolean => window.ksize[axis] === 1 && window.strides[axis] === 1;
  if (!single(batch)) fail('Pooling is not yet supported on the batch dimension');
  if (!depth && !single(channel)) fail('Pooling is not yet supported on the depth dimension');
  const axes = input.map((dim, axis) =>
    windowAxis(dim, window.ksize[axis] ?? 1, specOf(window, axis), fail),
  );
  const windowed = input
    .map((_, axis) => axis)
    .filter((axis) => axis === height || axis === width || (window.ksize[axis] ?? 1) > 1);
  return { axes, windowed };
}

/** Extents of the windowed axes: the taps of one window. */
export const tapsOf = ({ axes, windowed }: PoolGeometry): number[] =>
  windowed.map((axis) => axes[axis]?.size ?? 1);

/** Shape of a pool's output. */
export const outputOf = ({ axes }: PoolGeometry): number[] => axes.map((axis) => axis.output);

/** Input index under tap `taps` of the window at `row`, and whether it is outside the padding. */
export function under(
  { axes, windowed }: PoolGeometry,
  row: readonly Expr[],
  taps: readonly Expr[],
): { readonly index: Expr[]; readonly inside: Expr } {
  const index = row.map((out, i) => {
    const axis = axes[i];
    const tap = taps[windowed.indexOf(i)];
    return axis === undefined ? out : inputAt(axis, out, tap ?? int(0));
  });
  const guards = axes.map((axis, i) => isInside(axis, index[i] ?? int(0)));
  return { index, inside: guards.reduce(and) };
}

/** Product of `factors`, at least one of them. */
export const productOf = (factors: readonly Expr[]): Expr => factors.reduce(mul);
