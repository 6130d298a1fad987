/** Host arrays from plain values: shapes, dtypes, ranges, and half floats to the bit. */
import { DTypeError, ResourceExhaustedError, ValueError } from '../../src/errors.js';
import type { DType } from '../../src/graph/dtype.js';
import { ndArray, toNdArray, type ArrayLike } from '../../src/graph/nd-array.js';

const data = (value: ArrayLike, dtype?: DType): unknown[] =>
  Array.from(toNdArray(value, { dtype }).data as ArrayLike2);
type ArrayLike2 = globalThis.ArrayLike<unknown>;

describe('toNdArray', () => {
  it('takes the shape of nested arrays, empty ones too', () => {
    const shapes: [ArrayLike, number[]][] = [
      [5, []],
      [[], [0]],
      [
        [[], []],
        [2, 0],
      ],
      [
        [[1], [2], [3]],
        [3, 1],
      ],
      [
        [[[1, 2]], [[3, 4]]],
        [2, 1, 2],
      ],
    ];
    for (const [value, shape] of shapes) expect(toNdArray(value).shape).toEqual(shape);
    expect(
      data([
        [1, 2],
        [3, 4],
      ]),
    ).toEqual([1, 2, 3, 4]);
  });

  it.each([[[[1, 2], [3]]], [[[1], 2]], [[1, [2]]], [[[], [1]]], [[[[1]], [[2, 3]]]]])(
    'refuses %j, which is not rectangular',
    (ragged) => {
      expect(() => toNdArray(ragged as ArrayLike)).toThrow(ValueError);
      expect(() => toNdArray(ragged as ArrayLike)).toThrow('rectangular');
    },
  );

  it('finds the dtype of what it is given', () => {
    const cases: [ArrayLike, DType][] = [
      [[1, 2], 'float32'],
      [true, 'bool'],
      [3n, 'int64'],
      ['a', 'string'],
      [Float64Array.of(1), 'float64'],
      [Int8Array.of(1), 'int8'],
      [BigUint64Array.of(1n), 'uint64'],
      [new Uint8ClampedArray([300, 7]) as unknown as Uint8Array, 'uint8'],
      [Buffer.from([1, 2]), 'uint8'],
    ];
    for (const [value, dtype] of cases) expect(toNdArray(value).dtype).toBe(dtype);
    expect(toNdArray([1], { fallback: 'int32' }).dtype).toBe('int32');
  });

  it('reads canvas bytes and Node buffers as bytes', () => {
    const clamped = new Uint8ClampedArray([300, 7]) as unknown as Uint8Array;
    expect(toNdArray(clamped).data).toEqual(Uint8Array.of(255, 7));
    expect(data(Buffer.from([1, 255]), 'float32')).toEqual([1, 255]);
  });

  it('keeps a typed array of the wanted dtype as it is', () => {
    const values = Float32Array.of(1, 2);
    expect(toNdArray(values, { dtype: 'float32' }).data).toBe(values);
    expect(toNdArray(values, { shape: [2, 1] })).toEqual({
      dtype: 'float32',
      shape: [2, 1],
      data: values,
    });
  });

  it('repeats a scalar to fill a shape, and refuses other counts', () => {
    expect(data(toNdArray(7, { shape: [2, 2] }))).toEqual([7, 7, 7, 7]);
    expect(() => toNdArray([1, 2, 3], { shape: [2, 2] })).toThrow('does not fill shape (2, 2)');
  });

  it('keeps integers within the range of their dtype', () => {
    const good: [DType, (number | bigint)[]][] = [
      ['uint8', [0, 255]],
      ['int8', [-128, 127]],
      ['int16', [-32768, 32767]],
      ['uint32', [0, 2 ** 32 - 1]],
      ['int32', [-(2 ** 31), 2 ** 31 - 1]],
      ['int64', [-(2n ** 63n), 2n ** 63n - 1n]],
      ['uint64', [0n, 2n ** 64n - 1n]],
    ];
    for (const [dtype, values] of good) {
      expect(data(values as number[], dtype).map(BigInt as never)).toEqual(values.map(BigInt));
      const [low, high] = values.map(BigInt) as [bigint, bigint];
      for (const bad of [low - 1n, high + 1n]) {
        expect(() => toNdArray([bad], { dtype })).toThrow(DTypeError);
        expect(() => toNdArray([bad], { dtype })).toThrow(
          `not compatible with Tensor type ${dtype}`,
        );
      }
    }
  });

  it('makes no integer of a fraction, unless told to truncate', () => {
    for (const dtype of ['int32', 'int64', 'uint8'] as const) {
      expect(() => toNdArray([1, 1.5], { dtype })).toThrow(DTypeError);
      expect(() => toNdArray(NaN, { dtype })).toThrow(DTypeError);
      expect(() => toNdArray(Infinity, { dtype, truncate: true })).toThrow(DTypeError);
      expect(Number(toNdArray(1.5, { dtype, truncate: true }).data[0])).toBe(1);
    }
    expect(data(Float32Array.of(1.5, -1.5), 'int32')).toEqual([1, -1]);
    expect(data([0, 0.5, NaN], 'bool')).toEqual([0, 1, 1]);
  });

  // Recorded from NumPy 2 and ml_dtypes.
  const floats = [
    ...[0.1, 1 / 3, 65504, 65519.99, 65520, 1e-7, 6e-8, 2.9802322387695312e-8, 2.98023224e-8],
    ...[6.103515625e-5, 6.1e-5, 2049, 2051, -0, 1.0009765625, 1.00048828125, 1.00146484375],
    ...[3.14159, -1e9, NaN],
  ];
  it('rounds to float16 as NumPy does', () => {
    expect(data(floats, 'float16')).toEqual([
      ...[11878, 13653, 31743, 31743, 31744, 2, 1, 0, 1, 1024, 1023, 26624, 26626, 32768],
      ...[15361, 15360, 15362, 16968, 64512, 32256],
    ]);
  });
  it('rounds to bfloat16 as TensorFlow does', () => {
    expect(data(floats.slice(0, -1), 'bfloat16')).toEqual([
      ...[15821, 16043, 18304, 18304, 18304, 13271, 13185, 13056, 13056, 14464, 14464, 17664],
      ...[17664, 32768, 16256, 16256, 16256, 16457, 52846],
    ]);
    expect(data(NaN, 'bfloat16')).toEqual([0x7fc0]);
  });
  it('reads half floats as the numbers their bits stand for', () => {
    const half = ndArray('float16', [5], Uint16Array.of(0x3c00, 0xc000, 1, 0x7c00, 0x8000));
    expect(data(half, 'float64')).toEqual([1, -2, 2 ** -24, Infinity, -0]);
    const brain = ndArray('bfloat16', [2], Uint16Array.of(0x3f80, 0xc040));
    expect(data(brain, 'float32')).toEqual([1, -3]);
    for (let bits = 0; bits < 0x7c00; bits += 7) {
      const one = ndArray('float16', [1], Uint16Array.of(bits));
      const back = toNdArray(toNdArray(one, { dtype: 'float64' }), { dtype: 'float16' });
      expect(back.data[0]).toBe(bits);
    }
  });

  it('converts between the complex dtypes, and not to real ones', () => {
    const z = ndArray('complex64', [2], Float32Array.of(1, 2, 3, 4));
    expect(toNdArray(z, { dtype: 'complex128' }).data).toEqual(Float64Array.of(1, 2, 3, 4));
    expect(() => toNdArray(z, { dtype: 'float32' })).toThrow(DTypeError);
    expect(data([1, 2], 'complex64')).toEqual([1, 0, 2, 0]);
  });

  it('repeats a complex scalar with both its parts', () => {
    const z = ndArray('complex64', [], Float32Array.of(1, 2));
    expect(toNdArray(z, { shape: [2] }).data).toEqual(Float32Array.of(1, 2, 1, 2));
  });

  it('takes typed arrays as data of a dtype that is held so, packed', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000);
    const pairs = Float32Array.of(1, 2, 3, 4);
    const widePairs = Float64Array.of(1, 2);
    expect(toNdArray(halves, { dtype: 'float16' })).toEqual(ndArray('float16', [2], halves));
    expect(toNdArray(halves, { dtype: 'float16' }).data).toBe(halves);
    expect(toNdArray(halves, { dtype: 'bfloat16' }).data).toBe(halves);
    expect(toNdArray(pairs, { dtype: 'complex64' })).toEqual(ndArray('complex64', [2], pairs));
    expect(toNdArray(pairs, { dtype: 'complex64', shape: [2, 1] }).shape).toEqual([2, 1]);
    expect(toNdArray(widePairs, { dtype: 'complex128' }).shape).toEqual([1]);
    expect(data(toNdArray(Float32Array.of(1, 2), { dtype: 'complex64', shape: [2] }))).toEqual([
      1, 2, 1, 2,
    ]);
  });

  it('takes other arrays for such a dtype as numbers', () => {
    const ones: ArrayLike[] = [[1, -2], Float32Array.of(1, -2), Float64Array.of(1, -2)];
    for (const value of [...ones, Int16Array.of(1, -2)]) {
      expect(data(value, 'float16')).toEqual([0x3c00, 0xc000]);
      expect(data(value, 'bfloat16')).toEqual([0x3f80, 0xc000]);
    }
    expect(data(ndArray('uint16', [1], Uint16Array.of(1)), 'float16')).toEqual([0x3c00]);
    expect(data(Float64Array.of(1, 2), 'complex64')).toEqual([1, 0, 2, 0]);
    expect(data(Float32Array.of(1, 2), 'complex128')).toEqual([1, 0, 2, 0]);
    expect(data(Uint16Array.of(1, 2), 'float32')).toEqual([1, 2]);
  });

  it('refuses half a complex number', () => {
    const odd = () => toNdArray(Float32Array.of(1, 2, 3), { dtype: 'complex64' });
    expect(odd).toThrow(ValueError);
    expect(odd).toThrow(
      'A Float32Array for complex64 holds re, im pairs, but 3 numbers were given',
    );
  });

  it('encodes strings as UTF-8 and mixes them with nothing', () => {
    expect(toNdArray('é').data).toEqual([Uint8Array.of(0xc3, 0xa9)]);
    const bytes = Uint8Array.of(0xff);
    for (const dtype of ['string', undefined] as const) {
      expect(toNdArray([['a'], [bytes]], { dtype })).toEqual(
        ndArray('string', [2, 1], [Uint8Array.of(97), bytes]),
      );
      expect(toNdArray([bytes, 'a'], { dtype }).dtype).toBe('string');
    }
    expect(() => toNdArray([bytes], { dtype: 'uint8' })).toThrow(ValueError);
    expect(() => toNdArray(['a', 1] as never)).toThrow(DTypeError);
    expect(() => toNdArray([1, 'a'] as never)).toThrow(ValueError);
    expect(() => toNdArray('a', { dtype: 'float32' })).toThrow(ValueError);
  });

  it.each([undefined, null, {}, () => 1, Symbol('s')])('refuses %p', (value) => {
    expect(() => toNdArray(value as never)).toThrow(ValueError);
  });
});

