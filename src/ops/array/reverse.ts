/** ReverseV2: the order of elements turned around along axes. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import { eq, int, like, or, select, sub, type Expr } from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';
import { axisFromFront, type PartialIntegers } from '../partial-integers.js';
import { withRank, type Fail } from '../shape-checks.js';

function checkAxes(axes: PartialIntegers, rank: number, fail: Fail): void {
  const seen = new Set<number>();
  for (const [i, axis] of (axes ?? []).entries()) {
    if (axis === null) continue;
    const at = axisFromFront(axis, rank);
    if (at === null) fail(`'axis'[${i}] = ${axis} is out of valid range [0, ${rank - 1}`);
    else if (seen.has(at)) fail(`axis ${at} specified more than once.`);
    else seen.add(at);
  }
}

export const ReverseV2 = defineOp({
  name: 'ReverseV2',
  attrs: {
    Tidx: { kind: 'type', default: 'int32', allowed: indexDTypes },
    T: { kind: 'type', allowed: dataDTypes },
  },
  inputs: { tensor: 'T', axis: 'Tidx' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { shapes, fail } = ctx;
    withRank(shapes.axis, 1, fail);
    if (shapes.tensor !== null) checkAxes(ctx.partial('axis'), shapes.tensor.length, fail);
    return { output: shapes.tensor };
  },
  grad: ({ b, x, dy }) => ({ tensor: b.op('ReverseV2', [dy.output, x.axis]), axis: null }),
  lower: {
    kind: 'map',
    // The axes need not be known before the run: a kernel can look whether an axis is listed.
    body: ({ x }, index) => {
      const rank = index.length;
      const listed = Array.from({ length: x.axis.shape[0] ?? 0 }, (_, i) => x.axis.at([int(i)]));
      const isListed = (axis: number): Expr | undefined =>
        listed
          .map((item) => or(eq(item, like(item, axis)), eq(item, like(item, axis - rank))))
          .reduce<Expr | undefined>(
            (any, one) => (any === undefined ? one : or(any, one)),
            undefined,
          );
      return x.tensor.at(
        index.map((at, axis) => {
          const reversed = isListed(axis);
          const last = int((x.tensor.shape[axis] ?? 1) - 1);
          return reversed === undefined ? at : select(reversed, sub(last, at), at);
        }),
      );
    },
  },
});

/**
 * `tensor` with the order of elements reversed along the listed axes.
 *
 * @throws InvalidArgumentError if an axis is out of range or listed twice.
 * @see TF op ReverseV2; tf.reverse
 * @example tf.reverse([1, 2, 3], [0]); // [3, 2, 1]
 */
export const reverse = (tensor: TensorLike, axis: TensorLike, name?: string): Tensor =>
  addNode(ReverseV2, { tensor, axis }, {}, name).output;
