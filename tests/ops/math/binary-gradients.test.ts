/** Gradients of binary ops, with every way the operands' shapes may broadcast and be known. */
import type { NdArray } from '../../../src/graph/dtype.js';
import { graphBuilder } from '../../../src/graph/builder.js';
import '../../../src/ops/index.js';
import { checkGradient, spread, type Build, type Knowledge } from '../gradient-check.js';

const apply =
  (type: string, attrs: Record<string, unknown> = {}): Build =>
  (xs) =>
    graphBuilder().op(type, xs, attrs);

const smooth = [
  'Add',
  'AddV2',
  'Sub',
  'Mul',
  'MulNoNan',
  'SquaredDifference',
  'RealDiv',
  'Div',
  'DivNoNan',
  'Pow',
  'Xlogy',
  'Xdivy',
  'Atan2',
  'Maximum',
  'Minimum',
];

const shapes: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ['equal shapes', [2, 3], [2, 3]],
  ['a row over a matrix', [2, 3], [3]],
  ['both sides', [2, 1], [1, 3]],
  ['a scalar on the left', [], [2, 3]],
  ['a scalar on the right', [2, 3], []],
  ['extra axes of length 1', [1], [1, 1]],
  ['an axis in the middle', [2, 1, 3], [4, 1]],
];

const operands = (x: readonly number[], y: readonly number[]): NdArray[] => [
  spread(x, 0.5, 2.5, 1),
  spread(y, 0.6, 2.4, 2),
];

describe.each(smooth)('%s', (type) => {
  it.each(shapes)('has the right derivatives with %s', (_, x, y) => {
    checkGradient(apply(type), operands(x, y));
  });
  it.each<Knowledge>(['rank', 'nothing'])('when the graph knows %s of the shapes', (knowledge) => {
    checkGradient(apply(type), operands([2, 3], [3]), knowledge);
  });
});

it('differentiates FloorMod, but not through its quotient', () => {
  checkGradient(apply('FloorMod'), operands([2, 3], [3]), 'static', 1);
});

describe('SelectV2', () => {
  const select: Build = ([x, y]) => {
    const b = graphBuilder();
    const condition = b.constant({ dtype: 'bool', shape: [2, 1], data: Uint8Array.of(1, 0) });
    return b.op('SelectV2', [condition, ...(x && y ? [x, y] : [])]);
  };
  it.each(shapes.slice(0, 6))('has the right derivatives with %s', (_, x, y) => {
    checkGradient(select, operands(x, y));
  });
});

describe('Select', () => {
  it.each([
    ['a scalar', []],
    ['a vector of rows', [2]],
    ['a whole', [2, 3]],
  ])('sends the gradient to the chosen side, by %s condition', (_, shape) => {
    const data = Uint8Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (__, i) => i % 2);
    checkGradient(
      (xs) => {
        const b = graphBuilder();
        return b.op('Select', [b.constant({ dtype: 'bool', shape, data }), ...xs]);
      },
      operands([2, 3], [2, 3]),
    );
  });
});

describe('ClipByValue', () => {
  it.each([
    ['scalar limits', [], []],
    ['one whole limit', [2, 3], []],
    ['whole limits', [2, 3], [2, 3]],
  ])('sends the gradient to whichever bound, with %s', (_, low, high) => {
    checkGradient(apply('ClipByValue'), [
      spread([2, 3], -3, 3, 1),
      spread(low, -1.2, -1, 2),
      spread(high, 1, 1.2, 3),
    ]);
  });
});

it('gives the whole gradient of AddN to each term', () => {
  checkGradient(
    (xs) => graphBuilder().op('AddN', [[...xs, ...xs.slice(0, 1)]]),
    operands([2, 3], [2, 3]),
  );
});
