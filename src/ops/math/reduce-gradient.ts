/**
 * Gradients of the reductions, as the nodes TensorFlow's Python emits: expand the incoming gradient
 * to the input's shape, then weigh it.
 */
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { elementCount, isStatic } from '../../graph/shape.js';
import { conjugate } from '../elementwise.js';
import { keptShape, knownAxes, positiveAxes, rangeTo, reducedShape } from '../reduced-shape.js';
import { rankNode, shapeNode, vectorNode } from '../shape-nodes.js';

/** A reduction `y = reduce(x, axes)` and the gradient `dy` that came in. */
export interface ReductionGrad {
  readonly b: OpBuilder<Tensor>;
  readonly x: Tensor;
  readonly axes: Tensor;
  readonly y: Tensor;
  readonly dy: Tensor;
  readonly keepDims: boolean;
}

/** dx = dy, repeated along the reduced axes. */
export function sumGradient({ b, x, axes, dy, keepDims }: ReductionGrad): Tensor {
  const known = knownAxes(x, axes);
  const rank = x.shape?.length ?? 0;
  if (known?.length === rank && x.shape !== null && known.every((axis, i) => axis === i)) {
    const ones = vectorNode(b, new Array<number>(rank).fill(1), 'Reshape/shape');
    const shaped = b.op('Reshape', [dy, ones]);
    const multiples = shapeNode(b, x);
    return b.op('Tile', [shaped, multiples]);
  }
  const kept = keptShape(x, axes);
  if (kept !== null && isStatic(x.shape)) {
    const multiples = x.shape.map((dim, axis) => Math.floor(dim / Math.max(kept[axis] ?? 1, 1)));
    const shaped = b.op('Reshape', [dy, vectorNode(b, kept, 'Reshape/shape')]);
    return b.op('Tile', [shaped, vectorNode(b, multiples, 'Tile/multiples')]);
  }
  const inputShape = shapeNode(b, x);
  const shaped = keepDims ? dy : b.op('Reshape', [dy, reducedShape(b, x, inputShape, axes)]);
  return b.op('BroadcastTo', [shaped, inputShape]);
}

/** dx = dy / count, repeated along the reduced axes. */
export function meanGradient(ctx: ReductionGrad): Tensor {
  const { b, x, y } = ctx;
  const sum = sumGradient(ctx);
  if (isStatic(x.shape) && isStatic(y.shape)) {
    const count = Math.floor(elementCount(x.shape) / Math.max(elementCount(y.shape), 1));
    return b.op('RealDiv', [sum, b.constant(count, sum.dtype, 'Const')], {}, 'truediv');
  }
  const inputSize = product(b, shapeNode(b, x));
  const outputSize = product(b, shapeNode(b, y));
  const atLeastOne = b.constant(1, 'int32', 'Maximum/y');
  const divisor = b.op('Maximum', [outputSize, atLeastOne]);
  const count = b.op('FloorDiv', [inputSize, divisor], {}, 'floordiv');
  const factor = b.op('Cast', [count], { DstT: sum.dtype }, 'Cast');
  return b.op('RealDiv', [sum, factor], {}, 'truediv');
}

const product = (b: OpBuilder<Tensor>, vector: Tensor): Tensor =>
  b.op('Prod', [vector, vectorNode(b, [0], 'Const')]);

/** dx = dy where x is the extreme value, shared equally among ties. */
export function extremeGradient({ b, x, axes, y, dy, keepDims }: ReductionGrad): Tensor {
  const kept = keepDims ? shapeNode(b, y) : reducedShape(b, x, shapeNode(b, x), axes);
  const extreme = keepDims ? y : b.op('Reshape', [y, kept]);
  const incoming = keepDims ? dy : b.op('Reshape', [dy, kept]);
  const equal = b.op('Equal', [extreme, x]);
  const indicators = b.op('Cast', [equal], { DstT: dy.dtype }, 'Cast');
  const sum = b.op('Sum', [indicators, axes]);
  const count = b.op('Reshape', [sum, kept]);
  const share = b.op('RealDiv', [indicators, count], {}, 'truediv');
  return b.op('Mul', [share, incoming], {}, 'mul');
}

/**
 * dx_i = dy * (product of all x_j but x_i), from running products on either side of i, so that
 * zeros in x do no harm.
 */
export function prodGradient({ b, x, axes, dy, keepDims }: ReductionGrad): Tensor {
  const inputShape = shapeNode(b, x);
  const shaped = keepDims ? dy : b.op('Reshape', [dy, reducedShape(b, x, inputShape, axes)]);
  const incoming = b.op('BroadcastTo', [shaped, inputShape]);
  const { reduced, other, perm } = splitAxes(b, x, axes);
  const sizes = [reduced, other].map((group) => sizeOfAxes(b, inputShape, group));
  const permuted = b.op('Transpose', [x, perm], {}, 'transpose');
  const permutedShape = shapeNode(b, permuted);
  const matrix = b.op('Pack', [sizes], { axis: 0 }, 'Reshape/shape');
  const rows = b.op('Reshape', [permuted, matrix]);
  const first = (): Tensor => b.constant(0, 'int32', 'Cumprod/axis');
  const left = b.op('Cumprod', [rows, first()], { exclusive: true }, 'Cumprod');
  const right = b.op('Cumprod', [rows, first()], { exclusive: true, reverse: true }, 'Cumprod');
  const others = b.op('Mul', [conjugate(b, left), conjugate(b, right)], {}, 'mul');
  const back = b.op('Reshape', [others, permutedShape]);
  const inverse = b.op('InvertPermutation', [perm]);
  const aligned = b.op('Transpose', [back, inverse], {}, 'transpose');
  const dx = b.op('Mul', [incoming, aligned], {}, 'mul');
  return b.op('Reshape', [dx, inputShape]);
}

/** Number of elements along a group of axes. */
function sizeOfAxes(b: OpBuilder<Tensor>, inputShape: Tensor, group: Tensor): Tensor {
  const axis = b.constant(0, 'int32', 'GatherV2/axis');
  return product(b, b.op('GatherV2', [inputShape, group, axis]));
}

/** Reduced axes, the others, and the permutation that brings the reduced ones to the front. */
function splitAxes(
  b: OpBuilder<Tensor>,
  x: Tensor,
  axes: Tensor,
): { readonly reduced: Tensor; readonly other: Tensor; readonly perm: Tensor } {
  const known = knownAxes(x, axes);
  if (known !== null && x.shape !== null) {
    const rest = [...x.shape.keys()].filter((axis) => !known.includes(axis));
    return {
      reduced: vectorNode(b, known, 'mod'),
      other: vectorNode(b, rest, 'ListDiff'),
      perm: vectorNode(b, [...known, ...rest], 'concat'),
    };
  }
  const flat = b.op('Reshape', [axes, vectorNode(b, [-1], 'Reshape/shape')]);
  const narrow = axes.dtype === 'int32' ? flat : b.op('Cast', [flat], { DstT: 'int32' }, 'Cast');
  const rank = rankNode(b, x);
  const reduced = positiveAxes(b, narrow, rank);
  const other = b.op('ListDiff', [rangeTo(b, rank), reduced], { out_idx: 'int32' }, 'ListDiff');
  const axis = b.constant(0, 'int32', 'concat/axis');
  const perm = b.op('ConcatV2', [[reduced, other], axis], {}, 'concat');
  return { reduced, other, perm };
}
