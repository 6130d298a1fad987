/**
 * (c) The trap: only the loss is fetched. The session prunes everything the loss does not need, the
 * updates among it, so the weights never change.
 */
import { fileURLToPath } from 'node:url';
import * as tf from 'defrun';
import type { Report } from './data.js';
import { buildResidentNet, feeds } from './resident-net.js';

export async function prunedUpdate(device: tf.Device, steps = 5): Promise<Report> {
  const { graph, loss, init } = buildResidentNet();
  await using session = new tf.Session({ graph, device });
  await session.run(init);
  const losses: number[] = [];
  const stats = new tf.RunStats();
  for (let i = 0; i < steps; i++) {
    const value = await session.run(loss, feeds, { stats });
    losses.push(Number(value.data[0]));
  }
  return { losses, stats };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { losses } = await prunedUpdate('auto');
  console.log(`loss ${losses[0]} -> ${losses.at(-1)}: nothing was learnt`);
}
