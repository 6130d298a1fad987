/**
 * Floating-point operations of one node, by its static shapes: a multiply-add counts as two, an
 * elementwise op as one per result, whatever the function. An open first dimension, the batch, counts
 * as 1. An estimate for comparing models.
 */
import type { AttrValue } from '../graph/attrs.js';
import type { Operation } from '../graph/operation.js';
import { elementCount, isStatic, type StaticShape } from '../graph/shape.js';

/** Flops of a node; null if a shape it depends on is open. */
type Rule = (shapes: Shapes) => number | null;

interface Shapes {
  readonly op: Operation;
  /** Static shape of input or output `i`, an open batch dimension as 1, else null. */
  readonly input: (i: number) => StaticShape | null;
  readonly output: (i: number) => StaticShape | null;
}

const perResult =
  (cost: number): Rule =>
  ({ output }) => {
    const shape = output(0);
    return shape && cost * elementCount(shape);
  };

const perInput: Rule = ({ input }) => {
  const shape = input(0);
  return shape && elementCount(shape);
};

const flagOf = (op: Operation, name: string): boolean => {
  const value: AttrValue | undefined = op.attrs.get(name);
  return value?.kind === 'bool' && value.value;
};

/** Results times twice the length of the sum each is made of. */
function product(results: StaticShape | null, sum: number | undefined): number | null {
  return results === null || sum === undefined ? null : 2 * elementCount(results) * sum;
}

const matMul: Rule = ({ op, input, output }) => {
  const isTransposed = flagOf(op, 'transpose_a') || flagOf(op, 'adj_x');
  return product(output(0), input(0)?.at(isTransposed ? -2 : -1));
};

/** Filter [rows, columns, in, out]: each result sums over the first three. */
const convolution: Rule = ({ input, output }) => {
  const filter = input(1);
  return filter && product(output(0), elementCount(filter.slice(0, -1)));
};

/** Filter [rows, columns, in, multiplier]: each result sums over the window alone. */
const depthwise: Rule = ({ input, output }) => {
  const filter = input(1);
  return filter && product(output(0), elementCount(filter.slice(0, 2)));
};

/** dy times the filter, to the shape of the convolution's input; as much work as the way there. */
const convolutionInput: Rule = ({ input }) => {
  const filter = input(1);
  return filter && product(input(2), elementCount(filter.slice(0, -1)));
};

const convolutionFilter: Rule = ({ input, output }) => {
  const filter = output(0);
  return filter && product(input(2), elementCount(filter.slice(0, -1)));
};

const pooling: Rule = ({ op, output }) => {
  const size = op.attrs.get('ksize');
  const shape = output(0);
  return size?.kind === 'list(int)' && shape
    ? elementCount(shape) * elementCount(size.value)
    : null;
};

const named = (rule: Rule, ...types: string[]): (readonly [string, Rule])[] =>
  types.map((type) => [type, rule] as const);

const elementwise = (
  'Add AddV2 Sub Mul Div RealDiv FloorDiv Maximum Minimum Pow SquaredDifference BiasAdd Neg Abs Square Sqrt ' +
  'Rsqrt Exp Expm1 Log Log1p Sin Cos Tan Tanh Sigmoid Relu Relu6 LeakyRelu Elu Selu Softplus Softsign ' +
  'Erf Reciprocal Inv Floor Ceil Round Rint Sign Mod FloorMod Atan Atan2 Asin Acos Sinh Cosh'
).split(' ');

const rules: ReadonlyMap<string, Rule> = new Map([
  ...named(matMul, 'MatMul', 'BatchMatMul', 'BatchMatMulV2', 'SparseMatMul'),
  ...named(convolution, 'Conv2D', 'Conv3D', 'Conv1D'),
  ...named(depthwise, 'DepthwiseConv2dNative'),
  ...named(convolutionInput, 'Conv2DBackpropInput'),
  ...named(convolutionFilter, 'Conv2DBackpropFilter'),
  ...named(pooling, 'MaxPool', 'AvgPool', 'MaxPool3D', 'AvgPool3D'),
  ...named(perInput, 'Sum', 'Mean', 'Max', 'Min', 'Prod', 'ArgMax', 'ArgMin', 'L2Loss', 'Cumsum'),
  // Subtract the maximum, exponential, sum, divide.
  ...named(perResult(5), 'Softmax', 'LogSoftmax'),
  // Folded to a factor and a summand per channel.
  ...named(perResult(2), 'FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'),
  ...named(perResult(1), ...elementwise),
]);

/** Flops of a node: 0 for ops that only move data, null if an open shape decides. */
export function flopsOf(op: Operation): number | null {
  const rule = rules.get(op.type);
  if (rule === undefined) return 0;
  const staticOf = (tensors: Operation['outputs'], i: number): StaticShape | null => {
    const shape = tensors[i]?.shape ?? null;
    const single = shape?.map((dim, axis) => (axis === 0 ? (dim ?? 1) : dim)) ?? null;
    return isStatic(single) ? single : null;
  };
  return rule({
    op,
    input: (i) => staticOf(op.inputs, i),
    output: (i) => staticOf(op.outputs, i),
  });
}
