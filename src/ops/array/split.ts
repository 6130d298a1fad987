/** Split (equal parts) and SplitV (parts of given sizes) along an axis. */
import { ValueError } from '../../errors.js';
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import type { Dim, Shape } from '../../graph/shape.js';
import { add, int, type Expr } from '../../ir/expr.js';
import { dataDTypes, indexDTypes } from '../data-dtypes.js';
import { constantIntegers } from '../lowering-steps.js';
import { defineOp, type Operand } from '../op-def.js';
import { axisFromFront, scalarOf, spliced, unknownDims } from '../partial-integers.js';
import { withRank, type Fail } from '../shape-checks.js';

function frontAxis(axis: number, rank: number, fail: Fail): number {
  const at = axisFromFront(axis, rank);
  return (
    at ?? fail(`Dimension size, given by scalar input ${axis} must be in range [${-rank}, ${rank})`)
  );
}

function scalarAxis(shape: Shape, fail: Fail): void {
  if (shape !== null && shape.length > 0) fail(`Input must be scalar but has rank ${shape.length}`);
}

function equalPart(value: Shape, axis: number | null, count: number, fail: Fail): Shape {
  if (value === null) return null;
  if (axis === null) return unknownDims(value.length);
  const at = frontAxis(axis, value.length, fail);
  const dim = value[at] ?? null;
  if (dim !== null && dim % count !== 0) {
    return fail(
      `Dimension size must be evenly divisible by ${count} but is ${dim}\n\t` +
        `Number of ways to split should evenly divide the split dimension`,
    );
  }
  return spliced(value, at, 1, dim === null ? null : dim / count);
}

/** The part's element: the input's at a place moved along the axis. */
function moved(value: Operand, axis: number, offset: number, index: readonly Expr[]): Expr {
  return value.at(spliced(index, axis, 1, add(index[axis] ?? int(0), int(offset))));
}

/** The parts side by side again; ConcatV2 takes two or more, and TensorFlow names one like this. */
const joined = (b: OpBuilder<Tensor>, parts: readonly Tensor[], axis: Tensor): Tensor =>
  parts.length === 1
    ? b.op('Identity', [...parts], {}, 'concat/concat')
    : b.op('ConcatV2', [parts, axis], {}, 'concat');

export const Split = defineOp({
  name: 'Split',
  attrs: { num_split: { kind: 'int', minimum: 1 }, T: { kind: 'type', allowed: dataDTypes } },
  inputs: { split_dim: 'int32', value: 'T' },
  outputs: { output: { list: 'T', count: 'num_split' } },
  infer: (ctx) => {
    const { attrs, shapes, fail } = ctx;
    scalarAxis(shapes.split_dim, fail);
    const part = equalPart(shapes.value, scalarOf(ctx.partial('split_dim')), attrs.num_split, fail);
    return { output: Array.from({ length: attrs.num_split }, () => part) };
  },
  grad: ({ b, x, dy }) => ({
    split_dim: null,
    value: joined(b, dy.output, x.split_dim),
  }),
  lower: {
    kind: 'map',
    body: ({ x, y, fail }, index, k) => {
      const [axis = 0] = constantIntegers(x.split_dim, 'split_dim', fail);
      const at = frontAxis(axis, x.value.shape.length, fail);
      return moved(x.value, at, k * (y.output[k]?.shape[at] ?? 0), index);
    },
  },
});

/** Sizes with the one -1 worked out from what is left; null where it cannot be yet. */
function completedSizes(sizes: readonly (number | null)[], dim: Dim, fail: Fail): Dim[] {
  const open = sizes.flatMap((size, i) => (size === -1 ? [i] : []));
  if (open.length > 1) return fail('size_splits can only have one -1');
  const given = sizes.filter((size) => size !== -1);
  const sum = given.reduce<Dim>((a, b) => (a === null || b === null ? null : a + b), 0);
  const rest = dim === null || sum === null ? null : dim - sum;
  const full = sizes.map((size) => (size === -1 ? rest : size));
  const negative = full.findIndex((size) => size !== null && size < 0);
  if (negative >= 0) {
    const got = sizes[negative] === -1 ? -1 : String(full[negative]);
    return fail(`Split size at index ${negative} must be >= 0. Got: ${got}`);
  }
  if (open.length === 0 && rest !== null && rest !== 0) {
    return fail(`can't split axis of size ${dim} into pieces of size [${sizes.join(',')}]`);
  }
  return full;
}

