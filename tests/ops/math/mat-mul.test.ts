import { BatchMatMul, BatchMatMulV2 } from '../../../src/ops/math/batch-mat-mul.js';
import { matMul, MatMul } from '../../../src/ops/math/mat-mul.js';
import { convertToTensor } from '../../../src/graph/add-node.js';
import { Graph } from '../../../src/graph/graph.js';
import '../../../src/ops/index.js';
import { evaluateOp, f32, inferOp, numbersOf } from '../evaluate-op.js';

const T = { T: 'float32' };
const a = f32([
  [1, 2, 3],
  [4, 5, 6],
]);
const b = f32([
  [1, 0],
  [2, 1],
  [0, 3],
]);
const aT = f32([
  [1, 4],
  [2, 5],
  [3, 6],
]);
const bT = f32([
  [1, 2, 0],
  [0, 1, 3],
]);
const ab = [5, 11, 14, 23];

describe('MatMul', () => {
  it.each([
    [a, b, false, false],
    [aT, b, true, false],
    [a, bT, false, true],
    [aT, bT, true, true],
  ])('multiplies under every choice of transposes', (x, y, transpose_a, transpose_b) => {
    const attrs = { ...T, transpose_a, transpose_b };
    expect(numbersOf(evaluateOp(MatMul, [x, y], attrs))).toEqual(ab);
  });

  it('gives zeros over an empty inner dimension', () => {
    const x = f32([[], []]);
    const y = { dtype: 'float32', shape: [0, 2], data: new Float32Array() } as const;
    expect(numbersOf(evaluateOp(MatMul, [x, y], T))).toEqual([0, 0, 0, 0]);
  });

  it('infers through unknown dims and ranks', () => {
    expect(inferOp(MatMul, [null, [5, 6]], T)).toEqual([[null, 6]]);
    expect(inferOp(MatMul, [[null, 5], null], { ...T, transpose_a: true })).toEqual([[5, null]]);
  });

  it('rejects shapes that do not fit, in TensorFlow words', () => {
    expect(() =>
      inferOp(
        MatMul,
        [
          [3, 4],
          [5, 6],
        ],
        T,
      ),
    ).toThrow('Dimensions must be equal, but are 4 and 5');
    expect(() =>
      inferOp(
        MatMul,
        [
          [3, 4, 2],
          [5, 6],
        ],
        T,
      ),
    ).toThrow('Shape must be rank 2 but is rank 3');
  });
});

describe('BatchMatMul', () => {
  const shape = (...extents: number[]) => ({
    dtype: 'float32' as const,
    shape: extents,
    data: Float32Array.from({ length: extents.reduce((n, d) => n * d, 1) }, (_, i) => i + 1),
  });

  it('broadcasts batches from either side', () => {
    const [out] = evaluateOp(BatchMatMulV2, [shape(2, 1, 1, 2), shape(3, 2, 1)], T);
    expect(out?.shape).toEqual([2, 3, 1, 1]);
    expect(Array.from(out?.data as Float32Array)).toEqual([5, 11, 17, 11, 25, 39]);
  });

  it('transposes under adj_x and adj_y', () => {
    const attrs = { ...T, adj_x: true, adj_y: true };
    const x = { ...aT, shape: [1, 3, 2] };
    expect(numbersOf(evaluateOp(BatchMatMulV2, [x, bT], attrs))).toEqual(ab);
  });

  it('infers as TensorFlow: V1 merges batches, V2 broadcasts them', () => {
    expect(inferOp(BatchMatMul, [null, [2, 5, 6]], T)).toEqual([[2, null, 6]]);
    expect(inferOp(BatchMatMulV2, [null, [2, 5, 6]], T)).toEqual([null]);
    expect(
      inferOp(
        BatchMatMulV2,
        [
          [null, 3, 4],
          [2, 4, 6],
        ],
        T,
      ),
    ).toEqual([[2, 3, 6]]);
    expect(
      inferOp(
        BatchMatMulV2,
        [
          [null, 3, 4],
          [1, 4, 6],
        ],
        T,
      ),
    ).toEqual([[null, 3, 6]]);
    expect(() =>
      inferOp(
        BatchMatMul,
        [
          [2, 3, 4],
          [5, 4, 6],
        ],
        T,
      ),
    ).toThrow('Dimension 0 in both shapes must be equal, but are 2 and 5. Shapes are [2] and [5].');
    expect(() =>
      inferOp(
        BatchMatMulV2,
        [
          [2, 3, 4],
          [5, 4, 6],
        ],
        T,
      ),
    ).toThrow('Dimensions must be equal, but are 2 and 5');
    expect(() => inferOp(BatchMatMulV2, [[4], [2, 5, 6]], T)).toThrow(
      'Shape must be at least rank 2 but is rank 1',
    );
  });
});

describe('matMul', () => {
  const inGraph = <R>(fn: () => R): R => new Graph().asDefault(fn);

  it('adds MatMul for matrices and names constants after it', () => {
    inGraph(() => {
      const y = matMul([[1, 2]], [[3], [4]]);
      expect(y.op.type).toBe('MatMul');
      expect(y.op.name).toBe('MatMul');
      expect(y.op.inputs.map((x) => x.op.name)).toEqual(['MatMul/a', 'MatMul/b']);
      expect(y.shape).toEqual([1, 1]);
      expect([...y.op.attrs.keys()].sort()).toEqual(['T', 'transpose_a', 'transpose_b']);
    });
  });

  it('adds BatchMatMulV2 above rank 2, under the same name', () => {
    inGraph(() => {
      const x = convertToTensor({ dtype: 'float32', shape: [2, 1, 2], data: new Float32Array(4) });
      const y = matMul(x, [[3, 4]], { transposeB: true });
      expect(y.op.type).toBe('BatchMatMulV2');
      expect(y.op.name).toBe('MatMul');
      expect(y.shape).toEqual([2, 1, 1]);
    });
  });
});
