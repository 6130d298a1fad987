/** Small kernels and programs for the CPU runtime's tests. */
import type { DType, NdArray } from '../../../src/graph/dtype.js';
import { elementCount } from '../../../src/graph/shape.js';
import { add, index, int, mul, type Expr, type ScalarType } from '../../../src/ir/expr.js';
import type {
  Binding,
  ContractKernel,
  MapKernel,
  StorageType,
  Kernel,
} from '../../../src/ir/kernel.js';
import type { BufferDecl, BufferRole } from '../../../src/ir/program.js';
import {
  createStorage,
  isText,
  storageBytes,
  storageOf,
  type NumericStorage,
  type StorageArray,
} from '../../../src/ir/storage.js';
import { storageOfType } from '../../../src/ir/verify-types.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';

export const read = (binding: number, at: Expr, type: ScalarType = 'f32'): Expr => ({
  kind: 'read',
  type,
  binding,
  at,
});

/** Row-major place of the index axes `axes` in a tensor of `shape`. */
export const place = (shape: readonly number[], axes = shape.map((_, axis) => axis)): Expr =>
  axes.reduce<Expr>((at, axis, i) => add(mul(at, int(shape[i] ?? 1)), index(axis)), int(0));

export const storageFor = (type: ScalarType): StorageType => storageOfType(type);

export const input = (type: ScalarType, length: number): Binding => ({
  access: 'read',
  storage: storageFor(type),
  length,
});
export const output = (type: ScalarType, length: number): Binding => ({
  ...input(type, length),
  access: 'read_write',
});

/** Array of a storage type from plain values. */
export function storageArray(
  type: ScalarType,
  values: readonly (number | bigint | boolean)[],
): StorageArray {
  const array = createStorage(storageFor(type), Math.max(values.length, 1));
  const isBig = type === 'i64' || type === 'u64';
  for (const [i, value] of values.entries())
    (array as Float64Array)[i] = (isBig ? BigInt(value) : Number(value)) as number;
  return array;
}

/** Runs a kernel whose last binding is its output, and returns that output. */
export function runKernel(kernel: Kernel, ...inputs: StorageArray[]): NumericStorage {
  const last = kernel.bindings[kernel.bindings.length - 1] as Binding;
  const out = createStorage(last.storage, last.length);
  compileHostKernel(kernel).run([...inputs, out]);
  if (isText(out)) throw new Error('The kernel gives strings.');
  return out;
}

/** `out[i] = value` for i < n; input j has type `types[j]`. */
export function mapKernel(n: number, types: readonly ScalarType[], value: Expr): MapKernel {
  const bindings = [...types.map((type) => input(type, n)), output(value.type, n)];
  const stores = [{ binding: types.length, at: index(0), value }];
  return { kind: 'map', label: 'map', shape: [n], bindings, stores };
}

/** Matrix product `[m,k] x [k,n]`, or with `b` stored `[n,k]`. */
export function matMulKernel(
  [m, n, k]: readonly [number, number, number],
  options: { type?: ScalarType; transposeB?: boolean; batch?: number } = {},
): ContractKernel {
  const { type = 'f32', transposeB = false, batch = 1 } = options;
  const bAt = transposeB ? place([batch, n, k], [0, 2, 3]) : place([batch, k, n], [0, 3, 2]);
  return {
    kind: 'contract',
    label: 'MatMul',
    type,
    batch,
    m,
    n,
    k,
    bindings: [input(type, batch * m * k), input(type, batch * n * k), output(type, batch * m * n)],
    a: read(0, place([batch, m, k], [0, 1, 3]), type),
    b: read(1, bAt, type),
    stores: [{ binding: 2, at: place([batch, m, n]), value: { kind: 'acc', type } }],
  };
}

/** Declaration of a host buffer. */
export function buffer(
  role: BufferRole,
  shape: readonly number[],
  dtype: DType = 'float32',
  storage: StorageType = storageOf(dtype, 'host') ?? 'f32',
): BufferDecl {
  const byteLength = Math.max(elementCount(shape), 1) * storageBytes(storage);
  return { role, place: 'host', dtype, storage, shape, byteLength, label: role.kind };
}

export const f32 = (shape: readonly number[], values: Iterable<number>): NdArray<'float32'> => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});

/** Repeatable values in [-1, 1). */
export function pseudoRandom(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2147483648;
  });
}
