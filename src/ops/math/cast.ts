/**
 * Cast: conversion between dtypes. Floats lose their fraction on the way to integers, integers wrap,
 * anything but 0 is true, a complex number gives its real part. A string is cast to nothing but string.
 * What a float outside an integer's range becomes is not specified.
 */
import { addNode, convertToTensor, isVariable, type TensorLike } from '../../graph/add-node.js';
import { withNameScope } from '../../graph/builder.js';
import { isComplex, isFloating, shortNameOf, type DType } from '../../graph/dtype.js';
import { Tensor } from '../../graph/operation.js';
import {
  and,
  bitcast,
  cast as convert,
  constant,
  lt,
  select,
  sub,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { dataDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';

/** float32 bits that remain of the 16-bit floats. */
const keptBits: Partial<Record<DType, number>> = { bfloat16: 0xffff0000, float16: 0xffffe000 };

/** An f32 that is not further from 0 than the f64 it came from. */
function singleTowardsZero(x: Expr): Expr {
  const nearest = convert('f32', x);
  const size = (e: Expr): Expr => unary('abs', e);
  const inner = bitcast('f32', sub(bitcast('u32', nearest), constant('u32', 1)));
  return select(lt(size(x), size(convert('f64', nearest))), inner, nearest);
}

/** Conversion to a narrower float that drops digits instead of rounding them. */
function truncated(x: Expr, to: DType): Expr {
  const single = x.type === 'f64' ? singleTowardsZero(x) : x;
  const kept = keptBits[to];
  if (kept === undefined) return single;
  return bitcast('f32', and(bitcast('u32', single), constant('u32', kept)));
}

/** Dtypes a gradient flows between. */
const isContinuous = (dtype: DType): boolean => isFloating(dtype) || isComplex(dtype);

export const Cast = defineOp({
  name: 'Cast',
  attrs: {
    SrcT: { kind: 'type', allowed: dataDTypes },
    DstT: { kind: 'type', allowed: dataDTypes },
    Truncate: { kind: 'bool', default: false },
  },
  inputs: { x: 'SrcT' },
  outputs: { y: 'DstT' },
  infer: ({ shapes }) => ({ y: shapes.x }),
  partial: (ctx) => {
    const { DstT } = ctx.attrs;
    if (DstT !== 'int32' && DstT !== 'int64') return null;
    const fits = (v: number): boolean => DstT === 'int64' || v === (v | 0);
    return ctx.partial('x')?.map((v) => (v === null || !fits(v) ? null : v)) ?? null;
  },
  grad: ({ b, dy, x }) => ({
    x:
      isContinuous(x.x.dtype) && isContinuous(dy.y.dtype)
        ? b.op('Cast', [dy.y], { DstT: x.x.dtype })
        : null,
  }),
  lower: {
    kind: 'elementwise',
    expr: ({ x }, { attrs, y, fail }) => {
      const { SrcT, DstT } = attrs;
      if ((SrcT === 'string') !== (DstT === 'string'))
        return fail(`Cast ${shortNameOf(SrcT)} to ${shortNameOf(DstT)} is not supported`);
      return attrs.Truncate &&
        isFloating(attrs.SrcT) &&
        isFloating(attrs.DstT) &&
        attrs.DstT !== 'float64'
        ? truncated(x, attrs.DstT)
        : convert(y.y.type, x);
    },
  },
});

/**
 * `x` in another dtype: floats lose their fraction on the way to integers, integers wrap, anything
 * but 0 is true, and of a complex number only the real part is taken. A tensor that has the dtype already is returned as it is.
 *
 * @param x  any dtype and shape.
 * @param dtype  wanted dtype.
 * @returns `dtype`, same shape. A gradient flows between float and complex dtypes only.
 * @see TF op Cast.
 * @example cast([1.8, -1.8], 'int32'); // [1, -1]
 */
export function cast(x: TensorLike, dtype: DType, name?: string): Tensor {
  if (x instanceof Tensor || isVariable(x)) {
    const tensor = convertToTensor(x);
    return tensor.dtype === dtype ? tensor : addNode(Cast, { x: tensor }, { DstT: dtype }, name).y;
  }
  return withNameScope(name, 'Cast', (scope) => {
    const tensor = convertToTensor(x, { name: 'x' });
    return tensor.dtype === dtype ? tensor : addNode(Cast, { x: tensor }, { DstT: dtype }, scope).y;
  });
}
