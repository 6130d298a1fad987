/** String kernels as JavaScript: what they compute, what they refuse, and what they leave behind. */
import { InternalError } from '../../../src/errors.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import {
  add,
  binary,
  constant,
  eq,
  fold,
  index,
  int,
  mul,
  ne,
  select,
  unary,
  type Expr,
} from '../../../src/ir/expr.js';
import type { MapKernel } from '../../../src/ir/kernel.js';
import type { Program } from '../../../src/ir/program.js';
import { bytesOf, toByteString } from '../../../src/ir/byte-strings.js';
import { decode, encode } from '../../../src/ir/storage.js';
import { verifyProgram } from '../../../src/ir/verify-program.js';
import { CpuRuntime } from '../../../src/runtime/cpu/cpu-runtime.js';
import { decodeFetch } from '../../../src/runtime/cpu/fetched-strings.js';
import { printKernelJs } from '../../../src/runtime/cpu/js-kernel.js';
import { createPacer } from '../../../src/runtime/cpu/pacer.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';

const text = (binding: number, at: Expr = index(0)): Expr => ({
  kind: 'read',
  type: 'str',
  binding,
  at,
});
const str = (value: string): Expr => constant('str', value);

const kernelOf = (n: number, value: Expr, inputs = 1): MapKernel => ({
  kind: 'map',
  label: 'text',
  shape: [n],
  bindings: [
    ...Array.from({ length: inputs }, () => ({
      access: 'read' as const,
      storage: 'str' as const,
      length: n,
    })),
    { access: 'read_write', storage: value.type === 'bool' ? 'u32' : 'str', length: n },
  ],
  stores: [{ binding: inputs, at: index(0), value }],
});

const run = (value: Expr, ...inputs: string[][]): string[] => {
  const n = inputs[0]?.length ?? 0;
  const out = new Array<string>(n).fill('');
  compileHostKernel(kernelOf(n, value, inputs.length)).run([...inputs, out]);
  return out;
};

describe('string kernels', () => {
  it('join, compare and choose', () => {
    expect(run(add(text(0), str('!')), ['a', ''])).toEqual(['a!', '!']);
    expect(run(add(text(0), text(1)), ['a', 'b'], ['c', 'd'])).toEqual(['ac', 'bd']);
    const chosen = select(eq(text(0), text(1)), str('same'), text(0));
    expect(run(chosen, ['a', 'b'], ['a', 'c'])).toEqual(['same', 'b']);
    const bits = new Uint32Array(2);
    compileHostKernel(kernelOf(2, ne(text(0), str('a')))).run([['a', 'b'], bits]);
    expect([...bits]).toEqual([0, 1]);
  });

  it('join in order over a loop', () => {
    const joined = fold('sum', 3, (i) => text(0, i));
    expect(run(joined, ['x', 'y', 'z'])).toEqual(['xyz', 'xyz', 'xyz']);
  });

  it('compare bytes, zero bytes included', () => {
    const bits = new Uint32Array(3);
    const same = kernelOf(3, eq(text(0), text(1)), 2);
    const left = ['a\u0000b', '\u00ff', '\u00e9'];
    compileHostKernel(same).run([left, ['a\u0000c', '\u00ff', 'e'], bits]);
    expect([...bits]).toEqual([0, 1, 0]);
  });

  it('take literals for data: what looks like code, or like a key of ours, is text', () => {
    const texts = ['"];globalThis.hacked=1;//', 'read 0 1', '\u0000\n\r\\\'"`${1}', '\u2028'];
    for (const said of texts) {
      expect(run(add(str(said), add(text(0), str(said))), ['-'])).toEqual([`${said}-${said}`]);
      const { source } = printKernelJs(kernelOf(1, str(said), 0));
      expect(source).toMatch(/^[\n -~]*$/);
    }
    expect((globalThis as { hacked?: unknown }).hacked).toBeUndefined();
  });

  it('are not taken for a read that has the text of their key', () => {
    const at = int(0);
    const both = add(text(0, at), str('read 0 0'));
    expect(run(both, ['a'])).toEqual(['aread 0 0']);
  });

  it('have no arithmetic', () => {
    for (const value of [
      mul(text(0), text(0)),
      unary('neg', text(0)),
      binary('max', text(0), str('')),
    ])
      expect(() => printKernelJs(kernelOf(1, value))).toThrow(InternalError);
  });
});

