/**
 * Activation functions, element by element: Relu, Relu6, LeakyRelu, Elu, Selu, Softplus, Softsign,
 * Sigmoid. Their gradients are ops of their own, in activation-grads.ts.
 */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { floatDTypes, type DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { add, div, gt, like, lt, max, min, mul, select, unary, type Expr } from '../../ir/expr.js';
import { analyticDTypes, realDTypes } from '../data-dtypes.js';
import { conjugate, times, unaryFunction, unaryOp } from '../elementwise.js';
import { defineOp, type OpDef } from '../op-def.js';

/** Klambauer et al. 2017, "Self-normalizing neural networks", as TensorFlow rounds them. */
const seluScale = 1.0507009873554805;
const seluScaleAlpha = 1.7580993408473768;

interface GradInputs {
  readonly b: OpBuilder<Tensor>;
  readonly dy: Tensor;
  readonly features: Tensor;
  readonly activations: Tensor;
}
type Activation = OpDef<
  { readonly T: { readonly kind: 'type'; readonly allowed: readonly DType[] } },
  { readonly features: 'T' },
  { readonly activations: 'T' }
>;

function activationOp(
  name: string,
  types: readonly DType[],
  expr: (x: Expr) => Expr,
  grad: (g: GradInputs) => Tensor,
): Activation {
  return defineOp({
    name,
    attrs: { T: { kind: 'type', allowed: types } },
    inputs: { features: 'T' },
    outputs: { activations: 'T' },
    infer: ({ shapes }) => ({ activations: shapes.features }),
    grad: ({ b, dy, x, y }) => ({
      features: grad({ b, dy: dy.activations, features: x.features, activations: y.activations }),
    }),
    lower: { kind: 'elementwise', expr: ({ features }) => expr(features) },
  });
}

/** max(x, 0). */
export const Relu = activationOp(
  'Relu',
  realDTypes,
  (x) => max(x, like(x, 0)),
  ({ b, dy, activations }) => b.op('ReluGrad', [dy, activations]),
);

/** min(max(x, 0), 6). */
export const Relu6 = activationOp(
  'Relu6',
  realDTypes,
  (x) => min(max(x, like(x, 0)), like(x, 6)),
  ({ b, dy, activations }) => b.op('Relu6Grad', [dy, activations]),
);

/** x where it is positive, else alpha x. */
export const LeakyRelu = defineOp({
  name: 'LeakyRelu',
  attrs: {
    alpha: { kind: 'float', default: 0.2 },
    T: { kind: 'type', default: 'float32', allowed: floatDTypes },
  },
  inputs: { features: 'T' },
  outputs: { activations: 'T' },
  infer: ({ shapes }) => ({ activations: shapes.features }),
  grad: ({ b, dy, x, attrs }) => ({
    features: b.op('LeakyReluGrad', [dy.activations, x.features], { alpha: attrs.alpha }),
  }),
  lower: {
    kind: 'elementwise',
    expr: ({ features: x }, { attrs }) =>
      select(gt(x, like(x, 0)), x, mul(x, like(x, attrs.alpha))),
  },
});

/** x, or e^x - 1 where x is negative. */
export const Elu = activationOp(
  'Elu',
  floatDTypes,
  (x) => select(lt(x, like(x, 0)), unary('expm1', x), x),
  ({ b, dy, activations }) => b.op('EluGrad', [dy, activations]),
);

/** scale x, or scale alpha (e^x - 1) where x is negative. */
export const Selu = activationOp(
  'Selu',
  floatDTypes,
  (x) =>
    select(
      lt(x, like(x, 0)),
      mul(like(x, seluScaleAlpha), unary('expm1', x)),
      mul(like(x, seluScale), x),
    ),
  ({ b, dy, activations }) => b.op('SeluGrad', [dy, activations]),
);

/** ln(1 + e^x). */
export const Softplus = activationOp(
  'Softplus',
  floatDTypes,
  (x) => unary('softplus', x),
  ({ b, dy, features }) => times(b, dy, b.op('Sigmoid', [features])),
);

/** x / (1 + |x|). */
export const Softsign = activationOp(
  'Softsign',
  floatDTypes,
  (x) => div(x, add(like(x, 1), unary('abs', x))),
  ({ b, dy, features }) => b.op('SoftsignGrad', [dy, features]),
);

/** 1 / (1 + e^-x). */
export const Sigmoid = unaryOp({
  name: 'Sigmoid',
  types: analyticDTypes,
  expr: (x) => unary('sigmoid', x),
  grad: ({ b, dy, y }) => b.op('SigmoidGrad', [conjugate(b, y), dy]),
});

const activationFunction =
  (op: Activation) =>
  (features: TensorLike, name?: string): Tensor =>
    addNode(op, { features }, {}, name).activations;

/**
 * Rectified linear unit `max(x, 0)`; NaN stays NaN. The gradient at 0 is 0.
 *
 * @param features  any number dtype, any shape.
 * @returns same dtype and shape.
 * @see TF op Relu.
 * @example relu([-1, 2]); // [0, 2]
 */
export const relu = activationFunction(Relu);

/** `min(max(x, 0), 6)`. @see TF op Relu6. */
export const relu6 = activationFunction(Relu6);

/**
 * `x` where it is positive, else `alpha * x`.
 *
 * @param features  float, any shape.
 * @param alpha  slope below 0.
 * @returns same dtype and shape.
 * @see TF op LeakyRelu.
 * @example leakyRelu([-1, 2]); // [-0.2, 2]
 */
export const leakyRelu = (features: TensorLike, alpha = 0.2, name?: string): Tensor =>
  addNode(LeakyRelu, { features }, { alpha }, name).activations;

/** `x`, or `e^x - 1` where `x` is negative. @see TF op Elu. */
export const elu = activationFunction(Elu);

/** Elu scaled to keep mean 0 and variance 1 through layers. @see TF op Selu. */
export const selu = activationFunction(Selu);

/** `log(1 + e^x)`, a smooth relu. @see TF op Softplus. */
export const softplus = activationFunction(Softplus);

/** `x / (1 + |x|)`. @see TF op Softsign. */
export const softsign = activationFunction(Softsign);

/**
 * Logistic function `1 / (1 + e^-x)`.
 *
 * @param x  float, any shape.
 * @returns same dtype and shape, between 0 and 1.
 * @throws DTypeError if `x` is not a float tensor.
 * @see TF op Sigmoid.
 * @example sigmoid([0]); // [0.5]
 */
export const sigmoid = unaryFunction(Sigmoid);
