/** Maps that transpose, computed in blocks on the device, against plain loops. */
import { describe, expect, it } from '@jest/globals';
import * as tf from '../../../src/index.js';
import {
  add,
  binary,
  constant,
  fold,
  index,
  int,
  lt,
  mul,
  select,
  sub,
  type Expr,
} from '../../../src/ir/expr.js';
import type { Binding, MapKernel } from '../../../src/ir/kernel.js';
import { planBlocks } from '../../../src/runtime/gpu/wgsl-block-plan.js';
import { printMap } from '../../../src/runtime/gpu/wgsl-map.js';
import { f32, hardwareCaps, i32, read, runKernel } from './gpu-harness.js';
import { printed } from './printed-kernels.js';

const size = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);

const input = (length: number, storage: Binding['storage'] = 'f32'): Binding => ({
  access: 'read',
  storage,
  length,
});
const output = (length: number, storage: Binding['storage'] = 'f32'): Binding => ({
  ...input(length, storage),
  access: 'read_write',
});

/** Row-major strides. */
const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => size(shape.slice(axis + 1)));

/** The element of a tensor of `shape`, transposed by `perm`, at the kernel's point. */
function placeOf(shape: readonly number[], perm: readonly number[]): Expr {
  const strides = stridesOf(shape);
  return perm
    .map((from, axis) => mul(index(axis), int(strides[from] ?? 1)))
    .reduce((sum, term) => add(sum, term));
}

const permuted = (shape: readonly number[], perm: readonly number[]): number[] =>
  perm.map((from) => shape[from] ?? 1);

/** Where each element of the transposed tensor comes from, by a plain loop. */
function sources(shape: readonly number[], perm: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const out = permuted(shape, perm);
  return Array.from({ length: size(shape) }, (_, at) => {
    let rest = at;
    let place = 0;
    for (let axis = out.length - 1; axis >= 0; axis--) {
      const extent = out[axis] ?? 1;
      place += (rest % extent) * (strides[perm[axis] ?? 0] ?? 1);
      rest = Math.floor(rest / extent);
    }
    return place;
  });
}

const identity = (shape: readonly number[]): number[] => shape.map((_, axis) => axis);

/** `value` at every point of the transposed shape; the result follows the inputs. */
const map = (shape: readonly number[], inputs: readonly Binding[], value: Expr): MapKernel => ({
  kind: 'map',
  label: 'map',
  shape,
  bindings: [...inputs, output(size(shape))],
  stores: [{ binding: inputs.length, at: placeOf(shape, identity(shape)), value }],
});

const ramp = (length: number, from = 1): number[] => Array.from({ length }, (_, i) => from + i);

async function expectTransposed(shape: readonly number[], perm: readonly number[]): Promise<void> {
  const count = size(shape);
  const out = permuted(shape, perm);
  const kernel = map(out, [input(count)], read(0, placeOf(shape, perm)));
  expect(planBlocks(kernel)).toBeDefined();
  const [actual = []] = await runKernel(
    kernel,
    [f32(ramp(count))],
    [{ dtype: 'float32', shape: out }],
  );
  const expected = sources(shape, perm).map((place) => place + 1);
  expect(actual.findIndex((value, at) => value !== expected[at])).toBe(-1);
}

describe('transpositions on the device', () => {
  it.each([
    [128, 128],
    [256, 160],
    [160, 256],
    [129, 128],
    [128, 129],
    [130, 131],
    [133, 999],
    [1001, 18],
    [16, 1024],
    [1024, 16],
    [17, 1030],
    [4099, 17],
    [16, 20_000],
    [20_000, 16],
    [36, 1012],
  ])('of %d rows and %d columns give each element once', async (rows, columns) => {
    await expectTransposed([rows, columns], [1, 0]);
  });

  it.each([
    { shape: [3, 64, 96], perm: [0, 2, 1] },
    { shape: [7, 49, 65], perm: [0, 2, 1] },
    { shape: [5, 16, 20, 24], perm: [0, 3, 1, 2] },
    { shape: [5, 24, 16, 20], perm: [0, 2, 3, 1] },
    { shape: [3, 7, 18, 63], perm: [0, 1, 3, 2] },
    { shape: [33, 5, 100], perm: [2, 1, 0] },
    { shape: [33, 6, 102], perm: [1, 2, 0] },
    { shape: [20, 6, 5, 36], perm: [3, 2, 1, 0] },
    { shape: [20, 50, 17], perm: [2, 0, 1] },
  ])('of $shape by $perm give each element once', async ({ shape, perm }) => {
    await expectTransposed(shape, perm);
  });

  it('folds a grid too long for one dimension', () => {
    const kernel = map([512, 512], [input(2 ** 18)], read(0, placeOf([512, 512], [1, 0])));
    const caps = { ...hardwareCaps, maxWorkgroupsPerDimension: 100 };
    const { code, workgroupCount, bound } = printMap(kernel, caps);
    expect({ workgroupCount, bound }).toEqual({ workgroupCount: [100, 3, 1], bound: 256 });
    expect(code).toContain('if (group >= bound) { return; }');
  });

  it('have the same text for any number of matrices', () => {
    const [three, five] = [3, 5].map((batch) => {
      const shape = [batch, 98, 97];
      const kernel = map(
        permuted(shape, [0, 2, 1]),
        [input(4)],
        read(0, placeOf(shape, [0, 2, 1])),
      );
      return printMap(kernel, hardwareCaps);
    });
    expect(three?.code).toEqual(five?.code);
    expect(three?.workgroupCount).toEqual([3 * 16, 1, 1]);
    expect(five?.workgroupCount).toEqual([5 * 16, 1, 1]);
  });
});

