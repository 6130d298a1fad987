/** Scatter kernels on the host, against a plain loop over the updates. */
import { constant, div, index, int, type ScalarType } from '../../../src/ir/expr.js';
import { createStorage, type StorageArray } from '../../../src/ir/storage.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';
import { plainRowScatter, rowScatter, type RowScatter } from '../scatter-kernel.js';
import { pseudoRandom, storageArray } from './kernels.js';

const ids = [3, 0, 3, -1, 1, 4, 3, 1, -7, 0];
const shape = { rows: 4, width: 3, updates: ids.length };
const data = Array.from(pseudoRandom(ids.length * shape.width), (x) => Math.fround(8 * x));
const whole = data.map(Math.round);

function run(
  of: RowScatter,
  places: readonly number[],
  values: readonly number[],
  before?: StorageArray,
): (number | bigint)[] {
  const kernel = rowScatter(of);
  const type = of.type ?? 'f32';
  const ninety = new Array<number>(of.rows * of.width).fill(90);
  const out = before ?? storageArray(type, ninety);
  compileHostKernel(kernel).run([storageArray('i32', places), storageArray(type, values), out]);
  return Array.from(out as Float32Array);
}

describe('scatter kernels on the host', () => {
  it.each(['sum', 'prod', 'max', 'min'] as const)(
    'combine with %s in the order of the updates, and drop what lies outside',
    (combine) => {
      const of = { ...shape, combine, start: combine === 'prod' ? 1 : 0 };
      expect(run(of, ids, data)).toEqual(plainRowScatter(of, ids, data));
    },
  );

  it.each<[Exclude<ScalarType, 'bool'>, (value: number) => number]>([
    ['f64', (x) => x],
    ['i32', (x) => x | 0],
    ['u32', (x) => x >>> 0],
    ['i64', (x) => x],
    ['u64', (x) => x],
  ])('combine %s', (type, fit) => {
    const values = type === 'f64' ? data : whole.map(fit).map(Math.abs);
    const of = { ...shape, type };
    expect(run(of, ids, values).map(Number)).toEqual(plainRowScatter(of, ids, values, fit));
  });

  it('round every step of a narrow type, as TensorFlow does', () => {
    const of = { rows: 1, width: 1, updates: 4, round: 'roundF16' } as const;
    expect(run(of, [0, 0, 0, 0], [2048, 1, 1, 1])).toEqual([2048]);
  });

  it('wrap integers', () => {
    const of = { rows: 1, width: 1, updates: 2, type: 'i32' } as const;
    expect(run(of, [0, 0], [2 ** 31 - 1, 1])).toEqual([-(2 ** 31)]);
    expect(run({ ...of, round: 'wrapI8' }, [0, 0], [100, 100])).toEqual([-56]);
  });

  it('let NaN and infinity through, and lose the sign of zero in a sum from 0', () => {
    const of = { rows: 4, width: 1, updates: 5 };
    expect(run(of, [0, 1, 2, 2, 3], [NaN, Infinity, Infinity, -Infinity, -0])).toEqual([
      NaN,
      Infinity,
      NaN,
      0,
    ]);
    expect(run({ ...of, combine: 'max', start: -1 }, [0, 0, 1, 2, 3], [NaN, 1, 0, 5, -3])).toEqual([
      NaN,
      0,
      5,
      -1,
    ]);
  });

  it('start from what the result holds where that is what it is filled with', () => {
    const before = storageArray('f32', whole.slice(0, 12));
    const of = { ...shape, start: null };
    const want = plainRowScatter(of, ids, data, Math.fround, whole);
    expect(run(of, ids, data, before)).toEqual(want);
  });

  it('start from an expression over the elements of the result', () => {
    const kernel = rowScatter({ ...shape, rows: 2 });
    const column = div(index(2), int(1));
    const value = { kind: 'cast', type: 'f32', x: column } as const;
    const out = createStorage('f32', 6);
    compileHostKernel({ ...kernel, initial: { ...kernel.initial, value } }).run([
      storageArray('i32', [1, ...ids.slice(1).map(() => -1)]),
      storageArray(
        'f32',
        data.map(() => 10),
      ),
      out,
    ]);
    expect([...out]).toEqual([0, 0, 0, 11, 11, 11]);
  });

  it('keep the order in slices, and let the event loop turn between them', async () => {
    const updates = 200_000;
    const of = { rows: 50, width: 2, updates };
    const places = Int32Array.from({ length: updates }, (_, i) => (i * 7919) % 50);
    const values = pseudoRandom(2 * updates, 7);
    const out = createStorage('f32', 100);
    let turns = 0;
    const pacer = {
      remainingMs: () => 0,
      turn: () => {
        turns++;
        return Promise.resolve();
      },
    };
    await compileHostKernel(rowScatter(of)).runSliced([places, values, out], undefined, pacer);
    expect([...out]).toEqual(plainRowScatter(of, places, values));
    expect(turns).toBeGreaterThan(2);
  });

  it('do nothing but fill where every update is dropped', () => {
    const of = { ...shape, start: 7 };
    const kernel = { ...rowScatter(of), at: constant('i32', -1) };
    const out = createStorage('f32', 12);
    compileHostKernel(kernel).run([storageArray('i32', ids), storageArray('f32', data), out]);
    expect([...out]).toEqual(new Array(12).fill(7));
  });
});
