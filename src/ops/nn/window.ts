/**
 * Geometry of sliding windows, one axis at a time: output extents, padding, and the index
 * arithmetic that leads from an output position and a tap of the window to an input position, and
 * back. Shared by convolutions and pools; knows nothing of channels.
 */
import type { Dim } from '../../graph/shape.js';
import {
  add,
  and,
  div,
  eq,
  fold,
  ge,
  int,
  lt,
  max,
  min,
  mod,
  mul,
  select,
  sub,
  type Expr,
} from '../../ir/expr.js';

export type DataFormat = 'NHWC' | 'NCHW';
export type Padding = 'SAME' | 'VALID' | 'EXPLICIT';
type Fail = (message: string) => never;

/** How a window moves along one axis, before the axis's length is known. */
export interface WindowSpec {
  readonly stride: number;
  readonly dilation: number;
  readonly padding: Padding;
  /** Elements added before and after; read only when `padding` is EXPLICIT. */
  readonly explicit: readonly [before: number, after: number];
}

/** A window along an axis whose length is known. */
export interface WindowAxis {
  readonly input: number;
  readonly output: number;
  /** Taps of the window, its holes not counted. */
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element. */
  readonly before: number;
}

/** Axes of a 4-D tensor. */
export interface FormatAxes {
  readonly batch: number;
  readonly channel: number;
  readonly height: number;
  readonly width: number;
}

export const axesOf = (format: string): FormatAxes =>
  format === 'NCHW'
    ? { batch: 0, channel: 1, height: 2, width: 3 }
    : { batch: 0, channel: 3, height: 1, width: 2 };

/** A 4-element index, shape or list from its parts, in the order of a data format. */
export const inFormat = <V>(format: string, batch: V, height: V, width: V, channel: V): V[] =>
  format === 'NCHW' ? [batch, channel, height, width] : [batch, height, width, channel];

/** Kernels index with 32-bit integers. */
const maxExtent = 2 ** 31 - 1;

/** Elements a window spans, its holes counted. */
const spanOf = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** Output length of an axis; null while unknown. Rejects as TensorFlow's shape function does. */
export function outputDim(input: Dim, size: Dim, spec: WindowSpec, fail: Fail): Dim {
  const { stride, dilation, padding } = spec;
  if (stride <= 0) fail(`Stride must be > 0, but got ${stride}`);
  if (dilation < 1) fail(`Dilation rate must be >= 1, but got ${dilation}`);
  const largest = Math.max(stride, dilation, size ?? 0);
  if (!(largest <= maxExtent)) fail(`A window of extent ${largest} is larger than any tensor`);
  if (input === null) return null;
  if (padding === 'SAME') return Math.ceil(input / stride);
  if (size === null) return null;
  const padded = padding === 'EXPLICIT' ? input + spec.explicit[0] + spec.explicit[1] : input;
  const span = spanOf(size, dilation);
  if (padded < span) fail(`Negative dimension size caused by subtracting ${span} from ${padded}`);
  return Math.floor((padded - span) / stride) + 1;
}

/** The window along an axis of known length. */
export function windowAxis(input: number, size: number, spec: WindowSpec, fail: Fail): WindowAxis {
  // TensorFlow's rule refuses even windows of one over an empty axis, such as an empty batch.
  const output = input === 0 && size === 1 ? 0 : (outputDim(input, size, spec, fail) ?? 0);
  const { stride, dilation, padding, explicit } = spec;
  const needed = (output - 1) * stride + spanOf(size, dilation) - input;
  const before =
    padding === 'SAME'
      ? Math.floor(Math.max(needed, 0) / 2)
      : padding === 'VALID'
        ? 0
        : explicit[0];
  return { input, output, size, stride, dilation, before };
}

/**
 * Before and after padding of axis `axis` from the flat `explicit_paddings` list, whose pairs
 * stand in data format order.
 */
export const explicitPair = (paddings: readonly number[], axis: number): [number, number] => [
  paddings[2 * axis] ?? 0,
  paddings[2 * axis + 1] ?? 0,
];

