import { printArray, printValues } from '../../src/cli/print-array.js';
import type { NdArray } from '../../src/graph/dtype.js';

const floats = (shape: number[], ...data: number[]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

describe('printValues', () => {
  it('lines columns up', () => {
    expect(printValues(floats([2, 2], 1, 2.5, -10, 0.25))).toBe(
      '[[  1.00   2.50]\n [-10.00   0.25]]',
    );
  });
  it('switches to exponents when sizes differ much', () => {
    expect(printValues(floats([2], 1e-9, 1))).toBe('[1e-09 1e+00]');
  });
  it('shows special values', () => {
    expect(printValues(floats([3], NaN, -Infinity, 1))).toBe('[ nan -inf   1.]');
  });
  it('abbreviates long axes to three at each end', () => {
    const data = Int32Array.from({ length: 2000 }, (_, i) => i);
    expect(printValues({ dtype: 'int32', shape: [2000], data })).toBe(
      '[   0    1    2 ... 1997 1998 1999]',
    );
    const rows = printValues({ dtype: 'int32', shape: [1000, 2], data }).split('\n');
    expect(rows).toHaveLength(7);
    expect(rows[3]).toBe(' ...');
  });
  it('separates planes with an empty line', () => {
    expect(printValues(floats([2, 1, 1], 1, 2))).toBe('[[[1.]]\n\n [[2.]]]');
  });
  it('wraps long rows', () => {
    const data = Uint8Array.from({ length: 30 }, () => 100);
    const lines = printValues({ dtype: 'uint8', shape: [30], data }, 40).split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(41);
  });
  it('prints scalars, text, bools, int64, complex and nothing', () => {
    const text = [new TextEncoder().encode('hi'), Uint8Array.of(255)];
    expect(printValues(floats([], 3))).toBe('3.');
    expect(printValues({ dtype: 'string', shape: [2], data: text })).toBe('["hi" b\'\\xff\']');
    expect(printValues({ dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) })).toBe(
      '[ true false]',
    );
    expect(printValues({ dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 62n) })).toBe(
      '[4611686018427387904]',
    );
    expect(printValues({ dtype: 'complex64', shape: [1], data: Float32Array.of(1, -2) })).toBe(
      '[1.-2.j]',
    );
    const parts = Float32Array.of(0.1, -0, 0.5, 0.25);
    expect(printValues({ dtype: 'complex64', shape: [2], data: parts })).toBe(
      '[0.10-0.00j 0.50+0.25j]',
    );
    expect(printValues(floats([0, 3]))).toBe('[]');
  });
  it('lets no string command the terminal', () => {
    const data = [Buffer.from('\u001b[2J\u009b1m"'), Uint8Array.of(0x1b, 0x9b, 0x27, 0x5c, 0xff)];
    expect(printValues({ dtype: 'string', shape: [2], data })).toBe(
      String.raw`["\u001b[2J\u009b1m\"" b'\x1b\x9b\x27\x5c\xff']`,
    );
  });
  it('opens with name, dtype and shape', () => {
    expect(printArray('y', floats([1], 0))).toBe('y: float32 [1]\n[0.]\n');
  });
});
