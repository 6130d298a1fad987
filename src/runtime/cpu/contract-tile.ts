/**
 * Inner loop of contractions: a block of packed rows of `a` times a block of packed columns of `b`,
 * added to a block of accumulators. One copy serves every kernel, so it is compiled and hot once.
 *
 * f32 operands are exact in double and so are their products; accumulating in double and rounding
 * the sum once is both closer to the true value than f32 accumulation and faster than rounding
 * each step. Every sum runs over k in order, whatever the blocks, so results do not depend on them.
 */
import { InternalError } from '../../errors.js';
import type { ScalarType } from '../../ir/expr.js';

/** Rows of `a` and columns of `b` in one register tile. */
export const tile = 4;
/** Block sizes: a block of b is 256 KiB of doubles, half a common second-level cache. */
export const rowBlock = 128;
export const columnBlock = 256;
export const depthBlock = 128;
/** Columns and depth of a block where rows are too few for packing `b` to pay. */
export const thinBlock = 8192;

export interface ContractScratch<A> {
  /** Packed `a`: groups of four rows, k-major. */
  readonly a: A;
  /** Packed `b`: groups of four columns, k-major. */
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
      throw new InternalError('A contraction of bool has no meaning.');
  }
}

/** Rows and columns are rounded up to whole tiles; what the padding computes is never read. */
export function multiplyFloat(
  { a, b, acc }: ContractScratch<Float64Array>,
  rows: number,
  columns: number,
  depth: number,
): void {
  for (let row = 0; row < rows; row += tile)
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
  const at1 = at + columnBlock;
  let c00 = acc[at] as number;
  let c01 = acc[at + 1] as number;
  let c02 = acc[at + 2] as number;
  let c03 = acc[at + 3] as number;
  let c10 = acc[at1] as number;
  let c11 = acc[at1 + 1] as number;
  let c12 = acc[at1 + 2] as number;
  let c13 = acc[at1 + 3] as number;
  void [c00, c01, c02, c03, c10, c11, c12, c13, aStart, bStart, depth, a, b];
}
