/** How long a run may take: which limits there are, and which numbers are none. */
import { ValueError } from '../../src/errors.js';
import { RunLimit } from '../../src/session/run-limit.js';
import { sleep } from './fixture.js';

it.each([2 ** 31 - 1, 2 ** 31, 1e15, Infinity])(
  'does not end at once for %d ms',
  async (timeoutMs) => {
    const limit = new RunLimit({ timeoutMs });
    await sleep(20);
    expect(() => {
      limit.check();
    }).not.toThrow();
    limit.dispose();
  },
);

it('ends after its time', async () => {
  const limit = new RunLimit({ timeoutMs: 1 });
  await sleep(20);
  expect(() => {
    limit.check();
  }).toThrow('The run did not finish within 1 ms.');
});

it.each([NaN, -1, 0, -Infinity])('refuses %d ms', (timeoutMs) => {
  expect(() => new RunLimit({ timeoutMs })).toThrow(ValueError);
  expect(() => new RunLimit({ timeoutMs })).toThrow('timeoutMs must be above 0');
});
