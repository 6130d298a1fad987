/** WGSL's names of scalar and vector types, and literals that survive its constant evaluation. */
import { InternalError } from '../../errors.js';
import type { ScalarType } from '../../ir/expr.js';
import type { Width } from './wgsl-helper-source.js';
import type { HelperSet } from './wgsl-helpers.js';

export type { Width };

/** Scalar types WGSL has. */
export type WgslScalar = 'f32' | 'i32' | 'u32' | 'bool';

export function wgslScalar(type: ScalarType): WgslScalar {
  if (type === 'f32' || type === 'i32' || type === 'u32' || type === 'bool') return type;
  throw new InternalError(`WGSL has no ${type}; the kernel belongs on the host.`);
}

/** `f32`, or `vec4<f32>` at width 4. */
export const wgslType = (type: ScalarType, width: Width = 1): string =>
  width === 4 ? `vec4<${wgslScalar(type)}>` : wgslScalar(type);

const scratch = new DataView(new ArrayBuffer(4));

/** Bit pattern of the nearest f32, as a u32 literal. */
function bitsLiteral(value: number): string {
  scratch.setFloat32(0, value);
  return `0x${scratch.getUint32(0).toString(16)}u`;
}

const smallestNormal = 1.1754943508222875e-38;

function floatLiteral(value: number, helpers: HelperSet): string {
  const rounded = Math.fround(value);
  // NaN and infinity are errors in constant expressions, so their bits come from a variable.
  if (Number.isNaN(rounded)) return helpers.constant('nan_bits', '0x7fc00000u');
  if (rounded === Infinity) return helpers.constant('inf_bits', '0x7f800000u');
  if (rounded === -Infinity) return helpers.constant('neg_inf_bits', '0xff800000u');
  if (rounded !== 0 && Math.abs(rounded) < smallestNormal)
    return `bitcast<f32>(${bitsLiteral(rounded)})`;
  // As `-0.0f` it would lose its sign.
  if (Object.is(rounded, -0)) return helpers.constant('neg_zero_bits', '0x80000000u');
  const text = String(rounded);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** A literal of the type; integers are wrapped into its range. */
export function literal(
  type: ScalarType,
  value: number | bigint | string,
  helpers: HelperSet,
): string {
  switch (wgslScalar(type)) {
    case 'f32':
      return floatLiteral(Number(value), helpers);
    case 'i32': {
      const wrapped = Number(BigInt.asIntN(32, BigInt(value)));
      return wrapped === -0x80000000 ? 'i32(-2147483648)' : String(wrapped);
    }
    case 'u32':
      return `${BigInt.asUintN(32, BigInt(value))}u`;
    case 'bool':
      return Number(value) === 0 ? 'false' : 'true';
  }
}
