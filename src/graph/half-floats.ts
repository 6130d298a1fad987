/** float16 and bfloat16: numbers to the bits they are held in, and back. */
import { getFloat16, setFloat16 } from '@petamoriken/float16';

const scratch = new DataView(new ArrayBuffer(4));

/** Value of IEEE half bits. */
export function fromHalfBits(bits: number): number {
  scratch.setUint16(0, bits);
  return getFloat16(scratch, 0);
}

/** Bits of the nearest IEEE half, ties to even. */
export function toHalfBits(value: number): number {
  setFloat16(scratch, 0, value);
  return scratch.getUint16(0);
}

/** Value of bfloat16 bits: the upper half of a float32. */
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
