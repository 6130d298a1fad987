/** Map kernels on the device against the host's engine, over layouts that vectorise and that do not. */
import { describe, expect, it } from '@jest/globals';
import {
  add,
  cast,
  constant,
  eq,
  fold,
  index,
  int,
  lt,
  mod,
  mul,
  select,
  sub,
  unary,
  binary,
  call,
  type Expr,
  type ScalarType,
} from '../../../src/ir/expr.js';
import type { Binding, MapKernel, MapsKernel } from '../../../src/ir/kernel.js';
import { printMap } from '../../../src/runtime/gpu/wgsl-map.js';
import { printMaps } from '../../../src/runtime/gpu/wgsl-maps.js';
import { expectSameOnHost } from './kernel-oracle.js';
import { elementwise, f32, hardwareCaps, i32, read, runKernel } from './gpu-harness.js';

const input = (length: number, storage: Binding['storage'] = 'f32'): Binding => ({
  access: 'read',
  storage,
  length,
});
const output = (length: number, storage: Binding['storage'] = 'f32'): Binding => ({
  access: 'read_write',
  storage,
  length,
});
const map = (
  shape: readonly number[],
  bindings: readonly Binding[],
  ...stores: MapKernel['stores']
): MapKernel => ({ kind: 'map', label: 'map', shape, bindings, stores });
const [i0, i1, i2] = [index(0), index(1), index(2)];
const div = (a: Expr, b: Expr): Expr => binary('div', a, b);

describe('printMap', () => {
  it('computes four neighbours as vec4, and keeps what they share scalar', () => {
    const value = unary('exp', add(read(0, i0), read(1, mod(i0, int(128)))));
    const scaled = mul(value, read(2, int(0)));
    const kernel = map([4096], [input(4096), input(128), input(1), output(4096)], {
      binding: 3,
      at: i0,
      value: scaled,
    });
    const { code, workgroupCount } = printMap(kernel, hardwareCaps);
    expect(workgroupCount).toEqual([16, 1, 1]);
    expect(code.slice(code.indexOf('@compute'))).toMatchInlineSnapshot(`
     "@compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let t0 = b2[0];
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       b3[i0 >> 2u] = (exp_4((b0[i0 >> 2u] + b1[(i0 & 127) >> 2u]))) * vec4<f32>(t0);
     }
     "
    `);
  });

  it('splits the index of a transposition into its axes', () => {
    const kernel = map([3, 6], [input(18), output(18)], {
      binding: 1,
      at: add(mul(i0, int(6)), i1),
      value: read(0, add(mul(i1, int(3)), i0)),
    });
    expect(printMap(kernel, hardwareCaps).code).toMatchInlineSnapshot(`
     "// map
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
     @group(0) @binding(2) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i1 = unit % 6;
       let i1_rest = unit / 6;
       let i0 = i1_rest;
       b1[(i0 * 6) + i1] = b0[(i1 * 3) + i0];
     }
     "
    `);
  });

  it('computes a subexpression used twice once', () => {
    const x = read(0, i0);
    const twice = (): Expr => unary('sqrt', add(x, constant('f32', 1)));
    const kernel = map([5], [input(5), output(5)], {
      binding: 1,
      at: i0,
      value: mul(twice(), twice()),
    });
    const { code } = printMap(kernel, hardwareCaps);
    expect(code.match(/sqrt/g)).toHaveLength(1);
  });

  it('dispatches nothing for a shape with no elements', () => {
    const kernel = map([0, 7], [output(1)], { binding: 0, at: i0, value: constant('f32', 1) });
    expect(printMap(kernel, hardwareCaps).workgroupCount).toEqual([0, 0, 0]);
  });

  it('folds a grid too long for one dimension into two', () => {
    const kernel = map([1001], [output(1001)], { binding: 0, at: i0, value: cast('f32', i0) });
    const { workgroupCount } = printMap(kernel, { ...hardwareCaps, maxWorkgroupsPerDimension: 7 });
    expect(workgroupCount).toEqual([7, 3, 1]);
  });

  it('prints chains of thousands of operations in parts', () => {
    let value = read(0, i0);
    for (let k = 0; k < 5000; k++)
      value = add(mul(value, constant('f32', 1.5)), read(0, int(k % 8)));
    const kernel = map([8], [input(8), output(8)], { binding: 1, at: i0, value });
    const { code } = printMap(kernel, hardwareCaps);
    expect(code.match(/vec4<f32>\(1\.5f\)/g)).toHaveLength(5000);
  });

  it('refuses types the device does not have', () => {
    const kernel = map([4], [output(4, 'f64')], { binding: 0, at: i0, value: constant('f64', 1) });
    expect(() => printMap(kernel, hardwareCaps)).toThrow(/WGSL has no f64/);
  });
});

