import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatNpy, parseNpy } from '../../src/data/npy.js';
import type { NdArray } from '../../src/graph/dtype.js';
import { folderWith, runCli } from './cli-harness.js';

interface GoldenTensor {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: string;
}
const frozenFolder = join(process.cwd(), 'tests/golden/files/frozen');
const golden = JSON.parse(await readFile(join(frozenFolder, 'index.json'), 'utf8')) as {
  equal: string[];
  expected: { feeds: { x: GoldenTensor }; outputs: Record<string, GoldenTensor> };
};
const floatsOf = (tensor: GoldenTensor): Float32Array =>
  new Float32Array(new Uint8Array(Buffer.from(tensor.data, 'base64')).buffer);

/** Within the golden corpus's own tolerance for these graphs. */
function expectGolden(actual: ArrayLike<number>, name: string): void {
  const expected = floatsOf(golden.expected.outputs[name] as GoldenTensor);
  expect(actual).toHaveLength(expected.length);
  for (const [i, want] of expected.entries())
    expect(Math.abs((actual[i] ?? NaN) - want)).toBeLessThanOrEqual(1e-5 + 1e-4 * Math.abs(want));
}

const x: NdArray = {
  dtype: 'float32',
  shape: golden.expected.feeds.x.shape,
  data: floatsOf(golden.expected.feeds.x),
};
let folder: Awaited<ReturnType<typeof folderWith>>;
beforeAll(async () => {
  folder = await folderWith({ 'x.npy': formatNpy(x) });
});
afterAll(() => folder.remove());

const frozen = (name = 'frozen.pb'): string => join(frozenFolder, name);
const run = (...flags: string[]) =>
  runCli(['run', frozen(), '--device', 'cpu', ...flags], { cwd: folder.path });

describe('defrun run', () => {
  it.each(golden.equal)('computes what TensorFlow computes with %s', async (file) => {
    const flags = ['--feed', 'x=x.npy', '--fetch', 'probabilities', '--json', '--device', 'cpu'];
    const { code, stdout, stderr } = await runCli(['run', frozen(file), ...flags], {
      cwd: folder.path,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { probabilities } = JSON.parse(stdout) as { probabilities: { data: number[] } };
    expectGolden(probabilities.data, 'probabilities');
  });

  it('fetches the outputs of the graph by default, and several by name', async () => {
    const byDefault = await run('--feed', 'x=x.npy', '--json');
    expect(Object.keys(JSON.parse(byDefault.stdout) as object)).toEqual(['probabilities']);
    const named = await run('--feed', 'x=x.npy', '--fetch', 'hidden:0,probabilities', '--json');
    const parsed = JSON.parse(named.stdout) as Record<string, { data: number[]; shape: number[] }>;
    expect(Object.keys(parsed)).toEqual(['hidden:0', 'probabilities']);
    expect(parsed['hidden:0']?.shape).toEqual([3, 6]);
    expectGolden(parsed['hidden:0']?.data ?? [], 'hidden');
  });

  it('writes one .npy file per fetch and nothing else into --out', async () => {
    const out = join(folder.path, 'deep/results');
    const { code, stdout } = await run(
      '--feed',
      'x=x.npy',
      '--fetch',
      'hidden',
      'probabilities',
      '--out',
      out,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect((await readdir(out)).sort()).toEqual(['hidden.npy', 'probabilities.npy']);
    const hidden = parseNpy(await readFile(join(out, 'hidden.npy')));
    expect(hidden.shape).toEqual([3, 6]);
    expectGolden(hidden.data as Float32Array, 'hidden');
  });

  it('says so when --out cannot be written', async () => {
    const { code, stderr } = await run('--feed', 'x=x.npy', '--out', 'x.npy');
    expect(code).toBe(3);
    expect(stderr).toMatch(/--out x\.npy: /);
  });

  it('prints arrays for people when nothing else is asked for', async () => {
    const { stdout } = await run('--feed', 'x=[[0,0,0,0]]', '--fetch', 'hidden');
    expect(stdout).toMatch(/^hidden: float32 \[1,6\]\n\[\[.*\]\]\n$/s);
  });

  it('takes a fed tensor in the middle of the graph instead of the placeholder', async () => {
    const { code, stdout } = await run('--feed', 'hidden=[[0,0,0,0,0,0]]', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('probabilities.shape', [1, 3]);
  });

  it('lists placeholders that have no value, with dtype and shape', async () => {
    const { code, stdout, stderr } = await run('--fetch', 'hidden');
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('  x  float32 [?,4]');
  });

  it('shows progress on a terminal only, and erases it', async () => {
    const flags = ['run', frozen(), '--feed', 'x=x.npy', '--json', '--device', 'cpu'];
    const { stderr } = await runCli(flags, { cwd: folder.path, terminal: true });
    expect(stderr).toContain('Loading');
    expect(stderr.endsWith('\r\x1b[K')).toBe(true);
  });

  it('ends with 130 when interrupted before or while it waits', async () => {
    const early = await runCli(['run', frozen(), '--feed', 'x=x.npy'], {
      signal: AbortSignal.abort(),
    });
    expect(early.code).toBe(130);
    const { signal, abort } = abortable();
    setTimeout(abort, 50);
    const flags = ['run', slowGraph, '--device', 'cpu'];
    const late = await runCli(flags, { cwd: slowFolder.path, signal });
    expect(late).toMatchObject({ code: 130, stdout: '', stderr: 'defrun: Interrupted.\n' });
  });

  it('ends with 124 when --timeout has passed', async () => {
    const flags = ['run', slowGraph, '--device', 'cpu', '--timeout', '100'];
    const begin = Date.now();
    const { code, stderr } = await runCli(flags, { cwd: slowFolder.path });
    expect({ code, stderr }).toEqual({
      code: 124,
      stderr: 'defrun: Not done after 100 ms (--timeout).\n',
    });
    expect(Date.now() - begin).toBeLessThan(5000);
  });
});

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort();
    },
  };
}

/** The product of two random 3000 x 3000 matrices: tens of seconds of scalar work. */
const slowGraph = 'slow.pbtxt';
const randomNode = (name: string): string => `
  node { name: "${name}" op: "RandomUniform" input: "size"
    attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "T" value { type: DT_INT32 } } }`;
const slowText = `
  node { name: "size" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
    attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: 3000 } } } }
  ${randomNode('a')} ${randomNode('b')}
  node { name: "product" op: "MatMul" input: "a" input: "b" attr { key: "T" value { type: DT_FLOAT } } }`;
let slowFolder: Awaited<ReturnType<typeof folderWith>>;
beforeAll(async () => {
  slowFolder = await folderWith({ [slowGraph]: slowText });
});
afterAll(() => slowFolder.remove());
