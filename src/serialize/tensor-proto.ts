/**
 * TensorProto <-> NdArray, by TensorFlow's rules: raw content wins over typed lists, a short list
 * repeats its last element, an empty one means zeros. Nothing is allocated before its size is sane.
 */
import { InvalidArgumentError, UnimplementedError } from '../errors.js';
import type { TensorValue } from '../graph/attrs.js';
import {
  arrayConstructor,
  byteSizeOf,
  dataTypeNumbers,
  dtypeOfNumber,
  elementsPerValue,
  enumNameOf,
  isNumericDType,
  type DType,
  type NdArray,
  type NumericArray,
  type NumericDType,
} from '../graph/dtype.js';
import type { StaticShape } from '../graph/shape.js';
import { bigIntToInt64, int64ToBigInt, type Int64, type TensorMessage } from './messages.js';
import { staticShapeOfMessage } from './shape-proto.js';

/** Most bytes a tensor may be blown up to from a shorter list. */
const maxFilledBytes = 2 ** 31 - 1;
const maxFilledElements = 2 ** 29;

type ListField =
  | 'float_val'
  | 'double_val'
  | 'int_val'
  | 'half_val'
  | 'string_val'
  | 'scomplex_val'
  | 'dcomplex_val'
  | 'int64_val'
  | 'bool_val'
  | 'uint32_val'
  | 'uint64_val';

const listFields: Partial<Record<DType, ListField>> = {
  float32: 'float_val',
  float64: 'double_val',
  string: 'string_val',
  complex64: 'scomplex_val',
  complex128: 'dcomplex_val',
  int64: 'int64_val',
  bool: 'bool_val',
  bfloat16: 'half_val',
  float16: 'half_val',
  uint32: 'uint32_val',
  uint64: 'uint64_val',
};

/** The typed list a dtype's elements travel in. */
const listFieldOf = (dtype: DType): ListField => listFields[dtype] ?? 'int_val';

const invalid = (message: TensorMessage, why: string): InvalidArgumentError => {
  const dtype = dtypeOfNumber(message.dtype ?? 0);
  return new InvalidArgumentError(
    `Cannot parse tensor from proto: dtype ${dtype === undefined ? String(message.dtype ?? 0) : enumNameOf(dtype)}: ${why}`,
  );
};

/**
 * Tensor of a TensorProto. Dtype, shape and sizes are checked now; the data is decoded, or viewed in
 * place where its alignment allows, when `array` is first called.
 * @throws InvalidArgumentError for a missing dtype, a shape that is negative, partial or too large,
 *   and content whose length differs from the shape's.
 */
export function tensorValueOfMessage(message: TensorMessage): TensorValue {
  const dtype = dtypeOfNumber(message.dtype ?? 0);
  if (dtype === undefined)
    throw invalid(message, 'it is not a data type this library knows. Re-export the tensor.');
  const shape = staticShapeOfMessage(message.tensor_shape ?? {});
  checkSizes(message, dtype, shape);
  let decoded: NdArray | undefined;
  return { dtype, shape, array: () => (decoded ??= decode(message, dtype, shape)) };
}

/** Data of a TensorProto. @throws InvalidArgumentError as `tensorValueOfMessage`. */
export const ndArrayOfMessage = (message: TensorMessage): NdArray =>
  tensorValueOfMessage(message).array();

/** Product of the dims; a zero makes it zero however large the others are. */
function countOf(shape: StaticShape): number {
  return shape.includes(0) ? 0 : shape.reduce((n, dim) => n * dim, 1);
}

function checkSizes(message: TensorMessage, dtype: DType, shape: StaticShape): void {
  const count = countOf(shape);
  const content = message.tensor_content?.byteLength ?? 0;
  const where = `shape [${shape.join(',')}]`;
  if (dtype === 'string') {
    if (content > 0 && count > content)
      throw invalid(
        message,
        `${where} needs ${count} strings, tensor_content has ${content} bytes.`,
      );
  } else if (content > 0) {
    const needed = count * byteSizeOf(dtype);
    if (needed !== content)
      throw invalid(message, `${where} needs ${needed} bytes, tensor_content has ${content}.`);
    return;
  }
  const bytes = count * Math.max(byteSizeOf(dtype), dtype === 'string' ? 8 : 0);
  if (count > maxFilledElements || bytes > maxFilledBytes)
    throw invalid(
      message,
      `${where} has ${count} elements, more than this library fills from a list. Build it with Fill instead.`,
    );
}

function decode(message: TensorMessage, dtype: DType, shape: StaticShape): NdArray {
  const content = message.tensor_content;
  const hasContent = content !== undefined && content !== null && content.byteLength > 0;
  if (dtype === 'string') {
    const count = countOf(shape);
    const data = hasContent
      ? stringsOfContent(message, content, count)
      : filled(message.string_val ?? [], count, new Uint8Array());
    return { dtype, shape, data };
  }
  if (!isNumericDType(dtype))
    throw new UnimplementedError(
      `A ${dtype} tensor in a file holds a handle of the process that wrote it; its value cannot be read.`,
    );
  const data = hasContent
    ? contentView(content, dtype)
    : dataOfList(message, dtype, countOf(shape));
  return { dtype, shape, data } as NdArray;
}

