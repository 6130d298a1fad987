/** Trains for 2,500 steps and prints what memory the last 2,000 of them left behind, as JSON. */
import type * as tf from 'defrun';
import { smallTraining } from './small-training.js';

/** Resident memory once what is unreachable is gone; finalizers get turns of the event loop. */
async function residentBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage.rss();
}

const { session, step } = await smallTraining(process.argv[2] as tf.Device);
for (let i = 0; i < 500; i++) await step();
const heldBefore = await session.memory();
const residentBefore = await residentBytes();
for (let i = 0; i < 2000; i++) await step();
const heldAfter = await session.memory();
const residentGrowth = (await residentBytes()) - residentBefore;
await session.close();
process.stdout.write(JSON.stringify({ heldBefore, heldAfter, residentGrowth }));