describe('map kernels on the device', () => {
  const flat = (a: Expr, width: number, b: Expr): Expr => add(mul(a, int(width)), b);
  const one = constant('f32', 1);
  const cases: Record<string, MapKernel> = {
    'a contiguous sum': map([64], [input(64), input(64), output(64)], {
      binding: 2,
      at: i0,
      value: add(read(0, i0), read(1, i0)),
    }),
    'a length not divisible by four': map([67], [input(67), output(67)], {
      binding: 1,
      at: i0,
      value: add(read(0, i0), one),
    }),
    'a long array of vec4 groups': map([100_004], [input(100_004), output(100_004)], {
      binding: 1,
      at: i0,
      value: add(read(0, i0), one),
    }),
    'a long array of scalars': map([100_003], [input(100_003), output(100_003)], {
      binding: 1,
      at: i0,
      value: add(read(0, i0), one),
    }),
    'a row added to a matrix': map([10, 8], [input(80), input(8), output(80)], {
      binding: 2,
      at: flat(i0, 8, i1),
      value: add(read(0, flat(i0, 8, i1)), read(1, i1)),
    }),
    'a column added to a matrix, flat': map([80], [input(80), input(10), output(80)], {
      binding: 2,
      at: i0,
      value: add(read(0, i0), read(1, div(i0, int(8)))),
    }),
    'a broadcast period not divisible by four': map([60], [input(60), input(6), output(60)], {
      binding: 2,
      at: i0,
      value: add(read(0, i0), read(1, mod(i0, int(6)))),
    }),
    'a transposition': map([12, 8], [input(96), output(96)], {
      binding: 1,
      at: flat(i0, 8, i1),
      value: read(0, flat(i1, 12, i0)),
    }),
    'a transposed store': map(
      [12, 8],
      [input(96), output(96), output(96)],
      { binding: 1, at: flat(i1, 12, i0), value: read(0, flat(i0, 8, i1)) },
      { binding: 2, at: flat(i0, 8, i1), value: read(0, flat(i0, 8, i1)) },
    ),
    'a shifted window': map([16], [input(20), output(20)], {
      binding: 1,
      at: add(i0, int(4)),
      value: read(0, add(i0, int(1))),
    }),
    'a concatenation at an aligned and an odd place': map(
      [24],
      [input(8), input(16), input(24), output(24)],
      {
        binding: 3,
        at: i0,
        value: add(
          select(lt(i0, int(8)), read(0, i0), read(1, sub(i0, int(8)))),
          select(lt(i0, int(5)), read(2, i0), read(2, sub(int(23), i0))),
        ),
      },
    ),
    'three axes': map([3, 5, 4], [input(60), output(60)], {
      binding: 1,
      at: flat(flat(i0, 5, i1), 4, i2),
      value: read(0, flat(flat(i2, 3, i0), 5, i1)),
    }),
    'an axis of extent one': map([3, 1, 8], [input(24), output(24)], {
      binding: 1,
      at: flat(i0, 8, i2),
      value: read(0, flat(i0, 8, i2)),
    }),
    'a scalar': map([], [input(1), output(1)], {
      binding: 1,
      at: int(0),
      value: add(read(0, int(0)), one),
    }),
    'a gather by computed rows': map([6, 8], [input(80), input(6, 'i32'), output(48)], {
      binding: 2,
      at: flat(i0, 8, i1),
      value: read(0, flat(mod(add(read(1, i0, 'i32'), int(40)), int(10)), 8, i1)),
    }),
    'a gather by computed elements': map([8], [input(80), input(8, 'i32'), output(8)], {
      binding: 2,
      at: i0,
      value: read(0, mod(add(read(1, i0, 'i32'), int(40)), int(80))),
    }),
    'a store to computed places': map(
      [8],
      [input(8), output(80), output(8)],
      { binding: 1, at: mod(mul(i0, int(7)), int(80)), value: read(0, i0) },
      { binding: 2, at: i0, value: read(0, i0) },
    ),
    'an update in place of two buffers that read each other': map(
      [8],
      [output(8), output(8)],
      { binding: 0, at: i0, value: read(1, i0) },
      { binding: 1, at: i0, value: read(0, i0) },
    ),
    'a comparison stored as bool': map([8], [input(8), output(8, 'u32')], {
      binding: 1,
      at: i0,
      value: lt(read(0, i0), one),
    }),
    'a bool read': map([8], [input(8, 'u32'), output(8)], {
      binding: 1,
      at: i0,
      value: select(read(0, i0, 'bool'), one, constant('f32', 2)),
    }),
    'a fold along memory': map([8], [input(48), output(8)], {
      binding: 1,
      at: i0,
      value: fold('sum', 6, (k) => read(0, flat(i0, 6, k))),
    }),
    'a fold across memory': map([8], [input(48), output(8)], {
      binding: 1,
      at: i0,
      value: fold('max', 6, (k) => read(0, flat(k, 8, i0))),
    }),
    'folds in a fold, sharing what does not change': map([8], [input(48), output(8)], {
      binding: 1,
      at: i0,
      value: fold('sum', 3, (j) =>
        add(
          mul(read(0, i0), read(0, j)),
          fold('sum', 2, (k) => mul(read(0, i0), add(read(0, add(j, k)), read(0, add(k, int(3)))))),
        ),
      ),
    }),
    'a fold over nothing': map([8], [input(8), output(8)], {
      binding: 1,
      at: i0,
      value: fold('max', 0, (k) => read(0, k)),
    }),
  };
  it.each(Object.keys(cases))('computes %s', async (name) => {
    const kernel = cases[name];
    if (kernel !== undefined) await expectSameOnHost(kernel);
  });
});

