/** The page under test: what it does on request, over `window.page`. */
import * as tf from 'defrun';
import { classify, train } from './model.js';

const page = {
  async train(device: tf.Device): Promise<object> {
    const { frozen, ...report } = await train(device);
    return { ...report, probabilities: await classify(frozen, device) };
  },
  classify,
  /** Name and message of the error a promise ends with. */
  async failure(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => 'no error',
      (error: unknown) =>
        error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    );
  },
  tf,
};

export type PageUnderTest = typeof page;

Object.assign(globalThis, { page });
