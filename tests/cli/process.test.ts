/** The command as a real process: streams, signals and the exit code the shell sees. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = process.cwd();
// Under node_modules, so that packages resolve from it.
const bundle = join(root, `node_modules/.cache/defrun-cli-test-${process.pid}.mjs`);
const frozen = join(root, 'tests/golden/files/frozen/frozen.pb');

beforeAll(() => {
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  const flags = [
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--packages=external',
    '--log-level=error',
  ];
  const esbuild = join(root, 'node_modules/.bin/esbuild');
  execFileSync(esbuild, ['bin/defrun.ts', ...flags, `--outfile=${bundle}`], { cwd: root });
});
afterAll(() => {
  rmSync(bundle, { force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end; `during` gets the child once it lives. */
function start(
  argv: readonly string[],
  during: (child: ReturnType<typeof spawn>) => void = (child) => child.stdin?.end(),
): Promise<Ended> {
  const child = spawn(process.execPath, [bundle, ...argv], { cwd: root, stdio: 'pipe' });
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
  during(child);
  return new Promise((done) => {
    child.on('close', (code) => {
      done({ code, stdout: out.join(''), stderr: err.join('') });
    });
  });
}
const cpu = ['--device', 'cpu'];

describe('the defrun process', () => {
  it('reads JSON on stdin and writes JSON, and only that, on stdout', async () => {
    const argv = ['run', frozen, '--feed', 'x=-', '--json', ...cpu];
    const { code, stdout, stderr } = await start(argv, (child) => child.stdin?.end('[[1,2,3,4]]'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { probabilities } = JSON.parse(stdout) as { probabilities: { data: number[] } };
    expect(probabilities.data.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  });

  it('ends with its error code and one line on stderr', async () => {
    expect(await start(['inspect', 'no-such-file.pb'])).toEqual({
      code: 3,
      stdout: '',
      stderr: 'defrun: no-such-file.pb: no such file.\n',
    });
  });

  it('ends with 130 on SIGINT while it waits for stdin', async () => {
    const ended = await start(['run', frozen, '--feed', 'x=-', ...cpu], (child) => {
      setTimeout(() => child.kill('SIGINT'), 2000);
    });
    expect(ended).toEqual({ code: 130, stdout: '', stderr: 'defrun: Interrupted.\n' });
  });

  it('ends with 124 when stdin never comes', async () => {
    const argv = ['run', frozen, '--feed', 'x=-', '--timeout', '200', ...cpu];
    const { code } = await start(argv, () => undefined);
    expect(code).toBe(124);
  });

  it('is quiet when the reader of its output goes away', async () => {
    const rows = JSON.stringify(Array.from({ length: 20000 }, () => [1, 2, 3, 4]));
    const argv = ['run', frozen, '--feed', 'x=-', '--fetch', 'hidden', '--json', ...cpu];
    const { code, stderr } = await start(argv, (child) => {
      child.stdout?.once('data', () => child.stdout?.destroy());
      child.stdin?.end(rows);
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
