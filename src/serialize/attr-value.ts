/**
 * AttrValue messages <-> tagged attrs of the graph. An attr read from a file remembers its message,
 * which is what gets written back: nothing is lost that the tagged value does not model.
 */
import { attr, type AttrValue, type FuncValue, type TensorValue } from '../graph/attrs.js';
import { dataTypeNumbers, dtypeOfNumber, type DType } from '../graph/dtype.js';
import { assertNever } from '../errors.js';
import {
  int64ToNumber,
  type AttrMap,
  type AttrValueMessage,
  type ListValueMessage,
  type NameAttrListMessage,
  type TensorMessage,
} from './messages.js';
import { messageOfShape, shapeOfMessage } from './shape-proto.js';
import { messageOfNdArray, tensorValueOfMessage } from './tensor-proto.js';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The field a message sets, or undefined for an AttrValue without a value. */
function fieldOf(message: AttrValueMessage): keyof AttrValueMessage | undefined {
  const fields = [
    's',
    'i',
    'f',
    'b',
    'type',
    'shape',
    'tensor',
    'list',
    'func',
    'placeholder',
  ] as const;
  return fields.find(
    (field) =>
      Object.hasOwn(message, field) && message[field] !== null && message[field] !== undefined,
  );
}

/** A dtype this library does not know stays a number: no registered op accepts it, any other keeps it. */
const typeAttr = (number: number): AttrValue => {
  const dtype = dtypeOfNumber(number);
  return dtype === undefined ? attr('int', number) : attr('type', dtype);
};

const listOfTypes = (numbers: readonly number[]): AttrValue => {
  const dtypes = numbers.map(dtypeOfNumber);
  return dtypes.includes(undefined)
    ? attr('list(int)', numbers)
    : attr('list(type)', dtypes as readonly DType[]);
};

function tensorAttr(message: TensorMessage): AttrValue {
  const known = dtypeOfNumber(message.dtype ?? 0) !== undefined;
  return known
    ? attr('tensor', tensorValueOfMessage(message))
    : { kind: 'placeholder', value: `tensor of data type ${message.dtype ?? 0}` };
}

function listAttr(list: ListValueMessage): AttrValue {
  const { s, i, f, b, type, shape, tensor, func } = list;
  if (s?.length)
    return attr(
      'list(string)',
      s.map((bytes) => decoder.decode(bytes)),
    );
  if (i?.length) return attr('list(int)', i.map(int64ToNumber));
  if (f?.length) return attr('list(float)', [...f]);
  if (b?.length) return attr('list(bool)', [...b]);
  if (type?.length) return listOfTypes(type);
  if (shape?.length) return attr('list(shape)', shape.map(shapeOfMessage));
  if (tensor?.length) return attr('list(tensor)', tensor.map(tensorValueOfMessage));
  if (func?.length) return attr('list(func)', func.map(funcOfMessage));
  return { kind: 'list()', value: [] };
}

const funcOfMessage = (message: NameAttrListMessage): FuncValue => ({
  name: message.name ?? '',
  attrs: attrsOfMessage(message.attr ?? {}),
});

function taggedValue(message: AttrValueMessage): AttrValue {
  switch (fieldOf(message)) {
    case 's':
      return attr('string', decoder.decode(message.s ?? new Uint8Array()));
    case 'i':
      return attr('int', int64ToNumber(message.i ?? 0));
    case 'f':
      return attr('float', message.f ?? 0);
    case 'b':
      return attr('bool', message.b ?? false);
    case 'type':
      return typeAttr(message.type ?? 0);
    case 'shape':
      return attr('shape', shapeOfMessage(message.shape ?? {}));
    case 'tensor':
      return tensorAttr(message.tensor ?? {});
    case 'list':
      return listAttr(message.list ?? {});
    case 'func':
      return attr('func', funcOfMessage(message.func ?? {}));
    case 'placeholder':
    case undefined:
      return { kind: 'placeholder', value: message.placeholder ?? '' };
  }
}

/**
 * Tagged attr of a message.
 * @throws InvalidArgumentError for tensors and shapes that contradict themselves.
 */
export const attrOfMessage = (message: AttrValueMessage): AttrValue => ({
  ...taggedValue(message),
  wire: message,
});

/** Attrs by name, in file order. */
export const attrsOfMessage = (attrs: AttrMap): Map<string, AttrValue> =>
  new Map(Object.entries(attrs).map(([name, value]) => [name, attrOfMessage(value)]));

const messageOfTensor = (value: TensorValue): TensorMessage => messageOfNdArray(value.array());

const messageOfFunc = (value: FuncValue): NameAttrListMessage => ({
  name: value.name,
  attr: messageOfAttrs(value.attrs),
});

/** Message of a tagged attr: the one it was read from, if any. */
export function messageOfAttr(value: AttrValue): AttrValueMessage {
  if (value.wire !== undefined) return value.wire as AttrValueMessage;
  switch (value.kind) {
    case 'string':
      return { s: encoder.encode(value.value) };
    case 'int':
      return { i: value.value };
    case 'float':
      return { f: value.value };
    case 'bool':
      return { b: value.value };
    case 'type':
      return { type: dataTypeNumbers[value.value] };
    case 'shape':
      return { shape: messageOfShape(value.value) };
    case 'tensor':
      return { tensor: messageOfTensor(value.value) };
    case 'func':
      return { func: messageOfFunc(value.value) };
    case 'placeholder':
      return { placeholder: value.value };
    default:
      return { list: messageOfList(value) };
  }
}

type ListAttr = Extract<AttrValue, { readonly kind: `list(${string}` }>;

function messageOfList(value: ListAttr): ListValueMessage {
  switch (value.kind) {
    case 'list(string)':
      return { s: value.value.map((text) => encoder.encode(text)) };
    case 'list(int)':
      return { i: value.value };
    case 'list(float)':
      return { f: value.value };
    case 'list(bool)':
      return { b: value.value };
    case 'list(type)':
      return { type: value.value.map((dtype) => dataTypeNumbers[dtype]) };
    case 'list(shape)':
      return { shape: value.value.map(messageOfShape) };
    case 'list(tensor)':
      return { tensor: value.value.map(messageOfTensor) };
    case 'list(func)':
      return { func: value.value.map(messageOfFunc) };
    case 'list()':
      return {};
    default:
      return assertNever(value, 'messageOfList');
  }
}

export const messageOfAttrs = (attrs: ReadonlyMap<string, AttrValue>): AttrMap =>
  Object.fromEntries([...attrs].map(([name, value]) => [name, messageOfAttr(value)]));
