/** What map kernels look like: one canonical kernel for each way the printer has. */
import { describe, expect, it } from '@jest/globals';
import * as tf from '../../../src/index.js';
import { printed } from './printed-kernels.js';

const { add, constant, mul, placeholder } = tf;

describe('WGSL of maps', () => {
  it('computes four neighbours at a time', () => {
    const code = printed(() => {
      const [x, y] = [placeholder('float32', [8, 16]), placeholder('float32', [8, 16])];
      return { feeds: [x, y], fetches: [tf.nn.relu(add(mul(x, y), 0.5))] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// mul+add+Relu
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
     @group(0) @binding(3) var<uniform> bound: i32;
     // fn isNan_
     // fn maxConst_
     // fn maxConst_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       b2[i0 >> 2u] = maxConst_4(((b1[i0 >> 2u] * b0[i0 >> 2u]) + vec4<f32>(0.5f)), vec4<f32>(0.0f));
     }
     "
    `);
  });

  it('computes single elements where the length is no multiple of four', () => {
    const code = printed(() => {
      const x = placeholder('float32', [3, 5]);
      return { feeds: [x], fetches: [tf.sqrt(tf.abs(x))] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Abs+Sqrt
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
     @group(0) @binding(2) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit;
       b1[i0] = sqrt(abs(b0[i0]));
     }
     "
    `);
  });

  it('gives each invocation several units once there are many', () => {
    const code = printed(() => {
      const x = placeholder('float32', [1024, 1024]);
      return { feeds: [x], fetches: [tf.exp(x)] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Exp
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     // fn isNan_
     // fn exp_
     // fn exp_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let first = i32(wid.x) * 256 + i32(lid);
       for (var step = 0; step < 4; step++) {
         let unit = first + step * 64;
         let i0 = unit * 4;
         b1[i0 >> 2u] = exp_4(b0[i0 >> 2u]);
       }
     }
     "
    `);
  });

  it('broadcasts a row and a column', () => {
    const code = printed(() => {
      const x = placeholder('float32', [6, 8]);
      const [row, column] = [placeholder('float32', [8]), placeholder('float32', [6, 1])];
      return { feeds: [x, row, column], fetches: [add(mul(x, row), column)] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// mul+add
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read> b2: array<vec4<f32>>;
     @group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
     @group(0) @binding(4) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i1 = (unit & 1) * 4;
       let i1_rest = unit >> 1u;
       let i0 = i1_rest;
       let t0 = (i0 * 8) + i1;
       b3[t0 >> 2u] = (b2[t0 >> 2u] * b1[i1 >> 2u]) + vec4<f32>(b0[i0]);
     }
     "
    `);
  });

  it('reads a transposed operand by single elements', () => {
    const code = printed(() => {
      const [x, y] = [placeholder('float32', [4, 8]), placeholder('float32', [8, 4])];
      return { feeds: [x, y], fetches: [add(x, tf.transpose(y))] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// transpose+add
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
     @group(0) @binding(3) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i1 = (unit & 1) * 4;
       let i1_rest = unit >> 1u;
       let i0 = i1_rest;
       let t0 = (i0 * 8) + i1;
       let t1 = (i1 * 4) + i0;
       b2[t0 >> 2u] = b1[t0 >> 2u] + vec4<f32>(b0[t1], b0[t1 + 4], b0[t1 + 8], b0[t1 + 12]);
     }
     "
    `);
  });

  it('walks a strided slice backwards', () => {
    const code = printed(() => {
      const x = placeholder('float32', [9]);
      return { feeds: [x], fetches: [tf.stridedSlice(x, [7], [0], { strides: [-2] })] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// StridedSlice
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       let t0 = (i0 * (-2)) + 7;
       b1[i0 >> 2u] = vec4<f32>(b0[t0], b0[t0 - 2], b0[t0 - 4], b0[t0 - 6]);
     }
     "
    `);
  });

  it('chooses between the parts of a concatenation by place', () => {
    const code = printed(() => {
      const [x, y] = [placeholder('float32', [2, 4]), placeholder('float32', [2, 8])];
      return { feeds: [x, y], fetches: [tf.concat([x, y], 1)] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// concat
     @group(0) @binding(0) var<storage, read> b0: array<f32>;
     @group(0) @binding(1) var<storage, read> b1: array<f32>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
     @group(0) @binding(3) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i1 = (unit % 3) * 4;
       let i1_rest = unit / 3;
       let i0 = i1_rest;
       let t0 = vec4<i32>(i0 * 8) + (max((((i1 + (-4)) + vec4<i32>(0, 1, 2, 3))), vec4<i32>(0)));
       let t1 = vec4<i32>(i0 * 4) + (min(((i1 + vec4<i32>(0, 1, 2, 3))), vec4<i32>(3)));
       let t2 = select(vec4<f32>(b0[t0.x], b0[t0.y], b0[t0.z], b0[t0.w]), vec4<f32>(b1[t1.x], b1[t1.y], b1[t1.z], b1[t1.w]), i1 < 4);
       b2[((i0 * 12) + i1) >> 2u] = t2;
     }
     "
    `);
  });

  it('gathers rows by computed indices', () => {
    const code = printed(() => {
      const [x, rows] = [placeholder('float32', [10, 4]), placeholder('int32', [3])];
      return { feeds: [x, rows], fetches: [tf.gather(x, rows)] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// GatherV2
     @group(0) @binding(0) var<storage, read> b0: array<i32>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
     @group(0) @binding(3) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i1 = 0;
       let i0 = unit;
       let t0 = b0[i0];
       let t1 = select(vec4<f32>(0.0f), b1[(((max(min(t0, 9), 0)) * 4) + i1) >> 2u], (t0 >= 0) & (t0 < 10));
       b2[((i0 * 4) + i1) >> 2u] = t1;
     }
     "
    `);
  });

  it('selects by a comparison, and stores bools as 0 and 1', () => {
    const code = printed(() => {
      const [x, y] = [placeholder('float32', [8]), placeholder('float32', [8])];
      const isLess = tf.less(x, y);
      return { feeds: [x, y], fetches: [isLess, tf.where(isLess, x, tf.neg(y))] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Less+Neg+Select
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<u32>>;
     @group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
     @group(0) @binding(4) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       let t0 = b1[i0 >> 2u];
       let t1 = b0[i0 >> 2u];
       let t2 = t0 < t1;
       let t3 = select(-t1, t0, t2);
       b2[i0 >> 2u] = select(vec4<u32>(), vec4<u32>(1u), t2);
       b3[i0 >> 2u] = t3;
     }
     "
    `);
  });

  it('casts between floats, integers and bools', () => {
    const code = printed(() => {
      const [x, flag] = [placeholder('float32', [4]), placeholder('bool', [4])];
      const whole = tf.cast(x, 'int32');
      return {
        feeds: [x, flag],
        fetches: [add(whole, tf.cast(flag, 'int32')), tf.cast(x, 'bool')],
      };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Cast_1+Cast+add
     @group(0) @binding(0) var<storage, read> b0: array<vec4<u32>>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<i32>>;
     @group(0) @binding(3) var<uniform> bound: i32;
     // fn isNan_
     // fn f32_to_i32_
     // fn f32_to_i32_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       b2[i0 >> 2u] = f32_to_i32_4(b1[i0 >> 2u]) + (vec4<i32>((b0[i0 >> 2u] != vec4<u32>())));
     }

     // Cast_2
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<u32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     // fn isNonzero_
     // fn isNonzero_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       b1[i0 >> 2u] = select(vec4<u32>(), vec4<u32>(1u), isNonzero_4(b0[i0 >> 2u]));
     }
     "
    `);
  });

  it('divides integers downwards, and gives 0 for a zero divisor', () => {
    const code = printed(() => {
      const [x, y] = [placeholder('int32', [4]), placeholder('int32', [4])];
      return { feeds: [x, y], fetches: [tf.floorDiv(x, y)] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// floordiv
     @group(0) @binding(0) var<storage, read> b0: array<vec4<i32>>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<i32>>;
     @group(0) @binding(2) var<storage, read_write> b2: array<vec4<i32>>;
     @group(0) @binding(3) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       let t0 = b0[i0 >> 2u];
       let t1 = t0 == vec4<i32>(0);
       let t2 = b1[i0 >> 2u];
       let t3 = select(t0, vec4<i32>(1), t1);
       let t4 = t2 % t3;
       let t5 = t2 / t3;
       let t6 = select(t5, t5 + vec4<i32>(-1), ((t4 < vec4<i32>(0)) & (t3 > vec4<i32>(0))) | ((t4 > vec4<i32>(0)) & (t3 < vec4<i32>(0))));
       b2[i0 >> 2u] = select(t6, vec4<i32>(0), t1);
     }
     "
    `);
  });

  it('folds in a loop of one invocation', () => {
    const code = printed(() => {
      const x = placeholder('float32', [4, 8]);
      return { feeds: [x], fetches: [tf.cumsum(x, { axis: 0 })] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Cumsum/_ScanLoopSum
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i1 = (unit & 1) * 4;
       let i1_rest = unit >> 1u;
       let i0 = i1_rest;
       var t0 = vec4<f32>(0.0f);
       for (var t1 = 0; t1 < 4; t1++) {
         t0 = t0 + (select(vec4<f32>(0.0f), b0[((t1 * 8) + i1) >> 2u], t1 <= i0));
       }
       b1[((i0 * 8) + i1) >> 2u] = t0;
     }
     "
    `);
  });

  it('draws four random numbers at once', () => {
    const code = printed(() => ({
      feeds: [],
      fetches: [tf.random.randomUniform([2, 4], { seed: 7 })],
    }));
    expect(code).toMatchInlineSnapshot(`
     "// random_uniform/RandomUniform+random_uniform/mul+random_uniform
     @group(0) @binding(0) var<storage, read> b0: array<u32>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     // fn mulHigh_
     // fn philox_
     // fn plusZero_
     // fn plusZero_4
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let t0 = b0[0];
       let t3 = b0[1] + 0u;
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       let t1 = u32(i0);
       let t2 = t0 + (t1 >> 2u);
       let t4 = vec4<f32>(((philox_(87654321u, 0u, t2, t3 + (u32((t2 < t0))), 7u, 0u)) & vec4<u32>(8388607u)));
       b1[i0 >> 2u] = plusZero_4((t4 * vec4<f32>(1.1920928955078125e-7f)));
     }
     "
    `);
  });

  it('puts arithmetic with literal zeros together from bits', () => {
    const build = (): { feeds: tf.Tensor[]; fetches: tf.Tensor[] } => {
      const x = placeholder('float32', [4]);
      const zero = constant(0, { dtype: 'float32' });
      return { feeds: [x], fetches: [tf.div(add(mul(x, zero), zero), zero)] };
    };
    expect(printed(build, undefined, true)).toMatchInlineSnapshot(`
     "// mul+add+truediv
     @group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<uniform> bound: i32;
     var<private> nan_bits: u32 = 0x7fc00000u;
     fn timesZero_(x: f32) -> f32 {
       let bits = bitcast<u32>(x);
       let isFinite = (bits & 0x7fffffffu) < 0x7f800000u;
       return bitcast<f32>(select(nan_bits, bits & 0x80000000u, isFinite));
     }
     fn timesZero_4(x: vec4<f32>) -> vec4<f32> {
       return vec4<f32>(timesZero_(x.x), timesZero_(x.y), timesZero_(x.z), timesZero_(x.w));
     }
     fn plusZero_(x: f32) -> f32 {
       let bits = bitcast<u32>(x);
       return bitcast<f32>(select(bits, 0u, bits == 0x80000000u));
     }
     fn plusZero_4(x: vec4<f32>) -> vec4<f32> {
       return vec4<f32>(plusZero_(x.x), plusZero_(x.y), plusZero_(x.z), plusZero_(x.w));
     }
     fn overZero_(x: f32) -> f32 {
       let bits = bitcast<u32>(x);
       let size = bits & 0x7fffffffu;
       let isNan = size == 0u || size > 0x7f800000u;
       return bitcast<f32>(select((bits & 0x80000000u) | 0x7f800000u, nan_bits, isNan));
     }
     fn overZero_4(x: vec4<f32>) -> vec4<f32> {
       return vec4<f32>(overZero_(x.x), overZero_(x.y), overZero_(x.z), overZero_(x.w));
     }
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       b1[i0 >> 2u] = overZero_4((plusZero_4(timesZero_4(b0[i0 >> 2u]))));
     }
     "
    `);
  });

  it('updates what an optimizer keeps in place, in one kernel', () => {
    const code = printed(() => {
      const gradient = placeholder('float32', [8]);
      const weights = tf.variable(tf.zeros([8]), { name: 'w' });
      const optimizer = new tf.train.AdamOptimizer(0.001);
      const train = optimizer.applyGradients([[gradient, weights]]);
      return { feeds: [gradient], targets: [train] };
    });
    expect(code).toMatchInlineSnapshot(`
     "// Adam/update_w/ApplyAdam
     @group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
     @group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
     @group(0) @binding(2) var<storage, read> b2: array<f32>;
     @group(0) @binding(3) var<storage, read> b3: array<f32>;
     @group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;
     @group(0) @binding(5) var<storage, read_write> b5: array<vec4<f32>>;
     @group(0) @binding(6) var<uniform> bound: i32;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let t2 = 1.0f;
       let t3 = t2 - 0.8999999761581421f;
       let t5 = (0.0010000000474974513f * (sqrt((1.0f - b3[0])))) / (1.0f - b2[0]);
       let t7 = 1.0f;
       let t8 = t7 - 0.9990000128746033f;
       let unit = i32(wid.x) * 64 + i32(lid);
       if (unit >= bound) { return; }
       let i0 = unit * 4;
       let t0 = b4[i0 >> 2u];
       let t1 = b1[i0 >> 2u];
       let t4 = t0 + ((t1 - t0) * vec4<f32>(t3));
       let t6 = b0[i0 >> 2u];
       let t9 = t6 + (((t1 * t1) - t6) * vec4<f32>(t8));
       let t10 = b5[i0 >> 2u] - ((t4 * vec4<f32>(t5)) / (sqrt(t9) + vec4<f32>(9.99999993922529e-9f)));
       b5[i0 >> 2u] = t10;
       b4[i0 >> 2u] = t4;
       b0[i0 >> 2u] = t9;
     }

     // Adam/mul+Adam/Assign+Adam/mul_1+Adam/Assign_1
     @group(0) @binding(0) var<storage, read_write> b0: array<f32>;
     @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
     @compute @workgroup_size(64)
     fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
       let group = i32(wid.x);
       if (group < 1) {
         let t0 = b0[0] * 0.8999999761581421f;
         let unit = group * 64 + i32(lid);
         if (unit >= 1) { return; }
         b0[0] = t0;
       }
       else {
         let t0 = b1[0] * 0.9990000128746033f;
         let unit = (group - 1) * 64 + i32(lid);
         if (unit >= 1) { return; }
         b1[0] = t0;
       }
     }
     "
    `);
  });

  it('prints the same text for the same graph built again', () => {
    const build = (): { feeds: tf.Tensor[]; fetches: tf.Tensor[] } => {
      const x = placeholder('float32', [4, 8]);
      return { feeds: [x], fetches: [tf.cumsum(x, { axis: 1 }), tf.cumsum(x, { axis: 0 })] };
    };
    expect(printed(build)).toBe(printed(build));
  });
});
