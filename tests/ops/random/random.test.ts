import {
  RandomStandardNormal,
  RandomUniformInt,
  RandomUniform,
  TruncatedNormal,
} from '../../../src/ops/random/random.js';
import { uniformInteger } from '../../../src/ops/random/philox.js';
import { getFloat16 } from '@petamoriken/float16';
import { index, cast, constant, type Expr } from '../../../src/ir/expr.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';
import { drawFrom } from '../../../src/ops/random/philox.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import { array, evaluateOp, i32, inferOp, numbersOf } from '../evaluate-op.js';

// All values recorded from TensorFlow 2.21 with these seeds, first run of a session.
const seeds = { seed: 5, seed2: 9, T: 'int32' };
const nine = i32([9]);

const halves = (outputs: readonly NdArray[]): number[] => {
  const view = new DataView(new ArrayBuffer(2));
  return numbersOf(outputs).map((bits) => {
    view.setUint16(0, bits);
    return getFloat16(view, 0);
  });
};

describe('random uniform', () => {
  it('is TensorFlow’s stream for float32', () => {
    expect(numbersOf(evaluateOp(RandomUniform, [nine], { ...seeds, dtype: 'float32' }))).toEqual([
      0.8590066432952881, 0.2115098237991333, 0.17018115520477295, 0.7587670087814331,
      0.6983988285064697, 0.99495530128479, 0.010920405387878418, 0.6679587364196777,
      0.30313587188720703,
    ]);
  });

  it('is TensorFlow’s stream for float16 and float64', () => {
    expect(halves(evaluateOp(RandomUniform, [nine], { ...seeds, dtype: 'float16' }))).toEqual([
      0.982421875, 0.6884765625, 0.1240234375, 0.8193359375, 0.283203125, 0.673828125, 0.4599609375,
      0.91796875, 0.2890625,
    ]);
    expect(numbersOf(evaluateOp(RandomUniform, [nine], { ...seeds, dtype: 'float64' }))).toEqual([
      0.8720533702736903, 0.3614498111582678, 0.587190935378811, 0.08736413096628848,
      0.4250873217785538, 0.6881184199981036, 0.7416815534986305, 0.45394790513754923,
      0.18615491249787164,
    ]);
  });

  it('takes its shape from a constant, in part from one that is not known', () => {
    const attrs = { ...seeds, dtype: 'float32' };
    expect(inferOp(RandomUniform, [[2]], attrs, { 0: [2, 3] })).toEqual([[2, 3]]);
    expect(inferOp(RandomUniform, [[3]], attrs)).toEqual([[null, null, null]]);
    expect(inferOp(RandomUniform, [null], attrs)).toEqual([null]);
    expect(() => inferOp(RandomUniform, [[]], attrs)).toThrow('Shape must be rank 1 but is rank 0');
    expect(() => inferOp(RandomUniform, [[1]], attrs, { 0: [-2] })).toThrow(
      'Invalid value in tensor used for shape: -2',
    );
  });
});

describe('random normal', () => {
  it('is TensorFlow’s stream', () => {
    const y = numbersOf(evaluateOp(RandomStandardNormal, [nine], { ...seeds, dtype: 'float32' }));
    const want = [
      0.5352789759635925, 0.13203659653663635, -1.879108190536499, 0.10361495614051819,
      -0.026852285489439964, 0.8468818664550781, -2.615128993988037, -1.4816697835922241,
      1.0779261589050293,
    ];
    for (const [i, value] of want.entries()) expect(y[i]).toBeCloseTo(value, 5);
  });

  it('pairs four words per two samples for float64', () => {
    const y = numbersOf(evaluateOp(RandomStandardNormal, [nine], { ...seeds, dtype: 'float64' }));
    const want = [
      0.4001297752992255, -0.3372024138800406, 0.5384131589843909, 0.8802963977461153,
      -1.210390543013718, -0.4958589211569558, 0.22058853579084162, -0.7409529675454307,
    ];
    for (const [i, value] of want.entries()) expect(y[i]).toBeCloseTo(value, 12);
  });
});

