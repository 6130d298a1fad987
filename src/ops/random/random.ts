/**
 * RandomUniform, RandomStandardNormal, TruncatedNormal and RandomUniformInt, bit for bit the streams
 * of TensorFlow's CPU kernels for given seeds.
 */
import { floatDTypes, type DType } from '../../graph/dtype.js';
import type { Shape } from '../../graph/shape.js';
import type { Expr } from '../../ir/expr.js';
import { indexDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';
import { shapeFromVector, type Fail } from '../shape-checks.js';
import {
  drawFrom,
  elementNumber,
  normal,
  reserved,
  truncatedNormal,
  uniform,
  uniformInteger,
  type Draw,
} from './philox.js';

const seeds = {
  seed: { kind: 'int', default: 0 },
  seed2: { kind: 'int', default: 0 },
} as const;
const T = { kind: 'type', allowed: indexDTypes } as const;
const noGradient = { none: 'random values depend on nothing' } as const;

interface ShapeInput {
  readonly shapes: { readonly shape: Shape };
  partial(input: 'shape'): readonly (number | null)[] | null;
  readonly fail: Fail;
}

const shapeOf = (ctx: ShapeInput): Shape =>
  shapeFromVector(ctx.shapes.shape, ctx.partial('shape'), ctx.fail);

const randomFloat = (
  name: string,
  distribution: (dtype: DType, draw: Draw, element: Expr) => Expr,
) =>
  defineOp({
    name,
    attrs: { ...seeds, dtype: { kind: 'type', allowed: floatDTypes }, T },
    inputs: { shape: 'T' },
    outputs: { output: 'dtype' },
    stateful: true,
    infer: (ctx) => ({ output: shapeOf(ctx) }),
    grad: noGradient,
    lower: {
      kind: 'random',
      advance: ({ y }) => reserved(y.output.shape),
      body: ({ attrs, y }, index, position) => {
        const draw = drawFrom(attrs, position);
        return distribution(y.output.dtype, draw, elementNumber(y.output.shape, index));
      },
    },
  });

/** Uniform in [0, 1). */
export const RandomUniform = randomFloat('RandomUniform', uniform);
/** Normal with mean 0 and standard deviation 1. */
export const RandomStandardNormal = randomFloat('RandomStandardNormal', normal);
/** Normal, samples two or more standard deviations away drawn again. */
export const TruncatedNormal = randomFloat('TruncatedNormal', truncatedNormal);

/** Uniform integers in [minval, maxval), with the slight bias of a remainder. */
export const RandomUniformInt = defineOp({
  name: 'RandomUniformInt',
  attrs: { ...seeds, Tout: { kind: 'type', allowed: indexDTypes }, T },
  inputs: { shape: 'T', minval: 'Tout', maxval: 'Tout' },
  outputs: { output: 'Tout' },
  stateful: true,
  infer: (ctx) => {
    for (const bound of ['minval', 'maxval'] as const) {
      const shape = ctx.shapes[bound];
      if (shape !== null && shape.length > 0)
        ctx.fail(`${bound} must be a scalar; got a tensor of shape [${shape.join(',')}]`);
    }
    return { output: shapeOf(ctx) };
  },
  grad: noGradient,
  lower: {
    kind: 'random',
    advance: ({ y }) => reserved(y.output.shape),
    body: ({ attrs, x: { minval, maxval }, y: { output }, fail }, index, position) => {
      const [low, high] = [minval.at([]), maxval.at([])];
      if (low.kind === 'const' && high.kind === 'const' && low.value >= high.value)
        fail(`Need minval < maxval, got ${low.value} >= ${high.value}`);
      const draw = drawFrom(attrs, position);
      const element = elementNumber(output.shape, index);
      return uniformInteger(output.dtype, draw, element, low, high);
    },
  },
});
