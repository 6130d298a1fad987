/**
 * (d) The cure: a `group` dummy node fetched beside the loss. The updates run where the weights
 * are; what crosses the bus is the feeds and one number.
 */
import { fileURLToPath } from 'node:url';
import * as tf from 'defrun';
import type { Report } from './data.js';
import { buildResidentNet, feeds } from './resident-net.js';

export async function groupUpdates(device: tf.Device, steps = 20): Promise<Report> {
  const { graph, loss, updates, init } = buildResidentNet();
  await using session = new tf.Session({ graph, device });
  await session.run(init);
  const losses: number[] = [];
  const stats = new tf.RunStats();
  for (let i = 0; i < steps; i++) {
    const [value] = await session.run([loss, updates], feeds, { stats });
    losses.push(Number(value.data[0]));
  }
  return { losses, stats };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { losses, stats } = await groupUpdates('auto');
  console.log(`loss ${losses[0]} -> ${losses.at(-1)}`);
  console.log(`per step: ${stats.bytesUp} bytes up, ${stats.bytesDown} bytes down`);
}