describe('storage of strings', () => {
  const array = (...texts: string[]): NdArray => ({
    dtype: 'string',
    shape: [texts.length],
    data: texts.map(bytesOf),
  });

  it('goes there and back, with bytes of its own', () => {
    const given = array('a\u00ff', '');
    const stored = encode(given, 'str', 'x');
    expect(stored).toEqual(['a\u00ff', '']);
    const back = decode(stored, 'string', [2]);
    expect(back).toEqual(given);
    expect(back.data[0]).not.toBe(given.data[0]);
  });

  it('takes the bytes of a Buffer, and not what else is in its pool', () => {
    const data = [Buffer.from('pooled')];
    expect(encode({ dtype: 'string', shape: [], data }, 'str', 'x')).toEqual(['pooled']);
  });

  it('is no storage of numbers, nor numbers one of it', () => {
    expect(() => encode(array('a'), 'f32', 'x')).toThrow('a string tensor has no f32 storage');
    const numbers: NdArray = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };
    expect(() => encode(numbers, 'str', 'x')).toThrow('a float32 tensor has no str storage');
  });

  it('lets the event loop turn while many strings become bytes', async () => {
    const texts = Array.from({ length: 200_000 }, (_, i) => `item ${i}`);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const fetched = decodeFetch(texts, 'string', [texts.length], createPacer());
    texts.fill('changed');
    const { data } = (await fetched) as NdArray<'string'>;
    clearInterval(timer);
    expect(toByteString(data[199_999] as Uint8Array)).toBe('item 199999');
    expect(turns).toBeGreaterThan(2);
  });
});

/** y = (x + '!') + '?', in two kernels with a temporary between them. */
function twoSteps(n: number): Program {
  const common = { place: 'host', dtype: 'string', storage: 'str', shape: [n] } as const;
  const decl = { ...common, byteLength: 8 * n };
  const step = (value: Expr, buffers: readonly number[]) =>
    ({ kind: 'kernel', place: 'host', kernel: kernelOf(n, value), buffers, nodes: ['y'] }) as const;
  return {
    buffers: [
      { ...decl, role: { kind: 'feed', feed: 0 }, label: 'x' },
      { ...decl, role: { kind: 'strings' }, label: 'mid' },
      { ...decl, role: { kind: 'strings' }, label: 'y' },
    ],
    steps: [step(add(text(0), str('!')), [0, 1]), step(add(text(0), str('?')), [1, 2])],
    feeds: [{ name: 'x:0', dtype: 'string', shape: [n] }],
    variables: [],
    fetches: [{ kind: 'buffer', buffer: 2, dtype: 'string', shape: [n] }],
    random: [],
    slots: [],
  };
}

describe('a program of strings', () => {
  it('is verified, and keeps nothing of a run', async () => {
    const program = twoSteps(2);
    verifyProgram(program);
    const runtime = new CpuRuntime();
    const loaded = await runtime.load(program);
    const data = ['a', 'b'].map(bytesOf);
    const request = { feeds: [{ dtype: 'string', shape: [2], data }], variables: [], random: [] };
    const { fetched, counts } = await loaded.run(request as never);
    expect((fetched[0] as NdArray<'string'>).data.map(toByteString)).toEqual(['a!?', 'b!?']);
    expect(counts).toMatchObject({ bytesUp: 2, bytesDown: 6 });
    // Two temporaries of two references each.
    expect(runtime.memory()).toMatchObject({ arena: 32, feeds: 0 });
    await runtime.close();
  });

  it('has no strings in the arena, and no numbers among its strings', () => {
    const program = twoSteps(2);
    const [feed, mid, y] = program.buffers;
    const withMid = (more: object): Program =>
      ({ ...program, buffers: [feed, { ...mid, ...more }, y] }) as Program;
    const slots = [{ byteLength: 64, place: 'host' as const }];
    expect(() => {
      verifyProgram({ ...withMid({ role: { kind: 'temp', slot: 0 } }), slots });
    }).toThrow('strings have no place in the arena');
    expect(() => {
      verifyProgram(withMid({ dtype: 'float64', storage: 'f64' }));
    }).toThrow('it holds f64, not strings');
    expect(() => {
      verifyProgram(withMid({ place: 'device' }));
    }).toThrow('string on the device is stored as nothing');
  });
});
