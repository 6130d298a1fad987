import { formatNpy } from '../../src/data/npy.js';
import { echoGraph, folderWith, runCli, runEcho } from './cli-harness.js';

const graphs: Readonly<Record<string, string>> = {
  'float.pbtxt': echoGraph('DT_FLOAT', [-1]),
  'scalar.pbtxt': echoGraph('DT_FLOAT', []),
  'pair.pbtxt': echoGraph('DT_FLOAT', [-1, 2]),
  'int.pbtxt': echoGraph('DT_INT32', [-1]),
  'byte.pbtxt': echoGraph('DT_UINT8', [-1]),
  'long.pbtxt': echoGraph('DT_INT64', [-1]),
  'bool.pbtxt': echoGraph('DT_BOOL', [-1]),
  'text.pbtxt': echoGraph('DT_STRING', []),
  'words.pbtxt': echoGraph('DT_STRING', [-1]),
  'complex.pbtxt': echoGraph('DT_COMPLEX64', [-1]),
  'number.pbtxt': echoGraph('DT_COMPLEX64', []),
  'wide.pbtxt': echoGraph('DT_COMPLEX128', [-1]),
};
let folder: Awaited<ReturnType<typeof folderWith>>;
beforeAll(async () => {
  folder = await folderWith({
    ...graphs,
    'nested.json': '[1, 2.5, NaN, -Infinity]',
    'flat.json': '{"dtype": "float32", "shape": [2, 2], "data": [1, 2, 3, 4]}',
    'huge.json': '{"shape": [1000000000], "data": [1]}',
    'broken.json': '[1, 2',
    'empty.json': '',
    'long-text.json': `["${'a'.repeat(2e7)}"]`,
    'deep.json': '['.repeat(100000) + ']'.repeat(100000),
    'half.npy': formatNpy({
      dtype: 'float16',
      shape: [3],
      data: Uint16Array.of(0x3e00, 0xc000, 0x7c00),
    }),
    'double.npy': formatNpy({ dtype: 'float64', shape: [1], data: Float64Array.of(0.1) }),
    'fraction.npy': formatNpy({ dtype: 'float64', shape: [1], data: Float64Array.of(1.5) }),
    'large.npy': formatNpy({ dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 40n) }),
    'unsigned.npy': formatNpy({ dtype: 'uint64', shape: [1], data: BigUint64Array.of(2n ** 63n) }),
    'words.npy': formatNpy({
      dtype: 'string',
      shape: [2],
      data: [Buffer.from('é'), Buffer.from('ab')],
    }),
    'complex.npy': formatNpy({ dtype: 'complex64', shape: [1], data: Float32Array.of(1, 2) }),
    'cut.npy': formatNpy({ dtype: 'float32', shape: [9], data: new Float32Array(9) }).subarray(
      0,
      140,
    ),
  });
});
afterAll(() => folder.remove());

describe('--feed takes', () => {
  it.each([
    ['scalar', '3.5', [], [3.5]],
    ['scalar', '-1e-3', [], [-0.001]],
    ['float', '[1,2,3]', [3], [1, 2, 3]],
    ['float', '[]', [0], []],
    ['float', '[NaN,Infinity,-Infinity]', [3], ['NaN', 'Infinity', '-Infinity']],
    ['float', '[0.1]', [1], [0.1]],
    ['float', 'nested.json', [4], [1, 2.5, 'NaN', '-Infinity']],
    ['pair', 'flat.json', [2, 2], [1, 2, 3, 4]],
    ['float', 'half.npy', [3], [1.5, -2, 'Infinity']],
    ['float', 'double.npy', [1], [0.1]],
    ['int', '[-2147483648, 7]', [2], [-2147483648, 7]],
    ['byte', '[0, 255]', [2], [0, 255]],
    [
      'long',
      '[9007199254740993, "-9223372036854775808", 5]',
      [3],
      ['9007199254740993', '-9223372036854775808', 5],
    ],
    ['long', 'large.npy', [1], [2 ** 40]],
    ['bool', '[true, false, 1]', [3], [true, false, true]],
    ['text', 'hello', [], ['hello']],
    ['text', '"a.png"', [], ['a.png']],
    ['words', '["é", ""]', [2], ['é', '']],
    ['text', '{"b64": "/wA="}', [], [{ b64: '/wA=' }]],
    ['words', '["a", {"b64": "w6k"}]', [2], ['a', 'é']],
    ['words', '{"shape": [1], "data": [{"b64": "//8="}]}', [1], [{ b64: '//8=' }]],
    ['words', '["\\ufeffa"]', [1], ['\ufeffa']],
    ['words', 'words.npy', [2], ['é', 'ab']],
    ['complex', 'complex.npy', [1], [[1, 2]]],
    ['wide', 'complex.npy', [1], [[1, 2]]],
    ['complex', 'double.npy', [1], [[0.1, 0]]],
    [
      'complex',
      '[[1, -2.5], ["NaN", Infinity]]',
      [2],
      [
        [1, -2.5],
        ['NaN', 'Infinity'],
      ],
    ],
    ['complex', '{"shape": [1], "data": [[3, 4]]}', [1], [[3, 4]]],
    ['complex', '[]', [0], []],
    ['number', '[3, 4]', [], [[3, 4]]],
    ['number', '2', [], [[2, 0]]],
  ])('for a %s: %s', async (kind, value, shape, data) => {
    const { code, stderr, y } = await runEcho(folder.path, `${kind}.pbtxt`, value);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(y).toMatchObject({ shape, data });
  });

  it('JSON from stdin', async () => {
    const flags = ['run', 'float.pbtxt', '--feed', 'x=-', '--json', '--device', 'cpu'];
    const { stdout } = await runCli(flags, { cwd: folder.path, stdin: '[4, 5]\n' });
    expect(JSON.parse(stdout)).toMatchObject({ y: { shape: [2], data: [4, 5] } });
  });

  it('strings of many megabytes', async () => {
    const { y } = await runEcho(folder.path, 'words.pbtxt', 'long-text.json');
    expect(y?.data).toEqual(['a'.repeat(2e7)]);
  });

  it('its own JSON output of bytes that are no text again', async () => {
    const first = await runEcho(folder.path, 'words.pbtxt', '["a", {"b64": "/w=="}]');
    const again = await runEcho(folder.path, 'words.pbtxt', first.stdout.slice('{"y":'.length, -2));
    expect(first.stdout).toContain('["a",{"b64":"/w=="}]');
    expect(again.stdout).toBe(first.stdout);
  });

  it('its own JSON output again', async () => {
    for (const kind of ['pair', 'complex']) {
      const first = await runEcho(folder.path, `${kind}.pbtxt`, '[[1,-0.0],[1e30,NaN]]');
      const again = await runEcho(
        folder.path,
        `${kind}.pbtxt`,
        first.stdout.slice('{"y":'.length, -2),
      );
      expect(first.stdout.replaceAll(/],\[/g, ',')).toMatch(/1,-0,1e\+30,"NaN"/);
      expect(again.stdout).toBe(first.stdout);
    }
  });
});

