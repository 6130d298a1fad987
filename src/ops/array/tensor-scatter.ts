/** A tensor with updates joined to the elements (or slices) that index vectors name. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import type { Shape } from '../../graph/shape.js';
import { neg } from '../../ir/expr.js';
import { numberDTypes, realDTypes } from '../data-dtypes.js';
import { defineOp, type Check, type Operand, type Result, type ScatterPlan } from '../op-def.js';
import { withRankAtLeast, type Fail } from '../shape-checks.js';
import { indexDTypeOf, shapeNode } from '../shape-nodes.js';
import { checkScatter, indexVectorAttrs, scatterPlan } from './scatter-plan.js';

const attrs = {
  T: { kind: 'type', allowed: numberDTypes as readonly DType[] },
  ...indexVectorAttrs,
} as const;
const inputs = { tensor: 'T', indices: 'Tindices', updates: 'T' } as const;
const outputs = { output: 'T' } as const;

type Builder = OpBuilder<Tensor>;
type Parts<V> = Readonly<Record<'tensor' | 'indices' | 'updates', V>>;

function infer({ shapes, fail }: { readonly shapes: Parts<Shape>; readonly fail: Fail }): {
  readonly output: Shape;
} {
  withRankAtLeast(shapes.tensor, 1, fail);
  withRankAtLeast(shapes.indices, 1, fail);
  checkScatter(shapes.indices, shapes.updates, shapes.tensor, fail);
  return { output: shapes.tensor };
}

interface Context {
  readonly x: Parts<Operand>;
  readonly y: { readonly output: Result };
  readonly check: Check;
}

function planOf({ x, y, check }: Context, combine: ScatterPlan['combine'], minus = false) {
  const { indices, updates, tensor } = x;
  const update: Operand['at'] = (at) => (minus ? neg(updates.at(at)) : updates.at(at));
  const scattered = { indices, update, output: y.output, check };
  return scatterPlan(combine, scattered, (index) => tensor.at(index));
}

const gathered = (b: Builder, dy: Tensor, indices: Tensor): Tensor =>
  b.op('GatherNd', [dy, indices]);

export const TensorScatterAdd = defineOp({
  name: 'TensorScatterAdd',
  attrs,
  inputs,
  outputs,
  infer,
  grad: ({ b, x, dy }) => ({
    tensor: b.op('Identity', [dy.output]),
    indices: null,
    updates: gathered(b, dy.output, x.indices),
  }),
  lower: { kind: 'scatter', plan: (ctx) => planOf(ctx, 'sum') },
});

export const TensorScatterSub = defineOp({
  name: 'TensorScatterSub',
  attrs,
  inputs,
  outputs,
  infer,
  grad: ({ b, x, dy }) => ({
    tensor: b.op('Identity', [dy.output]),
    indices: null,
    updates: b.op('Neg', [gathered(b, dy.output, x.indices)]),
  }),
  lower: { kind: 'scatter', plan: (ctx) => planOf(ctx, 'sum', true) },
});

/** The gradient of a maximum or minimum, shared by all that are equal to it. */
function extremeGradient(
  b: Builder,
  { tensor, indices, updates }: Parts<Tensor>,
  output: Tensor,
  dy: Tensor,
): Parts<Tensor | null> {
  const equals = (x: Tensor, y: Tensor): Tensor =>
    b.op('Cast', [b.op('Equal', [x, y])], { DstT: dy.dtype });
  const isTensor = equals(tensor, output);
  const isUpdate = equals(updates, gathered(b, output, indices));
  const shape = shapeNode(b, tensor, indexDTypeOf(indices.dtype));
  const count = b.op('AddV2', [isTensor, b.op('ScatterNd', [indices, isUpdate, shape])], {}, 'add');
  const share = b.op('RealDiv', [dy, count], {}, 'truediv');
  return {
    tensor: b.op('Mul', [share, isTensor], {}, 'mul'),
    indices: null,
    updates: b.op('Mul', [gathered(b, share, indices), isUpdate], {}, 'mul'),
  };
}

