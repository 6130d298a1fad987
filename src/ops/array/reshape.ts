/** Reshape, ExpandDims, Squeeze: the same elements under another shape. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { elementCount, formatShape, isStatic, type Dim, type Shape } from '../../graph/shape.js';
import { indexDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';
import {
  axisFromFront,
  productOf,
  scalarOf,
  spliced,
  type PartialIntegers,
} from '../partial-integers.js';
import { withVectors, type IntegerVector } from '../plain-values.js';
import { shapeFromVector, type Fail } from '../shape-checks.js';
import { shapeNode, vectorNode } from '../shape-nodes.js';

/** The wanted shape with its one unknown dim worked out from the number of elements. */
function completed(input: Shape, target: Shape, wanted: PartialIntegers, fail: Fail): Shape {
  const places = (wanted ?? []).flatMap((value, axis) => (value === -1 ? [axis] : []));
  if (places.length > 1) {
    return fail(
      `Only one input size may be -1, not both ${String(places[0])} and ${String(places[1])}`,
    );
  }
  if (target === null || !isStatic(input)) return target;
  const count = elementCount(input);
  const open = target.indexOf(null);
  if (open < 0) return checkedCount(count, target, fail);
  if (target.indexOf(null, open + 1) >= 0) return target;
  const others = productOf(spliced(target, open, 1)) ?? 1;
  if (others === 0) return emptyDim(count, target, places.length > 0, fail);
  return count % others === 0
    ? spliced(target, open, 1, count / others)
    : fail(`Dimension size must be evenly divisible by ${others} but is ${count}`);
}

function checkedCount(count: number, target: readonly Dim[], fail: Fail): Shape {
  const wanted = productOf(target) ?? 0;
  return count === wanted
    ? target
    : fail(
        `Cannot reshape a tensor with ${count} elements to shape ${formatShape(target)} ` +
          `(${wanted} elements)`,
      );
}

function emptyDim(count: number, target: readonly Dim[], isOpen: boolean, fail: Fail): Shape {
  if (count > 0) return checkedCount(count, target, fail);
  return isOpen
    ? fail(
        'reshape cannot infer the missing input size for an empty tensor unless all specified ' +
          'input sizes are non-zero',
      )
    : target;
}

/** `dy` under the shape of `x`. */
const reshapeLike = (b: OpBuilder<Tensor>, dy: Tensor, x: Tensor): Tensor =>
  b.op('Reshape', [dy, shapeNode(b, x)]);

/** As `reshapeLike`; one unknown dim is left to Reshape to work out, as TensorFlow does. */
function reshapeBack(b: OpBuilder<Tensor>, dy: Tensor, x: Tensor): Tensor {
  const known = x.shape;
  const isOpen = known !== null && known.filter((dim) => dim === null).length === 1;
  if (!isOpen || known.includes(0)) return reshapeLike(b, dy, x);
  const dims = known.map((dim) => dim ?? -1);
  return b.op('Reshape', [dy, vectorNode(b, dims, 'Reshape/shape')]);
}

export const Reshape = defineOp({
  name: 'Reshape',
  attrs: { T: { kind: 'type' }, Tshape: { kind: 'type', default: 'int32', allowed: indexDTypes } },
  inputs: { tensor: 'T', shape: 'Tshape' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const wanted = ctx.partial('shape');
    const target = shapeFromVector(ctx.shapes.shape, wanted, ctx.fail);
    return { output: completed(ctx.shapes.tensor, target, wanted, ctx.fail) };
  },
  partial: (ctx) => ctx.partial('tensor'),
  grad: ({ b, x, dy }) => ({ tensor: reshapeBack(b, dy.output, x.tensor), shape: null }),
  lower: { kind: 'alias', input: 'tensor' },
});

