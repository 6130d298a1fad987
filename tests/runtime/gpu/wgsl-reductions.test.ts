/** What reduce kernels look like: one canonical kernel for each way the printer has. */
import { describe, expect, it } from '@jest/globals';
import * as tf from '../../../src/index.js';
import { printed, softwareCaps } from './printed-kernels.js';

const { placeholder } = tf;

describe('WGSL of reductions', () => {
  it('sums long rows with a workgroup each', () => {
    const code = printed(() => {
      const x = placeholder('float32', [4, 1024]);
      return { feeds: [x], fetches: [tf.reduceSum(x, { axis: 1 })] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Sum
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
     var<workgroup> shared_f32: array<f32, 128>;
     @compute @workgroup_size(128)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x);
       let i0 = row;
       var p0 = vec4<f32>(0.0f);
       let t0 = i0 * 1024;
       for (var at = i32(lid); at < 256; at += 128) {
         let i1 = at * 4;
         let t1 = b0[(t0 + i1) >> 2u];
         p0 = p0 + t1;
       }
       let p0a = p0.x + p0.y;
       let p0b = p0.z + p0.w;
       shared_f32[lid] = p0a + p0b;
       workgroupBarrier();
       for (var half = 64u; half > 0u; half >>= 1u) {
         if (lid < half) { shared_f32[lid] = shared_f32[lid] + shared_f32[lid + half]; }
         workgroupBarrier();
       }
       let s0 = shared_f32[0];
       if (lid == 0u) {
         b1[i0] = s0;
       }
     }
     "
    `);
  });

  it('sums short rows with an invocation each', () => {
    const code = printed(() => {
      const x = placeholder('float32', [100, 3]);
      return { feeds: [x], fetches: [tf.reduceMean(x, { axis: 1 })] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Mean
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x) * 64 + i32(lid);
       if (row >= bound) { return; }
       let i0 = row * 4;
       var p0 = vec4<f32>(0.0f);
       let t0 = i0 * 3;
       for (var i1 = 0; i1 < 3; i1++) {
         let t1 = t0 + i1;
         let t2 = vec4<f32>(b0[t1], b0[t1 + 3], b0[t1 + 6], b0[t1 + 9]);
         p0 = p0 + t2;
       }
       let s0 = p0;
       let t3 = s0 / vec4<f32>(3.0f);
       b1[i0 >> 2u] = t3;
     }
     "
    `);
  });

  it('sums four columns at a time', () => {
    const code = printed(() => {
      const x = placeholder('float32', [16, 64]);
      return { feeds: [x], fetches: [tf.reduceSum(x, { axis: 0 })] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Sum
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x) * 64 + i32(lid);
       if (row >= bound) { return; }
       let i0 = row * 4;
       var p0 = vec4<f32>(0.0f);
       for (var i1 = 0; i1 < 16; i1++) {
         let t0 = b0[((i1 * 64) + i0) >> 2u];
         p0 = p0 + t0;
       }
       let s0 = p0;
       b1[i0 >> 2u] = s0;
     }
     "
    `);
  });

  it('takes the softmax of a row in three passes', () => {
    const code = printed(() => {
      const x = placeholder('float32', [4, 512]);
      return { feeds: [x], fetches: [tf.nn.softmax(x)] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Softmax
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     var<workgroup> shared_f32: array<f32, 64>;
     var<private> neg_inf_bits: u32 = 0xff800000u;
     // fn isNan_
     // fn max_
     // fn max_4
     // fn exp_
     // fn exp_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x);
       let i0 = row;
       var p0 = vec4<f32>(bitcast<f32>(neg_inf_bits));
       let t0 = i0 * 512;
       for (var at = i32(lid); at < 128; at += 64) {
         let i1 = at * 4;
         let t1 = t0 + i1;
         let t2 = b0[t1 >> 2u];
         p0 = max_4(p0, t2);
       }
       let p0a = max_(p0.x, p0.y);
       let p0b = max_(p0.z, p0.w);
       shared_f32[lid] = max_(p0a, p0b);
       workgroupBarrier();
       for (var half = 32u; half > 0u; half >>= 1u) {
         if (lid < half) { shared_f32[lid] = max_(shared_f32[lid], shared_f32[lid + half]); }
         workgroupBarrier();
       }
       let s0 = shared_f32[0];
       var p1 = vec4<f32>(0.0f);
       for (var at = i32(lid); at < 128; at += 64) {
         let i1 = at * 4;
         let t3 = t0 + i1;
         let t4 = b0[t3 >> 2u];
         let t5 = exp_4((t4 - vec4<f32>(s0)));
         p1 = p1 + t5;
       }
       let p1a = p1.x + p1.y;
       let p1b = p1.z + p1.w;
       workgroupBarrier();
       shared_f32[lid] = p1a + p1b;
       workgroupBarrier();
       for (var half = 32u; half > 0u; half >>= 1u) {
         if (lid < half) { shared_f32[lid] = shared_f32[lid] + shared_f32[lid + half]; }
         workgroupBarrier();
       }
       let s1 = shared_f32[0];
       for (var at = i32(lid); at < 128; at += 64) {
         let i1 = at * 4;
         let t6 = t0 + i1;
         let t7 = b0[t6 >> 2u];
         let t8 = exp_4((t7 - vec4<f32>(s0)));
         b1[t6 >> 2u] = t8 / vec4<f32>(s1);
       }
     }
     "
    `);
  });

  it('finds the place of the largest', () => {
    const code = printed(() => {
      const x = placeholder('float32', [8, 10]);
      return { feeds: [x], fetches: [tf.argMax(x, { axis: 1, outputType: 'int32' })] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// ArgMax
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<i32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     var<private> neg_inf_bits: u32 = 0xff800000u;
     // fn isNan_
     // fn isNan_4
     // fn max_
     // fn max_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x) * 64 + i32(lid);
       if (row >= bound) { return; }
       let i0 = row * 4;
       var p0 = vec4<f32>(bitcast<f32>(neg_inf_bits));
       let t0 = i0 * 10;
       for (var i1 = 0; i1 < 10; i1++) {
         let t1 = t0 + i1;
         let t2 = vec4<f32>(b0[t1], b0[t1 + 10], b0[t1 + 20], b0[t1 + 30]);
         let t3 = select(t2, vec4<f32>(bitcast<f32>(neg_inf_bits)), isNan_4(t2));
         p0 = max_4(p0, t3);
       }
       let s0 = p0;
       var p1 = vec4<i32>(2147483647);
       let t7 = !(s0 == (vec4<f32>(bitcast<f32>(neg_inf_bits))));
       for (var i1 = 0; i1 < 10; i1++) {
         let t4 = t0 + i1;
         let t5 = vec4<f32>(b0[t4], b0[t4 + 10], b0[t4 + 20], b0[t4 + 30]);
         let t6 = select(t5, vec4<f32>(bitcast<f32>(neg_inf_bits)), isNan_4(t5));
         let t8 = select(vec4<i32>(10), vec4<i32>(i1), (t6 == s0) & t7);
         p1 = min(p1, t8);
       }
       let s1 = p1;
       let t9 = select(s1, vec4<i32>(0), s1 >= vec4<i32>(10));
       b1[i0 >> 2u] = t9;
     }
     "
    `);
  });

  it('computes a loss and its gradient in one kernel', () => {
    const code = printed(() => {
      const [logits, labels] = [placeholder('float32', [8, 12]), placeholder('float32', [8, 12])];
      const loss = tf.nn.softmaxCrossEntropyWithLogits({ labels, logits });
      return { feeds: [logits, labels], fetches: [loss, ...gradientsOf(loss, logits)] };
    }, softwareCaps);
    expect(code).toMatchInlineSnapshot(`
     "// softmax_cross_entropy_with_logits_sg+gradients/softmax_cross_entropy_with_logits_sg_grad/mul
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
     @group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
     @group(0) @binding(4) var<uniform> bound: i32;
     var<private> neg_inf_bits: u32 = 0xff800000u;
     var<private> nan_bits: u32 = 0x7fc00000u;
     // fn isNan_
     // fn max_
     // fn max_4
     // fn exp_
     // fn exp_4
     // fn logNearOne_
     // fn log_
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x) * 64 + i32(lid);
       if (row >= bound) { return; }
       let i0 = row;
       var p0 = vec4<f32>(bitcast<f32>(neg_inf_bits));
       let t0 = i0 * 12;
       for (var i1 = 0; i1 < 12; i1 += 4) {
         let t1 = t0 + i1;
         let t2 = b0[t1 >> 2u];
         p0 = max_4(p0, t2);
       }
       let p0a = max_(p0.x, p0.y);
       let p0b = max_(p0.z, p0.w);
       let s0 = max_(p0a, p0b);
       var p1 = vec4<f32>(0.0f);
       for (var i1 = 0; i1 < 12; i1 += 4) {
         let t3 = t0 + i1;
         let t4 = b0[t3 >> 2u];
         let t5 = t4 - vec4<f32>(s0);
         let t6 = exp_4(t5);
         p1 = p1 + t6;
       }
       let p1a = p1.x + p1.y;
       let p1b = p1.z + p1.w;
       let s1 = p1a + p1b;
       var p2 = vec4<f32>(0.0f);
       let t9 = log_(s1);
       for (var i1 = 0; i1 < 12; i1 += 4) {
         let t7 = t0 + i1;
         let t8 = b1[t7 >> 2u];
         let t10 = b0[t7 >> 2u];
         let t11 = t10 - vec4<f32>(s0);
         let t12 = t8 * (vec4<f32>(t9) - t11);
         p2 = p2 + t12;
       }
       let p2a = p2.x + p2.y;
       let p2b = p2.z + p2.w;
       let s2 = p2a + p2b;
       for (var i1 = 0; i1 < 12; i1 += 4) {
         let t13 = t0 + i1;
         let t14 = b0[t13 >> 2u];
         let t15 = t14 - vec4<f32>(s0);
         let t16 = exp_4(t15);
         let t17 = b1[t13 >> 2u];
         b3[t13 >> 2u] = (t16 / vec4<f32>(s1)) - t17;
       }
       b2[i0] = s2;
     }
     "
    `);
  });

  it('loops over the window of a pooling', () => {
    const code = printed(() => {
      const x = placeholder('float32', [1, 4, 4, 4]);
      const pooled = tf.nn.maxPool(x, { ksize: 2, strides: 2, padding: 'VALID' });
      return { feeds: [x], fetches: [pooled] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// MaxPool
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     var<private> neg_inf_bits: u32 = 0xff800000u;
     // fn isNan_
     // fn isNan_4
     // fn max_
     // fn max_4
     // fn maxConst_
     // fn maxConst_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let row = i32(wid.x) * 64 + i32(lid);
       if (row >= bound) { return; }
       let i2 = 0;
       let i1 = row & 1;
       let i1_rest = row >> 1u;
       let i0 = i1_rest;
       var p0 = vec4<f32>(bitcast<f32>(neg_inf_bits));
       let t0 = i0 * 32;
       let t1 = i1 * 8;
       for (var i3 = 0; i3 < 2; i3++) {
         let t2 = (t0 + (i3 * 16)) + t1;
         for (var i4 = 0; i4 < 2; i4++) {
           let t3 = b0[((t2 + (i4 * 4)) + i2) >> 2u];
           let t4 = select(vec4<f32>(-3.4028234663852886e+38f), t3, !isNan_4(t3));
           p0 = max_4(p0, t4);
         }
       }
       let s0 = p0;
       let t5 = maxConst_4(s0, vec4<f32>(-3.4028234663852886e+38f));
       b1[(((i0 * 8) + (i1 * 4)) + i2) >> 2u] = t5;
     }
     "
    `);
  });
});

const gradientsOf = (y: tf.Tensor, x: tf.Tensor): tf.Tensor[] =>
  tf.gradients(y, [x]).filter((dx) => dx instanceof tf.Tensor);
