/** First and second derivatives of unary ops, activations, and the ops their gradients are. */
import { graphBuilder } from '../../../src/graph/builder.js';
import '../../../src/ops/index.js';
import { checkGradient, spread, type Build } from '../gradient-check.js';

const apply =
  (type: string): Build =>
  (xs) =>
    graphBuilder().op(type, xs);

/** Ops with an interval that holds no kink and no pole. */
const unary: readonly (readonly [string, number, number])[] = [
  ['Neg', -2, 2],
  ['Abs', 0.2, 2],
  ['Abs', -2, -0.2],
  ['Square', -2, 2],
  ['Reciprocal', 0.5, 2],
  ['Inv', -2, -0.5],
  ['Sqrt', 0.3, 3],
  ['Rsqrt', 0.3, 3],
  ['Exp', -2, 2],
  ['Expm1', -2, 2],
  ['Log', 0.3, 3],
  ['Log1p', -0.5, 3],
  ['Erf', -2, 2],
  ['Erfc', -2, 2],
  ['Sin', -3, 3],
  ['Cos', -3, 3],
  ['Tan', -1.2, 1.2],
  ['Asin', -0.8, 0.8],
  ['Acos', -0.8, 0.8],
  ['Atan', -3, 3],
  ['Sinh', -2, 2],
  ['Cosh', -2, 2],
  ['Tanh', -2, 2],
  ['Asinh', -2, 2],
  ['Acosh', 1.3, 3],
  ['Atanh', -0.8, 0.8],
  ['Sigmoid', -3, 3],
  ['Softplus', -3, 3],
  ['Relu', 0.1, 2],
  ['Relu', -2, -0.1],
  ['Relu6', 0.1, 5.9],
  ['Relu6', 6.1, 8],
  ['LeakyRelu', -2, -0.1],
  ['LeakyRelu', 0.1, 2],
  ['Elu', -2, -0.1],
  ['Elu', 0.1, 2],
  ['Selu', -2, -0.1],
  ['Selu', 0.1, 2],
];

describe('derivatives of unary ops', () => {
  it.each(unary)('%s between %d and %d', (type, low, high) => {
    checkGradient(apply(type), [spread([2, 3], low, high, 1)]);
  });
  it.each(unary.slice(0, 1))('%s of a tensor of unknown rank', (type, low, high) => {
    checkGradient(apply(type), [spread([2, 3], low, high, 1)], 'nothing');
  });
  it('Softsign, of which TensorFlow has the first only', () => {
    checkGradient(apply('Softsign'), [spread([2, 3], -2, 2, 1)], 'static', 1);
  });
});

describe('derivatives of gradient ops', () => {
  const outputGrads = [
    'TanhGrad',
    'SigmoidGrad',
    'SqrtGrad',
    'RsqrtGrad',
    'ReciprocalGrad',
    'InvGrad',
  ];
  it.each(outputGrads)('%s', (type) => {
    checkGradient(apply(type), [spread([2, 3], 0.2, 0.9, 1), spread([2, 3], 0.5, 2, 2)]);
  });
  it.each(['ReluGrad', 'Relu6Grad', 'LeakyReluGrad', 'EluGrad', 'SeluGrad', 'SoftplusGrad'])(
    '%s',
    (type) => {
      const dy = spread([2, 3], -2, 2, 1);
      checkGradient(apply(type), [dy, spread([2, 3], 0.2, 0.9, 2)], 'static', 1);
      checkGradient(apply(type), [dy, spread([2, 3], -0.9, -0.2, 2)], 'static', 1);
    },
  );
});
