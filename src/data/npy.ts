/**
 * NumPy's .npy format, versions 1 to 3, as bytes: magic, version, header length, header, elements.
 * Pure: files are the caller's business. Pickled objects and records are refused.
 */
import { DataLossError, DTypeError, InvalidArgumentError, UnimplementedError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';
import {
  arrayConstructor,
  byteSizeOf,
  elementsPerValue,
  isNumericDType,
  type DType,
  type NdArray,
  type NumericArray,
  type NumericDType,
} from '../graph/dtype.js';
import { isNdArray, ndArray } from '../graph/nd-array.js';
import { elementCount, stridesOf, type StaticShape } from '../graph/shape.js';
import { fromBrainBits } from '../graph/half-floats.js';
import { parseHeader, printHeader } from './npy-header.js';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
const alignment = 64;
/** Strings of no width take no bytes: a short file could claim any number of them. */
const maxEmptyStrings = 2 ** 20;

/** NumPy's kind and size -> dtype. ml_dtypes saves bfloat16 as two opaque bytes. */
const dtypes: Readonly<Record<string, NumericDType>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  c8: 'complex64',
  c16: 'complex128',
  V2: 'bfloat16',
};

/** What is written for dtypes NumPy lacks. */
const stored: Partial<Record<DType, NumericDType>> = {
  bfloat16: 'float32',
  qint8: 'int8',
  quint8: 'uint8',
  qint16: 'int16',
  quint16: 'uint16',
  qint32: 'int32',
};

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** How elements lie in the file. */
interface Layout {
  readonly shape: StaticShape;
  readonly fortranOrder: boolean;
  readonly bigEndian: boolean;
}

/**
 * Array of a .npy file's bytes. Little-endian, C-order, aligned data is a view on `file`; all else
 * is copied. Text becomes UTF-8 strings without NumPy's zero padding.
 *
 * @throws InvalidArgumentError for other formats or a damaged header, DataLossError if the elements
 *   are too few or too many for the shape, UnimplementedError for objects, records and dates.
 * @example const { dtype, shape, data } = parseNpy(await readFile('x.npy'));
 */
export function parseNpy(file: Uint8Array): NdArray {
  if (!ArrayBuffer.isView(file))
    throw new DTypeError(
      `parseNpy: Expected the bytes of a .npy file (a Uint8Array) for argument 'file' not ${describeValue(file)}.${(file as unknown) instanceof ArrayBuffer ? ' Give new Uint8Array(buffer).' : ''}`,
    );
  // A Buffer's slice and map differ from Uint8Array's.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const { source, dataStart } = splitHeader(bytes);
  const { descr, fortranOrder, shape } = parseHeader(source);
  const content = bytes.subarray(dataStart);
  const parts = /^([<>|=]?)([A-Za-z])(\d*)$/.exec(descr);
  const [, order = '', kind = '', size = ''] = parts ?? [];
  const layout: Layout = { shape, fortranOrder, bigEndian: order === '>' };
  if (kind === 'U' || kind === 'S') return parseText(content, kind, Number(size), layout, descr);
  const dtype = dtypes[kind + size];
  if (dtype === undefined)
    throw new UnimplementedError(
      `The .npy file has NumPy type '${descr}'${kind === 'O' ? ' (pickled Python objects)' : ''}, which is not supported. Convert it first: array.astype('float32').`,
    );
  checkLength(content, layout, byteSizeOf(dtype), descr);
  const data = readElements(content, dtype, layout);
  const ordered = fortranOrder ? toRowMajor(data, dtype, shape) : data;
  return { dtype, shape, data: ordered } as NdArray;
}

function splitHeader(bytes: Uint8Array): { readonly source: string; readonly dataStart: number } {
  if (!magic.every((byte, i) => bytes[i] === byte))
    throw new InvalidArgumentError('This is not a .npy file: it does not start with \\x93NUMPY.');
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3)
    throw new UnimplementedError(`.npy version ${version} is unknown; 1, 2 and 3 are supported.`);
  const lengthSize = version === 1 ? 2 : 4;
  const start = 8 + lengthSize;
  if (bytes.byteLength < start) throw truncated(bytes.byteLength, start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (bytes.byteLength < start + length) throw truncated(bytes.byteLength, start + length);
  const header = bytes.subarray(start, start + length);
  const text = version === 3 ? decoder : new TextDecoder('latin1');
  return { source: text.decode(header), dataStart: start + length };
}

const truncated = (have: number, need: number): DataLossError =>
  new DataLossError(`The .npy file is cut off: it has ${have} bytes, its header needs ${need}.`);

const countOf = (shape: StaticShape): number => (shape.includes(0) ? 0 : elementCount(shape));

/** Before anything is allocated: the elements must be there. */
function checkLength(content: Uint8Array, layout: Layout, size: number, descr: string): void {
  const needed = countOf(layout.shape) * size;
  if (content.byteLength === needed) return;
  const verdict = content.byteLength < needed ? 'is cut off' : 'has bytes past its end';
  throw new DataLossError(
    `The .npy file ${verdict}: shape [${layout.shape.join(',')}] of '${descr}' needs ${needed} bytes of data, it has ${content.byteLength}.`,
  );
}

type ViewConstructor = new (
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
) => NumericArray;

function readElements(content: Uint8Array, dtype: NumericDType, layout: Layout): NumericArray {
  const Elements = arrayConstructor(dtype);
  const size = Elements.BYTES_PER_ELEMENT;
  const mustCopy = (layout.bigEndian && size > 1) || content.byteOffset % size !== 0;
  const bytes = mustCopy ? Uint8Array.from(content) : content;
  if (layout.bigEndian && size > 1)
    for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  if (dtype === 'bool') return bytes.map((byte) => (byte === 0 ? 0 : 1));
  const length = bytes.byteLength / size;
  return new (Elements as unknown as ViewConstructor)(bytes.buffer, bytes.byteOffset, length);
}

