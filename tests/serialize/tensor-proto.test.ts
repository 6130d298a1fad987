/** TensorProto's decoding rule, value by value, and tensors that must be refused. */
import { InvalidArgumentError } from '../../src/errors.js';
import type { DType, NdArray } from '../../src/graph/dtype.js';
import { dataTypeNumbers } from '../../src/graph/dtype.js';
import { decodeMessage, encodeMessage } from '../../src/serialize/codec.js';
import { bigIntToInt64, type TensorMessage } from '../../src/serialize/messages.js';
import {
  messageOfNdArray,
  ndArrayOfMessage,
  tensorValueOfMessage,
} from '../../src/serialize/tensor-proto.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const tensor = (dtype: DType, dims: readonly number[], rest: TensorMessage): TensorMessage => ({
  dtype: dataTypeNumbers[dtype],
  tensor_shape: { dim: dims.map((size) => ({ size })) },
  ...rest,
});
const values = (message: TensorMessage): unknown[] =>
  Array.from(ndArrayOfMessage(message).data as Iterable<unknown>);

describe('typed lists', () => {
  it('repeat their last element', () => {
    expect(values(tensor('float32', [5], { float_val: [1, 2] }))).toEqual([1, 2, 2, 2, 2]);
  });
  it('are cut to the shape', () => {
    expect(values(tensor('int32', [2], { int_val: [1, 2, 3] }))).toEqual([1, 2]);
  });
  it('mean zeros when empty', () => {
    expect(values(tensor('int64', [2], {}))).toEqual([0n, 0n]);
    expect(values(tensor('bool', [2], {}))).toEqual([0, 0]);
    expect(values(tensor('string', [2], {}))).toEqual([text(''), text('')]);
  });
  it('hold half floats as bits', () => {
    expect(values(tensor('float16', [], { half_val: [15872] }))).toEqual([15872]);
  });
  it('hold uint16 65535 and negative int8 as int_val', () => {
    expect(values(tensor('uint16', [], { int_val: [65535] }))).toEqual([65535]);
    expect(values(tensor('int8', [], { int_val: [-3] }))).toEqual([-3]);
  });
  it('hold complex values as pairs, and repeat the last pair', () => {
    expect(values(tensor('complex64', [3], { scomplex_val: [1, 2, 3, 4] }))).toEqual([
      1, 2, 3, 4, 3, 4,
    ]);
  });
  it('repeat strings and wide integers', () => {
    const hash = tensor('uint64', [2], { uint64_val: [bigIntToInt64(2n ** 64n - 1n, true)] });
    expect(values(hash)).toEqual([2n ** 64n - 1n, 2n ** 64n - 1n]);
    expect(values(tensor('string', [2], { string_val: [text('a')] }))).toEqual([
      text('a'),
      text('a'),
    ]);
  });
});

describe('raw content', () => {
  const content = new Uint8Array(Float32Array.of(1.5, -2).buffer);

  it('wins over a typed list', () => {
    const message = tensor('float32', [2], { tensor_content: content, float_val: [9] });
    expect(values(message)).toEqual([1.5, -2]);
  });
  it('is viewed in place where it is aligned', () => {
    const array = ndArrayOfMessage(tensor('float32', [2], { tensor_content: content }));
    expect((array.data as Float32Array).buffer).toBe(content.buffer);
  });
  it('is copied where it is not aligned', () => {
    const shifted = new Uint8Array(9).subarray(1);
    shifted.set(content);
    const array = ndArrayOfMessage(tensor('float32', [2], { tensor_content: shifted }));
    expect(array.data).toEqual(Float32Array.of(1.5, -2));
    expect((array.data as Float32Array).buffer).not.toBe(shifted.buffer);
  });
  it('holds strings as lengths, then bytes', () => {
    const message = tensor('string', [2], { tensor_content: Uint8Array.of(1, 2, 97, 98, 98) });
    expect(values(message)).toEqual([text('a'), text('bb')]);
  });
  it('is decoded once, when it is asked for', () => {
    const value = tensorValueOfMessage(tensor('float32', [2], { tensor_content: content }));
    expect(value.array()).toBe(value.array());
  });
  it('of bools gives 0 and 1 only', () => {
    expect(values(tensor('bool', [3], { tensor_content: Uint8Array.of(0, 1, 7) }))).toEqual([
      0, 1, 1,
    ]);
  });
});

