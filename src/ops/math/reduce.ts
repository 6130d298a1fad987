/** Reductions over given axes: Sum, Mean, Prod, Max, Min, All, Any, and their user functions. */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder } from '../../graph/builder.js';
import { isComplex, isFloating, type DType } from '../../graph/dtype.js';
import type { GradContext } from '../../graph/op-schema.js';
import { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import type { Shape } from '../../graph/shape.js';
import { constant, div, like, type Combiner } from '../../ir/expr.js';
import { numberDTypes, realDTypes } from '../data-dtypes.js';
import { defineOp, type Operand, type ReducePlan, type Result } from '../op-def.js';
import { rangeTo } from '../reduced-shape.js';
import { vectorNode } from '../shape-nodes.js';
import { integerMeanPlan } from './integer-mean.js';
import {
  extremeGradient,
  meanGradient,
  prodGradient,
  sumGradient,
  type ReductionGrad,
} from './reduce-gradient.js';
import { axisAttrs, extremeOf, inferReduction, oneStage, splitInput } from './reduce-plan.js';

const attrs = {
  ...axisAttrs,
  T: { kind: 'type', allowed: numberDTypes as readonly DType[] },
} as const;
const inputs = { input: 'T', reduction_indices: 'Tidx' } as const;
const outputs = { output: 'T' } as const;

interface NumericContext {
  readonly x: { readonly input: Operand; readonly reduction_indices: Operand };
  readonly y: { readonly output: Result };
  readonly fail: (message: string) => never;
}

type Fold = (values: readonly number[]) => number;

/** Value of a reduction of a partly known integer vector to a scalar, for shape arithmetic. */
function reduceVector(
  ctx: {
    readonly shapes: { readonly input: Shape };
    partial(input: 'input' | 'reduction_indices'): readonly (number | null)[] | null;
  },
  combine: Fold,
): number[] | null {
  if (ctx.shapes.input?.length !== 1) return null;
  const axes = ctx.partial('reduction_indices');
  const values = ctx.partial('input');
  if (axes?.length !== 1 || values === null || values.includes(null)) return null;
  return [combine(values as readonly number[])];
}

const numericReduction = (
  name: string,
  plan: (ctx: NumericContext) => ReducePlan,
  gradient: (grad: ReductionGrad) => Tensor,
  combine: Fold | null,
  types: readonly DType[] = numberDTypes,
) =>
  defineOp({
    name,
    attrs: { ...attrs, T: { kind: 'type', allowed: types } },
    inputs,
    outputs,
    infer: (ctx) => ({ output: inferReduction(ctx) }),
    partial: (ctx) => (combine === null ? null : reduceVector(ctx, combine)),
    grad: (ctx) => ({ input: gradient(gradOf(ctx)), reduction_indices: null }),
    lower: { kind: 'reduce', plan },
  });

const gradOf = (ctx: GradContext<typeof attrs, typeof inputs, typeof outputs>): ReductionGrad => ({
  b: ctx.b,
  x: ctx.x.input,
  axes: ctx.x.reduction_indices,
  y: ctx.y.output,
  dy: ctx.dy.output,
  keepDims: ctx.attrs.keep_dims,
});

export const Sum = numericReduction(
  'Sum',
  (ctx) => oneStage(splitInput(ctx), 'sum'),
  sumGradient,
  (values) => values.reduce((total, value) => total + value, 0),
);

export const Prod = numericReduction(
  'Prod',
  (ctx) => oneStage(splitInput(ctx), 'prod'),
  prodGradient,
  (values) => values.reduce((total, value) => total * value, 1),
);

/** An empty set has the extreme value of the output's own dtype, not of the type computed in. */
function extremePlan(ctx: NumericContext, combine: 'max' | 'min'): ReducePlan {
  const split = splitInput(ctx);
  const { dtype, type } = ctx.y.output;
  const none = extremeOf(dtype, type, combine === 'max' ? -1 : 1);
  return oneStage(split, combine, (total) => (split.count === 0 ? none : total));
}

export const Max = numericReduction(
  'Max',
  (ctx) => extremePlan(ctx, 'max'),
  extremeGradient,
  (values) => (values.length === 0 ? -(2 ** 31) : Math.max(...values)),
  realDTypes,
);

export const Min = numericReduction(
  'Min',
  (ctx) => extremePlan(ctx, 'min'),
  extremeGradient,
  (values) => (values.length === 0 ? 2 ** 31 - 1 : Math.min(...values)),
  realDTypes,
);

function meanPlan(ctx: NumericContext): ReducePlan {
  const split = splitInput(ctx);
  const { dtype, type } = ctx.y.output;
  const float = isFloating(dtype) || isComplex(dtype);
  const none = constant(type, float ? NaN : 0);
  if (split.count === 0) return oneStage(split, 'sum', () => none);
  if (dtype === 'int32' || dtype === 'uint32') return integerMeanPlan(split, dtype === 'int32');
  return oneStage(split, 'sum', (total) => div(total, like(total, split.count)));
}

export const Mean = numericReduction('Mean', meanPlan, meanGradient, null);

const logicalReduction = (name: string, combine: Combiner) =>
  defineOp({
    name,
    attrs: axisAttrs,
    inputs: { input: 'bool', reduction_indices: 'Tidx' },
    outputs: { output: 'bool' },
    infer: (ctx) => ({ output: inferReduction(ctx) }),
    grad: { none: 'a bool has no gradient' },
    lower: { kind: 'reduce', plan: (ctx) => oneStage(splitInput(ctx), combine) },
  });

export const All = logicalReduction('All', 'and');
export const Any = logicalReduction('Any', 'or');

/** Options of the reduce functions. */
export interface ReduceOptions {
  /** Axis or axes to reduce, counted from the end if negative; all of them by default. */
  readonly axis?: number | readonly number[] | Tensor | null;
  /** Keeps reduced axes with length 1. */
  readonly keepDims?: boolean;
  readonly name?: string;
}

type ReductionDef = ReturnType<typeof numericReduction> | ReturnType<typeof logicalReduction>;

function reduceBy(def: ReductionDef, x: TensorLike, options: ReduceOptions): Tensor {
  const {
    axis,
    keepDims = false,
    name,
  } = checkedOptions(`reduce${def.name}`, options, {
    axis: 'any?',
    keepDims: 'bool',
    name: 'string',
  });
  const input = convertToTensor(x, {
    name: `${name ?? def.name}/input`,
    dtype: !(x instanceof Tensor) && def.inputs.input === 'bool' ? 'bool' : undefined,
  });
  const all = axis === undefined || axis === null;
  const axes = all ? allAxes(input) : axis;
  const values = { input, reduction_indices: axes };
  const { output } =
    def.inputs.input === 'bool'
      ? addNode(def as ReturnType<typeof logicalReduction>, values, { keep_dims: keepDims }, name)
      : addNode(def as ReturnType<typeof numericReduction>, values, { keep_dims: keepDims }, name);
  if (all && !keepDims) output.setShape([]);
  return output;
}

/** All axes of `x`: a constant, or the nodes Rank and Range while the rank is unknown. */
function allAxes(x: Tensor): Tensor {
  const b = graphBuilder();
  if (x.shape === null) return rangeTo(b, b.op('Rank', [x]));
  return vectorNode(b, [...x.shape.keys()], 'Const');
}

/**
 * Sum of elements across axes.
 *
 * @param x any numeric dtype, any shape.
 * @returns the dtype of `x`, without the reduced axes (length 1 with `keepDims`); 0 for no elements.
 * @throws ValueError if an axis is outside [-rank, rank).
 * @see TF op Sum
 * @example
 * const x = tf.constant([[1, 2, 3], [4, 5, 6]]);
 * tf.reduceSum(x); // 21
 * tf.reduceSum(x, { axis: 1, keepDims: true }); // [[6], [15]]
 */
export const reduceSum = (x: TensorLike, options: ReduceOptions = {}): Tensor =>
  reduceBy(Sum, x, options);

/**
 * Mean of elements across axes; integers truncate toward zero, no elements give NaN.
 *
 * @see TF op Mean
 * @example const loss = tf.reduceMean(tf.square(tf.sub(y, labels)));
 */
export const reduceMean = (x: TensorLike, options: ReduceOptions = {}): Tensor =>
  reduceBy(Mean, x, options);

/** Product of elements across axes; 1 for no elements. @see TF op Prod */
export const reduceProd = (x: TensorLike, options: ReduceOptions = {}): Tensor =>
  reduceBy(Prod, x, options);

/** Largest element across axes; NaN if there is one. Ties share the gradient. @see TF op Max */
export const reduceMax = (x: TensorLike, options: ReduceOptions = {}): Tensor =>
  reduceBy(Max, x, options);

/** Smallest element across axes; NaN if there is one. Ties share the gradient. @see TF op Min */
export const reduceMin = (x: TensorLike, options: ReduceOptions = {}): Tensor =>
  reduceBy(Min, x, options);

/** Whether all elements are true, of a bool tensor. @see TF op All */
export const reduceAll = (x: TensorLike, options: ReduceOptions = {}): Tensor =>
  reduceBy(All, x, options);

/** Whether any element is true, of a bool tensor. @see TF op Any */
export const reduceAny = (x: TensorLike, options: ReduceOptions = {}): Tensor =>
  reduceBy(Any, x, options);