/** Calls `visit(from, to)` for each element of a Fortran-order array and its row-major place. */
function eachTransposed(shape: StaticShape, visit: (from: number, to: number) => void): void {
  const strides = stridesOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  const count = countOf(shape);
  let to = 0;
  for (let from = 0; from < count; from++) {
    visit(from, to);
    for (let axis = 0; axis < shape.length; axis++) {
      const next = (index[axis] ?? 0) + 1;
      const stride = strides[axis] ?? 1;
      if (next < (shape[axis] ?? 1)) {
        index[axis] = next;
        to += stride;
        break;
      }
      to -= (next - 1) * stride;
      index[axis] = 0;
    }
  }
}

function toRowMajor(data: NumericArray, dtype: NumericDType, shape: StaticShape): NumericArray {
  const width = elementsPerValue(dtype);
  const out = data.slice() as Float64Array;
  const source = data as Float64Array;
  eachTransposed(shape, (from, to) => {
    for (let part = 0; part < width; part++)
      out[to * width + part] = source[from * width + part] ?? 0;
  });
  return out;
}

function parseText(
  content: Uint8Array,
  kind: 'U' | 'S',
  width: number,
  layout: Layout,
  descr: string,
): NdArray {
  const size = kind === 'U' ? 4 * width : width;
  checkLength(content, layout, size, descr);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const count = countOf(layout.shape);
  if (width === 0 && count > maxEmptyStrings)
    throw new UnimplementedError(`The .npy file claims to hold ${count} empty strings.`);
  const read = (at: number): Uint8Array =>
    kind === 'S'
      ? withoutPadding(content.slice(at * size, (at + 1) * size))
      : encoder.encode(readUnicode(view, at * size, width, !layout.bigEndian));
  const data = Array.from({ length: count }, (_, at) => read(at));
  if (!layout.fortranOrder) return { dtype: 'string', shape: layout.shape, data };
  const ordered = [...data];
  eachTransposed(layout.shape, (from, to) => (ordered[to] = data[from] ?? new Uint8Array()));
  return { dtype: 'string', shape: layout.shape, data: ordered };
}

function withoutPadding(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

function readUnicode(view: DataView, at: number, width: number, littleEndian: boolean): string {
  const points = Array.from({ length: width }, (_, i) => view.getUint32(at + 4 * i, littleEndian));
  while (points.at(-1) === 0) points.pop();
  const isBad = points.some((point) => point > 0x10ffff);
  if (isBad) throw new DataLossError('The .npy file holds text that is not Unicode.');
  return String.fromCodePoint(...points);
}

/**
 * Bytes of a .npy file: little-endian, C order, the elements aligned to 64 bytes. bfloat16 is
 * widened to float32 and quantised integers lose their name, because NumPy has neither; strings are
 * stored as NumPy bytes of equal width (which cannot keep zero bytes at a string's end).
 *
 * @throws InvalidArgumentError for resource and variant tensors, or a string that ends in a zero byte.
 * @example await writeFile('y.npy', formatNpy(y));
 */
export function formatNpy(array: NdArray): Uint8Array {
  if (!isNdArray(array))
    throw new DTypeError(
      `formatNpy: Expected an NdArray for argument 'array' not ${describeValue(array)}. toNdArray(value) makes one.`,
    );
  const { descr, content } = contentOf(array);
  const text = printHeader({ descr, fortranOrder: false, shape: array.shape });
  const version = text.length + 1 + alignment > 65535 ? 2 : 1;
  const start = version === 1 ? 10 : 12;
  const dataStart = Math.ceil((start + text.length + 1) / alignment) * alignment;
  const bytes = new Uint8Array(dataStart + content.byteLength);
  bytes.set(magic);
  const view = new DataView(bytes.buffer);
  view.setUint8(6, version);
  if (version === 1) view.setUint16(8, dataStart - start, true);
  else view.setUint32(8, dataStart - start, true);
  bytes.set(encoder.encode(`${text.padEnd(dataStart - start - 1)}\n`), start);
  bytes.set(content, dataStart);
  return bytes;
}

function contentOf(array: NdArray): { readonly descr: string; readonly content: Uint8Array } {
  if (array.dtype !== 'string' && !isNumericDType(array.dtype))
    throw new InvalidArgumentError(
      `A ${array.dtype as string} tensor has no data that could be saved.`,
    );
  // Checks that the data is what dtype and shape say.
  ndArray(array.dtype, array.shape, array.data as never);
  if (array.dtype === 'string') return textContent(array.data);
  const dtype = stored[array.dtype] ?? array.dtype;
  const given: NumericArray = array.data;
  const data = array.dtype === 'bfloat16' ? Float32Array.from(array.data, fromBrainBits) : given;
  const code = Object.entries(dtypes).find(([, name]) => name === dtype)?.[0] ?? '';
  const order = byteSizeOf(dtype) === 1 ? '|' : '<';
  const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { descr: order + code, content };
}

function textContent(strings: readonly Uint8Array[]): { descr: string; content: Uint8Array } {
  if (strings.some((text) => text.at(-1) === 0))
    throw new InvalidArgumentError(
      'A string that ends in a zero byte cannot be kept in a .npy file.',
    );
  const width = strings.reduce((most, text) => Math.max(most, text.length), 1);
  const content = new Uint8Array(width * strings.length);
  for (const [i, text] of strings.entries()) content.set(text, i * width);
  return { descr: `|S${width}`, content };
}
