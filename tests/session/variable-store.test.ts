import { afterAll, describe, expect, it } from '@jest/globals';
import type { Program, VariableDecl } from '../../src/ir/program.js';
import { CpuRuntime } from '../../src/runtime/cpu/cpu-runtime.js';
import { VariableStore, type Binding } from '../../src/session/variable-store.js';

const runtime = new CpuRuntime();
afterAll(() => runtime.close());

/** A program that does nothing but write `v` of a shape. */
function assignment(shape: readonly number[], use: Partial<VariableDecl> = {}): Program {
  const decl: VariableDecl = {
    key: 'v',
    node: 'v',
    op: 'VariableV2',
    dtype: 'float32',
    shape,
    place: 'host',
    storage: 'f32',
    reads: false,
    writes: true,
    ...use,
  };
  return {
    buffers: [],
    steps: [],
    feeds: [],
    variables: [decl],
    fetches: [],
    random: [],
    slots: [],
  };
}

describe('the variables of a session, while runs overlap', () => {
  const start = (store: VariableStore, shape: readonly number[]): Binding =>
    store.bind(assignment(shape), runtime);
  const initialised = (shape: readonly number[]): VariableStore => {
    const store = new VariableStore();
    start(store, shape).settle(true);
    return store;
  };

  it.each([
    ['first to last', [0, 1]],
    ['last to first', [1, 0]],
  ])('come back when two runs that change the shape fail, %s', (_, order) => {
    const store = initialised([2]);
    const before = start(store, [2]);
    before.settle(true);
    const runs = [start(store, [3]), start(store, [4])];
    expect(store.shape('v', null)).toEqual([4]);
    for (const i of order) runs[i]?.settle(false);
    expect(store.shape('v', null)).toEqual([2]);
    expect(start(store, [2]).buffers[0]).toBe(before.buffers[0]);
    store.destroy();
  });

  it('keep the shape of the run that succeeded below one that failed', () => {
    const store = initialised([2]);
    const [below, above] = [start(store, [3]), start(store, [4])];
    above.settle(false);
    expect(store.shape('v', null)).toEqual([3]);
    below.settle(true);
    expect(store.shape('v', null)).toEqual([3]);
    expect(start(store, [3]).buffers[0]).toBe(below.buffers[0]);
    store.destroy();
  });

  it('free every buffer that nothing can bring back', () => {
    const store = initialised([2]);
    const runs = [start(store, [3]), start(store, [4]), start(store, [5])];
    runs[1]?.settle(true);
    runs[0]?.settle(true);
    runs[2]?.settle(false);
    expect(runtime.memory().variables).toBe(16);
    store.destroy();
    expect(runtime.memory().variables).toBe(0);
  });

  it('hold no value after an initialisation that failed', () => {
    const store = new VariableStore();
    start(store, [2]).settle(false);
    expect(store.isInitialized('v')).toBe(false);
    expect(runtime.memory().variables).toBe(0);
  });
});
