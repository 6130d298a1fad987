/** GatherNd and ScatterNd: elements or slices picked, or put, by index vectors. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { formatShape, type Dim, type Shape } from '../../graph/shape.js';
import { cast, constant, ge, int, like, lt, max, min, select, type Expr } from '../../ir/expr.js';
import { dataDTypes, numberDTypes } from '../data-dtypes.js';
import { allOf, placeholders, zeroOf } from '../lowering-steps.js';
import { defineOp, type Check, type Operand } from '../op-def.js';
import { indexDTypeOfValue, ownDType } from '../plain-values.js';
import { shapeFromVector, withRankAtLeast, type Fail } from '../shape-checks.js';
import { indexDTypeOf, itemOfVector, shapeNode } from '../shape-nodes.js';
import { checkScatter, indexVectorAttrs, scatterPlan } from './scatter-plan.js';

function gatherNdShape(params: Shape, indices: Shape, fail: Fail): Shape {
  withRankAtLeast(params, 0, fail);
  withRankAtLeast(indices, 1, fail);
  const depth = indices?.at(-1) ?? null;
  if (params === null || indices === null || depth === null) return null;
  return depth > params.length
    ? fail(
        `indices.shape[-1] must be <= params.rank, but saw indices shape: ` +
          `${formatShape(indices)} and params shape: ${formatShape(params)}`,
      )
    : [...indices.slice(0, -1), ...params.slice(depth)];
}

/** The element the index vectors name; where one lies outside, an error, or zero on a device. */
function pickedElement(
  params: Operand,
  indices: Operand,
  index: readonly Expr[],
  check: Check,
): Expr {
  const outer = indices.shape.length - 1;
  const depth = indices.shape[outer] ?? 0;
  const zero = zeroOf(params.type);
  const shape = formatShape(params.shape);
  if (params.shape.includes(0)) {
    const message = `Requested more than 0 entries, but params is empty.  Params shape: ${shape}`;
    return check(zero, constant('bool', false), message);
  }
  const vector: Expr[] = [];
  const valid: Expr[] = [];
  const front = Array.from({ length: depth }, (_, axis) => {
    const given = indices.at([...index.slice(0, outer), int(axis)]);
    const extent = params.shape[axis] ?? 1;
    vector.push(given);
    valid.push(ge(given, like(given, 0)), lt(given, like(given, extent)));
    return cast('i32', max(min(given, like(given, extent - 1)), like(given, 0)));
  });
  const value = params.at([...front, ...index.slice(outer)]);
  const inside = allOf(valid);
  if (inside === undefined) return value;
  const named = vector.map((_, i) => `{${i}}`).join(', ');
  const message = `indices${placeholders(outer, depth)} = [${named}] does not index into param shape ${shape}`;
  const args = [...vector, ...index.slice(0, outer)];
  return check(select(inside, value, zero), inside, message, args);
}

/** TensorFlow adds up slices where the index vectors are single numbers, else scatters. */
function gatherNdGradient(
  b: OpBuilder<Tensor>,
  params: Tensor,
  indices: Tensor,
  dy: Tensor,
): Tensor {
  const shape = shapeNode(b, params, indexDTypeOf(indices.dtype));
  if (indices.shape?.length !== 2 || indices.shape[1] !== 1) {
    return b.op('ScatterNd', [indices, dy, shape]);
  }
  const flat = b.op('Squeeze', [indices], { squeeze_dims: [-1] });
  return b.op('UnsortedSegmentSum', [dy, flat, itemOfVector(b, shape, 0)]);
}

export const GatherNd = defineOp({
  name: 'GatherNd',
  attrs: { Tparams: { kind: 'type', allowed: dataDTypes }, ...indexVectorAttrs },
  inputs: { params: 'Tparams', indices: 'Tindices' },
  outputs: { output: 'Tparams' },
  infer: ({ shapes, fail }) => ({ output: gatherNdShape(shapes.params, shapes.indices, fail) }),
  grad: ({ b, x, dy }) => ({
    params: gatherNdGradient(b, x.params, x.indices, dy.output),
    indices: null,
  }),
  lower: {
    kind: 'map',
    body: ({ x, check }, index) => pickedElement(x.params, x.indices, index, check),
  },
});

export const ScatterNd = defineOp({
  name: 'ScatterNd',
  attrs: { T: { kind: 'type', allowed: [...numberDTypes, 'string'] }, ...indexVectorAttrs },
  inputs: { indices: 'Tindices', updates: 'T', shape: 'Tindices' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { shapes, fail } = ctx;
    const output: readonly Dim[] | null = shapeFromVector(shapes.shape, ctx.partial('shape'), fail);
    withRankAtLeast(shapes.indices, 1, fail);
    checkScatter(shapes.indices, shapes.updates, output, fail);
    return { output };
  },
  grad: ({ b, x, dy }) => ({
    indices: null,
    updates: b.op('GatherNd', [dy.output, x.indices]),
    shape: null,
  }),
  lower: {
    kind: 'scatter',
    plan: ({ x, y, check }) => {
      const zero = zeroOf(y.output.type);
      return scatterPlan(
        'sum',
        { indices: x.indices, update: (at) => x.updates.at(at), output: y.output, check },
        () => zero,
      );
    },
  },
});

/**
 * Elements (or slices) of `params` named by index vectors, the last axis of `indices`.
 *
 * @param indices integers `[..., k]`, k up to the rank of `params`; one outside fails
 *   the run on the CPU with InvalidArgumentError, and picks zeros on the GPU.
 * @returns `[..., rest of params]`.
 * @throws InvalidArgumentError if k is more than the rank of `params`.
 * @see TF op GatherNd; tf.gather_nd
 * @example tf.gatherNd(x, [[0, 1], [2, 0]]); // [x[0, 1], x[2, 0]]
 */
export const gatherNd = (params: TensorLike, indices: TensorLike, name?: string): Tensor =>
  addNode(GatherNd, { params, indices }, {}, name).output;

/**
 * Zeros of `shape` with `updates` added at the places index vectors name; several at one place sum.
 *
 * @param indices integers `[..., k]`; one outside the shape fails the run on the CPU with
 *   InvalidArgumentError, and is dropped on the GPU, where many updates are added in no certain order.
 * @throws InvalidArgumentError if the shapes do not fit together.
 * @see TF op ScatterNd; tf.scatter_nd
 * @example tf.scatterNd([[1], [3]], [5, 6], [4]); // [0, 5, 0, 6]
 */
export const scatterNd = (
  indices: TensorLike,
  updates: TensorLike,
  shape: TensorLike,
  name?: string,
): Tensor =>
  addNode(
    ScatterNd,
    { indices, updates, shape },
    { Tindices: ownDType(indices) ?? indexDTypeOfValue(shape) },
    name,
  ).output;