/** Checks `explicit_paddings` against `padding`, with TensorFlow's wording. */
export function checkExplicitPaddings(
  padding: string,
  paddings: readonly number[],
  format: string,
  fail: Fail,
): void {
  if (padding !== 'EXPLICIT') {
    if (paddings.length > 0)
      fail('explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT');
    return;
  }
  if (paddings.length !== 8)
    fail(`explicit_paddings attribute must contain 8 values, but got: ${paddings.length}`);
  if (paddings.some((pad) => pad < 0))
    fail('All elements of explicit_paddings must be nonnegative');
  const { batch, channel } = axesOf(format);
  if ([batch, channel].some((axis) => explicitPair(paddings, axis).some((pad) => pad !== 0)))
    fail('Nonzero explicit padding in the batch or depth dimensions is not supported');
}

/** Input position of tap `tap` of the window at `out`; outside [0, input) in the padding. */
export const inputAt = (axis: WindowAxis, out: Expr, tap: Expr): Expr =>
  sub(add(mul(out, int(axis.stride)), mul(tap, int(axis.dilation))), int(axis.before));

/** Whether an input position is in the axis, not in its padding. */
export const isInside = (axis: WindowAxis, at: Expr): Expr =>
  and(ge(at, int(0)), lt(at, int(axis.input)));

/** Taps of the window at `out` that are not in the padding (windows without holes). */
export function tapCount(axis: WindowAxis, out: Expr): Expr {
  const start = inputAt(axis, out, int(0));
  return sub(min(add(start, int(axis.size)), int(axis.input)), max(start, int(0)));
}

/** First tap of the window at `out` that is not in the padding (windows without holes). */
export const firstTap = (axis: WindowAxis, out: Expr): Expr =>
  max(sub(int(axis.before), mul(out, int(axis.stride))), int(0));

/** Where tap `tap` meets input position `at`: the window's output position, and whether one does. */
export function outputAt(
  axis: WindowAxis,
  at: Expr,
  tap: Expr,
): { readonly out: Expr; readonly meets: Expr } {
  const distance = sub(add(at, int(axis.before)), mul(tap, int(axis.dilation)));
  const out = axis.stride === 1 ? distance : div(distance, int(axis.stride));
  const inRange = and(ge(distance, int(0)), lt(out, int(axis.output)));
  return {
    out,
    meets: axis.stride === 1 ? inRange : and(inRange, eq(mod(distance, int(axis.stride)), int(0))),
  };
}

/**
 * Sum of `body` over the windows (without holes) that cover input position `at` of each axis.
 * `body` gets the windows' output positions and the taps at which they meet the position.
 */
export function sumOverWindows(
  axes: readonly WindowAxis[],
  at: readonly Expr[],
  body: (outs: readonly Expr[], taps: readonly Expr[]) => Expr,
  outs: readonly Expr[] = [],
  taps: readonly Expr[] = [],
  covered: Expr | null = null,
): Expr {
  const [axis, ...others] = axes;
  const [position, ...otherPositions] = at;
  if (axis === undefined || position === undefined) {
    const value = body(outs, taps);
    return covered === null
      ? value
      : select(covered, value, { kind: 'const', type: value.type, value: 0 });
  }
  const distance = add(position, int(axis.before));
  const next = (back: Expr): Expr => {
    const out = sub(div(distance, int(axis.stride)), back);
    const tap = add(mod(distance, int(axis.stride)), mul(back, int(axis.stride)));
    const covers = and(and(ge(out, int(0)), lt(out, int(axis.output))), lt(tap, int(axis.size)));
    const all = covered === null ? covers : and(covered, covers);
    return sumOverWindows(others, otherPositions, body, [...outs, out], [...taps, tap], all);
  };
  const windows = Math.max(1, Math.ceil(axis.size / axis.stride));
  return windows === 1 ? next(int(0)) : fold('sum', windows, next);
}

/** Index per axis of a row-major flat index over `extents`. */
export function split(flat: Expr, extents: readonly number[]): Expr[] {
  const parts = new Array<Expr>(extents.length);
  let rest = flat;
  for (let axis = extents.length - 1; axis > 0; axis--) {
    const extent = Math.max(extents[axis] ?? 1, 1);
    parts[axis] = mod(rest, int(extent));
    rest = div(rest, int(extent));
  }
  parts[0] = rest;
  return parts;
}
