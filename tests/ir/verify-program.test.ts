import { InternalError } from '../../src/errors.js';
import { index, type Expr } from '../../src/ir/expr.js';
import type { MapKernel } from '../../src/ir/kernel.js';
import type { BufferDecl, Program, Step, VariableDecl } from '../../src/ir/program.js';
import { verifyProgram } from '../../src/ir/verify-program.js';

const i0 = index(0);
const read: Expr = { kind: 'read', type: 'f32', binding: 0, at: i0 };
/** Copies binding 0 to binding 1. */
const kernel: MapKernel = {
  kind: 'map',
  label: 'identity',
  shape: [4],
  bindings: [
    { access: 'read', storage: 'f32', length: 4 },
    { access: 'read_write', storage: 'f32', length: 4 },
  ],
  stores: [{ binding: 1, at: i0, value: read }],
};
const buffer = (role: BufferDecl['role'], more: Partial<BufferDecl> = {}): BufferDecl => ({
  role,
  place: 'device',
  dtype: 'float32',
  storage: 'f32',
  shape: [4],
  byteLength: 16,
  label: role.kind,
  ...more,
});
const feed = buffer({ kind: 'feed', feed: 0 });
const temp = (slot: number, more: Partial<BufferDecl> = {}): BufferDecl =>
  buffer({ kind: 'temp', slot }, more);
const run = (from: number, to: number, more: Partial<Step> = {}): Step =>
  ({ kind: 'kernel', place: 'device', kernel, buffers: [from, to], nodes: ['n'], ...more }) as Step;
const fetch = (at: number): Program['fetches'][number] => ({
  kind: 'buffer',
  buffer: at,
  dtype: 'float32',
  shape: [4],
});
const slot = { byteLength: 16, place: 'device' } as const;
const variable: VariableDecl = {
  key: '/w',
  node: 'w',
  op: 'VariableV2',
  dtype: 'float32',
  shape: [4],
  place: 'device',
  storage: 'f32',
  reads: true,
  writes: true,
};

/** x -> temp 1 -> temp 2 -> temp 3, the last fetched. */
const program = (more: Partial<Program> = {}): Program => ({
  buffers: [feed, temp(0), temp(1), temp(0)],
  steps: [run(0, 1), run(1, 2), run(2, 3)],
  feeds: [{ name: 'x:0', dtype: 'float32', shape: [4] }],
  variables: [],
  fetches: [fetch(3)],
  random: [],
  slots: [slot, slot],
  ...more,
});

const w = buffer({ kind: 'variable', variable: 0 });

