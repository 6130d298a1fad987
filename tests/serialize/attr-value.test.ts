/** AttrValue messages <-> tagged attrs. */
import { attr, tensorValue, type AttrValue } from '../../src/graph/attrs.js';
import { attrOfMessage, messageOfAttr } from '../../src/serialize/attr-value.js';
import { decodeMessage, encodeMessage } from '../../src/serialize/codec.js';
import { bigIntToInt64, type AttrValueMessage } from '../../src/serialize/messages.js';

const throughWire = (value: AttrValue): AttrValue => {
  const message = decodeMessage('AttrValue', encodeMessage('AttrValue', messageOfAttr(value)));
  const tagged: { wire?: unknown } & AttrValue = { ...attrOfMessage(message) };
  delete tagged.wire;
  return tagged;
};

describe('attrs', () => {
  it.each<readonly [string, AttrValue]>([
    ['string', attr('string', 'SAME é')],
    ['int', attr('int', -1)],
    ['float', attr('float', 0.5)],
    ['bool', attr('bool', false)],
    ['type', attr('type', 'bfloat16')],
    ['shape', attr('shape', [null, 0, 3])],
    ['unknown shape', attr('shape', null)],
    ['scalar shape', attr('shape', [])],
    ['func', attr('func', { name: 'f', attrs: new Map() })],
    ['list(string)', attr('list(string)', ['a', ''])],
    ['list(int)', attr('list(int)', [1, -2])],
    ['list(float)', attr('list(float)', [1.5])],
    ['list(bool)', attr('list(bool)', [false, true])],
    ['list(type)', attr('list(type)', ['float32', 'string'])],
    ['list(shape)', attr('list(shape)', [[1], null])],
    ['list()', { kind: 'list()', value: [] }],
    ['placeholder', { kind: 'placeholder', value: 'T' }],
  ])('of kind %s come back from the wire', (_kind, value) => {
    expect(throughWire(value)).toEqual(value);
  });

  it('of kind tensor come back from the wire', () => {
    const array = { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) } as const;
    const back = throughWire(attr('tensor', tensorValue(array)));
    expect(back.kind === 'tensor' && back.value.array()).toEqual(array);
  });

  it('lose their type when they are empty lists', () => {
    expect(throughWire(attr('list(int)', []))).toEqual({ kind: 'list()', value: [] });
  });

  it.each<readonly [string, AttrValueMessage]>([
    ['bytes that are not UTF-8', { s: Uint8Array.of(255, 254) }],
    ['an integer past 2^53', { i: bigIntToInt64(2n ** 62n + 1n) }],
    ['dim names', { shape: { dim: [{ size: 2, name: 'batch' }] } }],
    ['a data type of the future', { type: 24 }],
    ['a reference type', { type: 101 }],
    ['a tensor of an unknown type', { tensor: { dtype: 30 } }],
    ['no value', {}],
  ])('are written back as read: %s', (_name, message) => {
    expect(messageOfAttr(attrOfMessage(message))).toBe(message);
  });

  it('read a reference type as its base, and an unknown type as a number', () => {
    expect(attrOfMessage({ type: 101 })).toMatchObject({ kind: 'type', value: 'float32' });
    expect(attrOfMessage({ type: 24 })).toMatchObject({ kind: 'int', value: 24 });
  });
});