describe('--feed refuses, with exit code 3 and one line,', () => {
  it.each([
    ['float', '[1,2', /not JSON|neither/],
    ['float', 'hello', /neither a \.npy/],
    ['float', '', /neither a \.npy/],
    ['float', '["a"]', /"a" is not a value of float32/],
    ['float', '[[1],[2,3]]', /rectangular/],
    ['float', '[true]', /true is not a value of float32/],
    ['float', '[null]', /null is not a value/],
    ['float', '{"a": 1}', /"dtype", "shape" and "data"/],
    ['float', '3', /its shape is \(\), but the placeholder takes float32 \[\?\]/],
    ['pair', '[[1,2,3]]', /its shape is \(1, 3\)/],
    ['float', 'missing.npy', /: no such file$/m],
    ['float', 'missing.json', /: no such file$/m],
    ['float', 'broken.json', /not JSON/],
    ['float', 'empty.json', /not JSON/],
    ['float', 'deep.json', /nested more than 32 deep/],
    ['float', 'huge.json', /does not fill/],
    ['float', '{"shape": [-1], "data": []}', /"shape" must be/],
    ['float', '{"dtype": "int32", "shape": [1], "data": [1]}', /float32 is wanted/],
    ['float', 'cut.npy', /cut off/],
    ['float', 'complex.npy', /complex64 .* take its real part first/],
    ['complex', '[1, 2, 3]', /pairs \[re, im\]/],
    ['complex', '[["a", 1]]', /"a" is not a value of/],
    ['complex', '{"dtype": "float32", "shape": [1], "data": [1]}', /complex64 is wanted/],
    ['int', '[1.5]', /1\.5 is not a value of int32: it is not an integer/],
    ['int', '[2147483648]', /goes from -2147483648 to 2147483647/],
    ['int', 'fraction.npy', /1\.5 is not an integer/],
    ['int', 'large.npy', /int32/],
    ['byte', '[-1]', /goes from 0 to 255/],
    ['long', '[9223372036854775808]', /goes from/],
    ['long', '[NaN]', /is not a value of int64/],
    ['long', 'unsigned.npy', /out of its range/],
    ['bool', '[2]', /not a value of bool/],
    ['words', '[1]', /1 is not a value of string: put it in quotes, or give its bytes as/],
    ['words', '[{"b64": 1}]', /put it in quotes/],
    ['words', '[{"b64": "*"}]', /is not base64/],
    ['words', '{"dtype": "string"}', /"dtype", "shape" and "data"/],
    ['words', 'double.npy', /text and numbers do not mix/],
    ['float', 'words.npy', /text and numbers do not mix/],
    ['text', '["a"]', /its shape is \(1,\), but the placeholder takes string \[\]/],
  ])('for a %s: %s', async (kind, value, message) => {
    const { code, stdout, stderr } = await runEcho(folder.path, `${kind}.pbtxt`, value);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
