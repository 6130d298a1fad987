/**
 * Gradients of the activation functions, as ops of the incoming gradient and of the activation's
 * input (`features`) or output (`outputs`), each with its own gradient.
 */
import { floatDTypes, type DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import {
  add,
  and,
  cast,
  div,
  gt,
  like,
  lt,
  mul,
  neg,
  select,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { realDTypes } from '../data-dtypes.js';
import { scalarLike, times, zerosLike } from '../elementwise.js';
import { defineOp, type OpDef } from '../op-def.js';
import { sameShapes } from '../shape-checks.js';

/** As in activations.ts: Klambauer et al. 2017. */
const seluScale = 1.0507009873554805;
const seluScaleAlpha = 1.7580993408473768;

type TypeAttr = { readonly T: { readonly kind: 'type'; readonly allowed: readonly DType[] } };
type Backprops = { readonly backprops: 'T' };
type FromFeatures = OpDef<TypeAttr, { readonly gradients: 'T'; readonly features: 'T' }, Backprops>;
type FromOutputs = OpDef<TypeAttr, { readonly gradients: 'T'; readonly outputs: 'T' }, Backprops>;

interface SecondGrad {
  readonly b: OpBuilder<Tensor>;
  /** Gradient of the result. */
  readonly dz: Tensor;
  /** The incoming gradient the op was given. */
  readonly dy: Tensor;
  /** The activation's input or output. */
  readonly x: Tensor;
}
interface Spec {
  readonly name: string;
  readonly types: readonly DType[];
  readonly expr: (dy: Expr, x: Expr) => Expr;
  readonly grad: (g: SecondGrad) => { readonly dy: Tensor; readonly x: Tensor };
}

function gradFromFeatures({ name, types, expr, grad }: Spec): FromFeatures {
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { gradients: 'T', features: 'T' },
    outputs: { backprops: 'T' },
    infer: ({ shapes, fail }) => ({
      backprops: sameShapes(shapes.gradients, shapes.features, fail),
    }),
    grad: ({ b, dy, x }) => {
      const second = grad({ b, dz: dy.backprops, dy: x.gradients, x: x.features });
      return { gradients: second.dy, features: second.x };
    },
    lower: { kind: 'elementwise', expr: ({ gradients, features }) => expr(gradients, features) },
  });
}

function gradFromOutputs({ name, types, expr, grad }: Spec): FromOutputs {
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { gradients: 'T', outputs: 'T' },
    outputs: { backprops: 'T' },
    infer: ({ shapes, fail }) => ({
      backprops: sameShapes(shapes.gradients, shapes.outputs, fail),
    }),
    grad: ({ b, dy, x }) => {
      const second = grad({ b, dz: dy.backprops, dy: x.gradients, x: x.outputs });
      return { gradients: second.dy, outputs: second.x };
    },
    lower: { kind: 'elementwise', expr: ({ gradients, outputs }) => expr(gradients, outputs) },
  });
}

/** The gradient times 1 where it passes and 0 where not, so that an infinite one gives NaN there. */
const passed = (dy: Expr, passes: Expr): Expr => mul(dy, cast(dy.type, passes));

/** The second gradient of ops that are linear in the gradient and flat in the features. */
const linear =
  (name: string) =>
  ({ b, dz, x }: SecondGrad): { readonly dy: Tensor; readonly x: Tensor } => ({
    dy: b.op(name, [dz, x]),
    x: zerosLike(b, x),
  });

/** dy where x > 0, else 0. */
export const ReluGrad = gradFromFeatures({
  name: 'ReluGrad',
  types: realDTypes,
  expr: (dy, x) => passed(dy, gt(x, like(x, 0))),
  grad: linear('ReluGrad'),
});

/** dy where 0 < x < 6, else 0. */
export const Relu6Grad = gradFromFeatures({
  name: 'Relu6Grad',
  types: realDTypes,
  expr: (dy, x) => passed(dy, and(gt(x, like(x, 0)), lt(x, like(x, 6)))),
  grad: linear('Relu6Grad'),
});