describe('integers on the device', () => {
  const some = [0, 1, -1, 2, 7, -8, 100, -1000, 65535, 0x7fffffff, -0x80000000, 12345];
  const pairs = some.flatMap((a) => some.map((b) => [a, b] as const));
  const a = i32(pairs.map(([x]) => x));
  const b = i32(pairs.map(([, y]) => y));
  it.each(['add', 'sub', 'mul', 'max', 'min', 'and', 'or', 'xor'] as const)(
    '%s wraps',
    async (fn) => {
      const reference = {
        add: (x: number, y: number) => (x + y) | 0,
        sub: (x: number, y: number) => (x - y) | 0,
        mul: Math.imul,
        max: Math.max,
        min: Math.min,
        and: (x: number, y: number) => x & y,
        or: (x: number, y: number) => x | y,
        xor: (x: number, y: number) => x ^ y,
      }[fn];
      const actual = await elementwise((x, y) => binary(fn, x, y), [a, b]);
      expect(actual).toEqual(pairs.map(([x, y]) => reference(x, y)));
    },
  );
  it('divides and takes remainders toward zero', async () => {
    const sane = pairs.filter(([x, y]) => y !== 0 && !(x === -0x80000000 && y === -1));
    const [x, y] = [i32(sane.map(([p]) => p)), i32(sane.map(([, q]) => q))];
    expect(await elementwise((p, q) => binary('div', p, q), [x, y])).toEqual(
      sane.map(([p, q]) => Math.trunc(p / q) + 0),
    );
    expect(await elementwise((p, q) => binary('mod', p, q), [x, y])).toEqual(
      sane.map(([p, q]) => (p % q) + 0),
    );
  });
  it('divides negative numbers by constant powers of two toward zero', async () => {
    const x = i32([-9, -8, -7, -1, 0, 1, 7, 8]);
    expect(await elementwise((p) => binary('div', p, int(4)), [x])).toEqual([
      -2, -2, -1, 0, 0, 0, 1, 2,
    ]);
    expect(await elementwise((p) => binary('mod', p, int(4)), [x])).toEqual([
      -1, 0, -3, -1, 0, 1, 3, 0,
    ]);
  });
  it('raises to powers, wrapping, and to negative powers', async () => {
    const x = i32([2, 3, -2, 7, 1, -1, -1, 0, 5]);
    const y = i32([10, 21, 31, 0, -5, -3, -4, 0, -1]);
    expect(await elementwise((p, q) => binary('pow', p, q), [x, y])).toEqual([
      1024,
      Number(BigInt.asIntN(32, 3n ** 21n)),
      -0x80000000,
      1,
      1,
      -1,
      1,
      1,
      0,
    ]);
  });
  it('wraps to narrower integers', async () => {
    const x = i32([127, 128, -129, 255, 256, 65535, 32768, -1]);
    expect(await elementwise((p) => unary('wrapI8', p), [x])).toEqual([
      127, -128, 127, -1, 0, -1, 0, -1,
    ]);
    expect(await elementwise((p) => unary('wrapU8', p), [x])).toEqual([
      127, 128, 127, 255, 0, 255, 0, 255,
    ]);
    expect(await elementwise((p) => unary('wrapI16', p), [x])).toEqual([
      127, 128, -129, 255, 256, -1, -32768, -1,
    ]);
    expect(await elementwise((p) => unary('wrapU16', p), [x])).toEqual([
      127, 128, 65407, 255, 256, 65535, 32768, 65535,
    ]);
  });
  it('converts between types as TensorFlow does', async () => {
    const x = f32([0, -0, 1.9, -1.9, 300.5, -300.5, 1e-30, NaN]);
    const to = (type: ScalarType): Promise<number[]> => elementwise((p) => cast(type, p), [x]);
    expect(await to('i32')).toEqual([0, 0, 1, -1, 300, -300, 0, -0x80000000]);
    expect(await to('bool')).toEqual([0, 0, 1, 1, 1, 1, 1, 1]);
    expect(await elementwise((p) => cast('f32', p), [i32([1, -7, 16777217, 0])])).toEqual([
      1, -7, 16777216, 0,
    ]);
    expect(await elementwise((p) => cast('f32', eq(p, int(3))), [i32([1, 3, 4, 3])])).toEqual([
      0, 1, 0, 1,
    ]);
  });
});

