import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { echoGraph, folderWith, runCli } from './cli-harness.js';

const frozenBytes = await readFile(join(process.cwd(), 'tests/golden/files/frozen/frozen.pb'));
const floatT = 'attr { key: "T" value { type: DT_FLOAT } }';
const largeConst = `
  node { name: "c" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
    attr { key: "value" value { tensor { dtype: DT_FLOAT
      tensor_shape { dim { size: 1000000000 } } float_val: 1 } } } }`;
const unknownOp = `${echoGraph('DT_FLOAT', [2])}
  node { name: "odd" op: "Frobnicate" input: "y" ${floatT} }`;
const shapeError = `${echoGraph('DT_FLOAT', [-1])}
  node { name: "two" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
    attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } float_val: 1 } } } }
  node { name: "sum" op: "AddV2" input: "x" input: "two" ${floatT} }`;

let folder: Awaited<ReturnType<typeof folderWith>>;
beforeAll(async () => {
  folder = await folderWith({
    'frozen.pb': frozenBytes,
    'empty.pb': '',
    'text.pb': 'this is not a graph',
    'saved_model.pb': Uint8Array.of(0x08, 0x01, 0x12, 0x00),
    'large-const.pbtxt': largeConst,
    'large-shape.pbtxt': echoGraph('DT_FLOAT', [1000000000]),
    'unknown.pbtxt': unknownOp,
    'shape-error.pbtxt': shapeError,
    'dangling.pbtxt': `node { name: "y" op: "Identity" input: "nobody" ${floatT} }`,
    'broken.pbtxt': 'node { name: "x" op: }',
    'no-outputs.pbtxt': echoGraph('DT_FLOAT', []).replace(/node \{ name: "y".*\n/, ''),
  });
});
afterAll(() => folder.remove());

const cli = (...argv: string[]) => runCli(argv, { cwd: folder.path });

describe('bad usage ends with 2', () => {
  it.each([
    ['no command', [], /Usage: defrun/],
    ['an unknown command', ['rnu'], /unknown command 'rnu'\n\(Did you mean run\?\)/],
    ['no graph', ['run'], /missing required argument 'graph'/],
    ['two graphs', ['inspect', 'frozen.pb', 'text.pb'], /too many arguments/],
    ['an empty folder', ['run', 'frozen.pb', '--out', ''], /--out: expected a folder/],
    ['an empty fetch', ['run', 'frozen.pb', '--fetch', ''], /--fetch: expected the name/],
    ['an empty list', ['explain', 'frozen.pb', '--fetch', ','], /--fetch: expected the name/],
    ['an unknown flag', ['run', 'frozen.pb', '--fed', 'x=1'], /unknown option '--fed'/],
    [
      'a wrong device',
      ['run', 'frozen.pb', '--device', 'tpu'],
      /Allowed choices are auto, gpu, cpu/,
    ],
    [
      'a feed without a value',
      ['run', 'frozen.pb', '--feed', 'x'],
      /--feed x: expected NAME=VALUE/,
    ],
    ['a feed without a name', ['run', 'frozen.pb', '--feed', '=1'], /expected NAME=VALUE/],
    ['a feed given twice', ['run', 'frozen.pb', '--feed', 'x=[[1,2,3,4]]', 'x:0=1'], /given twice/],
    ['two feeds from stdin', ['run', 'frozen.pb', '--feed', 'x=-', 'hidden=-'], /Only one --feed/],
    [
      'a mistyped fetch',
      ['run', 'frozen.pb', '--fetch', 'probabilites'],
      /Did you mean 'probabilities'\?/,
    ],
    [
      'an output that is not there',
      ['run', 'frozen.pb', '--fetch', 'hidden:3'],
      /only has 1 outputs/,
    ],
    [
      'a feed name far off',
      ['run', 'frozen.pb', '--feed', 'input=1'],
      /placeholders:\n {2}x {2}float32 \[\?,4\]/,
    ],
    ['--out with --json', ['run', 'frozen.pb', '--json', '--out', 'o'], /not both/],
    ['a negative timeout', ['run', 'frozen.pb', '--timeout', '-5'], /milliseconds/],
    ['a malformed shape', ['explain', 'frozen.pb', '--shape', 'x=a,b'], /NAME=SIZES/],
    ['nothing to fetch', ['run', 'no-outputs.pbtxt'], /name one with --fetch/],
  ])('for %s', async (_, argv, message) => {
    const { code, stdout, stderr } = await cli(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('a bad graph file ends with 3', () => {
  it.each([
    ['missing.pb', /missing\.pb: no such file/],
    ['.', /EISDIR/],
    ['empty.pb', /empty/],
    ['text.pb', /text\.pb: /],
    ['saved_model.pb', /SavedModel/],
    ['broken.pbtxt', /:1:22: /],
    ['dangling.pbtxt', /nobody/],
    ['large-const.pbtxt', /1000000000/],
  ])('%s', async (file, message) => {
    for (const command of ['inspect', 'run', 'explain']) {
      const { code, stdout, stderr } = await cli(command, file);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(message);
    }
  });

  it('however a frozen graph is cut off', async () => {
    const codes = new Set<number>();
    for (let length = 1; length < frozenBytes.length; length += 7) {
      const cut = await folderWith({ 'cut.pb': frozenBytes.subarray(0, length) });
      const { code, stderr } = await runCli(['inspect', 'cut.pb'], { cwd: cut.path });
      await cut.remove();
      codes.add(code);
      // A cut between two nodes leaves a smaller graph; any other is damage.
      if (code !== 0) expect(stderr).toMatch(/^defrun: cut\.pb: /);
    }
    expect([...codes].filter((code) => code !== 0)).toEqual([3]);
  });

  it('however a frozen graph is garbled', async () => {
    let seed = 12345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 60; round++) {
      const bytes =
        round < 20
          ? Uint8Array.from({ length: 200 }, () => random(256))
          : Uint8Array.from(frozenBytes);
      for (let i = 0; i < 4; i++) bytes[random(bytes.length)] = random(256);
      const garbled = await folderWith({ 'bad.pb': bytes });
      const { code, stderr } = await runCli(['inspect', 'bad.pb'], { cwd: garbled.path });
      await garbled.remove();
      expect({ round, stderr, code: [0, 3].includes(code) }).toMatchObject({ code: true });
    }
  });
});

describe('a graph that cannot run ends with 4', () => {
  it('for an unknown op that a fetch needs, with the way to it', async () => {
    const flags = ['--feed', 'x=[1,2]', '--fetch', 'odd', '--device', 'cpu'];
    const { code, stderr } = await cli('run', 'unknown.pbtxt', ...flags);
    expect(code).toBe(4);
    expect(stderr).toMatch(/Frobnicate "odd"/);
  });

  it('but not for one that no fetch needs', async () => {
    const { code } = await cli(
      'run',
      'unknown.pbtxt',
      '--feed',
      'x=[1,2]',
      '--fetch',
      'y',
      '--device',
      'cpu',
    );
    expect(code).toBe(0);
  });

  it('for shapes that only the feed makes clash', async () => {
    const flags = ['--feed', 'x=[1,2,3]', '--fetch', 'sum', '--device', 'cpu'];
    const { code, stderr } = await cli('run', 'shape-error.pbtxt', ...flags);
    expect(code).toBe(4);
    expect(stderr).toMatch(/sum/);
  });

  it('for a placeholder of a billion elements without a value', async () => {
    const { code, stderr } = await cli('run', 'large-shape.pbtxt', '--device', 'cpu');
    expect(code).toBe(4);
    expect(stderr).toContain('x  float32 [1000000000]');
  });
});

describe('errors', () => {
  it('show a stack only when DEFRUN_DEBUG=1', async () => {
    const { stderr } = await runCli(['inspect', 'text.pb'], {
      cwd: folder.path,
      env: { DEFRUN_DEBUG: '1' },
    });
    expect(stderr).toMatch(/^\s+at /m);
  });

  it('do not spoil --help and --version', async () => {
    for (const argv of [['--help'], ['run', '--help'], ['help', 'explain'], ['doctor', '--help']]) {
      const { code, stdout, stderr } = await cli(...argv);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/Usage: defrun/);
      expect(stdout).toMatch(/Examples:\n {2}\$ defrun /);
    }
    expect(await cli('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });
});

it.each([
  ['without a name', `[${'1,'.repeat(30000)}1]`],
  ['with a = within', `{"b64":"${'A'.repeat(60000)}=="}`],
  ['that is no JSON', `x=[${'1,'.repeat(30000)}`],
])('quotes only the start of a long --feed %s', async (_, feed) => {
  const { code, stderr } = await cli('run', 'frozen.pb', '--feed', feed);
  expect([2, 3]).toContain(code);
  expect(stderr).toContain('...');
  expect(stderr.length).toBeLessThan(600);
});
