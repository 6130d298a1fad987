/** Contraction kernels to test and measure, and a plain double loop that computes the same. */
import {
  acc,
  add,
  and,
  constant,
  div,
  ge,
  gt,
  index,
  int,
  lt,
  max,
  mod,
  mul,
  rewrite,
  select,
  sub,
  type Expr,
  type ScalarType,
} from '../../../src/ir/expr.js';
import {
  contractAxes,
  type Binding,
  type ContractKernel,
  type StorageType,
  type Store,
} from '../../../src/ir/kernel.js';
import type { KernelArray } from './contract-device.js';

const { batch, m, n, k } = contractAxes;

export const read = (binding: number, type: ScalarType, at: Expr): Expr => ({
  kind: 'read',
  type,
  binding,
  at,
});
export const binding = (
  length: number,
  access: Binding['access'] = 'read',
  storage: StorageType = 'f32',
): Binding => ({
  access,
  storage,
  length: Math.max(1, length),
});

/** Row-major place of index expressions. */
export const place = (extents: readonly number[], at: readonly Expr[]): Expr =>
  at.reduce((sum, e, i) => (i === 0 ? e : add(mul(sum, int(extents[i] ?? 1)), e)), int(0));

export interface MatMulShape {
  readonly batch?: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly type?: 'f32' | 'i32' | 'u32';
}

export const outputPlace = (shape: MatMulShape): Expr =>
  place([shape.batch ?? 1, shape.m, shape.n], [index(batch), index(m), index(n)]);

/** Bindings 0 = a, 1 = b, 2 = output, then `more`. */
export function matMul(
  shape: MatMulShape,
  parts: {
    a?: (e: Expr) => Expr;
    b?: (e: Expr) => Expr;
    stores?: readonly Store[];
    more?: readonly Binding[];
  } = {},
): ContractKernel {
  const { transposeA = false, transposeB = false, type = 'f32' } = shape;
  const batches = shape.batch ?? 1;
  const plain = (e: Expr): Expr => e;
  const a = transposeA
    ? place([batches, shape.k, shape.m], [index(batch), index(k), index(m)])
    : place([batches, shape.m, shape.k], [index(batch), index(m), index(k)]);
  const b = transposeB
    ? place([batches, shape.n, shape.k], [index(batch), index(n), index(k)])
    : place([batches, shape.k, shape.n], [index(batch), index(k), index(n)]);
  return {
    kind: 'contract',
    label: 'MatMul',
    type,
    batch: batches,
    m: shape.m,
    n: shape.n,
    k: shape.k,
    a: (parts.a ?? plain)(read(0, type, a)),
    b: (parts.b ?? plain)(read(1, type, b)),
    stores: parts.stores ?? [{ binding: 2, at: outputPlace(shape), value: acc(type) }],
    bindings: [
      binding(batches * shape.m * shape.k, 'read', type),
      binding(batches * shape.k * shape.n, 'read', type),
      binding(batches * shape.m * shape.n, 'read_write', type),
      ...(parts.more ?? []),
    ],
  };
}

export interface ConvShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly kernel: number;
  readonly filters: number;
}

/** 2-D convolution, NHWC, stride 1, SAME, as implicit GEMM. */
export function conv2d({
  batch: images,
  height,
  width,
  channels,
  kernel,
  filters,
}: ConvShape): ContractKernel {
  const before = int((kernel - 1) >> 1);
  const y = sub(
    add(mod(div(index(m), int(width)), int(height)), div(index(k), int(kernel * channels))),
    before,
  );
  const x = sub(
    add(mod(index(m), int(width)), mod(div(index(k), int(channels)), int(kernel))),
    before,
  );
  const image = div(index(m), int(height * width));
  const inside = and(and(ge(y, int(0)), lt(y, int(height))), and(ge(x, int(0)), lt(x, int(width))));
  const at = place([images, height, width, channels], [image, y, x, mod(index(k), int(channels))]);
  const rows = images * height * width;
  const depth = kernel * kernel * channels;
  return {
    kind: 'contract',
    label: 'Conv2D',
    type: 'f32',
    batch: 1,
    m: rows,
    n: filters,
    k: depth,
    a: select(inside, read(0, 'f32', at), constant('f32', 0)),
    b: read(1, 'f32', place([depth, filters], [index(k), index(n)])),
    stores: [{ binding: 2, at: place([rows, filters], [index(m), index(n)]), value: acc('f32') }],
    bindings: [
      binding(rows * channels),
      binding(depth * filters),
      binding(rows * filters, 'read_write'),
    ],
  };
}