describe('constants', () => {
  it('evaluates on the device what WGSL would refuse to evaluate when compiling', async () => {
    const big = constant('f32', 3e38);
    const values = [
      mul(big, big),
      unary('log', constant('f32', 0)),
      unary('sqrt', constant('f32', -1)),
      constant('f32', -Infinity),
      constant('f32', NaN),
      constant('f32', 1e-40),
      div(constant('f32', 1), constant('f32', 0)),
      unary('neg', constant('f32', -2.5)),
    ];
    const kernel = map(
      [1],
      [output(8)],
      ...values.map((value, k) => ({ binding: 0, at: int(k), value })),
    );
    const [result = []] = await runKernel(kernel, [], [{ dtype: 'float32', shape: [8] }]);
    expect(result.slice(0, 2)).toEqual([Infinity, -Infinity]);
    expect(result.slice(2, 5)).toEqual([NaN, -Infinity, NaN]);
    expect(result.slice(6)).toEqual([Infinity, 2.5]);
  });
});

describe('maps in one kernel', () => {
  const scaled = (from: number, at: Expr): Expr => mul(read(from, at), read(0, int(0)));
  /** A vector part, a scalar one of odd length, a transposition, and one that loops. */
  const kernel: MapsKernel = {
    kind: 'maps',
    label: 'maps',
    bindings: [
      input(1),
      output(256),
      input(13),
      output(13),
      input(24),
      output(24),
      input(16384),
      output(16384),
      output(1),
    ],
    parts: [
      { shape: [256], stores: [{ binding: 1, at: i0, value: scaled(1, i0) }] },
      { shape: [13], stores: [{ binding: 3, at: i0, value: unary('exp', scaled(2, i0)) }] },
      {
        shape: [4, 6],
        stores: [
          {
            binding: 5,
            at: add(mul(i0, int(6)), i1),
            value: scaled(4, add(mul(i1, int(4)), i0)),
          },
        ],
      },
      { shape: [16384], stores: [{ binding: 7, at: i0, value: unary('neg', read(6, i0)) }] },
      { shape: [], stores: [{ binding: 8, at: int(0), value: scaled(8, int(0)) }] },
    ],
  };

  it('compute each over its own space, as the host does', async () => {
    await expectSameOnHost(kernel, 1e-6);
  });

  it('compute each as they do alone', async () => {
    const together = await expectSameOnHost(kernel, 1e-6);
    const { label, bindings } = kernel;
    for (const part of kernel.parts) {
      const alone = await expectSameOnHost({ kind: 'map', label, bindings, ...part }, 1e-6);
      for (const { binding } of part.stores) expect(together[binding]).toEqual(alone[binding]);
    }
  });

  it('give every workgroup one part', () => {
    const { code, workgroupCount } = printMaps(kernel, hardwareCaps);
    expect(workgroupCount).toEqual([1 + 1 + 1 + 16 + 1, 1, 1]);
    expect(code).toContain('else if (group < 19) {');
    expect(code).toContain('array<vec4<f32>>');
  });
});

