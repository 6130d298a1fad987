/** DynamicStitch: rows of several tensors put in the places their indices name. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import { elementCount, stridesOf, type Shape, type StaticShape } from '../../graph/shape.js';
import { cast, div, eq, fold, ge, int, max, mod, select, type Expr } from '../../ir/expr.js';
import { dataDTypes } from '../data-dtypes.js';
import { zeroOf } from '../lowering-steps.js';
import { defineOp, type Operand } from '../op-def.js';
import type { PartialIntegers } from '../partial-integers.js';
import { sameShapes, type Fail } from '../shape-checks.js';

/** Rows of the result: one more than the largest index, null while an index is not known. */
function rowCount(indices: readonly PartialIntegers[], shapes: readonly Shape[]): number | null {
  const all = indices.flatMap((known, i) =>
    known === null ? (shapes[i]?.includes(0) === true ? [] : [null]) : known,
  );
  return all.reduce<number | null>(
    (most, index) => (most === null || index === null ? null : Math.max(most, index + 1)),
    0,
  );
}

/** What the data have per index. */
function rowShape(indices: readonly Shape[], data: readonly Shape[], fail: Fail): Shape {
  return data
    .map((shape, i): Shape => {
      const places = indices[i] ?? null;
      if (shape === null || places === null) return null;
      sameShapes(shape.slice(0, places.length), places, fail);
      return shape.slice(places.length);
    })
    .reduce((a: Shape, b) => sameShapes(a, b, fail), null);
}

const unraveled = (flat: Expr, shape: StaticShape): Expr[] =>
  stridesOf(shape).map((stride, axis) => mod(div(flat, int(stride)), int(shape[axis] ?? 1)));

/** The last flat place of `indices` that names `row`, or -1. */
const lastPlaceOf = (indices: Operand, row: Expr): Expr =>
  fold('max', elementCount(indices.shape), (j) => {
    const given = indices.at(unraveled(j, indices.shape));
    return select(eq(given, cast(given.type, row)), j, int(-1));
  });

export const DynamicStitch = defineOp({
  name: 'DynamicStitch',
  attrs: {
    N: { kind: 'int', inferred: true, minimum: 1 },
    T: { kind: 'type', allowed: dataDTypes },
  },
  inputs: { indices: { list: 'int32', count: 'N' }, data: { list: 'T', count: 'N' } },
  outputs: { merged: 'T' },
  infer: (ctx) => {
    const { shapes, fail } = ctx;
    const row = rowShape(shapes.indices, shapes.data, fail);
    const indices = shapes.indices.map((_, i) => ctx.partialOf('indices', i));
    return { merged: row === null ? null : [rowCount(indices, shapes.indices), ...row] };
  },
  partial: (ctx) => {
    const { shapes } = ctx;
    const indices = shapes.indices.map((_, i) => ctx.partialOf('indices', i));
    const rows = rowCount(indices, shapes.indices);
    if (rows === null || rowShape(shapes.indices, shapes.data, ctx.fail)?.length !== 0) return null;
    const merged = new Array<number | null>(rows).fill(null);
    for (const [i, places] of indices.entries()) {
      const data = ctx.partialOf('data', i);
      for (const [j, place] of (places ?? []).entries()) {
        if (place !== null) merged[place] = data?.[j] ?? null;
      }
    }
    return merged;
  },
  grad: ({ b, x, dy }) => ({
    indices: x.indices.map(() => null),
    data: x.indices.map((indices) =>
      b.op('GatherV2', [dy.merged, indices, b.constant(0, 'int32', 'GatherV2/axis')]),
    ),
  }),
  lower: {
    kind: 'map',
    body: ({ x, y }, [row = int(0), ...rest]) =>
      x.indices.reduce((otherwise: Expr, indices, i) => {
        const data = x.data[i];
        if (data === undefined || elementCount(indices.shape) === 0) return otherwise;
        const place = lastPlaceOf(indices, row);
        const at = unraveled(max(place, int(0)), indices.shape);
        return select(ge(place, int(0)), data.at([...at, ...rest]), otherwise);
      }, zeroOf(y.merged.type)),
  },
});

/**
 * Rows of several tensors in one: merged[indices[m][i]] = data[m][i]. Later tensors win.
 *
 * @param indices  int32 of any shapes; together they should name every row.
 * @param data  of the shapes of `indices`, each with the same row shape behind it.
 * @see TF op DynamicStitch; tf.dynamic_stitch
 * @example tf.dynamicStitch([[0, 2], [1]], [[10, 30], [20]]); // [10, 20, 30]
 */
export const dynamicStitch = (
  indices: readonly TensorLike[],
  data: readonly TensorLike[],
  name?: string,
): Tensor => addNode(DynamicStitch, { indices, data }, {}, name).merged;
