/** OneHot: integers as rows with one value set. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { DType } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { cast, eq, int, select } from '../../ir/expr.js';
import { dataDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';
import { scalarOf, spliced } from '../partial-integers.js';
import { indexDTypeOfValue, ownDType } from '../plain-values.js';
import { withRank, type Fail } from '../shape-checks.js';

/** Place of the depth axis in a result of this rank. */
function depthAxis(axis: number, rank: number, fail: Fail): number {
  if (axis === -1) return rank - 1;
  return axis >= 0 && axis < rank
    ? axis
    : fail(`Expected axis to be -1 or between [0, ${rank}).  But received: ${axis}`);
}

export const OneHot = defineOp({
  name: 'OneHot',
  attrs: {
    axis: { kind: 'int', default: -1 },
    T: { kind: 'type', allowed: dataDTypes },
    TI: { kind: 'type', default: 'int64', allowed: ['uint8', 'int8', 'int32', 'int64'] },
  },
  inputs: { indices: 'TI', depth: 'int32', on_value: 'T', off_value: 'T' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { attrs, shapes, fail } = ctx;
    for (const arg of ['depth', 'on_value', 'off_value'] as const) withRank(shapes[arg], 0, fail);
    const depth = scalarOf(ctx.partial('depth'));
    if (depth !== null && depth < 0) {
      return fail(`Dimension size, given by scalar input 1, must be non-negative but is ${depth}`);
    }
    if (shapes.indices === null) return { output: null };
    const at = depthAxis(attrs.axis, shapes.indices.length + 1, fail);
    return { output: spliced(shapes.indices, at, 0, depth) };
  },
  grad: { none: 'indices are integers, and TensorFlow gives the values none' },
  lower: {
    kind: 'map',
    body: ({ attrs, x, y, fail }, index) => {
      const at = depthAxis(attrs.axis, y.output.shape.length, fail);
      const given = x.indices.at(spliced(index, at, 1));
      const isOn = eq(given, cast(given.type, index[at] ?? int(0)));
      return select(isOn, x.on_value.at([]), x.off_value.at([]));
    },
  },
});

export interface OneHotOptions {
  /** Value where the index points; 1 by default. */
  readonly onValue?: TensorLike;
  /** Value elsewhere; 0 by default. */
  readonly offValue?: TensorLike;
  /** Place of the new axis; -1, the default, puts it last. */
  readonly axis?: number;
  /** That of the values by default, else float32. */
  readonly dtype?: DType;
  readonly name?: string;
}

/**
 * Integers as one-hot vectors of length `depth`. An index outside [0, depth) gives all `offValue`.
 *
 * @param indices integers of any shape.
 * @returns the shape of `indices` with an axis of `depth` inserted.
 * @throws InvalidArgumentError if `depth` is negative or the axis out of range.
 * @see TF op OneHot; tf.one_hot
 * @example tf.oneHot([0, 2], 3); // [[1, 0, 0], [0, 0, 1]]
 */
export function oneHot(
  indices: TensorLike,
  depth: TensorLike,
  options: OneHotOptions = {},
): Tensor {
  checkedOptions('oneHot', options, {
    onValue: 'any',
    offValue: 'any',
    axis: 'int',
    dtype: 'dtype',
    name: 'string',
  });
  const { onValue = 1, offValue = 0, axis = -1 } = options;
  const dtype = options.dtype ?? ownDType(onValue) ?? ownDType(offValue) ?? 'float32';
  return addNode(
    OneHot,
    { indices, depth, on_value: onValue, off_value: offValue },
    { axis, T: dtype, TI: indexDTypeOfValue(indices) },
    options.name ?? 'one_hot',
  ).output;
}
