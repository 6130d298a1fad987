/**
 * One scalar operation as JavaScript text. f32, f64, i32 and u32 are numbers, i64 and u64 BigInts,
 * bool is a JavaScript boolean (stored as 0 or 1), str a string. Every f32 result is rounded with Math.fround and
 * every integer result wrapped, so that a value is the same wherever the compiler computes it.
 * `L` is the library of js-library.ts.
 */
import type { BinaryFn, Combiner, ScalarType, UnaryFn } from '../../ir/expr.js';
import { identityOf } from '../../ir/identity.js';
import { constText, fitText, infinityText, isBig, isFloat, unsupported } from './js-values.js';

const mathFunctions: ReadonlySet<UnaryFn> = new Set([
  'sqrt',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'floor',
  'ceil',
  'trunc',
  'abs',
  'sign',
]);
const libraryFunctions: ReadonlySet<UnaryFn> = new Set([
  'round',
  'sigmoid',
  'softplus',
  'erf',
  'erfc',
  'roundF16',
  'roundBf16',
]);

function floatUnary(fn: UnaryFn, type: ScalarType, x: string): string {
  if (mathFunctions.has(fn)) return fitText(type, `Math.${fn}(${x})`);
  if (libraryFunctions.has(fn)) return fitText(type, `L.${fn}(${x})`);
  switch (fn) {
    case 'neg':
      return `(-${x})`;
    case 'rsqrt':
      return fitText(type, `1 / Math.sqrt(${x})`);
    case 'isNan':
      return `Number.isNaN(${x})`;
    case 'isInf':
      return `(Math.abs(${x}) === ${infinityText})`;
    case 'isFinite':
      return `Number.isFinite(${x})`;
    default:
      return unsupported(fn, type);
  }
}

function integerUnary(fn: UnaryFn, type: ScalarType, x: string): string {
  switch (fn) {
    case 'neg':
      return fitText(type, `-${x}`);
    case 'not':
      return type === 'bool' ? `!${x}` : fitText(type, `~${x}`);
    case 'abs':
      return type === 'i32' ? fitText(type, `Math.abs(${x})`) : fitText(type, `L.absBig(${x})`);
    case 'sign':
      return isBig(type) ? `L.signBig(${x})` : fitText(type, `Math.sign(${x})`);
    case 'floor':
    case 'ceil':
    case 'round':
    case 'trunc':
      return x;
    case 'isNan':
    case 'isInf':
      return 'false';
    case 'isFinite':
      return 'true';
    case 'wrapI8':
      return `(${x} << 24 >> 24)`;
    case 'wrapI16':
      return `(${x} << 16 >> 16)`;
    case 'wrapU8':
      return `(${x} & 255)`;
    case 'wrapU16':
      return `(${x} & 65535)`;
    default:
      return unsupported(fn, type);
  }
}

export function unaryText(fn: UnaryFn, type: ScalarType, x: string): string {
  if (type === 'str') return unsupported(fn, type);
  if (isFloat(type)) return floatUnary(fn, type, x);
  if (fn === 'abs' && (type === 'u32' || type === 'u64')) return x;
  return integerUnary(fn, type, x);
}

const symbols: Partial<Record<BinaryFn, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  mod: '%',
  and: '&',
  or: '|',
  xor: '^',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  eq: '===',
  ne: '!==',
};

function floatBinary(fn: BinaryFn, type: ScalarType, a: string, b: string): string {
  switch (fn) {
    case 'max':
    case 'min':
      return `Math.${fn}(${a}, ${b})`;
    case 'pow':
      return fitText(type, `L.pow(${a}, ${b})`);
    case 'atan2':
      return fitText(type, `Math.atan2(${a}, ${b})`);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'mod':
      return fitText(type, `${a} ${symbols[fn] ?? ''} ${b}`);
    default:
      return unsupported(fn, type);
  }
}