const tensorExtreme = (name: 'TensorScatterMax' | 'TensorScatterMin') =>
  defineOp({
    name,
    attrs: { ...attrs, T: { kind: 'type', allowed: realDTypes } },
    inputs,
    outputs,
    infer,
    grad: ({ b, x, y, dy }) => extremeGradient(b, x, y.output, dy.output),
    lower: {
      kind: 'scatter',
      plan: (ctx) => planOf(ctx, name === 'TensorScatterMax' ? 'max' : 'min'),
    },
  });

export const TensorScatterMax = tensorExtreme('TensorScatterMax');
export const TensorScatterMin = tensorExtreme('TensorScatterMin');

/** TensorScatterAdd's older name, with an input that is called otherwise. */
export const ScatterNdNonAliasingAdd = defineOp({
  name: 'ScatterNdNonAliasingAdd',
  attrs,
  inputs: { input: 'T', indices: 'Tindices', updates: 'T' },
  outputs,
  infer: ({ shapes: { input: tensor, ...shapes }, fail }) =>
    infer({ shapes: { tensor, ...shapes }, fail }),
  grad: ({ b, x, dy }) => ({
    input: dy.output,
    indices: null,
    updates: gathered(b, dy.output, x.indices),
  }),
  lower: {
    kind: 'scatter',
    plan: ({ x: { input: tensor, ...x }, y, check }) =>
      planOf({ x: { tensor, ...x }, y, check }, 'sum'),
  },
});

type TensorScatter = (
  tensor: TensorLike,
  indices: TensorLike,
  updates: TensorLike,
  name?: string,
) => Tensor;

const scatterFunction =
  (def: typeof TensorScatterAdd): TensorScatter =>
  (tensor, indices, updates, name) =>
    addNode(def, { tensor, indices, updates }, {}, name).output;

/**
 * `tensor` with `updates` added at the places index vectors name; several at one place sum.
 *
 * @param indices integers `[..., k]`; one outside the tensor fails the run on the CPU with
 *   InvalidArgumentError, and is dropped on the GPU, where many updates are added in no certain order.
 * @param updates `[..., rest of tensor]`, of its dtype.
 * @throws InvalidArgumentError if the shapes do not fit together.
 * @see TF op TensorScatterAdd; tf.tensor_scatter_nd_add
 * @example tf.tensorScatterNdAdd([1, 1, 1], [[0], [2]], [5, 6]); // [6, 1, 7]
 */
export const tensorScatterNdAdd: TensorScatter = scatterFunction(TensorScatterAdd);

/**
 * `tensor` with `updates` subtracted, as `tensorScatterNdAdd`.
 *
 * @see TF op TensorScatterSub; tf.tensor_scatter_nd_sub
 * @example tf.tensorScatterNdSub([1, 1, 1], [[0], [2]], [5, 6]); // [-4, 1, -5]
 */
export const tensorScatterNdSub: TensorScatter = scatterFunction(TensorScatterSub);

/**
 * `tensor` with the larger of its elements and `updates`, as `tensorScatterNdAdd`. NaN wins.
 *
 * @see TF op TensorScatterMax; tf.tensor_scatter_nd_max
 * @example tf.tensorScatterNdMax([1, 8, 1], [[0], [1]], [5, 6]); // [5, 8, 1]
 */
export const tensorScatterNdMax: TensorScatter = scatterFunction(TensorScatterMax);

/**
 * `tensor` with the smaller of its elements and `updates`, as `tensorScatterNdAdd`. NaN wins.
 *
 * @see TF op TensorScatterMin; tf.tensor_scatter_nd_min
 * @example tf.tensorScatterNdMin([1, 8, 1], [[0], [1]], [5, 6]); // [1, 6, 1]
 */
export const tensorScatterNdMin: TensorScatter = scatterFunction(TensorScatterMin);
