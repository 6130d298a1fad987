/** float16 and bfloat16: numbers to the bits they are held in, and back. */

const scratch = new DataView(new ArrayBuffer(4));

/** Value of IEEE half bits. */
export function fromHalfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
/** Value of bfloat16 bits. */
export function fromBrainBits(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** Bits of the nearest bfloat16, by way of float32, ties to even. */
export function toBrainBits(value: number): number {
  scratch.setFloat32(0, value);
  const raw = scratch.getUint32(0);
  if ((raw & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return ((raw + 0x7fff + ((raw >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Bits of the nearest IEEE half, ties to even. */
export function toHalfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const scale =
    magnitude >= 2 ** (exponent + 1)
      ? exponent + 1
      : magnitude < 2 ** exponent
        ? exponent - 1
        : exponent;
  return sign | (roundEven((magnitude / 2 ** scale - 1) * 1024) + ((scale + 15) << 10));
}
function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
