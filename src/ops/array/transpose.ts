/** Transpose, ConjugateTranspose and InvertPermutation. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { isComplex } from '../../graph/dtype.js';
import type { Tensor } from '../../graph/operation.js';
import { mergeDims, type Dim, type Shape } from '../../graph/shape.js';
import { cast, conj, eq, fold, int, isComplexType, select } from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { rearranged } from '../integer-layout.js';
import { constantIntegers, zeroOf } from '../lowering-steps.js';
import { defineOp } from '../op-def.js';
import { axisFromFront, unknownDims, type PartialIntegers } from '../partial-integers.js';
import { withRank, type Fail } from '../shape-checks.js';
import { vectorNode } from '../shape-nodes.js';

/** Input axis of each output axis, null per axis not known. */
const frontAxes = (perm: readonly (number | null)[], fail: Fail): (number | null)[] =>
  perm.map((axis) => {
    if (axis === null) return null;
    const at = axisFromFront(axis, perm.length);
    return at === null ? fail(`perm dim ${axis} is out of range of input rank ${perm.length}`) : at;
  });

/** Known axes; a repeated one is refused, as TensorFlow's kernel does. */
function permutation(perm: readonly number[], fail: Fail): number[] {
  const axes = frontAxes(perm, fail).map((axis) => axis ?? 0);
  const missing = axes.findIndex((_, axis) => !axes.includes(axis));
  return missing < 0 ? axes : fail(`${missing} is missing from {${perm.join(',')}}.`);
}

/** Input index of an output index. */
function sourceIndex<I>(axes: readonly number[], index: readonly I[]): I[] {
  const source = [...index];
  for (const [i, axis] of axes.entries()) source[axis] = index[i] as I;
  return source;
}

interface TransposeShapes {
  readonly shapes: { readonly x: Shape; readonly perm: Shape };
  partial(input: 'perm'): PartialIntegers;
  readonly fail: Fail;
}

function transposedShape(ctx: TransposeShapes): Shape {
  const { shapes, fail } = ctx;
  const [length = null] = withRank(shapes.perm, 1, fail);
  const rank = shapes.x?.length ?? length;
  if (rank === null) return null;
  const x = withRank(shapes.x, rank, fail);
  if (mergeDims(length, rank) === undefined)
    return fail(`Dimension must be ${rank} but is ${length}`);
  const perm = ctx.partial('perm');
  if (perm === null) return unknownDims(rank);
  return frontAxes(perm, fail).map((axis): Dim => (axis === null ? null : (x[axis] ?? null)));
}

const attrs = {
  T: { kind: 'type', allowed: dataDTypes },
  Tperm: { kind: 'type', default: 'int32', allowed: indexDTypes },
} as const;

export const Transpose = defineOp({
  name: 'Transpose',
  attrs,
  inputs: { x: 'T', perm: 'Tperm' },
  outputs: { y: 'T' },
  infer: (ctx) => ({ y: transposedShape(ctx) }),
  partial: (ctx) => {
    const perm = ctx.partial('perm');
    const { x } = ctx.shapes;
    if (x === null || perm === null || perm.includes(null)) return null;
    const axes = permutation(perm as readonly number[], ctx.fail);
    const y = axes.map((axis) => x[axis] ?? null);
    return rearranged(ctx.partial('x'), x, y, (index) => sourceIndex(axes, index));
  },
  grad: ({ b, x, dy }) => ({
    x: b.op('Transpose', [dy.y, b.op('InvertPermutation', [x.perm])], {}, 'transpose'),
    perm: null,
  }),
  lower: {
    kind: 'map',
    body: ({ x, fail }, index) => {
      const axes = permutation(constantIntegers(x.perm, 'perm', fail), fail);
      return x.x.at(sourceIndex(axes, index));
    },
  },
});

/** A transposition of the complex conjugates; of real numbers, a transposition. */
export const ConjugateTranspose = defineOp({
  name: 'ConjugateTranspose',
  attrs,
  inputs: { x: 'T', perm: 'Tperm' },
  outputs: { y: 'T' },
  infer: (ctx) => ({ y: transposedShape(ctx) }),
  grad: ({ b, x, dy }) => {
    const type = isComplex(x.x.dtype) ? 'ConjugateTranspose' : 'Transpose';
    const inverse = b.op('InvertPermutation', [x.perm]);
    return { x: b.op(type, [dy.y, inverse], {}, 'transpose'), perm: null };
  },
  lower: {
    kind: 'map',
    body: ({ x, fail }, index) => {
      const axes = permutation(constantIntegers(x.perm, 'perm', fail), fail);
      const element = x.x.at(sourceIndex(axes, index));
      return isComplexType(element.type) ? conj(element) : element;
    },
  },
});

export const InvertPermutation = defineOp({
  name: 'InvertPermutation',
  attrs: { T: { kind: 'type', default: 'int32', allowed: indexDTypes } },
  inputs: { x: 'T' },
  outputs: { y: 'T' },
  infer: ({ shapes, fail }) => ({ y: withRank(shapes.x, 1, fail) }),
  partial: (ctx) => {
    const x = ctx.partial('x');
    return x === null || x.includes(null) ? null : x.map((_, place) => x.indexOf(place));
  },
  grad: { none: 'it computes with axes' },
  lower: {
    kind: 'map',
    // The place of each value: the sum of i over the one i with x[i] equal to it.
    body: ({ x, y }, [at = int(0)]) =>
      fold('sum', x.x.shape[0] ?? 0, (i) => {
        const here = eq(x.x.at([i]), cast(y.y.type, at));
        return select(here, cast(y.y.type, i), zeroOf(y.y.type));
      }),
  },
});

/** `rank - 1, ..., 0`, as TensorFlow builds it for a tensor of unknown rank. */
function reversedAxes(x: Tensor): Tensor {
  const b = graphBuilder();
  if (x.shape !== null) return vectorNode(b, [...x.shape.keys()].reverse(), 'perm');
  const last = b.op('Sub', [b.op('Rank', [x]), b.constant(1, 'int32', 'sub/y')], {}, 'sub');
  const limit = b.constant(-1, 'int32', 'Range/limit');
  return b.op('Range', [last, limit, b.constant(-1, 'int32', 'Range/delta')]);
}

/**
 * `x` with its axes in another order: output axis i is input axis perm[i].
 *
 * @param perm by default all axes reversed, which is the matrix transpose for rank 2.
 * @returns dtype of `x`.
 * @throws InvalidArgumentError if `perm` is not a permutation of the axes.
 * @see TF op Transpose; tf.transpose
 * @example tf.transpose(images, [0, 3, 1, 2]); // NHWC to NCHW
 */
export const transpose = (x: TensorLike, perm?: TensorLike, name?: string): Tensor =>
  withNameScope(name, 'transpose', (scope) => {
    const input = convertToTensor(x, { name: 'x' });
    const axes = perm === undefined ? reversedAxes(input) : perm;
    return addNode(Transpose, { x: input, perm: axes }, {}, scope).y;
  });

/**
 * The permutation that undoes `x`: y[x[i]] = i.
 * @see TF op InvertPermutation; tf.invert_permutation
 */
export const invertPermutation = (x: TensorLike, name?: string): Tensor =>
  addNode(InvertPermutation, { x }, {}, name).y;
