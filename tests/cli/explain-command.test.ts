import { join } from 'node:path';
import type { Explanation } from '../../src/compiler/explain.js';
import { echoGraph, folderWith, runCli } from './cli-harness.js';

const frozen = join(process.cwd(), 'tests/golden/files/frozen/frozen.pb');
let folder: Awaited<ReturnType<typeof folderWith>>;
beforeAll(async () => {
  folder = await folderWith({ 'static.pbtxt': echoGraph('DT_FLOAT', [2, 3]) });
});
afterAll(() => folder.remove());

describe('defrun explain', () => {
  it('shows the kernels a run becomes', async () => {
    const { code, stdout, stderr } = await runCli(['explain', frozen, '--shape', 'x=5,4']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/contract/);
    expect(stdout).toMatch(/x:0 +float32 +\[5,4\]/);
  });

  it('prints the same as JSON, for the CPU too', async () => {
    const flags = ['--shape', 'x=5,4', '--fetch', 'hidden', '--json', '--device', 'cpu'];
    const { stdout } = await runCli(['explain', frozen, ...flags]);
    const { fetches, kernels } = JSON.parse(stdout) as Explanation;
    expect(fetches).toMatchObject([{ name: 'hidden', dtype: 'float32', shape: [5, 6] }]);
    expect(kernels.length).toBeGreaterThan(0);
    for (const { place } of kernels) expect(place).toBe('host');
  });

  it('prints every step with --program', async () => {
    const { stdout } = await runCli(['explain', frozen, '--shape', 'x=1,4', '--program']);
    expect(stdout).toMatch(/^steps:\n {2}0: device /m);
  });

  it('knows the shapes that placeholders declare', async () => {
    const { code, stdout } = await runCli(['explain', 'static.pbtxt'], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toContain('[2,3]');
  });

  it('takes a value where one is given instead of a shape', async () => {
    const { stdout } = await runCli(['explain', frozen, '--feed', 'x=[[1,2,3,4]]']);
    expect(stdout).toMatch(/x:0 +float32 +\[1,4\]/);
  });

  it.each([
    ['no shape', [], 4, /x {2}float32 \[\?,4\]\nGive each one with --shape/],
    [
      'a shape that does not fit',
      ['--shape', 'x=1,5'],
      3,
      /\[1,5\] does not fit x {2}float32 \[\?,4\]/,
    ],
    ['an unknown name', ['--shape', 'z=1'], 2, /'z'/],
    ['a shape twice', ['--shape', 'x=1,4', '--shape', 'x:0=1,4'], 2, /given twice/],
  ])('ends well for %s', async (_, flags, expected, message) => {
    const { code, stdout, stderr } = await runCli(['explain', frozen, ...flags]);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(message);
  });
});
