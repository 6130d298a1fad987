/** The smallest and largest finite values of dtypes: what TensorFlow starts maxima and minima with. */
import type { DType } from '../graph/dtype.js';
import { constant, type Expr } from '../ir/expr.js';

type Limits = readonly [lowest: number | bigint, highest: number | bigint];

const around = (limit: number): Limits => [-limit, limit];
const signed = (bits: number): Limits => [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
const unsigned = (bits: number): Limits => [0, 2 ** bits - 1];

const limits: Partial<Record<DType, Limits>> = {
  float16: around(65504),
  bfloat16: around(3.3895313892515355e38),
  float32: around(3.4028234663852886e38),
  float64: around(Number.MAX_VALUE),
  int8: signed(8),
  int16: signed(16),
  uint8: unsigned(8),
  uint16: unsigned(16),
  uint32: unsigned(32),
};
const wide: Partial<Record<Expr['type'], Limits>> = {
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};

/** What is wide computes as itself or, on a device, in 32 bits. */
const limitsOf = (dtype: DType, type: Expr['type']): Limits =>
  wide[type] ?? limits[dtype] ?? signed(32);

/** Smallest finite value of a dtype whose elements compute in `type`. */
export const lowestOf = (dtype: DType, type: Expr['type']): Expr =>
  constant(type, limitsOf(dtype, type)[0]);

/** Largest finite value of a dtype whose elements compute in `type`. */
export const highestOf = (dtype: DType, type: Expr['type']): Expr =>
  constant(type, limitsOf(dtype, type)[1]);
