/** Compiled kernels: any slicing gives the same result, the event loop turns, aborts stop the work. */
import { CancelledError } from '../../../src/errors.js';
import { add, constant, index, mul, stage, unary, type Expr } from '../../../src/ir/expr.js';
import type { Kernel } from '../../../src/ir/kernel.js';
import { createStorage, type StorageArray } from '../../../src/ir/storage.js';
import { printKernelJs } from '../../../src/runtime/cpu/js-kernel.js';
import { library } from '../../../src/runtime/cpu/js-library.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';
import {
  input,
  mapKernel,
  matMulKernel,
  output,
  place,
  pseudoRandom,
  read,
  runKernel,
} from './kernels.js';

type RangeFunction = (buffers: readonly StorageArray[], begin: number, end: number) => void;

const map: Kernel = {
  kind: 'map',
  label: 'map',
  shape: [5, 3, 4],
  bindings: [input('f32', 60), output('f32', 60)],
  stores: [
    { binding: 1, at: place([4, 5, 3], [2, 0, 1]), value: unary('exp', read(0, place([5, 3, 4]))) },
  ],
};
const reduce: Kernel = {
  kind: 'reduce',
  label: 'reduce',
  shape: [5, 3],
  inner: [4],
  bindings: [input('f32', 60), output('f32', 15)],
  stages: [{ combine: 'sum', type: 'f32', value: read(0, place([5, 3, 4])) }],
  rowStores: [{ binding: 1, at: place([5, 3]), value: stage(0, 'f32') }],
  elementStores: [],
};

/** A map whose points each take a while. */
function slowKernel(points: number, repeats: number): Kernel {
  let value: Expr = read(0, index(0));
  for (let i = 0; i < repeats; i++) value = unary('sin', add(value, constant('f32', i)));
  return mapKernel(points, ['f32'], value);
}

describe('a range function', () => {
  it.each<[string, Kernel, number, number]>([
    ['map', map, 60, 60],
    ['reduce', reduce, 60, 1],
    ['packed contract', matMulKernel([7, 3, 5], { batch: 3 }), 105, 45],
    ['thin contract', matMulKernel([2, 3, 5], { batch: 4 }), 40, 60],
  ])('of a %s kernel computes the same in any slices', (_, kernel, a, b) => {
    const inputs =
      kernel.bindings.length === 3 ? [pseudoRandom(a), pseudoRandom(b, 5)] : [pseudoRandom(a)];
    const whole = runKernel(kernel, ...inputs);
    const { source, units } = printKernelJs(kernel);
    const create = Reflect.construct(Function, ['L', source]) as (
      lib: typeof library,
    ) => RangeFunction;
    const compute = create(library);
    for (const size of [1, 2, 3, 7, 11]) {
      const out = createStorage('f32', whole.length);
      for (let begin = 0; begin < units; begin += size)
        compute([...inputs, out], begin, Math.min(begin + size, units));
      expect(out).toEqual(whole);
    }
  });
});

describe('runSliced', () => {
  it('gives the result of one go while the event loop keeps turning', async () => {
    const kernel = slowKernel(200_000, 12);
    const data = pseudoRandom(200_000);
    const whole = runKernel(kernel, data);
    const out = createStorage('f32', 200_000);
    let longestMs = 0;
    let last = performance.now();
    let ticks = 0;
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
      ticks++;
    }, 1);
    const started = performance.now();
    await compileHostKernel(kernel).runSliced([data, out]);
    const elapsed = performance.now() - started;
    clearInterval(timer);
    expect(out).toEqual(whole);
    expect(ticks).toBeGreaterThanOrEqual(Math.floor(elapsed / 100));
    expect(longestMs).toBeLessThan(Math.max(250, elapsed / 2));
  });

  it('stops between slices when its signal aborts', async () => {
    const kernel = slowKernel(2_000_000, 20);
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 20);
    const out = createStorage('f32', 2_000_000);
    const run = compileHostKernel(kernel).runSliced(
      [pseudoRandom(2_000_000), out],
      controller.signal,
    );
    await expect(run).rejects.toThrow(CancelledError);
    expect(out[1_999_999]).toBe(0);
  });

  it('does nothing for an empty kernel', async () => {
    await compileHostKernel(mapKernel(0, ['f32'], read(0, index(0)))).runSliced([]);
  });
});

describe('compiled functions', () => {
  it('are shared by kernels that differ in their label only', () => {
    const source = printKernelJs({ ...map, label: 'other' }).source;
    expect(source).toBe(printKernelJs(map).source);
  });

  it('do not depend on the numbers folds happened to get', () => {
    const kernel = (axis: number): Kernel =>
      mapKernel(2, ['f32'], {
        kind: 'fold',
        type: 'f32',
        combine: 'sum',
        axis,
        extent: 3,
        body: mul(read(0, index(axis)), constant('f32', 2)),
      });
    expect(printKernelJs(kernel(1000)).source).toBe(printKernelJs(kernel(1234)).source);
  });

  it('are ready again in microseconds', () => {
    const kernel = mapKernel(4, ['f32'], add(read(0, index(0)), constant('f32', 1)));
    const buffers = [pseudoRandom(4), createStorage('f32', 4)];
    for (let i = 0; i < 200; i++) compileHostKernel({ ...kernel }).run(buffers);
    const started = performance.now();
    for (let i = 0; i < 200; i++) compileHostKernel({ ...kernel }).run(buffers);
    // About 20 us each; a hundred times that would mean compiling again.
    expect((performance.now() - started) / 200).toBeLessThan(1);
  });
});
