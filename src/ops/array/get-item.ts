/** getItem: NumPy-style indexing, as Python's `x[...]` does it on tensors. */
import { DTypeError } from '../../errors.js';
import { convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { describeValue } from '../../graph/describe-value.js';
import { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';

export interface SliceRange {
  /** From the start (the end, if the step is negative) when left out. */
  readonly begin?: number | Tensor;
  /** Up to the other end when left out. */
  readonly end?: number | Tensor;
  readonly step?: number | Tensor;
}

/**
 * One position of an index: a number or scalar tensor takes one element and drops the axis, a range
 * takes several, `':'` all, `'...'` all of the axes left over, and `null` inserts an axis.
 */
export type IndexItem = number | Tensor | SliceRange | ':' | '...' | null;

type Scalar = number | Tensor;

interface Spec {
  readonly begin: Scalar[];
  readonly end: Scalar[];
  readonly strides: Scalar[];
  readonly masks: Record<
    'begin_mask' | 'end_mask' | 'ellipsis_mask' | 'new_axis_mask' | 'shrink_axis_mask',
    number
  >;
}

function push(spec: Spec, begin: Scalar, end: Scalar, stride: Scalar): void {
  spec.begin.push(begin);
  spec.end.push(end);
  spec.strides.push(stride);
}

const after = (index: Scalar): Scalar =>
  index instanceof Tensor
    ? graphBuilder().op(
        'AddV2',
        [index, graphBuilder().constant(1, index.dtype, 'add/y')],
        {},
        'add',
      )
    : index + 1;

const isScalar = (item: unknown): item is Scalar =>
  item instanceof Tensor || (Number.isInteger(item) && Math.abs(item as number) < 2 ** 31);

const notAnIndex = (item: unknown): DTypeError =>
  new DTypeError(
    `getItem: Expected a whole number, a tensor, { begin, end, step }, ':', '...' or null as an index, not ${describeValue(item)}.`,
  );

function addItem(spec: Spec, item: IndexItem, bit: number): void {
  if (item === null) {
    spec.masks.new_axis_mask |= bit;
    return push(spec, 0, 0, 1);
  }
  if (item === '...') {
    spec.masks.ellipsis_mask |= bit;
    return push(spec, 0, 0, 1);
  }
  if (isScalar(item)) {
    spec.masks.shrink_axis_mask |= bit;
    return push(spec, item, after(item), 1);
  }
  if (item !== ':' && (typeof item !== 'object' || (item as unknown) === undefined))
    throw notAnIndex(item);
  const range: SliceRange = item === ':' ? {} : item;
  const kinds = { begin: 'any', end: 'any', step: 'any' } as const;
  const { begin, end, step = 1 } = checkedOptions('getItem: a range', range, kinds);
  if (begin === undefined) spec.masks.begin_mask |= bit;
  if (end === undefined) spec.masks.end_mask |= bit;
  for (const bound of [begin ?? 0, end ?? 0, step]) if (!isScalar(bound)) throw notAnIndex(bound);
  return push(spec, begin ?? 0, end ?? 0, step);
}

/** One vector of the spec; a tensor among the numbers makes it a Pack. */
function vector(items: readonly Scalar[], dtype: 'int32' | 'int64', name: string): Tensor {
  const b = graphBuilder();
  if (items.every((item) => typeof item === 'number')) {
    return convertToTensor(
      {
        dtype: 'int32',
        shape: [items.length],
        data: Int32Array.from(items),
      },
      { dtype, name },
    );
  }
  const scalars = items.map((item, i) =>
    item instanceof Tensor ? item : b.constant(item, dtype, `${name}/${String(i)}`),
  );
  return b.op('Pack', [scalars], { axis: 0 }, name);
}

/**
 * Part of a tensor, by position, as Python's `x[...]`.
 *
 * @param items one per axis; axes left over at the end are taken whole.
 * @returns dtype of `x`.
 * @throws InvalidArgumentError if an index is out of bounds or there are more items than axes.
 * @see TF op StridedSlice
 * @example
 * tf.getItem(x, 0);                                  // x[0]
 * tf.getItem(x, ':', { begin: 1, end: 3 });          // x[:, 1:3]
 * tf.getItem(x, '...', null, { step: -1 });          // x[..., None, ::-1]
 */
export function getItem(x: TensorLike, ...items: readonly IndexItem[]): Tensor {
  const input = convertToTensor(x);
  const spec: Spec = {
    begin: [],
    end: [],
    strides: [],
    masks: { begin_mask: 0, end_mask: 0, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 0 },
  };
  for (const [i, item] of items.entries()) addItem(spec, item, 2 ** i);
  const all = [...spec.begin, ...spec.end, ...spec.strides];
  const isLong = all.some((item) => item instanceof Tensor && item.dtype === 'int64');
  const dtype = isLong ? 'int64' : 'int32';
  return withNameScope(undefined, 'strided_slice', (scope) => {
    const vectors = [
      vector(spec.begin, dtype, 'stack'),
      vector(spec.end, dtype, 'stack_1'),
      vector(spec.strides, dtype, 'stack_2'),
    ];
    return graphBuilder().op('StridedSlice', [input, ...vectors], { ...spec.masks }, scope);
  });
}
