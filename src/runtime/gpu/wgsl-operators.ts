/**
 * One operator of the expression language as WGSL text. Operands come as text that needs no
 * parentheses. What WGSL's own functions leave open (NaN, infinity, accuracy near zero) goes
 * through the helper functions of wgsl-helpers.
 */
import { InternalError } from '../../errors.js';
import type { BinaryFn, Combiner, Intrinsic, ScalarType, UnaryFn } from '../../ir/expr.js';
import { identityOf } from '../../ir/identity.js';
import type { HelperSet } from './wgsl-helpers.js';
import { literal, wgslType, type Width } from './wgsl-literal.js';
import { zeroText } from './wgsl-zero.js';

/** WGSL functions good as they are, on f32. */
const builtinFloat: Partial<Record<UnaryFn, string>> = {
  abs: 'abs',
  floor: 'floor',
  ceil: 'ceil',
  round: 'round',
  trunc: 'trunc',
  sqrt: 'sqrt',
  rsqrt: 'inverseSqrt',
};

const unchangedIntegers: ReadonlySet<UnaryFn> = new Set(['floor', 'ceil', 'round', 'trunc']);

/** `fn(x)`; `xType` is the operand's type (`type` is bool for tests). */
export function unaryText(
  fn: UnaryFn,
  x: string,
  xType: ScalarType,
  width: Width,
  helpers: HelperSet,
): string {
  if (fn === 'not') return xType === 'bool' ? `!${x}` : `~${x}`;
  if (xType === 'f32') {
    if (fn === 'neg') return `-${x}`;
    const builtin = builtinFloat[fn];
    return `${builtin ?? helpers.use(fn, width)}(${x})`;
  }
  return integerUnary(fn, x, xType, width, helpers);
}

function integerUnary(
  fn: UnaryFn,
  x: string,
  type: ScalarType,
  width: Width,
  helpers: HelperSet,
): string {
  if (unchangedIntegers.has(fn)) return x;
  const of = wgslType(type, width);
  switch (fn) {
    case 'neg':
      return type === 'u32' ? `${of}() - ${x}` : `-${x}`;
    case 'abs':
      return `abs(${x})`;
    case 'sign':
      return type === 'u32' ? `min(${x}, ${of}(1u))` : `sign(${x})`;
    case 'isNan':
    case 'isInf':
      return `${x} != ${x}`;
    case 'isFinite':
      return `${x} == ${x}`;
    case 'wrapI8':
      return `extractBits(${signed(x, type, width)}, 0u, 8u)`;
    case 'wrapI16':
      return `extractBits(${signed(x, type, width)}, 0u, 16u)`;
    case 'wrapU8':
      return `${x} & ${of}(${literal(type, 0xff, helpers)})`;
    case 'wrapU16':
      return `${x} & ${of}(${literal(type, 0xffff, helpers)})`;
    default:
      throw new InternalError(`WGSL printer: ${fn} of ${type}.`);
  }
}

const signed = (x: string, type: ScalarType, width: Width): string =>
  type === 'i32' ? x : `bitcast<${wgslType('i32', width)}>(${x})`;

export interface BinaryParts {
  readonly fn: BinaryFn;
  /** Type of the operands. */
  readonly type: ScalarType;
  readonly a: string;
  readonly b: string;
  readonly width: Width;
  /** Values of the operands that are constants. */
  readonly constantA: number | undefined;
  readonly constantB: number | undefined;
  readonly nonNegativeA: boolean;
  readonly helpers: HelperSet;
}

const infix: Partial<Record<BinaryFn, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  eq: '==',
  ne: '!=',
};

export function binaryText(parts: BinaryParts): string {
  switch (parts.type) {
    case 'f32':
      return floatBinary(parts);
    case 'i32':
    case 'u32':
      return integerBinary(parts);
    case 'bool':
      return boolBinary(parts);
    default:
      throw new InternalError(`WGSL has no ${parts.type}; the kernel belongs on the host.`);
  }
}

function floatBinary(parts: BinaryParts): string {
  const { fn, a, b, width, constantB, helpers } = parts;
  const exact = zeroText(parts);
  if (exact !== undefined) return exact;
  // Compilers may fold `x == x` to true, and NaN with it.
  if (a === b && fn === 'eq') return `!${helpers.use('isNan', width)}(${a})`;
  if (a === b && fn === 'ne') return `${helpers.use('isNan', width)}(${a})`;
  // WGSL's `!=` is false when either side is NaN.
  if (fn === 'ne') return `!(${a} == ${b})`;
  const operator = fn === 'div' ? '/' : infix[fn];
  if (operator !== undefined) return `${a} ${operator} ${b}`;
  if ((fn === 'max' || fn === 'min') && constantB !== undefined && !Number.isNaN(constantB))
    return `${helpers.use(fn === 'max' ? 'maxConst' : 'minConst', width)}(${a}, ${b})`;
  if (fn === 'pow' && constantB === 2) return `${a} * ${a}`;
  if (fn === 'pow' && constantB === 1) return a;
  if (fn === 'pow' && constantB === 3) return `${a} * ${a} * ${a}`;
  return `${helpers.use(fn, width)}(${a}, ${b})`;
}

