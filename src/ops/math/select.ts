/**
 * Choice between two tensors by a bool condition: Select (TensorFlow 1's, which may choose whole
 * rows but does not broadcast) and SelectV2 (which broadcasts all three).
 */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import type { Shape } from '../../graph/shape.js';
import { select } from '../../ir/expr.js';
import { broadcastOrFail, reduceToOperand } from '../broadcast.js';
import { dataDTypes } from '../data-dtypes.js';
import { scalarLike, zerosLike } from '../elementwise.js';
import { defineOp } from '../op-def.js';
import { sameShapes, type Fail } from '../shape-checks.js';

/** The condition is a scalar, a vector over axis 0, or of the data's own shape. */
function selectedShape(condition: Shape, data: Shape, fail: Fail): Shape {
  if (condition === null || data === null || condition.length === 0) return data;
  if (condition.length !== 1 || data.length === 0) return sameShapes(data, condition, fail);
  sameShapes([condition[0] ?? null], [data[0] ?? null], fail);
  return data;
}

/** t where the condition holds, else e; t and e have one shape. */
export const Select = defineOp({
  name: 'Select',
  attrs: { T: { kind: 'type', allowed: dataDTypes } },
  inputs: { condition: 'bool', t: 'T', e: 'T' },
  outputs: { output: 'T' },
  infer: ({ shapes, fail }) => ({
    output: selectedShape(shapes.condition, sameShapes(shapes.t, shapes.e, fail), fail),
  }),
  grad: ({ b, dy, x }) => {
    const zeros = zerosLike(b, x.t);
    return {
      condition: null,
      t: b.op('Select', [x.condition, dy.output, zeros]),
      e: b.op('Select', [x.condition, zeros, dy.output]),
    };
  },
  lower: {
    kind: 'map',
    body: ({ x: { condition, t, e } }, index) =>
      select(condition.at(index.slice(0, condition.shape.length)), t.at(index), e.at(index)),
  },
});

/** t where the condition holds, else e, with broadcasting. */
export const SelectV2 = defineOp({
  name: 'SelectV2',
  attrs: { T: { kind: 'type', allowed: dataDTypes } },
  inputs: { condition: 'bool', t: 'T', e: 'T' },
  outputs: { output: 'T' },
  infer: ({ shapes, fail }) => {
    const data = broadcastOrFail(shapes.t, shapes.e, fail);
    return { output: broadcastOrFail(shapes.condition, data, fail) };
  },
  grad: ({ b, dy, x, y }) => {
    const zero = scalarLike(b, dy.output, 0, 'zeros');
    const gt = b.op('SelectV2', [x.condition, dy.output, zero]);
    const ge = b.op('SelectV2', [x.condition, zero, dy.output]);
    return {
      condition: null,
      t: reduceToOperand(b, gt, x.t, y.output),
      e: reduceToOperand(b, ge, x.e, y.output),
    };
  },
  lower: { kind: 'elementwise', expr: ({ condition, t, e }) => select(condition, t, e) },
});

/**
 * Elements of `x` where `condition` holds, else of `y`.
 *
 * @param condition  bool: a scalar, a vector that chooses rows of `x` and `y`, or of their shape.
 * @param x  any dtype and shape. It does not broadcast with `y`: see `whereV2`.
 * @param y  same dtype and shape as `x`.
 * @returns dtype and shape of `x`.
 * @throws InvalidArgumentError if the shapes differ, DTypeError if the dtypes do.
 * @see TF op Select. The coordinates of true elements are the op Where's.
 * @example
 * where([true, false], [1, 2], [10, 20]); // [1, 20]
 */
export const where = (condition: TensorLike, x: TensorLike, y: TensorLike, name?: string): Tensor =>
  addNode(Select, { condition, t: x, e: y }, {}, name).output;

/**
 * Elements of `x` where `condition` holds, else of `y`, all three broadcast together.
 *
 * @see TF op SelectV2.
 * @example whereV2(greater(x, 0), x, 0)
 */
export const whereV2 = (
  condition: TensorLike,
  x: TensorLike,
  y: TensorLike,
  name?: string,
): Tensor => addNode(SelectV2, { condition, t: x, e: y }, {}, name).output;
