/**
 * What a StridedSlice's begin, end, strides and masks mean for a given shape
 * (tensorflow/core/util/strided_slice_op.cc): per input axis a start, a stride and a size, and how
 * output axes follow from input axes.
 */
import type { Dim } from '../graph/shape.js';
import type { PartialIntegers } from './partial-integers.js';
import type { Fail } from './shape-checks.js';

export interface SliceMasks {
  readonly begin_mask: number;
  readonly end_mask: number;
  readonly ellipsis_mask: number;
  readonly new_axis_mask: number;
  readonly shrink_axis_mask: number;
}

export interface SliceValues {
  readonly begin: PartialIntegers;
  readonly end: PartialIntegers;
  readonly strides: PartialIntegers;
  /** Number of elements of each. */
  readonly length: number;
}

/** One axis of the input; a null is not known yet. */
export interface SlicedAxis {
  /** Position in begin, end and strides, or null for an axis under the ellipsis. */
  readonly spec: number | null;
  /** First index taken. */
  readonly begin: number | null;
  readonly stride: number | null;
  readonly size: Dim;
  /** One index is taken and the axis dropped. */
  readonly shrink: boolean;
}

export interface SlicePlan {
  readonly axes: readonly SlicedAxis[];
  /** Per output axis the input axis it comes from; null for a new axis of length 1. */
  readonly outputAxes: readonly (number | null)[];
}

const hasBit = (mask: number, i: number): boolean => ((mask >>> i) & 1) === 1;

type SpecPlace =
  { readonly kind: 'axis'; readonly spec: number | null } | { readonly kind: 'newAxis' };

/** The spec, position by position, with its ellipsis (explicit or at the end) filled in. */
function spelledOut(masks: SliceMasks, length: number, rank: number, fail: Fail): SpecPlace[] {
  const places: SpecPlace[] = [];
  const positions = Array.from({ length }, (_, i) => i);
  const ellipses = positions.filter((i) => hasBit(masks.ellipsis_mask, i));
  if (ellipses.length > 1) return fail('Multiple ellipses in slice spec not allowed');
  const isNew = (i: number): boolean =>
    hasBit(masks.new_axis_mask, i) && !hasBit(masks.ellipsis_mask, i);
  const taken = positions.filter((i) => !ellipses.includes(i) && !isNew(i)).length;
  if (taken > rank) {
    return fail(`Index out of range using input dim ${rank}; input has only ${rank} dims`);
  }
  const skipped: SpecPlace[] = Array.from({ length: rank - taken }, () => ({
    kind: 'axis',
    spec: null,
  }));
  for (const i of positions) {
    if (ellipses.includes(i)) places.push(...skipped);
    else places.push(isNew(i) ? { kind: 'newAxis' } : { kind: 'axis', spec: i });
  }
  return ellipses.length === 1 ? places : [...places, ...skipped];
}

/** Start and size of `begin:end:stride` over an axis of `dim` elements. */
function rangeOf(
  dim: number,
  stride: number,
  begin: number | 'all',
  end: number | 'all',
): { readonly begin: number; readonly size: number } {
  const low = stride > 0 ? 0 : -1;
  const high = stride > 0 ? dim : dim - 1;
  const bounded = (at: number): number => {
    const front = at < 0 ? at + dim : at;
    return Math.min(Math.max(front, low), high);
  };
  const from = begin === 'all' ? (stride > 0 ? low : high) : bounded(begin);
  const to = end === 'all' ? (stride > 0 ? high : low) : bounded(end);
  return { begin: from, size: Math.max(0, Math.ceil((to - from) / stride)) };
}

function shrunkAxis(
  spec: number,
  dim: Dim,
  begin: number | null,
  i: number,
  fail: Fail,
): SlicedAxis {
  const axis = { spec, stride: 1, size: 1, shrink: true } as const;
  if (begin === null || dim === null) return { ...axis, begin: null };
  const at = begin < 0 ? begin + dim : begin;
  return at < 0 || at >= dim
    ? fail(`slice index ${begin} of dimension ${i} out of bounds.`)
    : { ...axis, begin: at };
}

function slicedAxis(
  spec: number | null,
  dim: Dim,
  i: number,
  values: SliceValues,
  masks: SliceMasks,
  fail: Fail,
): SlicedAxis {
  if (spec === null) return { spec, begin: 0, stride: 1, size: dim, shrink: false };
  const stride = values.strides?.[spec] ?? null;
  const begin = values.begin?.[spec] ?? null;
  const end = values.end?.[spec] ?? null;
  if (stride === 0) return fail(`strides[${spec}] must be non-zero`);
  if (hasBit(masks.shrink_axis_mask, spec)) {
    return stride !== null && stride <= 0
      ? fail('only stride 1 allowed on non-range indexing.')
      : shrunkAxis(spec, dim, begin, i, fail);
  }
  const from = hasBit(masks.begin_mask, spec) ? 'all' : begin;
  const to = hasBit(masks.end_mask, spec) ? 'all' : end;
  const axis = { spec, stride, shrink: false } as const;
  if (dim === null || stride === null || from === null || to === null) {
    return { ...axis, begin: null, size: null };
  }
  return { ...axis, ...rangeOf(dim, stride, from, to) };
}

/** @param input the input's dims, its rank known. */
export function planSlice(
  input: readonly Dim[],
  values: SliceValues,
  masks: SliceMasks,
  fail: Fail,
): SlicePlan {
  const axes: SlicedAxis[] = [];
  const outputAxes: (number | null)[] = [];
  for (const place of spelledOut(masks, values.length, input.length, fail)) {
    if (place.kind === 'newAxis') {
      outputAxes.push(null);
      continue;
    }
    const i = axes.length;
    const axis = slicedAxis(place.spec, input[i] ?? null, i, values, masks, fail);
    if (!axis.shrink) outputAxes.push(i);
    axes.push(axis);
  }
  return { axes, outputAxes };
}

/** Shape of the slice. */
export const slicedShape = (plan: SlicePlan): Dim[] =>
  plan.outputAxes.map((axis) => (axis === null ? 1 : (plan.axes[axis]?.size ?? null)));