function integerBinary(parts: BinaryParts): string {
  const { fn, type, a, b, width, constantB, helpers } = parts;
  const operator = infix[fn];
  if (operator !== undefined) return `${a} ${operator} ${b}`;
  const splat = (value: number, as: ScalarType): string =>
    width === 1
      ? literal(as, value, helpers)
      : `${wgslType(as, 4)}(${literal(as, value, helpers)})`;
  const power = constantB !== undefined && constantB > 0 ? Math.log2(constantB) : NaN;
  switch (fn) {
    case 'div':
      if (Number.isInteger(power) && parts.nonNegativeA) return `${a} >> ${splat(power, 'u32')}`;
      return constantB === 0 ? `${helpers.use(`div_${type}`, width)}(${a}, ${b})` : `${a} / ${b}`;
    case 'mod':
      if (Number.isInteger(power) && parts.nonNegativeA)
        return `${a} & ${splat((constantB ?? 1) - 1, type)}`;
      return constantB === 0 ? `${helpers.use(`mod_${type}`, width)}(${a}, ${b})` : `${a} % ${b}`;
    case 'max':
    case 'min':
      return `${fn}(${a}, ${b})`;
    case 'and':
      return `${a} & ${b}`;
    case 'or':
      return `${a} | ${b}`;
    case 'xor':
      return `${a} ^ ${b}`;
    case 'shl':
    case 'shr':
      if (constantB !== undefined && constantB >= 0 && constantB < 32)
        return `${a} ${fn === 'shl' ? '<<' : '>>'} ${splat(constantB, 'u32')}`;
      return `${helpers.use(`${fn}_${type}`, width)}(${a}, ${b})`;
    case 'pow':
      return `${helpers.use(`pow_${type}`, width)}(${a}, ${b})`;
    default:
      throw new InternalError(`WGSL printer: ${fn} of ${type}.`);
  }
}

function boolBinary({ fn, a, b, width }: BinaryParts): string {
  switch (fn) {
    case 'and':
    case 'mul':
    case 'min':
      return `${a} & ${b}`;
    case 'or':
    case 'add':
    case 'max':
      return `${a} | ${b}`;
    case 'xor':
    case 'ne':
      return `${a} != ${b}`;
    case 'eq':
      return `${a} == ${b}`;
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge': {
      const of = wgslType('u32', width);
      return `${of}(${a}) ${infix[fn] ?? ''} ${of}(${b})`;
    }
    default:
      throw new InternalError(`WGSL printer: ${fn} of bool.`);
  }
}

/** Value conversion. Out of range, floats saturate, except that negative floats wrap into u32. */
export function castText(
  to: ScalarType,
  from: ScalarType,
  x: string,
  width: Width,
  helpers: HelperSet,
): string {
  const of = wgslType(to, width);
  if (to === from) return x;
  if (to === 'bool')
    return from === 'f32'
      ? `${helpers.use('isNonzero', width)}(${x})`
      : `${x} != ${wgslType(from, width)}()`;
  if (from === 'f32') return `${helpers.use(`f32_to_${to}`, width)}(${x})`;
  return `${of}(${x})`;
}

/** `a combine b`, for folds, reductions and contractions. */
export function combineText(
  combine: Combiner,
  type: ScalarType,
  a: string,
  b: string,
  width: Width,
  helpers: HelperSet,
): string {
  const fns = { sum: 'add', prod: 'mul', max: 'max', min: 'min', and: 'and', or: 'or' } as const;
  const parts = { fn: fns[combine], type, a, b, width, helpers } as const;
  return binaryText({
    ...parts,
    constantA: undefined,
    constantB: undefined,
    nonNegativeA: false,
  });
}

/** What a combiner gives over nothing, as TensorFlow's reductions have it. */
export function identityText(
  combine: Combiner,
  type: ScalarType,
  width: Width,
  helpers: HelperSet,
): string {
  return `${wgslType(type, width)}(${literal(type, identityOf(combine, type), helpers)})`;
}

/** An intrinsic; without the lane argument it gives all four lanes as a vec4. */
export function callText(fn: Intrinsic, args: readonly string[], helpers: HelperSet): string {
  const all = `${helpers.use(fn, 1)}(${args.slice(0, 6).join(', ')})`;
  const lane = args[6];
  return lane === undefined ? all : `${all}[${lane}]`;
}