/** dy where x > 0, else alpha dy. */
export const LeakyReluGrad = defineOp({
  name: 'LeakyReluGrad',
  attrs: {
    alpha: { kind: 'float', default: 0.2 },
    T: { kind: 'type', default: 'float32', allowed: floatDTypes },
  },
  inputs: { gradients: 'T', features: 'T' },
  outputs: { backprops: 'T' },
  infer: ({ shapes, fail }) => ({ backprops: sameShapes(shapes.gradients, shapes.features, fail) }),
  grad: ({ b, dy, x, attrs }) => ({
    gradients: b.op('LeakyReluGrad', [dy.backprops, x.features], { alpha: attrs.alpha }),
    features: zerosLike(b, x.features),
  }),
  lower: {
    kind: 'elementwise',
    expr: ({ gradients: dy, features: x }, { attrs }) =>
      select(gt(x, like(x, 0)), dy, mul(dy, like(dy, attrs.alpha))),
  },
});

/** dz dy where the activation's output is negative, else 0. */
const whereNegative = ({ b, dz, dy, x }: SecondGrad): Tensor => {
  const negative = b.op('Less', [x, scalarLike(b, x, 0, 'Less/y')]);
  return b.op('Select', [negative, times(b, dz, dy), zerosLike(b, x)]);
};

/** dy (y + 1) where y < 0, else dy. */
export const EluGrad = gradFromOutputs({
  name: 'EluGrad',
  types: floatDTypes,
  expr: (dy, y) => select(lt(y, like(y, 0)), mul(add(y, like(y, 1)), dy), dy),
  grad: (g) => ({ dy: g.b.op('EluGrad', [g.dz, g.x]), x: whereNegative(g) }),
});

/** dy (y + scale alpha) where y < 0, else scale dy. */
export const SeluGrad = gradFromOutputs({
  name: 'SeluGrad',
  types: floatDTypes,
  expr: (dy, y) =>
    select(
      lt(y, like(y, 0)),
      mul(dy, add(y, like(y, seluScaleAlpha))),
      mul(dy, like(dy, seluScale)),
    ),
  grad: (g) => ({ dy: g.b.op('SeluGrad', [g.dz, g.x]), x: whereNegative(g) }),
});

/** dy / (1 + e^-x). */
export const SoftplusGrad = gradFromFeatures({
  name: 'SoftplusGrad',
  types: floatDTypes,
  expr: (dy, x) => div(dy, add(unary('exp', neg(x)), like(x, 1))),
  // d2x = dz dy / (e^-x + 2 + e^x), the derivative of the logistic function.
  grad: ({ b, dz, dy, x }) => {
    const plus = (p: Tensor, q: Tensor): Tensor => b.op('AddV2', [p, q], {}, 'add');
    const falling = b.op('Exp', [b.op('Neg', [x])]);
    const width = plus(plus(falling, scalarLike(b, x, 2, 'add/y')), b.op('Exp', [x]));
    return {
      dy: b.op('SoftplusGrad', [dz, x]),
      x: b.op('RealDiv', [times(b, dz, dy), width], {}, 'truediv'),
    };
  },
});

/** dy / (1 + |x|)^2. TensorFlow registers no gradient for it. */
export const SoftsignGrad = defineOp({
  name: 'SoftsignGrad',
  attrs: { T: { kind: 'type', allowed: floatDTypes } },
  inputs: { gradients: 'T', features: 'T' },
  outputs: { backprops: 'T' },
  infer: ({ shapes, fail }) => ({ backprops: sameShapes(shapes.gradients, shapes.features, fail) }),
  grad: { missing: 'TensorFlow registers no gradient for SoftsignGrad' },
  lower: {
    kind: 'elementwise',
    expr: ({ gradients: dy, features: x }) => {
      const width = add(like(x, 1), unary('abs', x));
      return div(dy, mul(width, width));
    },
  },
});
