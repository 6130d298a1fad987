/** Integer functions WGSL lacks, or refuses when an operand is a constant. */
import type { HelperSource } from './wgsl-helper-source.js';

const signed = { params: 'a: i32, b: i32', result: 'i32' } as const;
const unsigned = { params: 'a: u32, b: u32', result: 'u32' } as const;

/** By squaring; wraps. */
const power = (type: 'i32' | 'u32'): string => `
var result: ${type} = 1;
var base = a;
var rest = u32(b);
while (rest != 0u) {
  if ((rest & 1u) == 1u) { result *= base; }
  base *= base;
  rest >>= 1u;
}
return result;`;

export const integerSources: Readonly<Record<string, HelperSource>> = {
  div_i32: { ...signed, body: 'return a / b;' },
  div_u32: { ...unsigned, body: 'return a / b;' },
  mod_i32: { ...signed, body: 'return a % b;' },
  mod_u32: { ...unsigned, body: 'return a % b;' },
  // Shift distances are clamped to 0..31, as TensorFlow's kernels do.
  shl_i32: { ...signed, body: 'return a << u32(clamp(b, 0, 31));' },
  shr_i32: { ...signed, body: 'return a >> u32(clamp(b, 0, 31));' },
  shl_u32: { ...unsigned, body: 'return a << min(b, 31u);' },
  shr_u32: { ...unsigned, body: 'return a >> min(b, 31u);' },
  pow_u32: { ...unsigned, body: power('u32') },
  // A negative exponent leaves only what 1 / a^|b| rounds to.
  pow_i32: {
    ...signed,
    body: `
if (b < 0) {
  let odd = select(1, -1, (b & 1) == 1);
  return select(select(0, odd, a == -1), 1, a == 1);
}
${power('i32').trim()}`,
  },
  /** Upper half of the 64-bit product. */
  mulHigh: {
    ...unsigned,
    body: `
let al = a & 0xffffu;
let ah = a >> 16u;
let bl = b & 0xffffu;
let bh = b >> 16u;
let middle = ah * bl + ((al * bl) >> 16u);
let other = al * bh + (middle & 0xffffu);
return ah * bh + (middle >> 16u) + (other >> 16u);`,
  },
};
