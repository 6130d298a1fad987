/** The MNIST example on 2,000 digits: it learns, freezes, and its file answers alike everywhere. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadGraph, type Device } from 'defrun';
import { readDigits } from '../../examples/mnist/idx.js';
import { train } from '../../examples/mnist/train.js';

const limit = 2000;

describe('the MNIST example', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'defrun-mnist-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const predictions = async (file: string, device: Device): Promise<number[]> => {
    const { images } = await readDigits('t10k', 500);
    await using model = await loadGraph(file, { device });
    expect(model.inputs.map((t) => t.name)).toEqual(['pixels:0']);
    const { prediction, probabilities } = await model.run([['pixels', images]]);
    expect(probabilities?.shape).toEqual([500, 10]);
    return Array.from(prediction?.data as Int32Array);
  };

  it.each(['cpu', 'gpu'] as const)(
    'learns on %s, and the frozen graph predicts the same on both devices',
    async (device) => {
      const out = join(folder, `${device}.pb`);
      const lines: string[] = [];
      const log = (line: string): void => void lines.push(line);
      const accuracy = await train({ device, epochs: 5, limit, out, log });
      expect(accuracy).toBeGreaterThan(0.8);
      expect(lines.filter((line) => line.startsWith('epoch'))).toHaveLength(5);
      const onCpu = await predictions(out, 'cpu');
      expect(await predictions(out, 'gpu')).toEqual(onCpu);
      const { labels } = await readDigits('t10k', 500);
      const right = onCpu.filter((digit, i) => digit === labels[i]).length;
      expect(right / 500).toBeGreaterThan(0.75);
    },
    120_000,
  );
});