export const SplitV = defineOp({
  name: 'SplitV',
  attrs: {
    num_split: { kind: 'int', minimum: 1 },
    T: { kind: 'type', allowed: dataDTypes },
    Tlen: { kind: 'type', default: 'int64', allowed: indexDTypes },
  },
  inputs: { value: 'T', size_splits: 'Tlen', split_dim: 'int32' },
  outputs: { output: { list: 'T', count: 'num_split' } },
  infer: (ctx) => {
    const { attrs, shapes, fail } = ctx;
    scalarAxis(shapes.split_dim, fail);
    const parts = unknownDims(attrs.num_split);
    const [length = null] = withRank(shapes.size_splits, 1, fail);
    if (length !== null && length !== attrs.num_split) {
      return fail(`Length of size_splits should be equal to num_outputs`);
    }
    const axis = scalarOf(ctx.partial('split_dim'));
    const { value } = shapes;
    if (value === null) return { output: parts.map(() => null) };
    if (axis === null) return { output: parts.map(() => unknownDims(value.length)) };
    const at = frontAxis(axis, value.length, fail);
    const sizes = completedSizes(ctx.partial('size_splits') ?? parts, value[at] ?? null, fail);
    return { output: sizes.map((size) => spliced(value, at, 1, size)) };
  },
  grad: ({ b, x, dy }) => ({
    value: joined(b, dy.output, x.split_dim),
    size_splits: null,
    split_dim: null,
  }),
  lower: {
    kind: 'map',
    body: ({ x, y, fail }, index, k) => {
      const [axis = 0] = constantIntegers(x.split_dim, 'split_dim', fail);
      const at = frontAxis(axis, x.value.shape.length, fail);
      const before = y.output.slice(0, k).reduce((sum, part) => sum + (part.shape[at] ?? 0), 0);
      return moved(x.value, at, before, index);
    },
  },
});

export interface SplitOptions {
  /** 0 by default; negative counts from the end. */
  readonly axis?: TensorLike;
  /** Number of parts, where `sizes` is a tensor whose length is not static. */
  readonly num?: number;
  readonly name?: string;
}

/**
 * A tensor cut into parts along an axis.
 *
 * @param parts number of equal parts, or the size of each (one may be -1: what is left).
 * @throws InvalidArgumentError if the axis does not divide evenly, or the sizes do not add up;
 *   ValueError if the number of parts is not known.
 * @see TF ops Split, SplitV; tf.split
 * @example
 * const [a, b] = tf.split(x, 2, { axis: 1 });
 * const [head, tail] = tf.split(x, [3, -1]);
 */
export function split(
  value: TensorLike,
  parts: number | TensorLike,
  options: SplitOptions = {},
): readonly Tensor[] {
  const { axis = 0, name = 'split' } = checkedOptions('split', options, {
    axis: 'any',
    num: 'int',
    name: 'string',
  });
  if (typeof parts === 'number') {
    return addNode(Split, { split_dim: axis, value }, { num_split: parts }, name).output;
  }
  const sizes = convertToTensor(parts, { fallback: 'int32' });
  const num = options.num ?? sizes.shape?.[0] ?? null;
  if (num === null) {
    throw new ValueError(
      `Cannot infer argument \`num\`: the length of ${sizes.toString()} is not known. Pass { num }.`,
      { node: sizes.op.name, op: sizes.op.type },
    );
  }
  const inputs = { value, size_splits: sizes, split_dim: axis };
  return addNode(SplitV, inputs, { num_split: num }, name).output;
}
