/** Samples, their quantiles, and how a result is printed: one JSON line each. */

/** Value below which a share `q` of the sorted samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(q * sorted.length), sorted.length - 1)] ?? NaN;
}

export interface Summary {
  readonly medianMs: number;
  readonly p10: number;
  readonly p90: number;
  readonly samples: number;
}

export const summary = (samples: readonly number[]): Summary => ({
  medianMs: rounded(quantile(samples, 0.5)),
  p10: rounded(quantile(samples, 0.1)),
  p90: rounded(quantile(samples, 0.9)),
  samples: samples.length,
});

/** Four significant digits: more would be noise. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

export function printLine(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Milliseconds of each call, until the budget is spent and at least `least` calls were made. */
export async function sampleFor(
  budgetMs: number,
  least: number,
  call: () => Promise<unknown>,
): Promise<number[]> {
  const samples: number[] = [];
  const end = performance.now() + budgetMs;
  while (samples.length < least || performance.now() < end) {
    const begin = performance.now();
    await call();
    samples.push(performance.now() - begin);
  }
  return samples;
}