describe('verifyProgram', () => {
  it.each<[string, Program]>([
    ['temporaries that take turns in a slot', program()],
    [
      'a variable read, then written',
      program({
        buffers: [w, temp(0), w],
        steps: [run(0, 1), { kind: 'copy', place: 'device', from: 1, to: 0 }],
        variables: [variable],
        fetches: [fetch(1)],
      }),
    ],
    [
      'a transfer between places',
      program({
        buffers: [feed, temp(0, { place: 'host' })],
        steps: [{ kind: 'transfer', from: 0, to: 1 }],
        slots: [{ ...slot, place: 'host' }],
        fetches: [fetch(1)],
      }),
    ],
  ])('accepts %s', (_, good) => {
    expect(() => {
      verifyProgram(good);
    }).not.toThrow();
  });

  it.each<[string, Program, string]>([
    [
      'a read before the write',
      program({ steps: [run(1, 2), run(0, 1)] }),
      '#1 "temp" is read before it is written',
    ],
    [
      'a slot taken while its value is needed',
      program({ steps: [run(0, 1), run(1, 2), run(2, 3), run(1, 2)] }),
      '#1 "temp" is read after #3 "temp" took slot 0',
    ],
    [
      'a kernel whose buffers share a slot',
      program({ steps: [run(0, 1), run(1, 3)] }),
      'two of its buffers share a slot',
    ],
    ['a buffer bound twice', program({ steps: [run(0, 1), run(1, 1)] }), 'it binds a buffer twice'],
    [
      'a fetch of what a later value replaced',
      program({ fetches: [fetch(1)] }),
      '#1 "temp" is read after #3 "temp" took slot 0',
    ],
    [
      'a fetch of another dtype',
      program({ fetches: [{ kind: 'buffer', buffer: 3, dtype: 'int32', shape: [4] }] }),
      'int32 [4] is fetched from #3',
    ],
    ['a fetch of a missing buffer', program({ fetches: [fetch(9)] }), 'there is no buffer 9'],
    [
      'a fetch of a missing feed',
      program({ fetches: [{ kind: 'feed', feed: 2, shape: [4] }] }),
      'there is no feed 2',
    ],
    ['a missing buffer', program({ steps: [run(0, 8)] }), 'there is no buffer 8'],
    [
      'too few buffers',
      program({ steps: [run(0, 1, { buffers: [0] })] }),
      '1 buffers for 2 bindings',
    ],
    [
      'a kernel elsewhere than its buffers',
      program({ steps: [run(0, 1, { place: 'host' })] }),
      'it runs on the host, and #0 "feed" is on the device',
    ],
    [
      'a kernel that writes a feed',
      program({ steps: [run(0, 1), run(1, 0)] }),
      'it writes #0 "feed", a feed',
    ],
    [
      'a binding longer than its buffer',
      program({ buffers: [feed, temp(0, { shape: [2], byteLength: 8 }), temp(1), temp(0)] }),
      'binding 1 spans 4 elements',
    ],
    [
      "a storage that is not its dtype's",
      program({ buffers: [buffer({ kind: 'feed', feed: 0 }, { storage: 'i32' })], steps: [] }),
      'float32 on the device is stored as f32, not i32',
    ],
    [
      'a 64-bit float on a device',
      program({
        buffers: [
          buffer({ kind: 'feed', feed: 0 }, { dtype: 'float64', storage: 'f64', byteLength: 32 }),
        ],
        steps: [],
      }),
      'float64 on the device is stored as nothing, not f64',
    ],
    [
      'a wrong byte length',
      program({ buffers: [buffer({ kind: 'feed', feed: 0 }, { byteLength: 12 })], steps: [] }),
      'it has 12 bytes and needs 16',
    ],
    ['a missing feed', program({ feeds: [] }), 'there is no feed 0'],
    [
      'a slot too small',
      program({ slots: [{ ...slot, byteLength: 8 }, slot] }),
      'slot 0 has 8 bytes',
    ],
    [
      'a slot elsewhere',
      program({ slots: [{ ...slot, place: 'host' }, slot] }),
      'slot 0 is on the host',
    ],
    [
      'a transfer within a place',
      program({ steps: [{ kind: 'transfer', from: 0, to: 1 }] }),
      'both ends are on the device',
    ],
    [
      'a copy between places',
      program({
        buffers: [feed, temp(0, { place: 'host' })],
        slots: [{ ...slot, place: 'host' }],
        steps: [{ kind: 'copy', place: 'device', from: 0, to: 1 }],
      }),
      'it copies on the device, from the device to the host',
    ],
    [
      'a variable nobody reads, read',
      program({
        buffers: [w, temp(0)],
        steps: [run(0, 1)],
        variables: [{ ...variable, reads: false, writes: false }],
        fetches: [],
      }),
      '#0 "variable" is read before it is written',
    ],
    [
      'a write of a variable declared as read only',
      program({
        buffers: [feed, w],
        steps: [run(0, 1)],
        variables: [{ ...variable, writes: false }],
        fetches: [],
      }),
      'declared as read only',
    ],
    [
      'a variable left without its new value',
      program({ buffers: [w], steps: [], variables: [variable], fetches: [] }),
      'no step writes "w"',
    ],
  ])('rejects %s', (_, bad, message) => {
    const verify = (): void => {
      verifyProgram(bad);
    };
    expect(verify).toThrow(InternalError);
    expect(verify).toThrow(message);
  });

  it('finds a broken kernel and names its step', () => {
    const broken = { ...kernel, stores: [{ binding: 1, at: index(3), value: read }] };
    expect(() => {
      verifyProgram(program({ steps: [run(0, 1), run(1, 2, { kernel: broken })] }));
    }).toThrow('step 1 (kernel), kernel "identity", store: axis 3 cannot be used here');
  });
});
