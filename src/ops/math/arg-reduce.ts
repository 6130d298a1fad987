/** ArgMax and ArgMin: index of the extreme element along one axis. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import type { Shape } from '../../graph/shape.js';
import { and, cast, eq, ge, int, ne, select, unary, type Expr } from '../../ir/expr.js';
import { realDTypes } from '../data-dtypes.js';
import { constantIntegers } from '../lowering-steps.js';
import { defineOp, type Operand, type ReducePlan, type Result } from '../op-def.js';
import { withRank, type Fail } from '../shape-checks.js';
import { extremeOf, splitAxes } from './reduce-plan.js';

interface ArgShapes {
  readonly shapes: { readonly input: Shape; readonly dimension: Shape };
  partial(input: 'dimension'): readonly (number | null)[] | null;
  readonly fail: Fail;
}

function inferArg(ctx: ArgShapes): Shape {
  const { input, dimension } = ctx.shapes;
  withRank(dimension, 0, ctx.fail);
  const axis = ctx.partial('dimension')?.[0] ?? null;
  if (input === null) return null;
  const rank = input.length;
  if (rank <= 1) return [];
  if (axis === null) return input.slice(1).map(() => null);
  if (axis < -rank || axis >= rank)
    ctx.fail(
      `Dimension (${axis}) must be in the range [${-rank}, ${rank}), where ${rank} is the number ` +
        'of dimensions in the input.',
    );
  const reduced = axis < 0 ? axis + rank : axis;
  return input.filter((_, i) => i !== reduced);
}

interface ArgContext {
  readonly x: { readonly input: Operand; readonly dimension: Operand };
  readonly y: { readonly output: Result };
  readonly fail: (message: string) => never;
}

/**
 * Two stages: the extreme, then the lowest index that has it. TensorFlow compares with an initial
 * (0, lowest): NaN never wins, and where nothing is beyond the lowest value the answer is 0.
 */
function argPlan(ctx: ArgContext, combine: 'max' | 'min'): ReducePlan {
  const { input } = ctx.x;
  const rank = input.shape.length;
  const given = constantIntegers(ctx.x.dimension, 'dimension', ctx.fail)[0] ?? 0;
  if (given < -rank || given >= rank)
    ctx.fail(`Expected dimension in the range [${-rank}, ${rank}), but got ${given}`);
  const axis = given < 0 ? given + rank : given;
  const extent = input.shape[axis] ?? 0;
  const split = splitAxes(input, new Set([axis]));
  if (extent === 0 && split.rows.every((dim) => dim > 0))
    ctx.fail(`Reduction axis ${axis} is empty in shape [${input.shape.join(',')}]`);
  const type = input.type === 'bool' ? 'i32' : input.type;
  const start = extremeOf(
    input.dtype === 'bool' ? 'int8' : input.dtype,
    type,
    combine === 'max' ? -1 : 1,
  );
  const float = type === 'f32' || type === 'f64';
  const value = (row: readonly Expr[], inner: readonly Expr[]): Expr => {
    const x = cast(type, split.at(row, inner));
    return float ? select(unary('isNan', x), start, x) : x;
  };
  return {
    rows: split.rows,
    inner: split.inner,
    stages: [
      { combine, value },
      {
        combine: 'min',
        value: (row, inner, [extreme]) => {
          const here = eq(value(row, inner), extreme as Expr);
          const beyond = ne(extreme as Expr, start);
          return select(and(here, beyond), inner[0] as Expr, int(extent));
        },
      },
    ],
    outputs: [
      {
        of: 'row',
        value: (_, stages) => {
          const found = stages[1] as Expr;
          return cast(ctx.y.output.type, select(ge(found, int(extent)), int(0), found));
        },
      },
    ],
  };
}

const inputs = { input: 'T', dimension: 'Tidx' } as const;
const outputs = { output: 'output_type' } as const;
const noGradient = { none: 'an index does not change smoothly' } as const;

export const ArgMax = defineOp({
  name: 'ArgMax',
  attrs: {
    T: { kind: 'type', allowed: [...realDTypes, 'bool'] },
    Tidx: { kind: 'type', default: 'int32', allowed: ['int16', 'int32', 'int64'] },
    output_type: { kind: 'type', default: 'int64', allowed: ['int16', 'uint16', 'int32', 'int64'] },
  },
  inputs,
  outputs,
  infer: (ctx) => ({ output: inferArg(ctx) }),
  grad: noGradient,
  lower: { kind: 'reduce', plan: (ctx) => argPlan(ctx, 'max') },
});

export const ArgMin = defineOp({
  name: 'ArgMin',
  attrs: {
    T: { kind: 'type', allowed: [...realDTypes, 'bool'] },
    Tidx: { kind: 'type', default: 'int32', allowed: ['int32', 'int64'] },
    output_type: { kind: 'type', default: 'int64', allowed: ['int32', 'int64'] },
  },
  inputs,
  outputs,
  infer: (ctx) => ({ output: inferArg(ctx) }),
  grad: noGradient,
  lower: { kind: 'reduce', plan: (ctx) => argPlan(ctx, 'min') },
});

export interface ArgOptions {
  /** Axis to search along, counted from the end if negative; 0 by default. */
  readonly axis?: number | Tensor;
  /** int64 by default. */
  readonly outputType?: 'int32' | 'int64';
  readonly name?: string;
}

/**
 * Index of the largest element along an axis; the lowest one among ties. NaN never wins.
 *
 * @param x any numeric or bool dtype, rank at least 1.
 * @returns int64 (or `outputType`) of the shape of `x` without that axis.
 * @throws ValueError if the axis is outside [-rank, rank).
 * @see TF op ArgMax
 * @example const predicted = tf.argMax(logits, { axis: 1 }); // int64 [batch]
 */
export function argMax(x: TensorLike, options: ArgOptions = {}): Tensor {
  const { dimension, output_type, name } = argOptions('argMax', options);
  return addNode(ArgMax, { input: x, dimension }, { output_type }, name).output;
}

/** Index of the smallest element along an axis; otherwise as `argMax`. @see TF op ArgMin */
export function argMin(x: TensorLike, options: ArgOptions = {}): Tensor {
  const { dimension, output_type, name } = argOptions('argMin', options);
  return addNode(ArgMin, { input: x, dimension }, { output_type }, name).output;
}

function argOptions(fn: string, options: ArgOptions) {
  const kinds = { axis: 'any', outputType: 'dtype', name: 'string' } as const;
  const { axis = 0, outputType = 'int64', name } = checkedOptions(fn, options, kinds);
  return { dimension: axis, output_type: outputType, name };
}
