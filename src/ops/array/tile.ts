/** Tile and BroadcastTo: a tensor repeated along its axes. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { constantValue } from '../../graph/constant-value.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { mergeDims, type Dim, type Shape } from '../../graph/shape.js';
import { int, mod, type Expr } from '../../ir/expr.js';
import { broadcastIndex } from '../broadcast.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { rearranged } from '../integer-layout.js';
import { integersOf } from '../integers.js';
import { defineOp } from '../op-def.js';
import { unknownDims } from '../partial-integers.js';
import { withVectors, type IntegerVector } from '../plain-values.js';
import { shapeFromVector, withRank, type Fail } from '../shape-checks.js';
import {
  flatNode,
  indexDTypeOf,
  shapeNode,
  sizeNode,
  stackNode,
  vectorNode,
} from '../shape-nodes.js';

function tiledDims(
  input: Shape,
  vector: Shape,
  multiples: readonly (number | null)[] | null,
  fail: Fail,
): Shape {
  const [length = null] = withRank(vector, 1, fail);
  const rank = input?.length ?? length;
  if (rank === null) return null;
  if (mergeDims(rank, length) === undefined) {
    return fail(`Shape must be rank ${rank} but is rank ${length}`);
  }
  return unknownDims(rank).map((_, axis): Dim => {
    const dim = input?.[axis] ?? null;
    const times = multiples?.[axis] ?? null;
    if (times !== null && times < 0) {
      return fail(`Expected multiples[${axis}] >= 0, but got ${times}`);
    }
    return times === 0 || dim === 0 ? 0 : dim === null || times === null ? null : dim * times;
  });
}

/** The gradient folded so that each copy is an axis of its own, and summed over the copies. */
function tileGradient(b: OpBuilder<Tensor>, x: Tensor, multiples: Tensor, dy: Tensor): Tensor {
  const shape = shapeNode(b, x, indexDTypeOf(multiples.dtype));
  const pairs = b.op(
    'Transpose',
    [stackNode(b, [multiples, shape]), vectorNode(b, [1, 0], 'transpose/perm')],
    {},
    'transpose',
  );
  const split = flatNode(b, pairs);
  const start = b.constant(0, 'int32', 'range/start');
  const delta = b.constant(2, 'int32', 'range/delta');
  const axes = b.op('Range', [start, sizeNode(b, split), delta], {}, 'range');
  return b.op('Sum', [b.op('Reshape', [dy, split]), axes], { keep_dims: false });
}

export const Tile = defineOp({
  name: 'Tile',
  attrs: {
    T: { kind: 'type', allowed: dataDTypes },
    Tmultiples: { kind: 'type', default: 'int32', allowed: indexDTypes },
  },
  inputs: { input: 'T', multiples: 'Tmultiples' },
  outputs: { output: 'T' },
  infer: (ctx) => ({
    output: tiledDims(ctx.shapes.input, ctx.shapes.multiples, ctx.partial('multiples'), ctx.fail),
  }),
  partial: (ctx) => {
    const { input, multiples } = ctx.shapes;
    const out = tiledDims(input, multiples, ctx.partial('multiples'), ctx.fail);
    return rearranged(ctx.partial('input'), input, out, (index) =>
      index.map((at, axis) => at % (input?.[axis] ?? 1)),
    );
  },
  grad: ({ b, x, dy }) => ({
    input: tileGradient(b, x.input, x.multiples, dy.output),
    multiples: null,
  }),
  lower: {
    kind: 'map',
    body: ({ x, y }, index) =>
      x.input.at(
        index.map((at, axis) =>
          tiledPlace(at, x.input.shape[axis] ?? 1, y.output.shape[axis] ?? 1),
        ),
      ),
  },
});

const tiledPlace = (at: Expr, dim: number, out: number): Expr =>
  dim === out ? at : dim === 1 ? int(0) : mod(at, int(dim));

function broadcastDims(input: Shape, target: Shape, fail: Fail): Shape {
  if (input === null || target === null) return target;
  if (input.length > target.length) {
    return fail(`Shape must be at most rank ${target.length} but is rank ${input.length}`);
  }
  const skip = target.length - input.length;
  return target.map((dim, axis): Dim => {
    const own = axis < skip ? 1 : (input[axis - skip] ?? null);
    if (own === 1 || own === null || dim === null) return dim;
    return own === dim ? dim : fail(`Dimensions must be equal, but are ${own} and ${dim}`);
  });
}

function broadcastGradient(b: OpBuilder<Tensor>, x: Tensor, shape: Tensor, dy: Tensor): Tensor {
  const dtype = indexDTypeOf(shape.dtype);
  const own = shapeNode(b, x, dtype);
  const known = constantValue(shape);
  const target = known === null ? shape : vectorNode(b, integersOf(known), 'Const', dtype);
  const axes = b.ops('BroadcastGradientArgs', [target, own])[1] ?? own;
  return b.op('Reshape', [b.op('Sum', [dy, axes], { keep_dims: true }), own]);
}

export const BroadcastTo = defineOp({
  name: 'BroadcastTo',
  attrs: {
    T: { kind: 'type', allowed: dataDTypes },
    Tidx: { kind: 'type', default: 'int32', allowed: indexDTypes },
  },
  inputs: { input: 'T', shape: 'Tidx' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { shapes, fail } = ctx;
    const target = shapeFromVector(shapes.shape, ctx.partial('shape'), fail);
    return { output: broadcastDims(shapes.input, target, fail) };
  },
  grad: ({ b, x, dy }) => ({
    input: broadcastGradient(b, x.input, x.shape, dy.output),
    shape: null,
  }),
  lower: { kind: 'map', body: ({ x }, index) => x.input.at(broadcastIndex(x.input.shape, index)) },
});

/**
 * Copies of `input` side by side: multiples[i] of them along axis i.
 *
 * @throws InvalidArgumentError if there is not one multiple per axis.
 * @see TF op Tile; tf.tile
 * @example tf.tile([[1, 2]], [2, 3]); // [[1,2,1,2,1,2], [1,2,1,2,1,2]]
 */
export const tile = (input: TensorLike, multiples: IntegerVector, name?: string): Tensor =>
  withVectors(
    name,
    'Tile',
    { multiples },
    (vectors, node) => addNode(Tile, { input, ...vectors }, {}, node).output,
  );

/**
 * `input` repeated to `shape` by NumPy's broadcasting rules.
 *
 * @throws InvalidArgumentError if an axis is neither 1 nor what `shape` asks for.
 * @see TF op BroadcastTo; tf.broadcast_to
 * @example tf.broadcastTo([1, 2, 3], [4, 3]);
 */
export const broadcastTo = (input: TensorLike, shape: IntegerVector, name?: string): Tensor =>
  withVectors(
    name,
    'BroadcastTo',
    { shape },
    (vectors, node) => addNode(BroadcastTo, { input, ...vectors }, {}, node).output,
  );