describe('maps around a transposed read', () => {
  const shapes: readonly (readonly [number, number])[] = [
    [128, 160],
    [130, 132],
    [132, 130],
    [201, 99],
  ];
  const float = (shape: readonly number[]): { dtype: 'float32'; shape: readonly number[] } => ({
    dtype: 'float32',
    shape,
  });
  const [i, j] = [index(0), index(1)];

  it.each(shapes)(
    'join it with contiguous reads, rows and columns (%d, %d)',
    async (rows, cols) => {
      const count = rows * cols;
      const sum = add(
        mul(read(0, add(mul(j, int(rows)), i)), constant('f32', 2)),
        sub(read(1, add(mul(i, int(cols)), j)), mul(read(2, j), read(3, i))),
      );
      const kernel = map(
        [rows, cols],
        [count, count, cols, rows].map((n) => input(n)),
        sum,
      );
      expect(planBlocks(kernel)).toBeDefined();
      const feeds = [ramp(count), ramp(count, 7), ramp(cols, 3), ramp(rows, -5)].map((x) => f32(x));
      const [actual] = await runKernel(kernel, feeds, [float([rows, cols])]);
      const expected = Array.from({ length: count }, (_, at) => {
        const [r, c] = [Math.floor(at / cols), at % cols];
        return 2 * (c * rows + r + 1) + (at + 7 - (c + 3) * (r - 5));
      });
      expect(actual).toEqual(expected);
    },
  );

  it.each(shapes)('take one buffer both ways (%d, %d)', async (rows, cols) => {
    const count = rows * cols;
    const both = sub(read(0, add(mul(j, int(rows)), i)), read(0, add(mul(i, int(cols)), j)));
    const kernel = map([rows, cols], [input(count)], both);
    const [actual] = await runKernel(kernel, [f32(ramp(count))], [float([rows, cols])]);
    const expected = ramp(count, 0).map((at) => (at % cols) * rows + Math.floor(at / cols) - at);
    expect(actual).toEqual(expected);
  });

  it.each(shapes)('choose by place, and by a transposed bool (%d, %d)', async (rows, cols) => {
    const count = rows * cols;
    const at = add(mul(j, int(rows)), i);
    const chosen = select(read(1, at, 'bool'), read(0, at), constant('f32', -1));
    const value = select(lt(i, int(50)), chosen, read(0, add(mul(i, int(cols)), j)));
    const kernel = map([rows, cols], [input(count), input(count, 'u32')], value);
    const flags = ramp(count, 0).map((n) => Number(n % 3 === 0));
    const bool = { dtype: 'uint32' as const, shape: [count], data: Uint32Array.from(flags) };
    const [actual] = await runKernel(kernel, [f32(ramp(count)), bool], [float([rows, cols])]);
    const expected = ramp(count, 0).map((place) => {
      const [r, c] = [Math.floor(place / cols), place % cols];
      if (r >= 50) return place + 1;
      return flags[c * rows + r] === 1 ? c * rows + r + 1 : -1;
    });
    expect(actual).toEqual(expected);
  });

  it('turn several reads and make several stores', async () => {
    const [rows, cols] = [130, 136];
    const count = rows * cols;
    const at = add(mul(j, int(rows)), i);
    const here = add(mul(i, int(cols)), j);
    const kernel: MapKernel = {
      ...map([rows, cols], [input(count), input(count, 'i32')], read(0, at)),
      bindings: [input(count), input(count, 'i32'), output(count), output(count, 'i32')],
      stores: [
        { binding: 2, at: here, value: binary('max', read(0, at), constant('f32', 99)) },
        { binding: 3, at: here, value: mul(read(1, at, 'i32'), add(i, j)) },
      ],
    };
    expect(planBlocks(kernel)?.turned).toHaveLength(2);
    const shape = [rows, cols];
    const [first, second] = await runKernel(
      kernel,
      [f32(ramp(count)), i32(ramp(count))],
      [float(shape), { dtype: 'int32', shape }],
    );
    const from = sources([cols, rows], [1, 0]);
    expect(first).toEqual(from.map((place) => Math.max(place + 1, 99)));
    expect(second).toEqual(
      from.map((place, n) => (place + 1) * (Math.floor(n / cols) + (n % cols))),
    );
  });

  it('update in place what they read at their own point', async () => {
    const [rows, cols] = [130, 136];
    const count = rows * cols;
    const here = add(mul(i, int(cols)), j);
    const kernel: MapKernel = {
      ...map([rows, cols], [], constant('f32', 0)),
      bindings: [input(count), output(count)],
      stores: [
        {
          binding: 1,
          at: here,
          value: add(read(1, here), add(read(0, add(mul(j, int(rows)), i)), constant('f32', 1))),
        },
      ],
    };
    expect(planBlocks(kernel)?.turned).toHaveLength(1);
    const [actual] = await runKernel(kernel, [f32(ramp(count))], [float([rows, cols])]);
    expect(actual).toEqual(sources([cols, rows], [1, 0]).map((place) => place + 2));
  });
});

