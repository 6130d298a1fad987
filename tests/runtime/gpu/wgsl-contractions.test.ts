/** What contractions look like: one canonical kernel for each way the printer has. */
import { describe, expect, it } from '@jest/globals';
import * as tf from '../../../src/index.js';
import { hardwareCaps } from './gpu-harness.js';
import { printed, softwareCaps } from './printed-kernels.js';

const { placeholder } = tf;

describe('WGSL of contractions', () => {
  it('shares elements by broadcast within subgroups on a software adapter', () => {
    const code = printed(() => {
      const [a, b] = [placeholder('float32', [4, 8]), placeholder('float32', [8, 16])];
      return { feeds: [a, b], fetches: [tf.matMul(a, b)] };
    }, softwareCaps);
    expect(code).toMatchInlineSnapshot(`
     "// MatMul
     enable subgroups;
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read> b1: array<f32>;
     @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
     @group(0) @binding(3) var<uniform> bound: i32;
     fn finish(batch: i32, row: i32, col: i32, acc: f32) {
       let e0 = acc;
       let e1 = (row * 16) + col;
       b2[e1] = e0;
     }
     @compute @workgroup_size(8)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) sid: u32) {
       let group = i32(wid.x);
       let lane = i32(sid);
       let batch = 0;
       let row0 = (group / 2) * 2;
       let col = (group % 2 * 8 + lane) * 1;
       let col0 = min(col, 15);
       let lane_k = lane % 4;
       let row_0 = min(row0 + 0 + lane / 4, bound - 1);
       let a0_t0 = row_0 * 8;
       var acc_0 = f32();
       var acc_1 = f32();
       for (var k0 = 0; k0 < 8 - i32(wid.x >> 16u); k0 += 4) {
         let k_lane = k0 + lane_k;
         let a0_t1 = b0[a0_t0 + k_lane];
         let b_t0 = b1[(k0 * 16) + col0];
         let b_0 = b_t0;
         acc_0 = fma(f32(subgroupBroadcast(a0_t1, 0u)), b_0, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t1, 4u)), b_0, acc_1);
         let b_t1 = b1[(((k0 + 1)) * 16) + col0];
         let b_1 = b_t1;
         acc_0 = fma(f32(subgroupBroadcast(a0_t1, 1u)), b_1, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t1, 5u)), b_1, acc_1);
         let b_t2 = b1[(((k0 + 2)) * 16) + col0];
         let b_2 = b_t2;
         acc_0 = fma(f32(subgroupBroadcast(a0_t1, 2u)), b_2, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t1, 6u)), b_2, acc_1);
         let b_t3 = b1[(((k0 + 3)) * 16) + col0];
         let b_3 = b_t3;
         acc_0 = fma(f32(subgroupBroadcast(a0_t1, 3u)), b_3, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t1, 7u)), b_3, acc_1);
       }
       if (col < 16) {
         if (row0 + 0 < bound) { finish(batch, row0 + 0, col, acc_0); }
         if (row0 + 1 < bound) { finish(batch, row0 + 1, col, acc_1); }
       }
     }
     "
    `);
  });

  it('computes plain blocks where there are no subgroups, batches with both operands turned', () => {
    const code = printed(
      () => {
        const [a, b] = [placeholder('float32', [2, 6, 4]), placeholder('float32', [2, 8, 6])];
        const product = tf.matMul(a, b, { transposeA: true, transposeB: true });
        return { feeds: [a, b], fetches: [product] };
      },
      { ...softwareCaps, subgroups: false },
    );
    expect(code).toMatchInlineSnapshot(`
     "// MatMul
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read> b1: array<f32>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
     fn finish(batch: i32, row: i32, col: i32, acc: vec4<f32>) {
       let e0 = acc;
       let e1 = ((batch * 32) + (row * 8)) + col;
       b2[e1 >> 2u] = e0;
     }
     @compute @workgroup_size(2)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let group = i32(wid.x);
       let lane = i32(lid) % 2;
       let batch = group / 2;
       let row0 = (group / 1 % 2) * 2;
       let col = (group % 1 * 2 + lane) * 4;
       let col0 = min(col, 4);
       let row_0 = min(row0 + 0, 3);
       let row_1 = min(row0 + 1, 3);
       let a0_t0 = batch * 24;
       let a1_t0 = batch * 24;
       let b_t0 = (batch * 48) + (col0 * 6);
       var acc_0 = vec4<f32>();
       var acc_1 = vec4<f32>();
       for (var k0 = 0; k0 < 4; k0 += 4) {
         let a0_t1 = b0[(a0_t0 + (k0 * 4)) + row_0];
         let a0_t2 = b0[(a0_t0 + (((k0 + 1)) * 4)) + row_0];
         let a0_t3 = b0[(a0_t0 + (((k0 + 2)) * 4)) + row_0];
         let a0_t4 = b0[(a0_t0 + (((k0 + 3)) * 4)) + row_0];
         let a1_t1 = b0[(a1_t0 + (k0 * 4)) + row_1];
         let a1_t2 = b0[(a1_t0 + (((k0 + 1)) * 4)) + row_1];
         let a1_t3 = b0[(a1_t0 + (((k0 + 2)) * 4)) + row_1];
         let a1_t4 = b0[(a1_t0 + (((k0 + 3)) * 4)) + row_1];
         let b_t1 = b_t0 + k0;
         let b_t2 = vec4<f32>(b1[b_t1], b1[b_t1 + 6], b1[b_t1 + 12], b1[b_t1 + 18]);
         let b_0 = b_t2;
         acc_0 = fma(vec4<f32>(a0_t1), b_0, acc_0);
         acc_1 = fma(vec4<f32>(a1_t1), b_0, acc_1);
         let b_t3 = b_t0 + ((k0 + 1));
         let b_t4 = vec4<f32>(b1[b_t3], b1[b_t3 + 6], b1[b_t3 + 12], b1[b_t3 + 18]);
         let b_1 = b_t4;
         acc_0 = fma(vec4<f32>(a0_t2), b_1, acc_0);
         acc_1 = fma(vec4<f32>(a1_t2), b_1, acc_1);
         let b_t5 = b_t0 + ((k0 + 2));
         let b_t6 = vec4<f32>(b1[b_t5], b1[b_t5 + 6], b1[b_t5 + 12], b1[b_t5 + 18]);
         let b_2 = b_t6;
         acc_0 = fma(vec4<f32>(a0_t3), b_2, acc_0);
         acc_1 = fma(vec4<f32>(a1_t3), b_2, acc_1);
         let b_t7 = b_t0 + ((k0 + 3));
         let b_t8 = vec4<f32>(b1[b_t7], b1[b_t7 + 6], b1[b_t7 + 12], b1[b_t7 + 18]);
         let b_3 = b_t8;
         acc_0 = fma(vec4<f32>(a0_t4), b_3, acc_0);
         acc_1 = fma(vec4<f32>(a1_t4), b_3, acc_1);
       }
       {
         let a0_t5 = b0[(a0_t0 + (4 * 4)) + row_0];
         let a0_t6 = b0[(a0_t0 + (((4 + 1)) * 4)) + row_0];
         let a1_t5 = b0[(a1_t0 + (4 * 4)) + row_1];
         let a1_t6 = b0[(a1_t0 + (((4 + 1)) * 4)) + row_1];
         let b_t9 = b_t0 + 4;
         let b_t10 = vec4<f32>(b1[b_t9], b1[b_t9 + 6], b1[b_t9 + 12], b1[b_t9 + 18]);
         let b_0 = b_t10;
         acc_0 = fma(vec4<f32>(a0_t5), b_0, acc_0);
         acc_1 = fma(vec4<f32>(a1_t5), b_0, acc_1);
         let b_t11 = b_t0 + ((4 + 1));
         let b_t12 = vec4<f32>(b1[b_t11], b1[b_t11 + 6], b1[b_t11 + 12], b1[b_t11 + 18]);
         let b_1 = b_t12;
         acc_0 = fma(vec4<f32>(a0_t6), b_1, acc_0);
         acc_1 = fma(vec4<f32>(a1_t6), b_1, acc_1);
       }
       if (col < 8) {
         finish(batch, row0 + 0, col, acc_0);
         finish(batch, row0 + 1, col, acc_1);
       }
     }
     "
    `);
  });

  it('shares tiles of a workgroup on a hardware adapter, with slices of k', () => {
    const code = printed(() => {
      const [a, b] = [placeholder('float32', [32, 256]), placeholder('float32', [256, 32])];
      return { feeds: [a, b], fetches: [tf.matMul(a, b)] };
    }, hardwareCaps);
    expect(code).toMatchInlineSnapshot(`
     "// MatMul
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
     @group(0) @binding(3) var<uniform> bound: i32;
     var<workgroup> tiles: array<vec4<f32>, 256>;
     fn finish(batch: i32, row: i32, col: i32, acc: vec4<f32>) {
       let e0 = acc;
       let e1 = (row * 32) + col;
       b2[e1 >> 2u] = e0;
     }
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let group = i32(wid.x);
       let slice = i32(lid) / 16;
       let slice_base = slice * 64;
       let place = i32(lid) % 16;
       let tx = place % 4;
       let ty = place / 4;
       let batch = 0;
       let row_tile = group / 2 * 16;
       let col_tile = group % 2 * 16;
       let row0 = row_tile + ty * 4;
       let col = col_tile + tx * 4;
       var acc_0 = vec4<f32>();
       var acc_1 = vec4<f32>();
       var acc_2 = vec4<f32>();
       var acc_3 = vec4<f32>();
       let block = place % 8;
       let a_lane = min(row_tile + block / 2 * 4, ((bound - 1) >> 2u) * 4);
       let a_lane0 = min(a_lane, bound - 1);
       let a_lane1 = min(a_lane + 1, bound - 1);
       let a_lane2 = min(a_lane + 2, bound - 1);
       let a_lane3 = min(a_lane + 3, bound - 1);
       let a_0_t0 = a_lane0 * 256;
       let a_1_t0 = a_lane1 * 256;
       let a_2_t0 = a_lane2 * 256;
       let a_3_t0 = a_lane3 * 256;
       let b_lane = min(col_tile + block % 4 * 4, 28);
       for (var trip = 0; trip < 8; trip++) {
         let k_base = (slice * 8 + trip) * 8;
         if (place < 8) {
           let k_block = block % 2 * 4;
           let k_here = k_base + k_block;
           let k_load = k_here;
           let a_0_t1 = b0[(a_0_t0 + k_load) >> 2u];
           let a_1_t1 = b0[(a_1_t0 + k_load) >> 2u];
           let a_2_t1 = b0[(a_2_t0 + k_load) >> 2u];
           let a_3_t1 = b0[(a_3_t0 + k_load) >> 2u];
           tiles[slice_base + 0 + (k_block + 0) * 4 + block / 2] = vec4<f32>(a_0_t1.x, a_1_t1.x, a_2_t1.x, a_3_t1.x);
           tiles[slice_base + 0 + (k_block + 1) * 4 + block / 2] = vec4<f32>(a_0_t1.y, a_1_t1.y, a_2_t1.y, a_3_t1.y);
           tiles[slice_base + 0 + (k_block + 2) * 4 + block / 2] = vec4<f32>(a_0_t1.z, a_1_t1.z, a_2_t1.z, a_3_t1.z);
           tiles[slice_base + 0 + (k_block + 3) * 4 + block / 2] = vec4<f32>(a_0_t1.w, a_1_t1.w, a_2_t1.w, a_3_t1.w);
         } else {
           let k_block = block / 4 * 4;
           let k_here = k_base + k_block;
           let k_0 = k_here + 0;
           let b_t0 = b1[((k_0 * 32) + b_lane) >> 2u];
           tiles[slice_base + 32 + (k_block + 0) * 4 + block % 4] = b_t0;
           let k_1 = k_here + 1;
           let b_t1 = b1[((k_1 * 32) + b_lane) >> 2u];
           tiles[slice_base + 32 + (k_block + 1) * 4 + block % 4] = b_t1;
           let k_2 = k_here + 2;
           let b_t2 = b1[((k_2 * 32) + b_lane) >> 2u];
           tiles[slice_base + 32 + (k_block + 2) * 4 + block % 4] = b_t2;
           let k_3 = k_here + 3;
           let b_t3 = b1[((k_3 * 32) + b_lane) >> 2u];
           tiles[slice_base + 32 + (k_block + 3) * 4 + block % 4] = b_t3;
         }
         workgroupBarrier();
         for (var kk = 0; kk < 8; kk++) {
           let a = tiles[slice_base + kk * 4 + ty];
           let b = tiles[slice_base + 32 + kk * 4 + tx];
           acc_0 = fma(vec4<f32>(a[0]), b, acc_0);
           acc_1 = fma(vec4<f32>(a[1]), b, acc_1);
           acc_2 = fma(vec4<f32>(a[2]), b, acc_2);
           acc_3 = fma(vec4<f32>(a[3]), b, acc_3);
         }
         workgroupBarrier();
       }
       tiles[slice_base + place * 4 + 0] = acc_0;
       tiles[slice_base + place * 4 + 1] = acc_1;
       tiles[slice_base + place * 4 + 2] = acc_2;
       tiles[slice_base + place * 4 + 3] = acc_3;
       workgroupBarrier();
       if (slice == 0) {
         let sum = tiles[0 + place * 4 + 0] + tiles[64 + place * 4 + 0] + tiles[128 + place * 4 + 0] + tiles[192 + place * 4 + 0];
         if (row0 + 0 < bound && col < 32) { finish(batch, row0 + 0, col, sum); }
       }
       if (slice == 1) {
         let sum = tiles[0 + place * 4 + 1] + tiles[64 + place * 4 + 1] + tiles[128 + place * 4 + 1] + tiles[192 + place * 4 + 1];
         if (row0 + 1 < bound && col < 32) { finish(batch, row0 + 1, col, sum); }
       }
       if (slice == 2) {
         let sum = tiles[0 + place * 4 + 2] + tiles[64 + place * 4 + 2] + tiles[128 + place * 4 + 2] + tiles[192 + place * 4 + 2];
         if (row0 + 2 < bound && col < 32) { finish(batch, row0 + 2, col, sum); }
       }
       if (slice == 3) {
         let sum = tiles[0 + place * 4 + 3] + tiles[64 + place * 4 + 3] + tiles[128 + place * 4 + 3] + tiles[192 + place * 4 + 3];
         if (row0 + 3 < bound && col < 32) { finish(batch, row0 + 3, col, sum); }
       }
     }
     "
    `);
  });

  it('convolves as an implicit product, with bias and activation as its epilogue', () => {
    const code = printed(() => {
      const [x, filter] = [
        placeholder('float32', [1, 4, 4, 2]),
        placeholder('float32', [3, 3, 2, 4]),
      ];
      const bias = placeholder('float32', [4]);
      const conv = tf.nn.conv2d(x, filter, { strides: 1, padding: 'SAME' });
      return { feeds: [x, filter, bias], fetches: [tf.nn.relu(tf.nn.biasAdd(conv, bias))] };
    }, softwareCaps);
    expect(code).toMatchInlineSnapshot(`
     "// Conv2D/_GroupedConv2D+BiasAdd+Relu
     enable subgroups;
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read> b1: array<f32>;
     @group(0) @binding(2) var<storage, read> b2: array<f32>;
     @group(0) @binding(3) var<storage, read_write> b3: array<f32>;
     @group(0) @binding(4) var<uniform> bound: i32;
     fn finish(batch: i32, row: i32, col: i32, acc: f32) {
       let e0 = maxConst_((acc + b2[col]), 0.0f);
       let e1 = (row * 4) + col;
       b3[e1] = e0;
     }
     // fn isNan_
     // fn maxConst_
     @compute @workgroup_size(8)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) sid: u32) {
       let group = i32(wid.x);
       let lane = i32(sid);
       let batch = 0;
       let row0 = (group / 1) * 4;
       let col = (group % 1 * 8 + lane) * 1;
       let col0 = min(col, 3);
       let lane_k = lane % 4;
       let row_0 = min(row0 + 0 + lane / 4, bound - 1);
       let row_1 = min(row0 + 2 + lane / 4, bound - 1);
       let a0_t0 = row_0 >> 2u;
       let a0_t3 = row_0 & 3;
       let a0_t6 = row_0 * 2;
       let a1_t0 = row_1 >> 2u;
       let a1_t3 = row_1 & 3;
       let a1_t6 = row_1 * 2;
       var acc_0 = f32();
       var acc_1 = f32();
       var acc_2 = f32();
       var acc_3 = f32();
       for (var k0 = 0; k0 < 16 - i32(wid.x >> 16u); k0 += 4) {
         let k_lane = k0 + lane_k;
         let a0_t1 = k_lane / 6;
         let a0_t2 = (a0_t0 + a0_t1) + (-1);
         let a0_t4 = (k_lane >> 1u) % 3;
         let a0_t5 = (a0_t3 + a0_t4) + (-1);
         let a0_t7 = select(0.0f, b0[((((a0_t1 * 8) + (a0_t4 * 2)) + a0_t6) + (k_lane & 1)) + (-10)], ((a0_t2 >= 0) & (a0_t2 < 4)) & ((a0_t5 >= 0) & (a0_t5 < 4)));
         let a0_t8 = a0_t7;
         let a1_t1 = k_lane / 6;
         let a1_t2 = (a1_t0 + a1_t1) + (-1);
         let a1_t4 = (k_lane >> 1u) % 3;
         let a1_t5 = (a1_t3 + a1_t4) + (-1);
         let a1_t7 = select(0.0f, b0[((((a1_t1 * 8) + (a1_t4 * 2)) + a1_t6) + (k_lane & 1)) + (-10)], ((a1_t2 >= 0) & (a1_t2 < 4)) & ((a1_t5 >= 0) & (a1_t5 < 4)));
         let a1_t8 = a1_t7;
         let b_t0 = b1[(k0 * 4) + col0];
         let b_0 = b_t0;
         acc_0 = fma(f32(subgroupBroadcast(a0_t8, 0u)), b_0, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t8, 4u)), b_0, acc_1);
         acc_2 = fma(f32(subgroupBroadcast(a1_t8, 0u)), b_0, acc_2);
         acc_3 = fma(f32(subgroupBroadcast(a1_t8, 4u)), b_0, acc_3);
         let b_t1 = b1[(((k0 + 1)) * 4) + col0];
         let b_1 = b_t1;
         acc_0 = fma(f32(subgroupBroadcast(a0_t8, 1u)), b_1, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t8, 5u)), b_1, acc_1);
         acc_2 = fma(f32(subgroupBroadcast(a1_t8, 1u)), b_1, acc_2);
         acc_3 = fma(f32(subgroupBroadcast(a1_t8, 5u)), b_1, acc_3);
         let b_t2 = b1[(((k0 + 2)) * 4) + col0];
         let b_2 = b_t2;
         acc_0 = fma(f32(subgroupBroadcast(a0_t8, 2u)), b_2, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t8, 6u)), b_2, acc_1);
         acc_2 = fma(f32(subgroupBroadcast(a1_t8, 2u)), b_2, acc_2);
         acc_3 = fma(f32(subgroupBroadcast(a1_t8, 6u)), b_2, acc_3);
         let b_t3 = b1[(((k0 + 3)) * 4) + col0];
         let b_3 = b_t3;
         acc_0 = fma(f32(subgroupBroadcast(a0_t8, 3u)), b_3, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t8, 7u)), b_3, acc_1);
         acc_2 = fma(f32(subgroupBroadcast(a1_t8, 3u)), b_3, acc_2);
         acc_3 = fma(f32(subgroupBroadcast(a1_t8, 7u)), b_3, acc_3);
       }
       {
         let k_tail = min(16 + lane_k, 17);
         let a0_t9 = k_tail / 6;
         let a0_t10 = (a0_t0 + a0_t9) + (-1);
         let a0_t11 = (k_tail >> 1u) % 3;
         let a0_t12 = (a0_t3 + a0_t11) + (-1);
         let a0_t13 = select(0.0f, b0[((((a0_t9 * 8) + (a0_t11 * 2)) + a0_t6) + (k_tail & 1)) + (-10)], ((a0_t10 >= 0) & (a0_t10 < 4)) & ((a0_t12 >= 0) & (a0_t12 < 4)));
         let a0_t14 = a0_t13;
         let a1_t9 = k_tail / 6;
         let a1_t10 = (a1_t0 + a1_t9) + (-1);
         let a1_t11 = (k_tail >> 1u) % 3;
         let a1_t12 = (a1_t3 + a1_t11) + (-1);
         let a1_t13 = select(0.0f, b0[((((a1_t9 * 8) + (a1_t11 * 2)) + a1_t6) + (k_tail & 1)) + (-10)], ((a1_t10 >= 0) & (a1_t10 < 4)) & ((a1_t12 >= 0) & (a1_t12 < 4)));
         let a1_t14 = a1_t13;
         let b_t4 = b1[(16 * 4) + col0];
         let b_0 = b_t4;
         acc_0 = fma(f32(subgroupBroadcast(a0_t14, 0u)), b_0, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t14, 4u)), b_0, acc_1);
         acc_2 = fma(f32(subgroupBroadcast(a1_t14, 0u)), b_0, acc_2);
         acc_3 = fma(f32(subgroupBroadcast(a1_t14, 4u)), b_0, acc_3);
         let b_t5 = b1[(((16 + 1)) * 4) + col0];
         let b_1 = b_t5;
         acc_0 = fma(f32(subgroupBroadcast(a0_t14, 1u)), b_1, acc_0);
         acc_1 = fma(f32(subgroupBroadcast(a0_t14, 5u)), b_1, acc_1);
         acc_2 = fma(f32(subgroupBroadcast(a1_t14, 1u)), b_1, acc_2);
         acc_3 = fma(f32(subgroupBroadcast(a1_t14, 5u)), b_1, acc_3);
       }
       if (col < 4) {
         if (row0 + 0 < bound) { finish(batch, row0 + 0, col, acc_0); }
         if (row0 + 1 < bound) { finish(batch, row0 + 1, col, acc_1); }
         if (row0 + 2 < bound) { finish(batch, row0 + 2, col, acc_2); }
         if (row0 + 3 < bound) { finish(batch, row0 + 3, col, acc_3); }
       }
     }
     "
    `);
  });

  it('updates weights as the epilogue of their gradient', () => {
    const code = printed(() => {
      const [x, dy] = [placeholder('float32', [8, 4]), placeholder('float32', [8, 4])];
      const weights = tf.variable(tf.zeros([4, 4]), { name: 'w' });
      const gradient = tf.matMul(x, dy, { transposeA: true });
      const train = new tf.train.GradientDescentOptimizer(0.1).applyGradients([
        [gradient, weights],
      ]);
      return { feeds: [x, dy], targets: [train] };
    }, softwareCaps);
    expect(code).toMatchInlineSnapshot(`
     "// MatMul+GradientDescent/update_w/ApplyGradientDescent
     enable subgroups;
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read> b1: array<f32>;
     @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
     @group(0) @binding(3) var<uniform> bound: i32;
     fn finish(batch: i32, row: i32, col: i32, acc: f32) {
       let e0 = (row * 4) + col;
       let e1 = b2[e0] - (0.10000000149011612f * acc);
       let e2 = e0;
       b2[e2] = e1;
     }
     @compute @workgroup_size(8)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) sid: u32) {
       let group = i32(wid.x);
       let lane = i32(sid);
       let batch = 0;
       let row0 = (group / 1) * 1;
       let col = (group % 1 * 8 + lane) * 1;
       let col0 = min(col, 3);
       let lane_k = lane % 8;
       let row_0 = min(row0 + 0, bound - 1);
       var acc_0 = f32();
       for (var k0 = 0; k0 < 8; k0 += 8) {
         let k_lane = k0 + lane_k;
         let a0_t0 = b0[(k_lane * 4) + row_0];
         let b_t0 = b1[(k0 * 4) + col0];
         let b_0 = b_t0;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 0u)), b_0, acc_0);
         let b_t1 = b1[(((k0 + 1)) * 4) + col0];
         let b_1 = b_t1;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 1u)), b_1, acc_0);
         let b_t2 = b1[(((k0 + 2)) * 4) + col0];
         let b_2 = b_t2;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 2u)), b_2, acc_0);
         let b_t3 = b1[(((k0 + 3)) * 4) + col0];
         let b_3 = b_t3;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 3u)), b_3, acc_0);
         let b_t4 = b1[(((k0 + 4)) * 4) + col0];
         let b_4 = b_t4;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 4u)), b_4, acc_0);
         let b_t5 = b1[(((k0 + 5)) * 4) + col0];
         let b_5 = b_t5;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 5u)), b_5, acc_0);
         let b_t6 = b1[(((k0 + 6)) * 4) + col0];
         let b_6 = b_t6;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 6u)), b_6, acc_0);
         let b_t7 = b1[(((k0 + 7)) * 4) + col0];
         let b_7 = b_t7;
         acc_0 = fma(f32(subgroupBroadcast(a0_t0, 7u)), b_7, acc_0);
       }
       if (col < 4) {
         if (row0 + 0 < bound) { finish(batch, row0 + 0, col, acc_0); }
       }
     }
     "
    `);
  });
});
