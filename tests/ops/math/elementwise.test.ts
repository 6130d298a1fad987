/** Values and shapes of elementwise ops at the corners where TensorFlow's kernels decide. */
import type { DType } from '../../../src/graph/dtype.js';
import type { Shape } from '../../../src/graph/shape.js';
import { int } from '../../../src/ir/expr.js';
import { AddN } from '../../../src/ops/math/add-n.js';
import { Add, AddV2, MulNoNan } from '../../../src/ops/math/arithmetic.js';
import { BroadcastGradientArgs } from '../../../src/ops/math/broadcast-gradient-args.js';
import { Cast } from '../../../src/ops/math/cast.js';
import { ClipByValue } from '../../../src/ops/math/clip.js';
import { Equal, Less, LogicalNot, NotEqual } from '../../../src/ops/math/compare.js';
import { DivNoNan, FloorDiv, FloorMod, Mod, TruncateDiv } from '../../../src/ops/math/division.js';
import { Maximum } from '../../../src/ops/math/extrema.js';
import { Pow, Xdivy, Xlogy } from '../../../src/ops/math/power.js';
import { Select, SelectV2 } from '../../../src/ops/math/select.js';
import { ReciprocalGrad, RsqrtGrad, SqrtGrad, TanhGrad } from '../../../src/ops/math/unary-grad.js';
import { Round } from '../../../src/ops/math/unary.js';
import { ReluGrad, SeluGrad } from '../../../src/ops/nn/activation-grads.js';
import { LeakyRelu, Relu, Softsign } from '../../../src/ops/nn/activations.js';
import type { AnyOpDef, Operand } from '../../../src/ops/op-def.js';
import { array, evaluateOp, f32, i32, inferOp, numbersOf } from '../evaluate-op.js';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const float = { T: 'float32' };

const binary = (def: AnyOpDef, dtype: DType, x: number[], y: number[]): number[] =>
  numbersOf(evaluateOp(def, [array(dtype, x), array(dtype, y)], { T: dtype }));

describe('division', () => {
  it('rounds integer quotients down and gives the remainder the sign of the divisor', () => {
    const x = [7, -7, 7, -7, 6];
    const y = [2, 2, -2, -2, -3];
    expect(binary(FloorDiv, 'int32', x, y)).toEqual([3, -4, -4, 3, -2]);
    expect(binary(FloorMod, 'int32', x, y)).toEqual([1, 1, -1, -1, 0]);
    expect(binary(TruncateDiv, 'int32', x, y)).toEqual([3, -3, -3, 3, -2]);
    expect(binary(Mod, 'int32', x, y).map((v) => v + 0)).toEqual([1, -1, 1, -1, 0]);
  });
  it('does the same in 64 bits', () => {
    expect(binary(FloorDiv, 'int64', [-7, 7], [2, -2])).toEqual([-4, -4]);
    expect(binary(FloorMod, 'int64', [-7, 7], [2, -2])).toEqual([1, -1]);
  });
  it.each(['int32', 'int64', 'uint32'] as const)('refuses %s divided by 0', (dtype) => {
    for (const op of [FloorDiv, FloorMod])
      expect(() => binary(op, dtype, [7, 0], [1, 0])).toThrow('Integer division by zero');
  });
  it('follows the floats to infinity', () => {
    const x = [-1, 1, 1, -5, inf];
    const y = [inf, inf, 0, 3, 2];
    expect(binary(FloorDiv, 'float32', x, y)).toEqual([-0, 0, inf, -2, inf]);
    expect(binary(FloorMod, 'float32', x, y)).toEqual([inf, 1, nan, 1, nan]);
  });
  it('is 0 where the NoNan ops meet a 0, whatever else they meet', () => {
    expect(binary(DivNoNan, 'float32', [nan, inf, 1, 3], [0, 0, nan, 2])).toEqual([0, 0, nan, 1.5]);
    expect(binary(MulNoNan, 'float32', [nan, inf, 1, 3], [0, 0, nan, 2])).toEqual([0, 0, nan, 6]);
    expect(binary(Xlogy, 'float32', [0, 0, nan, 1], [0, nan, 0, 0])).toEqual([0, 0, nan, -inf]);
    expect(binary(Xdivy, 'float32', [0, 0, nan, 1], [0, nan, 0, 0])).toEqual([0, 0, nan, inf]);
  });
});

describe('integers', () => {
  it('wrap at the width of their dtype', () => {
    expect(binary(AddV2, 'int8', [127], [1])).toEqual([-128]);
    expect(binary(AddV2, 'uint8', [255], [2])).toEqual([1]);
    expect(binary(Pow, 'int32', [2, 3], [31, 40])).toEqual([-2147483648, 689956897]);
  });
  it.each(['int32', 'int64'] as const)('refuse a negative power of %s', (dtype) => {
    const message = 'Integers to negative integer powers are not allowed';
    expect(() => binary(Pow, dtype, [2, 1], [1, -3])).toThrow(message);
    expect(binary(Pow, dtype, [2, -1], [0, 3])).toEqual([1, -1]);
  });
});

