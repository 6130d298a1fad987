/** The neutral elements, by combining each with values of its type on the host. */
import { describe, expect, it } from '@jest/globals';
import {
  binary,
  constant,
  index,
  type BinaryFn,
  type Combiner,
  type Expr,
  type ScalarType,
} from '../../src/ir/expr.js';
import { identityOf } from '../../src/ir/identity.js';
import type { MapKernel } from '../../src/ir/kernel.js';
import { createStorage, type StorageArray } from '../../src/ir/storage.js';
import { compileHostKernel } from '../../src/runtime/cpu/run-kernel.js';

const values = {
  f32: Float32Array.of(0, 1.5, -3, 2 ** 100, -Infinity, Infinity),
  f64: Float64Array.of(0, 1.5, -3, 2 ** 1000, -Infinity, Infinity),
  i32: Int32Array.of(0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x55555555),
  u32: Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1, 0x55555555),
  i64: BigInt64Array.of(0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
  u64: BigUint64Array.of(0n, 1n, 2n ** 63n, 2n ** 64n - 1n),
} as const;
type Type = keyof typeof values;
const types = Object.keys(values) as Type[];

const fns = { sum: 'add', prod: 'mul', max: 'max', min: 'min', and: 'and', or: 'or' } as const;
const isFloat = (type: ScalarType): boolean => type === 'f32' || type === 'f64';
const cases = types.flatMap((type) =>
  (Object.entries(fns) as [Combiner, BinaryFn][])
    .filter(([combine]) => !isFloat(type) || (combine !== 'and' && combine !== 'or'))
    .map(([combine, fn]) => ({ type, combine, fn })),
);

/** `fn(identity, x)` for every x. */
function combined(type: Type, combine: Combiner, fn: BinaryFn): StorageArray {
  const inputs = values[type];
  const { length } = inputs;
  const x: Expr = { kind: 'read', type, binding: 0, at: index(0) };
  const value = binary(fn, constant(type, identityOf(combine, type)), x);
  const kernel: MapKernel = {
    kind: 'map',
    label: combine,
    shape: [length],
    bindings: [
      { access: 'read', storage: type, length },
      { access: 'read_write', storage: type, length },
    ],
    stores: [{ binding: 1, at: index(0), value }],
  };
  const results = createStorage(type, length);
  compileHostKernel(kernel).run([inputs.slice(), results]);
  return results;
}

describe('identityOf', () => {
  it.each(cases)('changes nothing it is combined with: $combine of $type', (one) => {
    expect(Array.from(combined(one.type, one.combine, one.fn) as Float64Array)).toEqual(
      Array.from(values[one.type] as Float64Array),
    );
  });
  it('is all ones for a bitwise and of signed integers', () => {
    expect(identityOf('and', 'i32')).toBe(-1);
    expect(identityOf('and', 'i64')).toBe(-1n);
  });
  it('is true where all must hold, and false where any may', () => {
    expect(identityOf('and', 'bool')).toBe(1);
    expect(identityOf('or', 'bool')).toBe(0);
  });
  it('is refused for bits of floats', () => {
    expect(() => identityOf('and', 'f32')).toThrow(/bitwise/);
  });
});
