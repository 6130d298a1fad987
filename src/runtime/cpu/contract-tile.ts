/**
 * Inner loop of contractions: a packed block of `a` times a packed block of `b`, added to a block
 * of accumulators. One copy serves every kernel, so it is compiled and hot once.
 *
 * f32 operands are exact in double and so are their products; accumulating in double and rounding
 * the sum once is both closer to the true value than f32 accumulation and faster than rounding
 * each step. Every sum runs over k in order, whatever the blocks, so results do not depend on them.
 */
import { InternalError } from '../../errors.js';
import type { ScalarType } from '../../ir/expr.js';

/** Columns summed at once. Wider or taller tiles gain nothing: the scalar unit is already busy. */
export const tile = 4;
/** Block sizes: a block of b is 256 KiB of doubles, half a common second-level cache. */
export const rowBlock = 128;
export const columnBlock = 256;
export const depthBlock = 128;
/** Columns and depth of a block where rows are too few for packing `b` to pay. */
export const thinBlock = 8192;

export interface ContractScratch<A> {
  /** Packed `a`: row-major. */
  readonly a: A;
  /** Packed `b`: groups of `tile` columns, each group k-major. */
  readonly b: A;
  /** Row-major accumulators, `columnBlock` apart. */
  readonly acc: A;
}

const sizes = {
  a: Math.max(rowBlock * depthBlock, thinBlock),
  b: depthBlock * columnBlock,
  acc: Math.max(rowBlock * columnBlock, thinBlock),
};

interface AnyScratch {
  float?: ContractScratch<Float64Array>;
  int?: ContractScratch<Int32Array>;
  i64?: ContractScratch<BigInt64Array>;
  u64?: ContractScratch<BigUint64Array>;
}
/** Kernels run one at a time and never yield inside a block, so all share one scratch per type. */
const shared: AnyScratch = {};

const allocate = <A>(create: new (length: number) => A): ContractScratch<A> => ({
  a: new create(sizes.a),
  b: new create(sizes.b),
  acc: new create(sizes.acc),
});

export function contractScratch(type: ScalarType): ContractScratch<unknown> {
  switch (type) {
    case 'f32':
    case 'f64':
      return (shared.float ??= allocate(Float64Array));
    case 'i32':
    case 'u32':
      return (shared.int ??= allocate(Int32Array));
    case 'i64':
      return (shared.i64 ??= allocate(BigInt64Array));
    case 'u64':
      return (shared.u64 ??= allocate(BigUint64Array));
    case 'bool':
    case 'str':
    case 'c64':
    case 'c128':
      throw new InternalError(`The CPU runtime has no contraction of ${type}.`);
  }
}

/** Columns are rounded up to whole tiles; what the padding computes is never read. */
export function multiplyFloat(
  { a, b, acc }: ContractScratch<Float64Array>,
  rows: number,
  columns: number,
  depth: number,
): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column += tile)
      floatTile(a, b, acc, row * depth, column * depth, row * columnBlock + column, depth);
}

function floatTile(
  a: Float64Array,
  b: Float64Array,
  acc: Float64Array,
  aStart: number,
  bStart: number,
  at: number,
  depth: number,
): void {
  let c0 = acc[at] as number;
  let c1 = acc[at + 1] as number;
  let c2 = acc[at + 2] as number;
  let c3 = acc[at + 3] as number;
  for (let p = aStart, q = bStart; p < aStart + depth; p++, q += tile) {
    const x = a[p] as number;
    c0 += x * (b[q] as number);
    c1 += x * (b[q + 1] as number);
    c2 += x * (b[q + 2] as number);
    c3 += x * (b[q + 3] as number);
  }
  acc[at] = c0;
  acc[at + 1] = c1;
  acc[at + 2] = c2;
  acc[at + 3] = c3;
}

/** As `multiplyFloat`, modulo 2^32: one code for i32 and u32. */
export function multiplyInt(
  { a, b, acc }: ContractScratch<Int32Array>,
  rows: number,
  columns: number,
  depth: number,
): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column += tile)
      intTile(a, b, acc, row * depth, column * depth, row * columnBlock + column, depth);
}

function intTile(
  a: Int32Array,
  b: Int32Array,
  acc: Int32Array,
  aStart: number,
  bStart: number,
  at: number,
  depth: number,
): void {
  let c0 = acc[at] as number;
  let c1 = acc[at + 1] as number;
  let c2 = acc[at + 2] as number;
  let c3 = acc[at + 3] as number;
  for (let p = aStart, q = bStart; p < aStart + depth; p++, q += tile) {
    const x = a[p] as number;
    c0 = (c0 + Math.imul(x, b[q] as number)) | 0;
    c1 = (c1 + Math.imul(x, b[q + 1] as number)) | 0;
    c2 = (c2 + Math.imul(x, b[q + 2] as number)) | 0;
    c3 = (c3 + Math.imul(x, b[q + 3] as number)) | 0;
  }
  acc[at] = c0;
  acc[at + 1] = c1;
  acc[at + 2] = c2;
  acc[at + 3] = c3;
}

/** As `multiplyFloat` for 64-bit integers; storing wraps modulo 2^64. */
export function multiplyBig(
  { a, b, acc }: ContractScratch<BigInt64Array>,
  rows: number,
  columns: number,
  depth: number,
): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const group = column - (column % tile);
      let sum = acc[row * columnBlock + column] as bigint;
      for (let k = 0; k < depth; k++) {
        const y = b[group * depth + k * tile + (column - group)] as bigint;
        sum = BigInt.asIntN(64, sum + (a[row * depth + k] as bigint) * y);
      }
      acc[row * columnBlock + column] = sum;
    }
}