describe('NaN', () => {
  it('wins a maximum from either side and loses every comparison', () => {
    expect(binary(Maximum, 'float32', [nan, 1], [1, nan])).toEqual([nan, nan]);
    expect(binary(Less, 'float32', [nan, 1], [1, nan])).toEqual([0, 0]);
    expect(binary(NotEqual, 'float32', [nan], [nan])).toEqual([1]);
  });
  it('passes through Relu and LeakyRelu; Softsign of infinity is NaN', () => {
    expect(numbersOf(evaluateOp(Relu, [f32([nan, -1, 2])], float))).toEqual([nan, 0, 2]);
    const leaky = evaluateOp(LeakyRelu, [f32([nan, -2, 2])], { alpha: 0.5, T: 'float32' });
    expect(numbersOf(leaky)).toEqual([nan, -1, 2]);
    expect(numbersOf(evaluateOp(Softsign, [f32([inf, 1])], float))).toEqual([nan, 0.5]);
  });
  it('as a limit does not clip', () => {
    const clip = (t: number[], low: number[], high: number[]): number[] =>
      numbersOf(evaluateOp(ClipByValue, [f32(t), f32(low), f32(high)], float));
    expect(clip([nan, 1, 5, -1], [0, nan, 0, 0], [2, 2, nan, 2])).toEqual([nan, 1, 5, 0]);
    expect(clip([1, 5], [3, 3], [2, 2])).toEqual([3, 3]);
  });
});

describe('gradient ops', () => {
  it('of roots and reciprocals are 0 where nothing comes in', () => {
    expect(binary(SqrtGrad, 'float32', [0, 0], [0, 1])).toEqual([0, inf]);
    expect(binary(RsqrtGrad, 'float32', [inf, 2], [0, 1])).toEqual([0, -4]);
    expect(binary(ReciprocalGrad, 'float32', [inf, 2], [0, 1])).toEqual([0, -4]);
    expect(binary(TanhGrad, 'float32', [1, inf], [inf, 0])).toEqual([nan, nan]);
  });
  it('of Relu multiply by 0 where they do not pass', () => {
    expect(binary(ReluGrad, 'float32', [1, inf, 3, 4], [-1, -1, nan, 2])).toEqual([0, nan, 0, 4]);
  });
  it('of Selu use the output on the negative side', () => {
    const [negative, positive] = binary(SeluGrad, 'float32', [2, 2], [-1, 1]);
    expect(negative).toBeCloseTo(2 * 0.7580993408, 6);
    expect(positive).toBeCloseTo(2 * 1.0507009874, 6);
  });
});

describe('Cast', () => {
  const cast = (from: DType, to: DType, x: number[], attrs = {}): number[] =>
    numbersOf(evaluateOp(Cast, [array(from, x)], { SrcT: from, DstT: to, ...attrs }));
  it('drops the fraction, wraps integers and tests against 0', () => {
    expect(cast('float32', 'int32', [1.9, -1.9])).toEqual([1, -1]);
    expect(cast('int32', 'int8', [300, -129])).toEqual([44, 127]);
    expect(cast('float32', 'bool', [nan, 0, -0, 0.5])).toEqual([1, 0, 0, 1]);
    expect(cast('bool', 'float32', [1, 0])).toEqual([1, 0]);
    expect(cast('int64', 'int32', [2 ** 33 + 5])).toEqual([5]);
  });
  it('rounds to the nearest narrower float, or towards 0 with Truncate', () => {
    const pi = 3.1415926535;
    expect(cast('float64', 'float32', [pi])).toEqual([Math.fround(pi)]);
    expect(cast('float64', 'float32', [pi, -pi], { Truncate: true })).toEqual([
      3.141592502593994, -3.141592502593994,
    ]);
    expect(cast('float32', 'bfloat16', [1.9999, -1.9999])).toEqual([0x4000, 0xc000]);
    expect(cast('float32', 'bfloat16', [1.9999, -1.9999], { Truncate: true })).toEqual([
      0x3fff, 0xbfff,
    ]);
  });
});

describe('Select', () => {
  const pick = (condition: number[] | number, def: AnyOpDef = Select): number[] =>
    numbersOf(
      evaluateOp(
        def,
        [
          array('bool', condition),
          f32([
            [1, 2],
            [3, 4],
          ]),
          f32([
            [10, 20],
            [30, 40],
          ]),
        ],
        float,
      ),
    );
  it('takes rows by a vector, where SelectV2 broadcasts it along the last axis', () => {
    expect(pick([1, 0])).toEqual([1, 2, 30, 40]);
    expect(pick([1, 0], SelectV2)).toEqual([1, 20, 3, 40]);
    expect(pick(0)).toEqual([10, 20, 30, 40]);
  });
  it.each<[Shape, Shape, Shape, Shape]>([
    [[2], [2, 3], [2, 3], [2, 3]],
    [null, [2, null], [null, 3], [2, 3]],
    [[null], [2, 3], null, [2, 3]],
    [[2, 3], null, null, null],
    [
      [null, 3],
      [2, null],
      [2, null],
      [2, 3],
    ],
  ])('infers condition %j, t %j, e %j as %j', (condition, t, e, output) => {
    expect(inferOp(Select, [condition, t, e])).toEqual([output]);
  });
  it.each<[Shape, Shape, string]>([
    [[3], [2, 3], 'Dimension 0 in both shapes must be equal, but are 3 and 2.'],
    [[2, 2], [2, 3], 'Dimension 1 in both shapes must be equal, but are 3 and 2.'],
    [[1], [], 'Shapes must be equal rank, but are 0 and 1'],
  ])('rejects condition %j for %j', (condition, data, message) => {
    expect(() => inferOp(Select, [condition, data, data])).toThrow(message);
  });
});

