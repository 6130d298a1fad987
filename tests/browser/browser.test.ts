/** defrun in a real browser: the same graphs, trained and run over `navigator.gpu`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { classify, train, type Trained } from './page/model.js';
import { openPage, type Page } from './chromium.js';
import { bundlePage, serve, type Site } from './site.js';

let close: () => Promise<void> = () => Promise.resolve();
let page: Page;
let here: Trained;

beforeAll(async () => {
  here = await train('cpu');
  const script = await bundlePage(new URL('./page/page.ts', import.meta.url));
  const site: Site = await serve(
    new Map([
      ['/page.js', script],
      ['/net.pb', here.frozen],
    ]),
  );
  close = () => site.close();
  page = await openPage(site.url);
  close = async () => {
    await page.close();
    await site.close();
  };
}, 120000);

afterAll(() => close());

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  // Sums in another order, over eight steps of Adam.
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4);
}

describe('a page', () => {
  it.each(['gpu', 'cpu'] as const)('trains, freezes and runs a net on its %s', async (device) => {
    const there = (await page.evaluate(`page.train('${device}')`)) as Omit<Trained, 'frozen'> & {
      readonly probabilities: readonly number[];
    };
    expectClose(there.losses, here.losses);
    expectClose(there.probabilities, await classify(here.frozen, 'cpu'));
    expect(there.bytesUp).toBe(4 * 32 * (20 + 3));
    expect(there.bytesDown).toBe(4);
  });

  it('runs a frozen graph from a URL', async () => {
    const there = (await page.evaluate(`page.classify('/net.pb', 'gpu')`)) as readonly number[];
    expectClose(there, await classify(here.frozen, 'cpu'));
  });

  it('is told when a graph file is not there, and that it cannot write one', async () => {
    expect(await page.evaluate(`page.failure(page.classify('/none.pb', 'cpu'))`)).toBe(
      'NotFoundError: /none.pb: no such file.',
    );
    expect(
      await page.evaluate(`page.failure(page.tf.saveGraph('net.pb', new page.tf.Graph()))`),
    ).toMatch(/^UnimplementedError: net\.pb cannot be written: a browser has no files\./);
  });

  it('says what is missing where WebGPU is switched off', async () => {
    const off = `Object.defineProperty(navigator, 'gpu', { value: undefined, configurable: true })`;
    const failure = await page.evaluate(`${off}, page.failure(page.classify('/net.pb', 'gpu'))`);
    expect(failure).toMatch(/^UnavailableError: This page has no navigator\.gpu\./);
    expectClose(
      (await page.evaluate(`page.classify('/net.pb', 'auto')`)) as readonly number[],
      await classify(here.frozen, 'cpu'),
    );
    await page.evaluate('delete navigator.gpu');
  });
});