function intBinary(fn: BinaryFn, type: ScalarType, a: string, b: string): string {
  switch (fn) {
    case 'mul':
      return type === 'i32' ? `Math.imul(${a}, ${b})` : fitText(type, `Math.imul(${a}, ${b})`);
    case 'max':
    case 'min':
      return `Math.${fn}(${a}, ${b})`;
    case 'pow':
      return fitText(type, `L.powInt(${a}, ${b})`);
    case 'shl':
      return fitText(type, `${a} << ${b}`);
    case 'shr':
      return type === 'i32' ? `(${a} >> ${b})` : `(${a} >>> ${b})`;
    case 'add':
    case 'sub':
    case 'div': // x / 0 is an infinity or NaN, which wrap to 0
    case 'mod':
      return fitText(type, `${a} ${symbols[fn] ?? ''} ${b}`);
    case 'and':
    case 'or':
    case 'xor':
      return fitText(type, `(${a} ${symbols[fn] ?? ''} ${b})`);
    default:
      return unsupported(fn, type);
  }
}

function bigBinary(fn: BinaryFn, type: ScalarType, a: string, b: string): string {
  switch (fn) {
    case 'max':
    case 'min':
      return `L.${fn}Big(${a}, ${b})`;
    case 'div':
    case 'mod':
      return fitText(type, `L.${fn}Big(${a}, ${b})`);
    case 'pow':
      return fitText(type, `L.powBig(${a}, ${b})`);
    case 'shl':
      return fitText(type, `${a} << (BigInt(${b}) & 63n)`);
    case 'shr':
      return `(${a} >> (BigInt(${b}) & 63n))`;
    case 'and':
    case 'or':
    case 'xor':
      return `(${a} ${symbols[fn] ?? ''} ${b})`;
    case 'add':
    case 'sub':
    case 'mul':
      return fitText(type, `${a} ${symbols[fn] ?? ''} ${b}`);
    default:
      return unsupported(fn, type);
  }
}

function boolBinary(fn: BinaryFn, a: string, b: string): string {
  if (fn === 'and' || fn === 'min' || fn === 'mul') return `(${a} && ${b})`;
  if (fn === 'or' || fn === 'max') return `(${a} || ${b})`;
  if (fn === 'xor') return `(${a} !== ${b})`;
  return unsupported(fn, 'bool');
}

const textBinary = (fn: BinaryFn, a: string, b: string): string =>
  fn === 'add' ? `(${a} + ${b})` : unsupported(fn, 'str');

/** `type` is that of the operands. */
export function binaryText(fn: BinaryFn, type: ScalarType, a: string, b: string): string {
  switch (fn) {
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
    case 'eq':
    case 'ne':
      return `(${a} ${symbols[fn] ?? ''} ${b})`;
    default:
  }
  if (isFloat(type)) return floatBinary(fn, type, a, b);
  if (isBig(type)) return bigBinary(fn, type, a, b);
  if (type === 'str') return textBinary(fn, a, b);
  return type === 'bool' ? boolBinary(fn, a, b) : intBinary(fn, type, a, b);
}

/** What a reduction of nothing gives: lowest value for max, highest for min. */
export const identityText = (combine: Combiner, type: ScalarType): string =>
  constText(type, identityOf(combine, type));

/**
 * One step of a reduction. Sums and products of f32 are kept in double and rounded once by
 * `finishText`: closer to the true value than any order of f32 additions, and faster.
 */
export function combineText(
  combine: Combiner,
  type: ScalarType,
  acc: string,
  value: string,
): string {
  const wide = type === 'f32' ? 'f64' : type;
  if (combine === 'sum')
    return type === 'bool' ? `${acc} || ${value}` : binaryText('add', wide, acc, value);
  return binaryText(combine === 'prod' ? 'mul' : combine, wide, acc, value);
}

/** The result of a reduction from its accumulator. */
export const finishText = (combine: Combiner, type: ScalarType, acc: string): string =>
  type === 'f32' && (combine === 'sum' || combine === 'prod') ? `Math.fround(${acc})` : acc;