describe('tensors that contradict themselves', () => {
  it.each<readonly [string, TensorMessage, RegExp]>([
    ['no dtype', {}, /data type/],
    ['a float8 dtype', { dtype: 24 }, /data type/],
    [
      'content of the wrong length',
      tensor('float32', [2], { tensor_content: text('abc') }),
      /needs 8 bytes, tensor_content has 3/,
    ],
    [
      'a negative dim',
      tensor('float32', [-2], { float_val: [1] }),
      /\[-2\] of tensor data is not fully defined/,
    ],
    ['an unknown rank', { dtype: 1, tensor_shape: { unknown_rank: true } }, /not fully defined/],
    [
      '10^9 elements from one',
      tensor('float32', [1e9], { float_val: [1] }),
      /1000000000 elements, more than/,
    ],
    ['10^9 zeros', tensor('int8', [1e9], {}), /more than this library fills/],
    ['10^9 strings', tensor('string', [1e9], { string_val: [text('a')] }), /more than/],
    [
      'more than 2^63 elements',
      tensor('float32', [1e6, 1e6, 1e6, 1e6], { float_val: [1] }),
      /too large/,
    ],
    [
      'a dim past 2^53',
      { dtype: 1, tensor_shape: { dim: [{ size: bigIntToInt64(2n ** 62n) }] } },
      /too large/,
    ],
    ['too many dims', tensor('float32', new Array<number>(255).fill(1), {}), /255 dimensions/],
    [
      'strings longer than the content',
      tensor('string', [1], { tensor_content: Uint8Array.of(5, 97) }),
      /strings need 6 bytes/,
    ],
    [
      'string lengths that do not end',
      tensor('string', [2], { tensor_content: Uint8Array.of(1, 255) }),
      /string lengths end/,
    ],
  ])('are refused: %s', (_name, message, why) => {
    expect(() => ndArrayOfMessage(message)).toThrow(InvalidArgumentError);
    expect(() => ndArrayOfMessage(message)).toThrow(why);
  });

  it('a zero dim makes any shape empty', () => {
    expect(ndArrayOfMessage(tensor('float32', [0, 2 ** 50], {})).data).toHaveLength(0);
  });
  it('a handle cannot be read', () => {
    const value = tensorValueOfMessage({ dtype: dataTypeNumbers.resource });
    expect(() => value.array()).toThrow(/resource tensor/);
  });
});

describe('messageOfNdArray', () => {
  const arrays: readonly NdArray[] = [
    { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, -0, Infinity, 1e-40) },
    { dtype: 'float32', shape: [], data: Float32Array.of(-0) },
    { dtype: 'float64', shape: [1], data: Float64Array.of(0.1) },
    { dtype: 'int64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 5n) },
    { dtype: 'int64', shape: [], data: BigInt64Array.of(2n ** 63n - 1n) },
    { dtype: 'uint64', shape: [], data: BigUint64Array.of(2n ** 64n - 1n) },
    { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
    { dtype: 'string', shape: [2], data: [text('x'), Uint8Array.of(255, 0)] },
    { dtype: 'complex64', shape: [2], data: Float32Array.of(1, 2, 3, 4) },
    { dtype: 'complex128', shape: [], data: Float64Array.of(1, 2) },
    { dtype: 'float16', shape: [2], data: Uint16Array.of(15872, 0) },
    { dtype: 'uint16', shape: [2], data: Uint16Array.of(65535, 1) },
    { dtype: 'uint32', shape: [], data: Uint32Array.of(2 ** 32 - 1) },
    { dtype: 'int8', shape: [0, 3], data: new Int8Array(0) },
  ];
  it.each(arrays.map((array) => [`${array.dtype} [${array.shape.join(',')}]`, array] as const))(
    'keeps %s through the wire',
    (_name, array) => {
      const wire = encodeMessage('TensorProto', messageOfNdArray(array));
      expect(ndArrayOfMessage(decodeMessage('TensorProto', wire))).toEqual(array);
    },
  );
  it('writes several numbers as content, one as a list, bools and strings as lists', () => {
    const fields = (array: NdArray): string[] => Object.keys(messageOfNdArray(array)).slice(2);
    expect(fields({ dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) })).toEqual([
      'tensor_content',
    ]);
    expect(fields({ dtype: 'int32', shape: [1], data: Int32Array.of(1) })).toEqual(['int_val']);
    expect(fields({ dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) })).toEqual(['bool_val']);
    expect(fields({ dtype: 'uint16', shape: [2], data: Uint16Array.of(1, 0) })).toEqual([
      'int_val',
    ]);
  });
  it('refuses handles', () => {
    const handle = { dtype: 'resource', shape: [], data: undefined } as unknown as NdArray;
    expect(() => messageOfNdArray(handle)).toThrow(InvalidArgumentError);
  });
});