describe('what is not computed in blocks', () => {
  const transposed = (rows: number, cols: number): MapKernel =>
    map([rows, cols], [input(rows * cols)], read(0, placeOf([cols, rows], [1, 0])));
  const contiguous = read(0, placeOf([256, 256], [0, 1]));
  const far = read(0, placeOf([256, 256], [1, 0]));
  const cases: Record<string, MapKernel> = {
    'a small matrix': transposed(64, 64),
    'a few columns': transposed(8192, 8),
    'a few rows': transposed(8, 8192),
    'no transposition': map([256, 256], [input(2 ** 16)], contiguous),
    'a loop': map(
      [256, 256],
      [input(2 ** 16)],
      fold('sum', 9, (k) => mul(far, read(0, k))),
    ),
    'much arithmetic': map([256, 256], [input(2 ** 16)], { ...binary('pow', far, far) }),
    'a read of what is stored': {
      ...map([256, 256], [], far),
      bindings: [output(2 ** 16)],
    },
  };
  it.each(Object.keys(cases))('is %s', (name) => {
    const kernel = cases[name];
    if (kernel !== undefined) expect(planBlocks(kernel)).toBeUndefined();
  });
});

describe('WGSL of blocked maps', () => {
  it('turns four vectors, and guards the last rows', () => {
    const code = printed(() => {
      const [x, y] = [tf.placeholder('float32', [96, 3, 202]), tf.placeholder('float32', [96])];
      return { feeds: [x, y], fetches: [tf.add(tf.transpose(x, [1, 2, 0]), y)] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// transpose+add
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read> b1: array<f32>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let group = i32(wid.x);
       let columnTile = group % 3;
       let columnTile_rest = group / 3;
       let rowTile = columnTile_rest;
       let row = rowTile * 32 + i32(lid >> 3u) * 4;
       let i1 = columnTile * 32 + i32(lid & 7u) * 4;
       if (row >= 606) { return; }
       let column0 = i1;
       let c0_0 = (column0 * 606) + row;
       let load0_0 = vec4<f32>(b1[c0_0], b1[c0_0 + 1], b1[c0_0 + 2], b1[c0_0 + 3]);
       let column1 = i1 + 1;
       let c1_0 = (column1 * 606) + row;
       let load0_1 = vec4<f32>(b1[c1_0], b1[c1_0 + 1], b1[c1_0 + 2], b1[c1_0 + 3]);
       let column2 = i1 + 2;
       let c2_0 = (column2 * 606) + row;
       let load0_2 = vec4<f32>(b1[c2_0], b1[c2_0 + 1], b1[c2_0 + 2], b1[c2_0 + 3]);
       let column3 = i1 + 3;
       let c3_0 = (column3 * 606) + row;
       let load0_3 = vec4<f32>(b1[c3_0], b1[c3_0 + 1], b1[c3_0 + 2], b1[c3_0 + 3]);
       {
         let i0 = row;
         let turned0 = vec4<f32>(load0_0.x, load0_1.x, load0_2.x, load0_3.x);
         b2[((i0 * 96) + i1) >> 2u] = turned0 + b0[i1 >> 2u];
       }
       if (row + 1 < 606) {
         let i0 = row + 1;
         let turned0 = vec4<f32>(load0_0.y, load0_1.y, load0_2.y, load0_3.y);
         b2[((i0 * 96) + i1) >> 2u] = turned0 + b0[i1 >> 2u];
       }
       if (row + 2 < 606) {
         let i0 = row + 2;
         let turned0 = vec4<f32>(load0_0.z, load0_1.z, load0_2.z, load0_3.z);
         b2[((i0 * 96) + i1) >> 2u] = turned0 + b0[i1 >> 2u];
       }
       if (row + 3 < 606) {
         let i0 = row + 3;
         let turned0 = vec4<f32>(load0_0.w, load0_1.w, load0_2.w, load0_3.w);
         b2[((i0 * 96) + i1) >> 2u] = turned0 + b0[i1 >> 2u];
       }
     }
     "
    `);
  });
});
