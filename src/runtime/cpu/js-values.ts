/**
 * Values of each scalar type as JavaScript text: literals, rounding and wrapping, conversions. f32,
 * f64, i32 and u32 are numbers, i64 and u64 BigInts, bool a JavaScript boolean (stored as 0 or 1),
 * str a string with one byte per character.
 */
import { InternalError } from '../../errors.js';
import { quoted } from '../../ir/byte-strings.js';
import type { ScalarType } from '../../ir/expr.js';

export const isFloat = (type: ScalarType): boolean => type === 'f32' || type === 'f64';
export const isBig = (type: ScalarType): boolean => type === 'i64' || type === 'u64';

/** Rounds or wraps `text` to the type. */
export function fitText(type: ScalarType, text: string): string {
  switch (type) {
    case 'f32':
      return `Math.fround(${text})`;
    case 'f64':
      return `(${text})`;
    case 'i32':
      return `(${text} | 0)`;
    case 'u32':
      return `(${text} >>> 0)`;
    case 'i64':
      return `BigInt.asIntN(64, ${text})`;
    case 'u64':
      return `BigInt.asUintN(64, ${text})`;
    case 'bool':
    case 'str':
      return `(${text})`;
    case 'c64':
    case 'c128':
      return unsupported('value', type);
  }
}

export function unsupported(what: string, type: ScalarType): never {
  throw new InternalError(
    `The CPU printer has no ${what} on ${type}; the IR verifier should refuse it.`,
  );
}

/** A literal: the name `Infinity` would be a lookup on the global object. */
export const infinityText = '1e999';

export function constText(type: ScalarType, value: number | bigint | string): string {
  if (typeof value === 'string') return quoted(value);
  if (type === 'bool') return value ? 'true' : 'false';
  if (isBig(type)) return `${BigInt(value)}n`.replace(/^-.*/, '($&)');
  const number = type === 'f32' ? Math.fround(Number(value)) : Number(value);
  if (Number.isNaN(number)) return '(0 / 0)';
  if (!Number.isFinite(number)) return number > 0 ? infinityText : `(-${infinityText})`;
  if (Object.is(number, -0)) return '(-0)';
  return number < 0 ? `(${number})` : String(number);
}

/** Float to integer truncates, saturates, and takes NaN to 0; wider integers wrap. */
export function castText(to: ScalarType, from: ScalarType, x: string): string {
  if (to === from) return x;
  if (to === 'str' || from === 'str') return unsupported(`cast to ${to}`, from);
  if (to === 'bool') return isBig(from) ? `(${x} !== 0n)` : `(${x} !== 0)`;
  if (from === 'bool') return isBig(to) ? `(${x} ? 1n : 0n)` : `(${x} ? 1 : 0)`;
  if (isBig(to)) {
    if (isFloat(from)) return `L.${to === 'i64' ? 'toI64' : 'toU64'}(${x})`;
    const wide = isBig(from) ? x : `BigInt(${x})`;
    return to === 'i64' && !isBig(from) ? wide : fitText(to, wide);
  }
  if (isBig(from)) {
    if (to === 'f32') return `L.bigToF32(${x})`;
    if (to === 'f64') return `Number(${x})`;
    return `Number(BigInt.${to === 'i32' ? 'asIntN' : 'asUintN'}(32, ${x}))`;
  }
  if (isFloat(from) && !isFloat(to)) return `L.${to === 'i32' ? 'toI32' : 'toU32'}(${x})`;
  return to === 'f64' ? x : fitText(to, x);
}

export function bitcastText(to: ScalarType, from: ScalarType, x: string): string {
  if (to === from) return x;
  const sizes = [to, from];
  if (sizes.some((type) => type === 'f64' || type === 'str' || isBig(type)))
    return unsupported('bitcast', from);
  if (to === 'f32') return `L.floatOfBits(${castText('i32', from, x)})`;
  const bits = from === 'f32' ? `L.bitsOfFloat(${x})` : castText('i32', from, x);
  return to === 'bool' ? castText('bool', 'i32', bits) : fitText(to, bits);
}