describe('ndArray', () => {
  it('checks the count, the class of the data and the dims', () => {
    expect(ndArray('float32', [1, 2], Float32Array.of(1, 2)).shape).toEqual([1, 2]);
    expect(() => ndArray('float32', [3], Float32Array.of(1))).toThrow('which needs 3');
    expect(() => ndArray('float32', [1], [1] as never)).toThrow(DTypeError);
    expect(() => ndArray('float32', [1], Int32Array.of(1) as never)).toThrow(
      'Data of dtype float32 is a Float32Array, but a Int32Array was given.',
    );
    expect(() => ndArray('float32', [-1, -1], Float32Array.of(1))).toThrow(ValueError);
    expect(() => ndArray('float32', [0.5, 2], Float32Array.of(1))).toThrow(ValueError);
  });
});

describe('what no memory holds', () => {
  it('an array that holds itself', () => {
    const whole: unknown[] = [];
    whole.push(whole);
    const partly: unknown[] = [[[1]]];
    partly.push([partly]);
    for (const cyclic of [whole, partly, [partly, 1]])
      expect(() => toNdArray(cyclic as number[])).toThrow(ValueError);
    expect(() => toNdArray(whole as number[])).toThrow('Does the array hold itself?');
  });

  it('nesting is taken 32 deep, and no deeper', () => {
    const nested = (depth: number): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < depth; i++) value = [value];
      return value;
    };
    expect(toNdArray(nested(32) as number[]).shape).toHaveLength(32);
    for (const depth of [33, 20000])
      expect(() => toNdArray(nested(depth) as number[])).toThrow('more than 32 deep');
  });

  it('a scalar repeated to a shape that is too large', () => {
    for (const value of [1, 'a'])
      expect(() => toNdArray(value, { shape: [1e6, 1e6] })).toThrow(ResourceExhaustedError);
    expect(() => toNdArray(1, { shape: [1e6, 1e6] })).toThrow(
      'OOM when allocating tensor with shape (1000000, 1000000) and type float32',
    );
  });
});
