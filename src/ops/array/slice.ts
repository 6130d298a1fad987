/** Slice: a box of a tensor, by its corner and its size. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { mergeDims, type Dim, type Shape } from '../../graph/shape.js';
import { add, cast, ge, int, lt, type Expr } from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { rearranged } from '../integer-layout.js';
import { clamped, guarded, zeroOf } from '../lowering-steps.js';
import { defineOp } from '../op-def.js';
import { unknownDims, type PartialIntegers } from '../partial-integers.js';
import { withVectors, type IntegerVector } from '../plain-values.js';
import { sameShapes, withRank, type Fail } from '../shape-checks.js';
import { concatNode, indexDTypeOf, rankNode, shapeNode, stackNode } from '../shape-nodes.js';

interface SliceContext {
  readonly shapes: { readonly input: Shape; readonly begin: Shape; readonly size: Shape };
  partial(input: 'begin' | 'size'): PartialIntegers;
  readonly fail: Fail;
}

function sizeOf(
  dim: Dim,
  begin: number | null,
  size: number | null,
  axis: number,
  fail: Fail,
): Dim {
  if (size === null) return null;
  if (size < -1) return fail(`Invalid value in tensor used for shape: ${size}`);
  if (begin !== null && dim !== null) {
    if (size === -1 && begin > dim) {
      return fail(`Negative dimension size caused by subtracting ${begin} from ${dim}`);
    }
    if (begin < 0 || begin > dim) {
      return fail(`Expected begin[${axis}] in [0, ${dim}], but got ${begin}`);
    }
    if (begin + size > dim) {
      return fail(`Expected size[${axis}] in [0, ${dim - begin}], but got ${size}`);
    }
  }
  if (size !== -1) return size;
  return dim === null || begin === null ? null : dim - begin;
}

function slicedDims(ctx: SliceContext): Shape {
  const { shapes, fail } = ctx;
  const [length = null] = withRank(sameShapes(shapes.begin, shapes.size, fail), 1, fail);
  if (shapes.input !== null && mergeDims(length, shapes.input.length) === undefined) {
    return fail(`Shape must be rank ${length} but is rank ${shapes.input.length}`);
  }
  const rank = shapes.input?.length ?? length;
  if (rank === null) return null;
  const begin = ctx.partial('begin');
  const size = ctx.partial('size');
  return unknownDims(rank).map((_, axis) =>
    sizeOf(shapes.input?.[axis] ?? null, begin?.[axis] ?? null, size?.[axis] ?? null, axis, fail),
  );
}

/** The gradient set back among zeros: Pad by what lies before and after the slice. */
function sliceGradient(b: OpBuilder<Tensor>, input: Tensor, begin: Tensor, dy: Tensor): Tensor {
  const dtype = indexDTypeOf(begin.dtype);
  const rank = rankNode(b, input);
  const sizes = shapeNode(b, dy, dtype);
  const column = stackNode(b, [rank, b.constant(1, 'int32', 'stack/1')]);
  const before = b.op('Reshape', [begin, column]);
  const rest = b.op('Sub', [shapeNode(b, input, dtype), sizes], {}, 'sub');
  const after = b.op('Reshape', [b.op('Sub', [rest, begin], {}, 'sub'), column]);
  return b.op('Pad', [dy, concatNode(b, [before, after], 1)]);
}

export const Slice = defineOp({
  name: 'Slice',
  attrs: {
    T: { kind: 'type', allowed: dataDTypes },
    Index: { kind: 'type', allowed: indexDTypes },
  },
  inputs: { input: 'T', begin: 'Index', size: 'Index' },
  outputs: { output: 'T' },
  infer: (ctx) => ({ output: slicedDims(ctx) }),
  partial: (ctx) => {
    const begin = ctx.partial('begin');
    if (begin === null || begin.includes(null)) return null;
    return rearranged(ctx.partial('input'), ctx.shapes.input, slicedDims(ctx), (index) =>
      index.map((at, axis) => at + (begin[axis] ?? 0)),
    );
  },
  grad: ({ b, x, dy }) => ({
    input: sliceGradient(b, x.input, x.begin, dy.output),
    begin: null,
    size: null,
  }),
  lower: {
    kind: 'map',
    // A corner need not be known before the run: the kernel reads it, and what lies outside is 0.
    body: ({ x, y }, index) => {
      const conditions: Expr[] = [];
      const source = index.map((at, axis) => {
        const dim = x.input.shape[axis] ?? 1;
        if (dim === y.output.shape[axis]) return at;
        const place = add(at, cast('i32', x.begin.at([int(axis)])));
        conditions.push(ge(place, int(0)), lt(place, int(dim)));
        return clamped(place, dim);
      });
      return guarded(conditions, x.input.at(source), zeroOf(y.output.type));
    },
  },
});

/**
 * The box of `size` elements per axis that starts at `begin`. A `begin` that is fed or computed may
 * differ from run to run at no cost; with it, what lies outside the input reads as 0.
 *
 * @param size -1 takes all that is left of an axis.
 * @returns dtype of `input`.
 * @throws InvalidArgumentError if a box known before the run does not lie inside the input.
 * @see TF op Slice; tf.slice
 * @example tf.slice(x, [1, 0], [2, -1]); // x[1:3, :]
 */
export const slice = (
  input: TensorLike,
  begin: IntegerVector,
  size: IntegerVector,
  name?: string,
): Tensor =>
  withVectors(
    name,
    'Slice',
    { begin, size },
    (vectors, node) => addNode(Slice, { input, ...vectors }, {}, node).output,
  );
