/**
 * Attribute values of operations: tagged, so that attrs of unknown ops survive a round trip, and
 * the plain TypeScript values op definitions see.
 */
import type { DType, NdArray } from './dtype.js';
import type { Shape, StaticShape } from './shape.js';

/** A tensor held by an attr (Const's `value`). Decoding may be put off until `array` is called. */
export interface TensorValue {
  readonly dtype: DType;
  readonly shape: StaticShape;
  /** The data; repeated calls return the same object. */
  array(): NdArray;
}

/** Name of a library function with its attrs. */
export interface FuncValue {
  readonly name: string;
  readonly attrs: ReadonlyMap<string, AttrValue>;
}

/** Attr kinds (OpDef's attr types) and the TypeScript type of each. */
export interface AttrTypes {
  readonly string: string;
  readonly int: number;
  readonly float: number;
  readonly bool: boolean;
  readonly type: DType;
  readonly shape: Shape;
  readonly tensor: TensorValue;
  readonly func: FuncValue;
  readonly 'list(string)': readonly string[];
  readonly 'list(int)': readonly number[];
  readonly 'list(float)': readonly number[];
  readonly 'list(bool)': readonly boolean[];
  readonly 'list(type)': readonly DType[];
  readonly 'list(shape)': readonly Shape[];
  readonly 'list(tensor)': readonly TensorValue[];
  readonly 'list(func)': readonly FuncValue[];
}
export type AttrKind = keyof AttrTypes;

/**
 * A stored attr. `wire` belongs to the serializer: the message it was read from, kept so that what
 * these values do not model (dim names, number lists as written, bytes that are not UTF-8, integers
 * past 2^53) is written back unchanged. An empty list read from a file has kind `list()`.
 */
export type AttrValue = (
  | { readonly [K in AttrKind]: { readonly kind: K; readonly value: AttrTypes[K] } }[AttrKind]
  | { readonly kind: 'list()'; readonly value: readonly [] }
  | { readonly kind: 'placeholder'; readonly value: string }
) & { readonly wire?: unknown };

/** A tagged attr from a kind and a value of that kind. */
export const attr = <K extends AttrKind>(kind: K, value: AttrTypes[K]): AttrValue =>
  ({ kind, value }) as AttrValue;

/** A TensorValue over data already decoded. */
export const tensorValue = (array: NdArray): TensorValue => ({
  dtype: array.dtype,
  shape: array.shape,
  array: () => array,
});
