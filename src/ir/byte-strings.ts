/**
 * Byte strings: a string tensor's elements as kernels hold them, JavaScript strings with one byte
 * per character (0 to 255). They are values as numbers are: compared, joined and shared at no cost.
 */

/** Characters built at once: more arguments would overflow the stack. */
const chunk = 8192;

const fromCodes = (bytes: Uint8Array): string =>
  String.fromCharCode.apply(null, bytes as unknown as number[]);

export function toByteString(bytes: Uint8Array): string {
  if (bytes.length <= chunk) return fromCodes(bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += chunk)
    text += fromCodes(bytes.subarray(at, at + chunk));
  return text;
}

/** The bytes, in an array of their own. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Anything but printable ASCII, and what has a meaning inside quotes. */
const escaped = /[^ !#-[\]-~]/g;

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/**
 * A literal of printable ASCII in double quotes that JavaScript reads as the same string, whatever
 * is in it: what a graph's data says can be neither code nor the end of the literal.
 *
 * @example quoted('a"\n'); // "a\x22\x0a"
 */
export const quoted = (text: string): string =>
  `"${text.replace(escaped, (char) => {
    const code = char.charCodeAt(0);
    return code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  })}"`;