describe('truncated normal', () => {
  it('rejects samples past two deviations, group by group', () => {
    const y = numbersOf(evaluateOp(TruncatedNormal, [nine], { ...seeds, dtype: 'float32' }));
    const want = [
      0.5352789759635925, 0.13203659653663635, -1.879108190536499, 0.10361495614051819,
      0.2581433355808258, 0.34821030497550964, 0.8635470867156982, 0.7035922408103943,
      0.562908947467804,
    ];
    for (const [i, value] of want.entries()) expect(y[i]).toBeCloseTo(value, 5);
  });

  it('has groups of two for float64', () => {
    const y = numbersOf(evaluateOp(TruncatedNormal, [nine], { ...seeds, dtype: 'float64' }));
    const want = [
      0.4001297752992255, -0.3372024138800406, 0.789702050261416, -1.1384053341279772,
      1.1319546238684448, 0.4815540598146408, 1.851415306987648, 0.4521924624716895,
      1.2124061099930417,
    ];
    for (const [i, value] of want.entries()) expect(y[i]).toBeCloseTo(value, 12);
  });

  it('stays within two deviations', () => {
    const y = numbersOf(evaluateOp(TruncatedNormal, [i32([4000])], { ...seeds, dtype: 'float64' }));
    expect(Math.max(...y.map(Math.abs))).toBeLessThan(2);
    expect(Math.abs(y.reduce((sum, value) => sum + value, 0) / y.length)).toBeLessThan(0.05);
  });
});

describe('random integers', () => {
  const draw = (dtype: 'int32' | 'int64', low: bigint, high: bigint): bigint[] => {
    const bound = (value: bigint): NdArray =>
      dtype === 'int32' ? i32(Number(value)) : { dtype, shape: [], data: BigInt64Array.of(value) };
    const [out] = evaluateOp(RandomUniformInt, [i32([5]), bound(low), bound(high)], {
      ...seeds,
      Tout: dtype,
    });
    return Array.from(out?.data as Int32Array, BigInt);
  };

  it.each([
    ['int32', 0n, 10n, [2n, 3n, 5n, 9n, 6n]],
    ['int32', -5n, 2147483647n, [451802085n, 1008407228n, 823511158n, 417406782n, 1046045981n]],
    ['int64', -7n, 11n, [5n, 4n, -3n, 6n, -3n]],
    ['int64', 0n, 4294967295n, [3607692975n, 1240917959n, 2430123988n, 1884743044n, 2654373889n]],
    [
      'int64',
      -(2n ** 62n),
      2n ** 62n,
      [
        -280609929043250194n,
        -2818937498983085953n,
        1332883736321680674n,
        3338715077657322967n,
        2094097794014301480n,
      ],
    ],
  ] as const)('are TensorFlow’s stream for %s in [%s, %s)', (dtype, low, high, want) => {
    expect(draw(dtype, low, high)).toEqual([...want]);
  });

  // On a device an int64 is an i32, so the 64-bit remainder is a long division.
  it.each([
    [-7, 11, [5, 4, -3, 6, -3]],
    [-(2 ** 31), 2 ** 31 - 1, [1460209327, -906565689, 282640340, -262740604, 506890241]],
  ])('are the same int64 stream in 32-bit arithmetic, in [%i, %i)', (low, high, want) => {
    const zero: Expr = constant('u32', 0);
    const stream = drawFrom({ seed: 5, seed2: 9 }, { low: zero, high: zero });
    const value = uniformInteger(
      'int64',
      stream,
      cast('u32', index(0)),
      constant('i32', low),
      constant('i32', high),
    );
    const out = new Int32Array(5);
    compileHostKernel({
      kind: 'map',
      label: 'test',
      bindings: [{ access: 'read_write', storage: 'i32', length: 5 }],
      shape: [5],
      stores: [{ binding: 0, at: index(0), value }],
    }).run([out]);
    expect([...out]).toEqual(want);
  });

  it('need a range that is not empty, and scalar bounds', () => {
    expect(() => draw('int32', 3n, 3n)).toThrow('Need minval < maxval, got 3 >= 3');
    expect(() => inferOp(RandomUniformInt, [[1], [1], []], { ...seeds, Tout: 'int32' })).toThrow(
      'minval must be a scalar; got a tensor of shape [1]',
    );
  });

  it('carries seeds past 32 bits and below zero into key and counter', () => {
    const attrs = { seed: -1, seed2: 2 ** 40 + 3, T: 'int32', dtype: 'float32' };
    const same = { ...attrs, seed2: 3 };
    const [a, b] = [attrs, same].map((s) => numbersOf(evaluateOp(RandomUniform, [nine], s)));
    expect(a).not.toEqual(b);
    expect(array('float32', a ?? []).data.length).toBe(9);
  });
});