describe('random numbers', () => {
  const u32 = (value: number): Expr => constant('u32', value);
  const bits = (at: Expr): Expr =>
    call('philox', [
      u32(5),
      u32(0),
      cast('u32', div(at, int(4))),
      u32(0),
      u32(9),
      u32(0),
      cast('u32', mod(at, int(4))),
    ]);
  const uniform = (at: Expr): Expr => {
    const mantissa = binary('or', binary('and', bits(at), u32(0x7fffff)), u32(0x3f800000));
    return sub({ kind: 'bitcast', type: 'f32', x: mantissa }, constant('f32', 1));
  };
  /** tf.compat.v1.random_uniform([6], seed=9) under graph seed 5. */
  const golden = [0.85900664, 0.21150982, 0.17018116, 0.758767, 0.6983988, 0.9949553];
  it.each([6, 8])('draws the uniforms TensorFlow draws, %d at a time', async (length) => {
    const kernel = map([length], [output(length)], { binding: 0, at: i0, value: uniform(i0) });
    const [result = []] = await runKernel(kernel, [], [{ dtype: 'float32', shape: [length] }]);
    expect(result.slice(0, 6)).toEqual(golden.map(Math.fround));
  });
  it.each([1022, 1024])(
    'draws truncated normals within two deviations, as the host does',
    async (length) => {
      const lane = cast('u32', mod(i0, int(4)));
      const counter = cast('u32', mul(div(i0, int(4)), int(256)));
      const value = call('truncatedNormal', [
        u32(1),
        u32(2),
        counter,
        u32(0),
        u32(3),
        u32(0),
        lane,
      ]);
      const kernel = map([length], [output(length)], { binding: 0, at: i0, value });
      const device = await expectSameOnHost(kernel, 2e-5);
      const drawn = Array.from(device[0] as Float32Array);
      expect(Math.max(...drawn.map(Math.abs))).toBeLessThan(2);
      expect(new Set(drawn).size).toBeGreaterThan(1000);
    },
  );
});