/** Gradient of `conv2d` with respect to its filter: the same patches, summed over images and places. */
export function conv2dFilterGradient(shape: ConvShape): ContractKernel {
  const forward = conv2d(shape);
  const { m: rows, k: depth, n: filters } = forward;
  const a = rewrite(forward.a, (e) =>
    e.kind === 'index' && (e.axis === m || e.axis === k) ? index(m + k - e.axis) : e,
  );
  return {
    ...forward,
    label: 'Conv2DBackpropFilter',
    m: depth,
    k: rows,
    a,
    b: read(1, 'f32', place([rows, filters], [index(k), index(n)])),
    stores: [
      { ...(forward.stores[0] as Store), at: place([depth, filters], [index(m), index(n)]) },
    ],
    bindings: [
      forward.bindings[0] as Binding,
      binding(rows * filters),
      binding(depth * filters, 'read_write'),
    ],
  };
}

export const relu = (e: Expr): Expr => max(e, constant('f32', 0));
/** `e` where the element of `bindingNumber` at `at` is positive. */
export const masked = (e: Expr, bindingNumber: number, at: Expr): Expr =>
  select(gt(read(bindingNumber, 'f32', at), constant('f32', 0)), e, constant('f32', 0));

type Place = readonly [number, number, number, number];

/** Value of an expression on the host; only the node kinds the cases use. */
function valueOf(expr: Expr, arrays: readonly KernelArray[], at: Place, sum: number): number {
  const of = (e: Expr): number => valueOf(e, arrays, at, sum);
  switch (expr.kind) {
    case 'const':
      return Number(expr.value);
    case 'index':
      return at[expr.axis] ?? Number.NaN;
    case 'read':
      return arrays[expr.binding]?.[of(expr.at)] ?? Number.NaN;
    case 'acc':
      return sum;
    case 'select':
      return of(expr.cond) !== 0 ? of(expr.a) : of(expr.b);
    case 'binary':
      return binaryValue(expr.fn, of(expr.a), of(expr.b), expr.type === 'i32');
    case 'load':
    case 'stage':
    case 'unary':
    case 'cast':
    case 'bitcast':
    case 'fold':
    case 'call':
    case 'check':
      throw new Error(`The reference does not know ${expr.kind}.`);
  }
}

function binaryValue(fn: string, a: number, b: number, integer: boolean): number {
  switch (fn) {
    case 'add':
      return integer ? (a + b) | 0 : a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return integer ? Math.imul(a, b) : a * b;
    case 'div':
      return integer ? Math.trunc(a / b) : a / b;
    case 'mod':
      return a % b;
    case 'max':
      return Math.max(a, b);
    case 'and':
      return a !== 0 && b !== 0 ? 1 : 0;
    case 'lt':
      return Number(a < b);
    case 'gt':
      return Number(a > b);
    case 'ge':
      return Number(a >= b);
    default:
      throw new Error(`The reference does not know ${fn}.`);
  }
}

/** What the buffers hold after the kernel, by plain loops. */
export function reference(kernel: ContractKernel, arrays: readonly KernelArray[]): KernelArray[] {
  const out = arrays.map((array) => array.slice());
  const integer = kernel.type !== 'f32';
  for (let b = 0; b < kernel.batch; b++)
    for (let row = 0; row < kernel.m; row++)
      for (let col = 0; col < kernel.n; col++) {
        let sum = 0;
        for (let i = 0; i < kernel.k; i++) {
          const x = valueOf(kernel.a, arrays, [b, row, 0, i], 0);
          const y = valueOf(kernel.b, arrays, [b, 0, col, i], 0);
          sum = integer ? (sum + Math.imul(x, y)) | 0 : sum + x * y;
        }
        const done = kernel.stores.map(({ at, value }) => [
          valueOf(at, arrays, [b, row, col, 0], sum),
          valueOf(value, arrays, [b, row, col, 0], sum),
        ]);
        kernel.stores.forEach((store, i) => {
          const [at, value] = done[i] as [number, number];
          (out[store.binding] as KernelArray)[at] = value;
        });
      }
  return out;
}

/** Repeatable values: floats in [-1, 1), integers in [-50, 50). */
export function fill(kernel: ContractKernel, seed = 1): KernelArray[] {
  let state = seed * 0x9e3779b9;
  const next = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  return kernel.bindings.map(({ length, storage }) => {
    if (storage === 'f32') return Float32Array.from({ length }, () => next() * 2 - 1);
    const values = Int32Array.from({ length }, () => Math.floor(next() * 100) - 50);
    return storage === 'u32' ? Uint32Array.from(values) : values;
  });
}
