/** Names and types of the nodes that the user's functions add, as TensorFlow 1 has them. */
import { graphBuilder } from '../../../src/graph/builder.js';
import { Graph } from '../../../src/graph/graph.js';
import type { Tensor } from '../../../src/graph/operation.js';
import '../../../src/ops/index.js';
import { accumulateN, addN } from '../../../src/ops/math/add-n.js';
import { add, mul, sub } from '../../../src/ops/math/arithmetic.js';
import { cast } from '../../../src/ops/math/cast.js';
import { clipByValue } from '../../../src/ops/math/clip.js';
import { equal, less, logicalNot } from '../../../src/ops/math/compare.js';
import { div, floorDiv, mod } from '../../../src/ops/math/division.js';
import { maximum } from '../../../src/ops/math/extrema.js';
import { pow } from '../../../src/ops/math/power.js';
import { where, whereV2 } from '../../../src/ops/math/select.js';
import { abs, neg } from '../../../src/ops/math/unary.js';
import { leakyRelu, relu, sigmoid } from '../../../src/ops/nn/activations.js';

/** `name: type` of every node added after the placeholder. */
function nodesOf(build: (x: Tensor) => unknown, dtype = 'float32'): string[] {
  const graph = new Graph();
  graph.asDefault(() => {
    build(graphBuilder().op('Placeholder', [], { dtype, shape: [2, 3] }, 'x'));
  });
  return graph.operations.slice(1).map((op) => `${op.name}: ${op.type}`);
}

it.each<[string, (x: Tensor) => unknown, string[]]>([
  ['add', (x) => add(x, 1), ['add/y: Const', 'add: AddV2']],
  ['add from the left', (x) => add(1, x), ['add/x: Const', 'add: AddV2']],
  ['sub', (x) => sub(x, x), ['sub: Sub']],
  ['mul', (x) => mul(x, x, 'area'), ['area: Mul']],
  ['div', (x) => div(x, 2), ['truediv/y: Const', 'truediv: RealDiv']],
  ['floorDiv', (x) => floorDiv(x, x), ['floordiv: FloorDiv']],
  ['mod', (x) => mod(x, x), ['mod: FloorMod']],
  ['pow', (x) => pow(x, 2), ['pow/y: Const', 'pow: Pow']],
  ['maximum', (x) => maximum(x, 0), ['Maximum/y: Const', 'Maximum: Maximum']],
  ['neg', (x) => neg(x), ['Neg: Neg']],
  ['abs', (x) => abs(x), ['Abs: Abs']],
  ['less', (x) => less(x, x), ['Less: Less']],
  ['not', (x) => logicalNot(equal(x, x)), ['Equal: Equal', 'LogicalNot: LogicalNot']],
  ['relu', (x) => relu(x), ['Relu: Relu']],
  ['leakyRelu', (x) => leakyRelu(x), ['LeakyRelu: LeakyRelu']],
  ['sigmoid', (x) => sigmoid(x), ['Sigmoid: Sigmoid']],
  ['cast', (x) => cast(x, 'int32'), ['Cast: Cast']],
  ['cast to its own dtype', (x) => cast(x, 'float32'), []],
  ['addN', (x) => addN([x, x]), ['AddN: AddN']],
  ['addN of one', (x) => addN([x]), []],
  ['accumulateN', (x) => accumulateN([x, x]), ['AccumulateNV2: AccumulateNV2']],
  ['where', (x) => where(less(x, x), x, x), ['Less: Less', 'Select: Select']],
  ['whereV2', (x) => whereV2(true, x, x), ['SelectV2/condition: Const', 'SelectV2: SelectV2']],
  [
    'clipByValue',
    (x) => clipByValue(x, 0, 1),
    [
      'clip_by_value/Minimum/y: Const',
      'clip_by_value/Minimum: Minimum',
      'clip_by_value/y: Const',
      'clip_by_value: Maximum',
    ],
  ],
])('%s', (_, build, nodes) => {
  expect(nodesOf(build)).toEqual(nodes);
});

it('divides integers as floats wide enough for them', () => {
  expect(nodesOf((x) => div(x, 2), 'int32')).toEqual([
    'truediv/Cast: Cast',
    'truediv/y: Const',
    'truediv/Cast_1: Cast',
    'truediv: RealDiv',
  ]);
  expect(nodesOf((x) => expect(div(x, 2).dtype).toBe('float64'), 'int32')).toHaveLength(4);
  expect(nodesOf((x) => expect(div(x, 2).dtype).toBe('float32'), 'int8')).toHaveLength(4);
});

it('refuses limits that would broaden the tensor', () => {
  expect(() => nodesOf((x) => clipByValue(x, [[[0]]], 1))).toThrow(
    'the limits broaden shape [2,3]',
  );
});

it('refuses to add operands of two dtypes, naming both', () => {
  expect(() => nodesOf((x) => add(x, cast(x, 'int32')))).toThrow(
    /AddV2.*int32.*does not match type float32/,
  );
});
