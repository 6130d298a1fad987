/** The user's mathematics: functions that add one op (or a short composite) to the graph. */
export { accumulateN, addN } from './ops/math/add-n.js';
export { argMax, argMin } from './ops/math/arg-reduce.js';
export { add, mul, mulNoNan, squaredDifference, sub } from './ops/math/arithmetic.js';
export { cast } from './ops/math/cast.js';
export { clipByValue } from './ops/math/clip.js';
export { angle, complex, conj, imag, real } from './ops/math/complex.js';
export {
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
} from './ops/math/compare.js';
export { div, divNoNan, floorDiv, mod, truncateDiv, truncateMod } from './ops/math/division.js';
export { erf, erfc, exp, expm1, log, log1p, rsqrt, sqrt } from './ops/math/exponential.js';
export { maximum, minimum } from './ops/math/extrema.js';
export { matMul } from './ops/math/mat-mul.js';
export { atan2, pow, xdivy, xlogy } from './ops/math/power.js';
export {
  reduceAll,
  reduceAny,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
} from './ops/math/reduce.js';
export { cumprod, cumsum } from './ops/math/scan.js';
export { where, whereV2 } from './ops/math/select.js';
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  sin,
  sinh,
  tan,
  tanh,
} from './ops/math/trigonometry.js';
export {
  abs,
  ceil,
  floor,
  isFinite,
  isInf,
  isNan,
  neg,
  reciprocal,
  rint,
  round,
  sign,
  square,
} from './ops/math/unary.js';
export { sigmoid } from './ops/nn/activations.js';