export const ExpandDims = defineOp({
  name: 'ExpandDims',
  attrs: { T: { kind: 'type' }, Tdim: { kind: 'type', default: 'int32', allowed: indexDTypes } },
  inputs: { input: 'T', dim: 'Tdim' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { input } = ctx.shapes;
    const dim = scalarOf(ctx.partial('dim'));
    if (input === null || dim === null) return { output: null };
    const at = axisFromFront(dim, input.length + 1);
    return {
      output:
        at === null
          ? ctx.fail(`dim ${dim} not in the interval [${-input.length - 1}, ${input.length}].`)
          : spliced(input, at, 0, 1),
    };
  },
  partial: (ctx) => ctx.partial('input'),
  grad: ({ b, x, dy }) => ({ input: reshapeLike(b, dy.output, x.input), dim: null }),
  lower: { kind: 'alias', input: 'input' },
});

/** Axes to remove, counted from the front. */
function squeezedAxes(input: readonly Dim[], axes: readonly number[], fail: Fail): Set<number> {
  const rank = input.length;
  return new Set(
    axes.map((axis, i) => {
      const at = axisFromFront(axis, rank);
      if (at === null) return fail(`squeeze_dims[${i}] not in [${-rank},${rank}).`);
      const dim = input[at];
      return dim === 1 || dim === null
        ? at
        : fail(`Can not squeeze dim[${at}], expected a dimension of 1, got ${dim}`);
    }),
  );
}

export const Squeeze = defineOp({
  name: 'Squeeze',
  attrs: { T: { kind: 'type' }, squeeze_dims: { kind: 'list(int)', default: [] } },
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => {
    const { input } = shapes;
    if (input === null) return { output: null };
    const axes = squeezedAxes(input, attrs.squeeze_dims, fail);
    if (axes.size > 0) return { output: input.filter((_, axis) => !axes.has(axis)) };
    // An unknown dim may turn out to be 1, and then even the rank is smaller.
    return { output: input.includes(null) ? null : input.filter((dim) => dim !== 1) };
  },
  partial: (ctx) => ctx.partial('input'),
  grad: ({ b, x, dy }) => ({ input: reshapeLike(b, dy.output, x.input) }),
  lower: { kind: 'alias', input: 'input' },
});

/**
 * The elements of `tensor`, row by row, under another shape.
 *
 * @param shape one dim may be -1: it is worked out from the number of elements. Tensors among the
 *   elements, or a vector tensor, are allowed.
 * @returns dtype of `tensor`.
 * @throws InvalidArgumentError if the number of elements differs.
 * @see TF op Reshape; tf.reshape
 * @example
 * tf.reshape(images, [-1, 784]);
 * tf.reshape(x, [batch, 10]); // batch: an int32 scalar tensor
 */
export const reshape = (tensor: TensorLike, shape: IntegerVector, name?: string): Tensor =>
  withVectors(
    name,
    'Reshape',
    { shape },
    (vectors, node) => addNode(Reshape, { tensor, shape: vectors.shape }, {}, node).output,
  );

/**
 * `input` with an axis of length 1 inserted before `axis` (negative: counted from the end, -1 puts
 * it last).
 *
 * @throws InvalidArgumentError if `axis` is outside [-rank - 1, rank].
 * @see TF op ExpandDims; tf.expand_dims
 * @example tf.expandDims(row, 0); // [n] -> [1, n]
 */
export const expandDims = (input: TensorLike, axis: TensorLike, name?: string): Tensor =>
  addNode(ExpandDims, { input, dim: axis }, {}, name).output;

/**
 * `input` without axes of length 1: those listed, or all.
 *
 * @throws InvalidArgumentError if a listed axis has another length.
 * @see TF op Squeeze; tf.squeeze
 * @example tf.squeeze(x, [0]); // [1, 3] -> [3]
 */
export const squeeze = (
  input: TensorLike,
  axis: number | readonly number[] = [],
  name?: string,
): Tensor =>
  addNode(Squeeze, { input }, { squeeze_dims: typeof axis === 'number' ? [axis] : axis }, name)
    .output;
