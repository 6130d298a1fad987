/** Runs the command line in this process, on strings and a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/cli/main.js';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSurroundings {
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Whether stderr is a terminal. */
  readonly terminal?: boolean;
}

const sink = (isTTY: boolean) => {
  const parts: string[] = [];
  return {
    isTTY,
    write: (text: string, done?: () => void) => {
      parts.push(text);
      done?.();
      return true;
    },
    text: () => parts.join(''),
  };
};

async function* once(text: string): AsyncGenerator<string> {
  await Promise.resolve();
  yield text;
}

export async function runCli(
  argv: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<CliResult> {
  const { stdin = '', cwd = process.cwd(), env = {}, signal, terminal = false } = surroundings;
  const stdout = sink(false);
  const stderr = sink(terminal);
  const code = await main(argv, { stdout, stderr, stdin: once(stdin), env, cwd, signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** A temporary folder with these files; `remove` deletes it. */
export async function folderWith(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'defrun-cli-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Text graph: Placeholder `x` of an enum type and sizes (-1 is open), and `y = Identity(x)`. */
export function echoGraph(type: string, sizes: readonly number[]): string {
  const dims = sizes.map((size) => `dim { size: ${size} }`).join(' ');
  return `
    node { name: "x" op: "Placeholder"
      attr { key: "dtype" value { type: ${type} } }
      attr { key: "shape" value { shape { ${dims} } } } }
    node { name: "y" op: "Identity" input: "x" attr { key: "T" value { type: ${type} } } }
    versions { producer: 1286 }`;
}

/** Values of `y` by `defrun run --json`, or the failure. */
export async function runEcho(
  folder: string,
  graph: string,
  value: string,
  ...more: readonly string[]
): Promise<CliResult & { readonly y?: { dtype: string; shape: number[]; data: unknown[] } }> {
  const flags = ['--json', '--device', 'cpu', ...more];
  const result = await runCli(['run', graph, '--feed', `x=${value}`, ...flags], { cwd: folder });
  if (result.code !== 0) return result;
  return { ...result, ...(JSON.parse(result.stdout) as { y: never }) };
}
