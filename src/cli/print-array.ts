/** Arrays for people: shape, dtype and values, long axes abbreviated to their ends, like NumPy. */
import type { NdArray } from '../graph/dtype.js';
import { elementCount, formatShape, stridesOf } from '../graph/shape.js';
import { elementReader, isSingle, shortestFloat32, type ScalarValue } from './scalar-text.js';

/** Elements beyond which axes are abbreviated, and what is kept of each end. */
const threshold = 1000;
const edge = 3;
const precision = 8;

/** Indices of an axis to show; null marks the gap. */
function shownIndices(length: number, abbreviate: boolean): (number | null)[] {
  if (!abbreviate || length <= 2 * edge) return Array.from({ length }, (_, i) => i);
  const tail = Array.from({ length: edge }, (_, i) => length - edge + i);
  return [0, 1, 2, null, ...tail];
}

/** One format for all floats shown, so that columns line up. */
function floatFormat(values: readonly number[]): (value: number) => string {
  const sizes = values.filter((v) => Number.isFinite(v) && v !== 0).map(Math.abs);
  const [largest, smallest] = sizes.reduce(
    ([most, least], v) => [Math.max(most, v), Math.min(least, v)],
    [0, Infinity],
  );
  const exponent =
    largest >= 1e8 || (sizes.length > 0 && (smallest < 1e-4 || largest / smallest > 1e3));
  const special = (v: number): string => (Number.isNaN(v) ? 'nan' : v > 0 ? 'inf' : '-inf');
  const digitsOf = (v: number): number =>
    exponent
      ? (/\.(\d*)e/.exec(Number(v.toPrecision(precision + 1)).toExponential())?.[1]?.length ?? 0)
      : (/\.(\d+)$/.exec(String(Number(v.toFixed(precision))))?.[1]?.length ?? 0);
  const digits = values.reduce((n, v) => (Number.isFinite(v) ? Math.max(n, digitsOf(v)) : n), 0);
  return (v) => {
    if (!Number.isFinite(v)) return special(v);
    if (exponent) return v.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2');
    const text = v.toFixed(digits);
    return digits === 0 ? `${text}.` : text;
  };
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

const isPair = (value: ScalarValue): value is readonly [number, number] => Array.isArray(value);

function scalarFormat(values: readonly ScalarValue[]): (value: ScalarValue) => string {
  const numbers = values.flatMap((v) => (typeof v === 'number' ? [v] : isPair(v) ? [...v] : []));
  const float = floatFormat(numbers);
  return (value) => {
    if (typeof value === 'number') return float(value);
    if (isPair(value))
      return `${float(value[0])}${isNegative(value[1]) ? '-' : '+'}${float(Math.abs(value[1]))}j`;
    if (value instanceof Uint8Array) return bytesText(value);
    if (typeof value === 'string') return quotedText(value);
    return String(value);
  };
}

const hex = (code: number): string => code.toString(16).padStart(2, '0');

/** Bytes as Python prints them: what is not printable ASCII, and so might command a terminal, as \\xNN. */
const bytesText = (bytes: Uint8Array): string =>
  `b'${Array.from(bytes, (byte) =>
    byte < 32 || byte > 126 || byte === 39 || byte === 92
      ? `\\x${hex(byte)}`
      : String.fromCharCode(byte),
  ).join('')}'`;

/** JSON lets the control characters of DEL and above stand. */
const quotedText = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\u009f]/g, (char) => `\\u00${hex(char.charCodeAt(0))}`);

/** A single-precision value without the digits that only its double has. */
function rounded(value: ScalarValue, single: boolean): ScalarValue {
  if (!single) return value;
  if (isPair(value)) return [shortestFloat32(value[0]), shortestFloat32(value[1])];
  return typeof value === 'number' ? shortestFloat32(value) : value;
}

/** Puts items on lines of limited width, each new line indented. */
function wrapped(items: readonly string[], indent: string, columns: number): string {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    if (line !== '' && indent.length + line.length + 1 + item.length > columns) {
      lines.push(line);
      line = item;
    } else line = line === '' ? item : `${line} ${item}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

/** Values of an array in nested brackets. */
export function printValues(array: NdArray, columns = 75): string {
  const { shape } = array;
  const strides = stridesOf(shape);
  const count = shape.includes(0) ? 0 : elementCount(shape);
  const axes = shape.map((length) => shownIndices(length, count > threshold));
  const read = elementReader(array);
  const shown = axes
    .reduce<number[]>(
      (starts, axis, at) =>
        starts.flatMap((start) =>
          axis.flatMap((i) => (i === null ? [] : [start + i * (strides[at] ?? 1)])),
        ),
      [0],
    )
    .map((at) => rounded(read(at), isSingle(array)));
  if (count === 0) return '[]';
  const isInteger = !array.dtype.includes('float') && !array.dtype.startsWith('complex');
  const format = isInteger ? integerFormat : scalarFormat(shown);
  const texts = shown.map(format);
  const width = texts.reduce((n, text) => Math.max(n, text.length), 0);
  const isText = array.dtype === 'string';
  let next = 0;
  const take = (): string => {
    const text = texts[next++] ?? '';
    return isText || shape.length === 0 ? text : text.padStart(width);
  };
  const walk = (axis: number): string => {
    const indices = axes[axis];
    if (indices === undefined) return take();
    const parts = indices.map((i) => (i === null ? '...' : walk(axis + 1)));
    const indent = ' '.repeat(axis + 1);
    const isLast = axis === shape.length - 1;
    const gap = '\n'.repeat(Math.max(1, shape.length - 1 - axis));
    return `[${isLast ? wrapped(parts, indent, columns) : parts.join(gap + indent)}]`;
  };
  return walk(0);
}

const integerFormat = (value: ScalarValue): string =>
  typeof value === 'number' ? String(value) : scalarFormat([])(value);

/** `name: float32 [2,3]`, then the values. */
export const printArray = (name: string, array: NdArray, columns?: number): string =>
  `${name}: ${array.dtype} ${formatShape(array.shape)}\n${printValues(array, columns)}\n`;
