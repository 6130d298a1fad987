/** Bytes <-> messages: exactness, views, and bytes that are no message. */
import { DataLossError, TfError } from '../../src/errors.js';
import { decodeMessage, encodeMessage } from '../../src/serialize/codec.js';
import {
  decodeGraphDef,
  encodeGraphDef,
  graphFromGraphDef,
} from '../../src/serialize/graph-def.js';
import { bigIntToInt64, int64ToBigInt, int64ToNumber } from '../../src/serialize/messages.js';
import { goldenFile } from './golden-graphs.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('64-bit fields', () => {
  it.each([0n, -1n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n])(
    'keeps int64 %s through the wire',
    (value) => {
      const wire = encodeMessage('AttrValue', { i: bigIntToInt64(value) });
      const read = decodeMessage('AttrValue', wire);
      expect(int64ToBigInt(read.i ?? 0)).toBe(value);
      expect(typeof read.i === 'number').toBe(value >= -(2n ** 53n) + 1n && value < 2n ** 53n);
    },
  );

  it('reads a ten-byte varint as -1', () => {
    const wire = bytes(0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
    expect(decodeMessage('AttrValue', wire).i).toBe(-1);
  });

  it('keeps uint64 values past 2^63', () => {
    const wire = encodeMessage('TensorProto', {
      uint64_val: [bigIntToInt64(2n ** 64n - 1n, true)],
    });
    const [value = 0] = decodeMessage('TensorProto', wire).uint64_val ?? [];
    expect(int64ToBigInt(value)).toBe(2n ** 64n - 1n);
    expect(int64ToNumber(value)).toBe(2 ** 64);
  });
});

describe('fields', () => {
  it('reads repeated numbers packed and unpacked', () => {
    const packed = decodeMessage('TensorProto', bytes(0x3a, 2, 1, 2));
    const unpacked = decodeMessage('TensorProto', bytes(0x38, 1, 0x38, 2));
    expect(packed.int_val).toEqual([1, 2]);
    expect(unpacked.int_val).toEqual([1, 2]);
  });

  it('writes a false bool of an attr, since an attr that is set differs from one that is not', () => {
    expect(encodeMessage('AttrValue', { b: false })).toEqual(bytes(0x28, 0));
  });

  it('gives byte fields as views on the input', () => {
    const wire = encodeMessage('TensorProto', { tensor_content: bytes(1, 2, 3, 4) });
    const { tensor_content: content } = decodeMessage('TensorProto', wire);
    expect(content?.buffer).toBe(wire.buffer);
  });

  it('writes back fields it does not know', () => {
    const wire = bytes(0x08, 1, 0x9a, 0x06, 3, 1, 2, 3);
    expect(encodeMessage('TensorProto', decodeMessage('TensorProto', wire))).toEqual(wire);
  });

  it('keeps an empty Dim, which is a real zero', () => {
    const wire = bytes(0x12, 0);
    const shape = decodeMessage('TensorShapeProto', wire);
    expect(shape.dim).toHaveLength(1);
    expect(encodeMessage('TensorShapeProto', shape)).toEqual(wire);
  });
});

describe('damaged bytes', () => {
  const whole = goldenFile('files/frozen/frozen.pb');

  it('name the byte where reading stopped', () => {
    expect(() => decodeGraphDef(whole.subarray(0, 700))).toThrow(DataLossError);
    expect(() => decodeGraphDef(whole.subarray(0, 700), 'model.pb')).toThrow(
      /Cannot parse model\.pb as a GraphDef message: .*at byte \d+ of 700/,
    );
  });

  it('never crash or hang, wherever a file is cut', () => {
    let failures = 0;
    for (let length = 0; length < whole.byteLength; length += 3)
      try {
        graphFromGraphDef(whole.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(TfError);
        failures++;
      }
    expect(failures).toBeGreaterThan(300);
  });

  it('never crash or hang, whatever bytes are changed', () => {
    let state = 12345;
    const next = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 1500; round++) {
      const spoiled = whole.slice();
      for (let i = 0; i <= next(4); i++) spoiled[next(spoiled.length)] = next(256);
      try {
        const graph = graphFromGraphDef(spoiled);
        for (const op of graph.operations) {
          const value = op.attrs.get('value');
          if (value?.kind === 'tensor') value.value.array();
        }
      } catch (error) {
        expect(error).toBeInstanceOf(TfError);
      }
    }
  });

  it('refuses random bytes and deep nesting', () => {
    expect(() => decodeGraphDef(bytes(0xff, 0xff, 0xff))).toThrow(DataLossError);
    let nested: Uint8Array = bytes();
    for (let depth = 0; depth < 500; depth++) {
      const length = nested.byteLength;
      const head = length < 128 ? [0x12, length] : [0x12, (length & 127) | 128, length >> 7];
      nested = Uint8Array.from([...head, ...nested]);
    }
    const wire = Uint8Array.from([
      0x0a,
      (nested.length & 127) | 128,
      nested.length >> 7,
      ...nested,
    ]);
    expect(() => decodeMessage('FullTypeDef', wire.subarray(3))).toThrow(DataLossError);
  });

  it('refuses a string that is not UTF-8', () => {
    expect(() => decodeMessage('NodeDef', bytes(0x0a, 1, 0xff))).toThrow(DataLossError);
  });

  it('refuses to write what is no message', () => {
    expect(() => encodeGraphDef({ node: [null as unknown as object] })).toThrow(
      'Cannot encode the GraphDef message',
    );
  });
});
