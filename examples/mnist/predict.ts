/**
 * Runs the frozen digit recogniser on test digits through the command line, as a user would:
 * writes the digits as a .npy file, calls `defrun run`, and prints predictions beside labels.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatNpy } from 'defrun';
import { readDigits } from './idx.js';

const count = 10;
const cli = join(dirname(fileURLToPath(import.meta.url)), '../../bin/defrun.js');

/** Predictions of the CLI for the first test digits. */
export async function predict(
  graph: string,
  folder: string,
  device = 'gpu',
): Promise<{ readonly predicted: readonly number[]; readonly labels: readonly number[] }> {
  const test = await readDigits('t10k');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'digits.npy');
  const data = test.images.slice(0, count * 784);
  await writeFile(file, formatNpy({ dtype: 'float32', shape: [count, 784], data }));
  const args = ['run', graph, '--feed', `pixels=${file}`, '--fetch', 'prediction:0', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    cli,
    ...args,
    '--device',
    device,
  ]);
  const answer = JSON.parse(stdout) as Record<string, { readonly data: readonly number[] }>;
  const predicted = Object.values(answer)[0]?.data ?? [];
  return { predicted: predicted.flat(), labels: Array.from(test.labels.subarray(0, count)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [graph = 'dist/mnist/mnist.pb'] = process.argv.slice(2);
  const { predicted, labels } = await predict(graph, dirname(graph));
  console.log(`predicted ${predicted.join(' ')}`);
  console.log(`labels    ${labels.join(' ')}`);
}
