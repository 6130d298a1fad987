/** What a run costs: kernels started, bytes moved, memory held; on both devices. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from 'defrun';
import { build } from 'esbuild';
import { buildResidentNet } from '../../examples/lecture/resident-net.js';
import { randomArray } from '../../examples/lecture/data.js';
import { smallTraining } from './small-training.js';

/** Statistics of a second run, when all is compiled. */
async function secondRun(
  session: tf.Session,
  fetches: readonly tf.Tensor[],
  feeds: tf.Feeds,
): Promise<tf.RunStats> {
  const stats = new tf.RunStats();
  await session.run(fetches, feeds);
  await session.run(fetches, feeds, { stats });
  return stats;
}

describe.each(['cpu', 'gpu'] as const)('a run on %s', (device) => {
  it('computes a chain of 12 elementwise ops over a million floats in one kernel', async () => {
    const graph = new tf.Graph();
    const [x, y] = graph.asDefault(() => {
      const x = tf.placeholder('float32', [1 << 20], 'x');
      let y: tf.Tensor = x;
      const ops = [tf.neg, tf.abs, tf.square, tf.sin, tf.tanh, tf.nn.relu, tf.sigmoid, tf.sqrt];
      for (const op of ops) y = op(y);
      return [x, tf.sub(tf.mul(tf.add(tf.maximum(y, 0.5), 1), x), 2)];
    });
    await using session = new tf.Session({ graph, device });
    const data = Float32Array.from({ length: 1 << 20 }, (_, i) => (i % 2001) / 1000 - 1);
    const stats = await secondRun(session, [y], [[x, data]]);
    expect(stats).toMatchObject({ dispatches: 1, bytesUp: 4 << 20, bytesDown: 4 << 20 });
  });

  it('computes softmax cross-entropy and its gradient in at most three kernels', async () => {
    const graph = new tf.Graph();
    const fetches = graph.asDefault(() => {
      const labels = tf.placeholder('float32', [64, 10], 'labels');
      const logits = tf.placeholder('float32', [64, 10], 'logits');
      const loss = tf.reduceMean(tf.nn.softmaxCrossEntropyWithLogits({ labels, logits }));
      const [gradient] = tf.gradients([loss], [logits]);
      return gradient ? [loss, gradient] : [];
    });
    expect(fetches).toHaveLength(2);
    await using session = new tf.Session({ graph, device });
    const feeds = { labels: randomArray([64, 10], 1), logits: randomArray([64, 10], 2) };
    const stats = await secondRun(session, fetches, feeds);
    expect(stats.dispatches).toBeLessThanOrEqual(3);
  });

  it('moves the feeds up and the fetched scalar down in each of 100 training steps', async () => {
    const { graph, session, step, feedBytes } = await smallTraining(device);
    try {
      for (let i = 0; i < 100; i++) {
        const stats = new tf.RunStats();
        await step(stats);
        expect(stats).toMatchObject({ bytesUp: feedBytes, bytesDown: 4 });
        if (i > 0) expect(stats).toMatchObject({ buffersCreated: 0, bindGroupsCreated: 0 });
      }
      expect(graph.operations.length).toBeGreaterThan(10);
    } finally {
      await session.close();
    }
  });

  it('holds no more memory after 2,000 runs than before', async () => {
    // In a process of its own: jest's modules and transforms come and go in this one.
    const { heldBefore, heldAfter, residentGrowth } = await probeMemory(device);
    expect(heldAfter).toEqual(heldBefore);
    // The feeds of every step kept alive would be 16 MiB; the rest is the allocator's slack.
    expect(residentGrowth).toBeLessThan(32 * 2 ** 20);
  }, 120_000);
});

describe('the example network', () => {
  it('is built without its updates being ancestors of the loss', () => {
    const { loss, newW1 } = buildResidentNet();
    const seen = new Set<tf.Operation>();
    const stack = [loss.op];
    for (let op = stack.pop(); op !== undefined; op = stack.pop()) {
      if (seen.has(op)) continue;
      seen.add(op);
      stack.push(...op.inputs.map((input) => input.op), ...op.controlInputs);
    }
    expect(seen.has(newW1.op)).toBe(false);
  });
});

interface MemoryProbe {
  readonly heldBefore: unknown;
  readonly heldAfter: unknown;
  readonly residentGrowth: number;
}

async function probeMemory(device: 'cpu' | 'gpu'): Promise<MemoryProbe> {
  const folder = await mkdtemp(
    fileURLToPath(new URL('../../node_modules/.memory-', import.meta.url)),
  );
  try {
    const outfile = join(folder, 'probe.mjs');
    const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
    await build({
      entryPoints: [source('./memory-probe.ts')],
      alias: { defrun: source('../../src/index.ts') },
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outfile,
    });
    const args = ['--expose-gc', outfile, device];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as MemoryProbe;
  } finally {
    await rm(folder, { recursive: true });
  }
}
