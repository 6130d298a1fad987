import { formatNpy, parseNpy } from '../../src/data/npy.js';
import type { NdArray } from '../../src/graph/dtype.js';

/** A .npy file by hand, as NumPy's format description has it. */
function npyFile(header: string, data: ArrayLike<number>, version = 1, padTo = 64): Uint8Array {
  const lengthSize = version === 1 ? 2 : 4;
  const start = 8 + lengthSize;
  const padding = padTo - ((start + header.length + 1) % padTo);
  const text = `${header}${' '.repeat(padding)}\n`;
  const bytes = new Uint8Array(start + text.length + data.length);
  bytes.set([0x93, ...Buffer.from('NUMPY'), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(Buffer.from(text, 'latin1'), start);
  bytes.set(data, start + text.length);
  return bytes;
}
const header = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const ascii = (strings: NdArray): string[] =>
  (strings.data as readonly Uint8Array[]).map((text) => new TextDecoder().decode(text));

describe('parseNpy', () => {
  it('reads what NumPy wrote for float16 [1.5, 2]', () => {
    const array = parseNpy(npyFile(header('<f2', '(2,)'), Buffer.from('003e0040', 'hex')));
    expect(array).toEqual({ dtype: 'float16', shape: [2], data: Uint16Array.of(0x3e00, 0x4000) });
  });

  it('puts big-endian Fortran-order int32 into row-major order', () => {
    const data = Buffer.from('000000010000000400000002000000050000000300000006', 'hex');
    const array = parseNpy(npyFile(header('>i4', '(2, 3)', 'True'), data));
    expect(array).toEqual({ dtype: 'int32', shape: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('transposes rank 3 and complex Fortran data', () => {
    // a[i,j,k] = 100i + 10j + k, imaginary part negative, shape (2,2,2).
    const fortran = [0, 100, 10, 110, 1, 101, 11, 111].flatMap((v) => [v, -v]);
    const file = npyFile(header('<c8', '(2, 2, 2)', 'True'), bytesOf(Float32Array.from(fortran)));
    const expected = [0, 1, 10, 11, 100, 101, 110, 111].flatMap((v) => [v, -v]);
    expect([...(parseNpy(file).data as Float32Array)].map((v) => v + 0)).toEqual(
      expected.map((v) => v + 0),
    );
  });

  it.each([1, 2, 3])('reads version %d', (version) => {
    const data = bytesOf(Float64Array.of(3));
    const array = parseNpy(npyFile(header('<f8', '()'), data, version));
    expect(array).toEqual({ dtype: 'float64', shape: [], data: Float64Array.of(3) });
  });

  it('reads the headers of old and other writers', () => {
    const data = bytesOf(Int8Array.of(1, 2));
    const old = '{"shape": (2L,), "fortran_order": False, "descr": "|i1"}';
    expect(parseNpy(npyFile(old, data, 1, 16)).shape).toEqual([2]);
    expect(parseNpy(npyFile(old, data, 1, 1)).shape).toEqual([2]);
  });

  it('copies data that is not aligned, and views data that is', () => {
    const file = npyFile(header('<f4', '(2,)'), bytesOf(Float32Array.of(1, 2)));
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect(parseNpy(shifted.subarray(1)).data).toEqual(Float32Array.of(1, 2));
    expect((parseNpy(file).data as Float32Array).buffer).toBe(file.buffer);
  });

  it('reads text of both kinds without its padding', () => {
    const unicode = Buffer.from('610000000000000062000000e9000000', 'hex');
    expect(ascii(parseNpy(npyFile(header('<U2', '(2,)'), unicode)))).toEqual(['a', 'bé']);
    expect(ascii(parseNpy(npyFile(header('|S2', '(2,)'), Buffer.from('x\0yz'))))).toEqual([
      'x',
      'yz',
    ]);
  });

  it('makes any non-zero byte of a bool true', () => {
    const array = parseNpy(npyFile(header('|b1', '(3,)'), [0, 1, 7]));
    expect(array).toEqual({ dtype: 'bool', shape: [3], data: Uint8Array.of(0, 1, 1) });
  });

  it('reads empty arrays, however large their other sizes', () => {
    expect(parseNpy(npyFile(header('<f4', '(0, 1000000000000)'), [])).data).toHaveLength(0);
  });

  it.each([
    ['another format', Uint8Array.of(1, 2, 3), /not a \.npy file/],
    ['no bytes at all', new Uint8Array(), /not a \.npy file/],
    ['version 9', npyFile(header('<f4', '(1,)'), [0, 0, 0, 0], 9), /version 9/],
    ['a cut header', npyFile(header('<f4', '(1,)'), []).subarray(0, 30), /cut off/],
    [
      'a billion missing elements',
      npyFile(header('<f4', '(1000000000,)'), [0]),
      /needs 4000000000 bytes/,
    ],
    ['more bytes than elements', npyFile(header('|u1', '(1,)'), [1, 2]), /past its end/],
    ['pickled objects', npyFile(header('|O', '(1,)'), [0]), /pickled/],
    ['dates', npyFile(header('<M8[ns]', '(1,)'), new Uint8Array(8)), /not supported/],
    [
      'records',
      npyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", []),
      /records/,
    ],
    ['a negative size', npyFile(header('<f4', '(-1,)'), []), /'shape'/],
    ['code in the header', npyFile("__import__('os')", []), /damaged/],
    ['endless nesting', npyFile('('.repeat(5000), []), /nested too deeply/],
    ['a missing key', npyFile("{'descr': '<f4', 'shape': (1,)}", []), /fortran_order/],
    ['a bool for a shape', npyFile(header('<f4', 'True'), []), /'shape'/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseNpy(bytes)).toThrow(message);
  });
});

describe('formatNpy', () => {
  it('writes exactly what NumPy writes', () => {
    const bytes = formatNpy({ dtype: 'float16', shape: [2], data: Uint16Array.of(0x3e00, 0x4000) });
    expect(bytes).toEqual(npyFile(header('<f2', '(2,)'), Buffer.from('003e0040', 'hex')));
  });

  const arrays: NdArray[] = [
    { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, NaN, -Infinity, -0) },
    { dtype: 'float64', shape: [], data: Float64Array.of(Math.PI) },
    { dtype: 'float16', shape: [1], data: Uint16Array.of(0x3c01) },
    { dtype: 'int8', shape: [2], data: Int8Array.of(-128, 127) },
    { dtype: 'int16', shape: [1, 2], data: Int16Array.of(-5, 6) },
    { dtype: 'int32', shape: [1], data: Int32Array.of(-7) },
    { dtype: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
    { dtype: 'uint8', shape: [3], data: Uint8Array.of(0, 1, 255) },
    { dtype: 'uint16', shape: [1], data: Uint16Array.of(65535) },
    { dtype: 'uint32', shape: [1], data: Uint32Array.of(4294967295) },
    { dtype: 'uint64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
    { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
    { dtype: 'complex64', shape: [1], data: Float32Array.of(1, -2) },
    { dtype: 'complex128', shape: [2], data: Float64Array.of(1, -2, 3, 4) },
    { dtype: 'string', shape: [2], data: [Uint8Array.of(104, 105), Uint8Array.of(255)] },
    { dtype: 'float32', shape: [3, 0], data: new Float32Array() },
  ];
  it.each(arrays)('gives $dtype back', (array) => {
    expect(parseNpy(formatNpy(array))).toEqual(array);
  });

  it('aligns the data to 64 bytes and takes version 2 for a long shape', () => {
    const shape = new Array<number>(30000).fill(1);
    const bytes = formatNpy({ dtype: 'uint8', shape, data: Uint8Array.of(9) });
    expect(bytes[6]).toBe(2);
    expect((bytes.length - 1) % 64).toBe(0);
    expect(parseNpy(bytes).shape).toHaveLength(30000);
  });

  it('widens bfloat16 to float32 and strips the names of quantised types', () => {
    const brain = formatNpy({ dtype: 'bfloat16', shape: [1], data: Uint16Array.of(0x3fc0) });
    expect(parseNpy(brain)).toEqual({ dtype: 'float32', shape: [1], data: Float32Array.of(1.5) });
    const quantised = formatNpy({ dtype: 'qint8', shape: [1], data: Int8Array.of(-3) });
    expect(parseNpy(quantised).dtype).toBe('int8');
  });

  it('refuses a string that NumPy would shorten', () => {
    const data = [Uint8Array.of(65, 0)];
    expect(() => formatNpy({ dtype: 'string', shape: [1], data })).toThrow(/ends in a zero byte/);
  });
});
