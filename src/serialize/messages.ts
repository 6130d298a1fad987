/**
 * The protobuf messages of graph files as TypeScript types, under the field names of proto/*.proto.
 * Absent fields may be undefined, null (sub-messages) or the field's default; decoded messages are
 * never changed afterwards.
 */

/** A 64-bit field: a number where that is exact, else its two halves. */
export type Int64 = number | LongHalves;
export interface LongHalves {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

/** Exact value of a 64-bit field. */
export function int64ToBigInt(value: Int64): bigint {
  if (typeof value === 'number') return BigInt(value);
  const high = BigInt(value.unsigned ? value.high >>> 0 : value.high | 0);
  return (high << 32n) | BigInt(value.low >>> 0);
}

/** A 64-bit field of an exact value; wraps around outside 64 bits. */
export function bigIntToInt64(value: bigint, unsigned = false): Int64 {
  const wrapped = unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
  const number = Number(wrapped);
  if (Number.isSafeInteger(number)) return number;
  return {
    low: Number(BigInt.asIntN(32, wrapped)),
    high: Number(BigInt.asIntN(32, wrapped >> 32n)),
    unsigned,
  };
}

/** A 64-bit field as a number: the nearest one where it is past 2^53. */
export const int64ToNumber = (value: Int64): number =>
  typeof value === 'number'
    ? value
    : (value.unsigned ? value.high >>> 0 : value.high | 0) * 2 ** 32 + (value.low >>> 0);

type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

export type TensorShapeMessage = Optional<{
  dim: readonly Optional<{ size: Int64; name: string }>[];
  unknown_rank: boolean;
}>;

export type VersionsMessage = Optional<{
  producer: number;
  min_consumer: number;
  bad_consumers: readonly number[];
}>;

export type TensorMessage = Optional<{
  dtype: number;
  tensor_shape: TensorShapeMessage;
  version_number: number;
  tensor_content: Uint8Array;
  half_val: readonly number[];
  float_val: readonly number[];
  double_val: readonly number[];
  int_val: readonly number[];
  string_val: readonly Uint8Array[];
  scomplex_val: readonly number[];
  int64_val: readonly Int64[];
  bool_val: readonly boolean[];
  dcomplex_val: readonly number[];
  resource_handle_val: readonly object[];
  variant_val: readonly object[];
  uint32_val: readonly number[];
  uint64_val: readonly Int64[];
  float8_val: Uint8Array;
}>;

export type AttrMap = Readonly<Record<string, AttrValueMessage>>;
export type NameAttrListMessage = Optional<{ name: string; attr: AttrMap }>;

export type ListValueMessage = Optional<{
  s: readonly Uint8Array[];
  i: readonly Int64[];
  f: readonly number[];
  b: readonly boolean[];
  type: readonly number[];
  shape: readonly TensorShapeMessage[];
  tensor: readonly TensorMessage[];
  func: readonly NameAttrListMessage[];
}>;

/** At most one of the fields is set. */
export type AttrValueMessage = Optional<{
  s: Uint8Array;
  i: Int64;
  f: number;
  b: boolean;
  type: number;
  shape: TensorShapeMessage;
  tensor: TensorMessage;
  list: ListValueMessage;
  func: NameAttrListMessage;
  placeholder: string;
}>;

export type NodeMessage = Optional<{
  name: string;
  op: string;
  input: readonly string[];
  device: string;
  attr: AttrMap;
  experimental_debug_info: object;
  experimental_type: object;
}>;

export type ArgMessage = Optional<{
  name: string;
  type: number;
  type_attr: string;
  number_attr: string;
  type_list_attr: string;
  is_ref: boolean;
}>;

/** OpDef; the fields the importer does not read are carried along unseen. */
export type OpMessage = Optional<{
  name: string;
  input_arg: readonly ArgMessage[];
  output_arg: readonly ArgMessage[];
  attr: readonly object[];
  is_stateful: boolean;
}>;

export type FunctionMessage = Optional<{
  signature: OpMessage;
  attr: AttrMap;
  node_def: readonly NodeMessage[];
  ret: Readonly<Record<string, string>>;
  control_ret: Readonly<Record<string, string>>;
}>;

export type LibraryMessage = Optional<{
  function: readonly FunctionMessage[];
  gradient: readonly Optional<{ function_name: string; gradient_func: string }>[];
  registered_gradients: readonly object[];
}>;

/** A GraphDef as decoded from, or to be encoded to, a file. */
export type GraphDefMessage = Optional<{
  node: readonly NodeMessage[];
  versions: VersionsMessage;
  version: number;
  library: LibraryMessage;
  debug_info: object;
}>;

/** Message types by their name in package `tensorflow`. */
export interface MessageTypes {
  readonly TensorShapeProto: TensorShapeMessage;
  readonly TensorProto: TensorMessage;
  readonly AttrValue: AttrValueMessage;
  readonly NodeDef: NodeMessage;
  readonly FunctionDef: FunctionMessage;
  readonly GraphDef: GraphDefMessage;
}
/** Type of a message, or just an object where nothing reads its fields by name. */
export type MessageOf<N extends string> = N extends keyof MessageTypes ? MessageTypes[N] : object;