type AnyConstructor = new (
  buffer: ArrayBufferLike,
  byteOffset?: number,
  length?: number,
) => NumericArray;

/** Little-endian elements: in place where aligned, else copied. Hosts are little-endian. */
function contentView(content: Uint8Array, dtype: NumericDType): NumericArray {
  const Elements = arrayConstructor(dtype) as unknown as AnyConstructor;
  const { BYTES_PER_ELEMENT: size } = arrayConstructor(dtype);
  if (dtype === 'bool' && content.some((byte) => byte > 1))
    return content.map((byte) => (byte === 0 ? 0 : 1));
  if (content.byteOffset % size === 0)
    return new Elements(content.buffer, content.byteOffset, content.byteLength / size);
  return new Elements(content.slice().buffer);
}

function stringsOfContent(
  message: TensorMessage,
  content: Uint8Array,
  count: number,
): readonly Uint8Array[] {
  const lengths: number[] = [];
  let at = 0;
  while (lengths.length < count) {
    let length = 0;
    let scale = 1;
    for (let more = true; more; scale *= 128) {
      const byte = content[at++];
      if (byte === undefined || scale > 2 ** 49)
        throw invalid(message, `string lengths end at byte ${at - 1} of ${content.byteLength}.`);
      length += (byte & 127) * scale;
      more = byte >= 128;
    }
    lengths.push(length);
  }
  const total = lengths.reduce((sum, length) => sum + length, at);
  if (total !== content.byteLength)
    throw invalid(
      message,
      `strings need ${total} bytes, tensor_content has ${content.byteLength}.`,
    );
  return lengths.map((length) => content.subarray(at, (at += length)));
}

/** The first `count` of a list, its last element repeated, or `zero` if it is empty. */
function filled<T>(list: readonly T[], count: number, zero: T): T[] {
  const out = list.slice(0, count);
  const last = list.length === 0 ? zero : (list[list.length - 1] as T);
  for (let i = out.length; i < count; i++) out.push(last);
  return out;
}

function dataOfList(message: TensorMessage, dtype: NumericDType, count: number): NumericArray {
  const width = elementsPerValue(dtype);
  const list = (message[listFieldOf(dtype)] ?? []) as readonly (Int64 | boolean)[];
  const whole = list.length - (list.length % width);
  const given = Math.min(whole, count * width);
  if (dtype === 'int64' || dtype === 'uint64') {
    const wide = new (arrayConstructor(dtype))(count);
    for (let i = 0; i < given; i++) wide[i] = int64ToBigInt(list[i] as Int64);
    if (given > 0) wide.fill(wide[given - 1] ?? 0n, given);
    return wide;
  }
  const data = new (arrayConstructor(dtype) as Float64ArrayConstructor)(count * width);
  for (let i = 0; i < given; i++) data[i] = Number(list[i]);
  if (given === 0) return data;
  if (width === 1) return data.fill(data[given - 1] ?? 0, given);
  for (let i = given; i < data.length; i++) data[i] = data[i - width] ?? 0;
  return data;
}

/** Dtypes whose tensors of more than one element TensorFlow writes as raw content. */
const contentDTypes: ReadonlySet<DType> = new Set<DType>([
  'float16',
  'bfloat16',
  'float32',
  'float64',
  'int32',
  'uint8',
  'int16',
  'int8',
  'int64',
  'qint8',
  'quint8',
  'qint16',
  'quint16',
  'qint32',
  'uint32',
  'uint64',
]);

/**
 * TensorProto of host data, as TensorFlow's make_tensor_proto writes it: raw content for several
 * elements of a plain numeric dtype, typed lists otherwise.
 * @throws InvalidArgumentError for resource and variant tensors.
 */
export function messageOfNdArray(array: NdArray): TensorMessage {
  const dtype: DType = array.dtype;
  const head = {
    dtype: dataTypeNumbers[dtype],
    tensor_shape: { dim: array.shape.map((size) => ({ size })) },
  };
  const data: unknown = array.data;
  if (dtype === 'string') return { ...head, string_val: data as readonly Uint8Array[] };
  if (!isNumericDType(dtype))
    throw new InvalidArgumentError(`A ${dtype} tensor has no data that could be written.`);
  const elements = data as NumericArray;
  if (contentDTypes.has(dtype) && elements.length > 1)
    return {
      ...head,
      tensor_content: new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength),
    };
  return { ...head, [listFieldOf(dtype)]: listOf(elements, dtype) };
}

function listOf(elements: NumericArray, dtype: DType): readonly (Int64 | boolean)[] {
  if (dtype === 'bool')
    return Array.from(elements as Iterable<number | bigint>, (v) => Number(v) !== 0);
  return Array.from(elements as Iterable<number | bigint>, (v): Int64 =>
    typeof v === 'bigint' ? bigIntToInt64(v, dtype === 'uint64') : v,
  );
}
