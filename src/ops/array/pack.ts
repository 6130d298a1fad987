/** Pack (stack) and Unpack (unstack): tensors along a new axis, and back. */
import { ValueError } from '../../errors.js';
import { addNode, convertToTensor, isVariable, type TensorLike } from '../../graph/add-node.js';
import { withNameScope } from '../../graph/builder.js';
import { isNdArray, type ArrayLike } from '../../graph/nd-array.js';
import { Tensor } from '../../graph/operation.js';
import { checkedList, checkedOptions } from '../../graph/options.js';
import { formatTuple, type Shape } from '../../graph/shape.js';
import { int } from '../../ir/expr.js';
import { dataDTypes } from '../data-dtypes.js';
import { elementAt, followable, indicesOf } from '../integer-layout.js';
import { joinedAt } from '../joined-axis.js';
import { defineOp } from '../op-def.js';
import { axisFromFront, spliced } from '../partial-integers.js';
import { ownDType } from '../plain-values.js';
import { sameShapes, type Fail } from '../shape-checks.js';

function frontAxis(axis: number, rank: number, fail: Fail): number {
  const at = axisFromFront(axis, rank);
  return at ?? fail(`Invalid axis: ${axis}; must be in [${-rank},${rank})`);
}

/** What all values agree on; a contradiction says between which two. */
function commonShape(values: readonly Shape[], fail: Fail): Shape {
  return values.reduce((merged, shape, i) =>
    sameShapes(shape, merged, (message) =>
      fail(`${message}\n\tFrom merging shape ${i - 1} with other shapes.`),
    ),
  );
}

export const Pack = defineOp({
  name: 'Pack',
  attrs: {
    N: { kind: 'int', inferred: true, minimum: 1 },
    T: { kind: 'type', allowed: dataDTypes },
    axis: { kind: 'int', default: 0 },
  },
  inputs: { values: { list: 'T', count: 'N' } },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => {
    const shape = commonShape(shapes.values, fail);
    if (shape === null) return { output: null };
    const at = frontAxis(attrs.axis, shape.length + 1, fail);
    return { output: spliced(shape, at, 0, shapes.values.length) };
  },
  partial: (ctx) => {
    const shape = followable(commonShape(ctx.shapes.values, ctx.fail));
    if (shape === null) return null;
    const at = frontAxis(ctx.attrs.axis, shape.length + 1, ctx.fail);
    const known = ctx.shapes.values.map((_, i) => ctx.partialOf('values', i));
    return indicesOf(spliced(shape, at, 0, known.length)).map((index) =>
      elementAt(known[index[at] ?? 0] ?? null, shape, spliced(index, at, 1)),
    );
  },
  grad: ({ b, attrs, x, dy }) => ({
    values: b.ops('Unpack', [dy.output], { num: x.values.length, axis: attrs.axis }, 'unstack'),
  }),
  lower: {
    kind: 'map',
    body: ({ attrs, x, y, fail }, index) => {
      const at = frontAxis(attrs.axis, y.output.shape.length, fail);
      const within = spliced(index, at, 1);
      const parts = x.values.map((value) => ({ extent: 1, at: () => value.at(within) }));
      return joinedAt(parts, index[at] ?? int(0));
    },
  },
});

export const Unpack = defineOp({
  name: 'Unpack',
  attrs: {
    num: { kind: 'int', minimum: 0 },
    T: { kind: 'type', allowed: dataDTypes },
    axis: { kind: 'int', default: 0 },
  },
  inputs: { value: 'T' },
  outputs: { output: { list: 'T', count: 'num' } },
  infer: ({ attrs, shapes, fail }) => {
    const { value } = shapes;
    if (value === null) return { output: Array.from({ length: attrs.num }, () => null) };
    const at = frontAxis(attrs.axis, value.length, fail);
    const dim = value[at] ?? null;
    if (dim !== null && dim !== attrs.num) {
      return fail(`Dimension must be ${attrs.num} but is ${dim}`);
    }
    return { output: Array.from({ length: attrs.num }, () => spliced(value, at, 1)) };
  },
  partial: (ctx) => {
    const shape = followable(ctx.shapes.value);
    const known = ctx.partial('value');
    if (shape === null || known === null) return null;
    const at = frontAxis(ctx.attrs.axis, shape.length, ctx.fail);
    return indicesOf(spliced(shape, at, 1)).map((index) =>
      elementAt(known, shape, spliced(index, at, 0, 0)),
    );
  },
  grad: ({ b, attrs, dy }) => ({
    value: b.op('Pack', [dy.output], { axis: attrs.axis }, 'stack'),
  }),
  lower: {
    kind: 'map',
    body: ({ attrs, x, fail }, index, k) =>
      x.value.at(spliced(index, frontAxis(attrs.axis, x.value.shape.length, fail), 0, int(k))),
  },
});

const isSymbolic = (value: unknown): boolean =>
  value instanceof Tensor || isVariable(value) || (Array.isArray(value) && value.some(isSymbolic));

const isWhole = (value: unknown): boolean =>
  Array.isArray(value) ? value.every(isWhole) : Number.isInteger(value);

/**
 * Tensors of one shape along a new axis.
 *
 * @param axis  place of the new axis; negative counts from the end of the result.
 * @returns dtype of the values. A list of plain numbers gives a constant: int32 if all are whole.
 * @throws InvalidArgumentError if the shapes differ or the axis is out of range.
 * @see TF op Pack; tf.stack
 * @example tf.stack([x, y]); // two of [3] -> [2, 3]
 */
export function stack(values: readonly TensorLike[], axis = 0, name?: string): Tensor {
  checkedList('stack', 'values', values);
  if (axis === 0 && !values.some((value) => isSymbolic(value) || isNdArray(value))) {
    const fallback = values.every(isWhole) ? 'int32' : 'float32';
    return convertToTensor(values as ArrayLike, { fallback, name: name ?? 'stack' });
  }
  const dtype = values.map(ownDType).find((own) => own !== undefined);
  return withNameScope(name, 'stack', (scope) => {
    const tensors = values.map((value, i) => convertToTensor(value, { dtype, name: String(i) }));
    return addNode(Pack, { values: tensors }, { axis }, scope).output;
  });
}

export interface UnstackOptions {
  /** Length of the axis; needed where the static shape does not tell. */
  readonly num?: number;
  /** 0 by default; negative counts from the end. */
  readonly axis?: number;
  readonly name?: string;
}

/**
 * The slices of a tensor along an axis, without it: the opposite of `stack`.
 *
 * @throws ValueError if `num` is not given and the static shape does not tell.
 * @see TF op Unpack; tf.unstack
 * @example const [x, y] = tf.unstack(points, { axis: 1 }); // [n, 2] -> two of [n]
 */
export function unstack(value: TensorLike, options: UnstackOptions = {}): readonly Tensor[] {
  const { axis = 0, name } = checkedOptions('unstack', options, {
    num: 'int',
    axis: 'int',
    name: 'string',
  });
  const tensor = convertToTensor(value, { name: 'value' });
  const at = tensor.shape === null ? null : axisFromFront(axis, tensor.shape.length);
  const num = options.num ?? (at === null ? null : (tensor.shape?.[at] ?? null));
  if (num === null) {
    throw new ValueError(
      `Cannot infer argument \`num\` from shape ${formatTuple(tensor.shape)}: ` +
        `axis ${axis} has no static length. Pass { num }.`,
      { node: tensor.op.name, op: tensor.op.type },
    );
  }
  return addNode(Unpack, { value: tensor }, { num, axis }, name ?? 'unstack').output;
}
