/** BiasAdd, BiasAddV1 and BiasAddGrad: a vector added along the channel axis. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { ValueError } from '../../errors.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { isStatic, type Dim, type Shape } from '../../graph/shape.js';
import { add, type Expr } from '../../ir/expr.js';
import { numberDTypes } from '../data-dtypes.js';
import { defineOp, type Operand } from '../op-def.js';
import { rangeTo } from '../reduced-shape.js';
import { sameDim, withRank, withRankAtLeast, type Fail } from '../shape-checks.js';
import {
  concatNode,
  rangeOfVector,
  rankNode,
  reshapeNode,
  shapeNode,
  vectorNode,
} from '../shape-nodes.js';

const T = { kind: 'type', allowed: numberDTypes } as const;
const dataFormat = { kind: 'string', default: 'NHWC', allowed: ['NHWC', 'NCHW'] } as const;

const channelAxis = (rank: number, format: string): number => (format === 'NCHW' ? 1 : rank - 1);

interface BiasShapes {
  readonly shapes: { readonly value: Shape; readonly bias: Shape };
  readonly fail: Fail;
}

/** The value's shape, with its channel dim from the bias where only that is known. */
function inferBias({ shapes, fail }: BiasShapes, format: string): Shape {
  const value = withRankAtLeast(shapes.value, format === 'NCHW' ? 3 : 2, fail);
  const [channels = null] = withRank(shapes.bias, 1, fail);
  if (value === null) return null;
  const axis = channelAxis(value.length, format);
  const dim = sameDim(value[axis] ?? null, channels, fail);
  return value.map((own, i): Dim => (i === axis ? dim : own));
}

interface BiasContext {
  readonly x: { readonly value: Operand; readonly bias: Operand };
}

const biased = (
  { x: { value, bias } }: BiasContext,
  index: readonly Expr[],
  format: string,
): Expr => add(value.at(index), bias.at([index[channelAxis(index.length, format)] as Expr]));

export const BiasAdd = defineOp({
  name: 'BiasAdd',
  attrs: { T, data_format: dataFormat },
  inputs: { value: 'T', bias: 'T' },
  outputs: { output: 'T' },
  infer: (ctx) => ({ output: inferBias(ctx, ctx.attrs.data_format) }),
  grad: ({ b, attrs, dy }) => ({
    value: dy.output,
    bias: b.op('BiasAddGrad', [dy.output], { data_format: attrs.data_format }),
  }),
  lower: { kind: 'map', body: (ctx, index) => biased(ctx, index, ctx.attrs.data_format) },
});

export const BiasAddV1 = defineOp({
  name: 'BiasAddV1',
  attrs: { T },
  inputs: { value: 'T', bias: 'T' },
  outputs: { output: 'T' },
  infer: (ctx) => ({ output: inferBias(ctx, 'NHWC') }),
  grad: ({ b, dy: { output: dy } }) => ({
    value: dy,
    bias: b.op('Sum', [dy, outerAxes(b, dy)]),
  }),
  lower: { kind: 'map', body: (ctx, index) => biased(ctx, index, 'NHWC') },
});

/** All axes but the last. */
function outerAxes(b: OpBuilder<Tensor>, x: Tensor): Tensor {
  if (x.shape !== null) return vectorNode(b, [...x.shape.keys()].slice(0, -1), 'range');
  const one = b.constant(1, 'int32', 'sub/y');
  return rangeTo(b, b.op('Sub', [rankNode(b, x), one], {}, 'sub'));
}

/** Sum over all axes but the channels. */
export const BiasAddGrad = defineOp({
  name: 'BiasAddGrad',
  attrs: { T, data_format: dataFormat },
  inputs: { out_backprop: 'T' },
  outputs: { output: 'T' },
  infer: ({ attrs, shapes, fail }) => {
    const format = attrs.data_format;
    const dy = withRankAtLeast(shapes.out_backprop, format === 'NCHW' ? 3 : 2, fail);
    return { output: [dy?.[channelAxis(dy.length, format)] ?? null] };
  },
  grad: ({ b, attrs, x, dy }) => ({
    out_backprop: repeatChannels(b, dy.output, x.out_backprop, attrs.data_format),
  }),
  lower: {
    kind: 'reduce',
    plan: ({ attrs, x: { out_backprop: dy } }) => {
      const channel = channelAxis(dy.shape.length, attrs.data_format);
      return {
        rows: [dy.shape[channel] ?? 0],
        inner: dy.shape.filter((_, axis) => axis !== channel),
        stages: [
          {
            combine: 'sum',
            value: ([c], inner) =>
              dy.at([...inner.slice(0, channel), c as Expr, ...inner.slice(channel)]),
          },
        ],
        outputs: [{ of: 'row', value: (_, stages) => stages[0] as Expr }],
      };
    },
  },
});

/** A channel vector repeated over the other axes of `like`. */
function repeatChannels(
  b: OpBuilder<Tensor>,
  vector: Tensor,
  like: Tensor,
  format: string,
): Tensor {
  if (isStatic(like.shape)) {
    const shape = like.shape;
    const channel = channelAxis(shape.length, format);
    const expanded = shape.map((dim, axis) => (axis === channel ? dim : 1));
    const multiples = shape.map((dim, axis) => (axis === channel ? 1 : dim));
    const aligned = reshapeNode(b, vector, vectorNode(b, expanded, 'concat'));
    return b.op('Tile', [aligned, vectorNode(b, multiples, 'concat')]);
  }
  const shape = shapeNode(b, like);
  const size = shapeNode(b, vector);
  const ones = (part: Tensor): Tensor => b.op('OnesLike', [part], {}, 'ones_like');
  const before = rangeOfVector(b, shape, 0, format === 'NCHW' ? 1 : -1);
  const after = format === 'NCHW' ? [rangeOfVector(b, shape, 2)] : [];
  const expanded = concatNode(b, [ones(before), size, ...after.map(ones)]);
  const multiples = concatNode(b, [before, vectorNode(b, [1], 'concat/values_1'), ...after]);
  return b.op('Tile', [reshapeNode(b, vector, expanded), multiples]);
}

export interface BiasAddOptions {
  /** `N...C` (channels last, the default) or `NC...`. */
  readonly dataFormat?: string;
  readonly name?: string;
}

/**
 * Adds a vector along the channel axis.
 *
 * @param value any numeric dtype, rank at least 2 (3 for `NC...`).
 * @param bias a vector as long as the channel axis, of the dtype of `value`.
 * @returns the shape and dtype of `value`.
 * @throws ValueError if the bias does not fit, or for another data format.
 * @see TF op BiasAdd
 * @example const y = tf.nn.biasAdd(tf.matMul(x, weights), bias);
 */
export function biasAdd(value: TensorLike, bias: TensorLike, options: BiasAddOptions = {}): Tensor {
  const { dataFormat: format = 'NHWC', name } = checkedOptions('biasAdd', options, {
    dataFormat: 'string',
    name: 'string',
  });
  if (!/^N(C.*|.*C)$/.test(format))
    throw new ValueError(
      `dataFormat must be of the form N...C or NC..., but is '${format}'. Use 'NHWC' or 'NCHW'.`,
    );
  const data_format = format.startsWith('NC') ? 'NCHW' : 'NHWC';
  return addNode(BiasAdd, { value, bias }, { data_format }, name).output;
}