describe('equality of shapes that do not broadcast', () => {
  it('is a mistake by default', () => {
    expect(() => inferOp(Equal, [[2], [3]])).toThrow('Dimensions must be equal, but are 2 and 3');
  });
  it('is answered by one scalar if asked so', () => {
    const attrs = { incompatible_shape_error: false, T: 'float32' };
    const x = [f32([1, 2]), f32([1, 2, 3])];
    expect(evaluateOp(Equal, x, attrs)).toMatchObject([{ shape: [], data: Uint8Array.of(0) }]);
    expect(evaluateOp(NotEqual, x, attrs)).toMatchObject([{ shape: [], data: Uint8Array.of(1) }]);
  });
  it.each<[Shape, Shape, Shape]>([
    [[2], [3], []],
    [[null], [3], null],
    [[null], [1], [null]],
    [[null], [null], [null]],
    [[2, null], [null, 3], null],
    [[null], [], [null]],
  ])('infers %j and %j as %j', (x, y, z) => {
    expect(inferOp(Equal, [x, y], { incompatible_shape_error: false })).toEqual([z]);
  });
});

describe('BroadcastGradientArgs', () => {
  const operand = (shape: number[]): Operand => ({
    shape: [shape.length],
    dtype: 'int32',
    type: 'i32',
    constant: array('int32', shape),
    at: () => int(0),
  });
  const axes = (s0: number[], s1: number[]): number[][] | undefined => {
    const { lower } = BroadcastGradientArgs;
    if (lower.kind !== 'constant') throw new Error('BroadcastGradientArgs is not a constant');
    const result = { shape: [], dtype: 'int32', type: 'i32' } as const;
    const arrays = lower.value({
      attrs: { T: 'int32' },
      x: { s0: operand(s0), s1: operand(s1) },
      y: { r0: result, r1: result },
      check: (value) => value,
      fail: (message) => {
        throw new Error(message);
      },
    });
    return arrays?.map(({ data }) => Array.from(data as Int32Array));
  };
  it.each([
    [[2, 1, 3], [2, 1, 3], [], []],
    [[2, 1, 3], [1, 1, 3], [1], [0, 1]],
    [[2, 1, 3], [], [1], [0, 1, 2]],
    [[1], [1], [], []],
    [[1], [], [0], [0]],
    [[2, 0], [1, 1], [], [0, 1]],
  ])('of %j and %j are %j and %j', (s0, s1, r0, r1) => {
    expect(axes(s0, s1)).toEqual([r0, r1]);
  });
  it('rejects shapes that do not broadcast', () => {
    expect(() => axes([2, 3], [1, 4])).toThrow('Incompatible shapes: [2,3] vs. [1,4]');
  });
});

it('says which term of AddN has the odd shape', () => {
  const infer = AddN.infer({
    attrs: { N: 2, T: 'float32' },
    shapes: {
      inputs: [
        [null, 3],
        [2, null],
      ],
    },
    dtypes: { inputs: ['float32', 'float32'] },
    value: () => null,
    partial: () => null,
    partialOf: () => null,
    fail: (message: string) => {
      throw new Error(message);
    },
  });
  expect(infer.sum).toEqual([2, 3]);
});

it('leaves integers as they are when rounding, and halves to the even neighbour', () => {
  expect(numbersOf(evaluateOp(Round, [i32([-3, 2])], { T: 'int32' }))).toEqual([-3, 2]);
  expect(numbersOf(evaluateOp(Round, [f32([0.5, 1.5, -2.5])], float))).toEqual([0, 2, -2]);
});

it('negates a bool', () => {
  expect(numbersOf(evaluateOp(LogicalNot, [array('bool', [1, 0])]))).toEqual([0, 1]);
});

it('knows sums of integers that decide shapes before a run', () => {
  const context = (x: Shape, y: Shape, a: number[], b: (number | null)[]): never =>
    ({
      attrs: { T: 'int32' },
      shapes: { x, y },
      partial: (input: string) => (input === 'x' ? a : b),
    }) as never;
  expect(Add.partial?.(context([], [2], [3], [4, null]))).toEqual([7, null]);
  expect(FloorDiv.partial?.(context([2], [2], [-7, 1], [2, 0]))).toEqual([-4, null]);
  expect(AddV2.partial?.(context([1], [1], [2 ** 31 - 1], [1]))).toEqual([null]);
  expect(Add.partial?.(context([1, 2], [], [1, 2], [1]))).toBeNull();
});
