/** The neutral elements of combiners: what a reduction of nothing gives. */
import { InternalError } from '../errors.js';
import type { Combiner, ScalarType } from './expr.js';

type Limits = readonly [lowest: number | bigint, highest: number | bigint];

/** Of floats the infinities. */
const limits: Readonly<Record<Exclude<ScalarType, 'str'>, Limits>> = {
  f32: [-Infinity, Infinity],
  f64: [-Infinity, Infinity],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
  bool: [0, 1],
  // Complex numbers have no order, and no limits.
  c64: [NaN, NaN],
  c128: [NaN, NaN],
};

/** All bits set; floats have no such thing. */
const allOnes: Readonly<Partial<Record<ScalarType, number | bigint>>> = {
  i32: -1,
  u32: 2 ** 32 - 1,
  i64: -1n,
  u64: 2n ** 64n - 1n,
  bool: 1,
};

/** The sum of strings joins them; nothing else combines them. */
function identityOfStrings(combine: Combiner): string {
  if (combine === 'sum') return '';
  throw new InternalError(`There is no ${combine} of strings.`);
}

/** The value that changes nothing it is combined with; as TensorFlow's reductions have it. */
export function identityOf(combine: Combiner, type: ScalarType): number | bigint | string {
  if (type === 'str') return identityOfStrings(combine);
  const isBig = type === 'i64' || type === 'u64';
  switch (combine) {
    case 'sum':
    case 'or':
      return isBig ? 0n : 0;
    case 'prod':
      return isBig ? 1n : 1;
    case 'max':
      return limits[type][0];
    case 'min':
      return limits[type][1];
    case 'and': {
      const ones = allOnes[type];
      if (ones === undefined) throw new InternalError(`There is no bitwise and of ${type}.`);
      return ones;
    }
  }
}
