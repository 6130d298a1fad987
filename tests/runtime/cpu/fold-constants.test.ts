/** Synchronous runs of small programs, as constant folding uses them. */
import { InternalError } from '../../../src/errors.js';
import { add, constant, index, int, mul } from '../../../src/ir/expr.js';
import type { Program } from '../../../src/ir/program.js';
import { runProgramSync } from '../../../src/runtime/cpu/fold-constants.js';
import { buffer, f32, mapKernel, read } from './kernels.js';

/** Fetches 2 * constant + feed in int64, the feed, and a constant. */
const program = (): Program => ({
  buffers: [
    buffer(
      {
        kind: 'constant',
        data: { dtype: 'int64', shape: [2], data: BigInt64Array.of(3n, 2n ** 40n) },
      },
      [2],
      'int64',
    ),
    buffer({ kind: 'feed', feed: 0 }, [2], 'int64'),
    buffer({ kind: 'temp', slot: 0 }, [2], 'int64'),
  ],
  steps: [
    {
      kind: 'kernel',
      place: 'host',
      nodes: [],
      buffers: [0, 1, 2],
      kernel: mapKernel(
        2,
        ['i64', 'i64'],
        add(mul(read(0, index(0), 'i64'), constant('i64', 2)), read(1, index(0), 'i64')),
      ),
    },
  ],
  feeds: [{ name: 'x:0', dtype: 'int64', shape: [2] }],
  variables: [],
  fetches: [
    { kind: 'buffer', buffer: 2, dtype: 'int64', shape: [2] },
    { kind: 'feed', feed: 0, shape: [2] },
    { kind: 'constant', data: f32([], [5]) },
  ],
  random: [],
  slots: [{ byteLength: 16, place: 'host' }],
});

describe('runProgramSync', () => {
  const feed = { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, 1n) } as const;

  it('computes at once, in exact 64-bit integers', () => {
    const [sum, echo, known] = runProgramSync(program(), [feed]);
    expect(sum).toEqual({ dtype: 'int64', shape: [2], data: BigInt64Array.of(7n, 2n ** 41n + 1n) });
    expect(echo).toEqual(feed);
    expect(known).toEqual(f32([], [5]));
  });

  it('takes well under a millisecond once its kernels are compiled', () => {
    for (let i = 0; i < 100; i++) runProgramSync(program(), [feed]);
    const started = performance.now();
    for (let i = 0; i < 100; i++) runProgramSync(program(), [feed]);
    expect((performance.now() - started) / 100).toBeLessThan(0.5);
  });

  it('refuses programs with state', () => {
    const random = { ...program(), random: [{ node: 'r', seeded: true, advance: 1n }] };
    expect(() => runProgramSync(random, [feed])).toThrow(InternalError);
  });

  it('tells which feed is missing', () => {
    expect(() => runProgramSync(program(), [])).toThrow(/Feed 0 .* was not given/);
  });

  it('fills an empty tensor without reading anything', () => {
    const empty: Program = {
      ...program(),
      buffers: [buffer({ kind: 'temp', slot: 0 }, [0, 3])],
      steps: [
        {
          kind: 'kernel',
          place: 'host',
          nodes: [],
          buffers: [0],
          kernel: {
            ...mapKernel(0, [], constant('f32', 1)),
            stores: [{ binding: 0, at: int(0), value: constant('f32', 1) }],
          },
        },
      ],
      feeds: [],
      fetches: [{ kind: 'buffer', buffer: 0, dtype: 'float32', shape: [0, 3] }],
    };
    expect(runProgramSync(empty, [])).toEqual([f32([0, 3], [])]);
  });
});
