/** The five lecture programs, run: what they are there to show is so, on both devices. */
import { fedWeights } from '../../examples/lecture/fed-weights.js';
import { groupUpdates } from '../../examples/lecture/group-updates.js';
import { optimizer } from '../../examples/lecture/optimizer.js';
import { prunedUpdate } from '../../examples/lecture/pruned-update.js';
import { variablesAndAssign } from '../../examples/lecture/variables-and-assign.js';
import { D, H, N, type Report } from '../../examples/lecture/data.js';

const floatBytes = 4;
const feedBytes = 2 * N * D * floatBytes;
const weightBytes = 2 * D * H * floatBytes;
const steps = 8;

const falls = ({ losses }: Report): boolean =>
  losses.every((loss, i) => i === 0 || loss < (losses[i - 1] ?? 0));

/** Largest relative difference between two runs' losses. */
const distance = (a: Report, b: Report): number =>
  Math.max(...a.losses.map((loss, i) => Math.abs(loss / (b.losses[i] ?? NaN) - 1)));

describe.each(['cpu', 'gpu'] as const)('the lecture examples on %s', (device) => {
  let fed: Report;
  let assigned: Report;
  let pruned: Report;
  let grouped: Report;

  beforeAll(async () => {
    fed = await fedWeights(device, steps);
    assigned = await variablesAndAssign(device, steps);
    pruned = await prunedUpdate(device, steps);
    grouped = await groupUpdates(device, steps);
  }, 120_000);

  it('(a) learn with fed weights, which cross the bus twice at every step', () => {
    expect(fed.losses).toHaveLength(steps);
    expect(falls(fed)).toBe(true);
    expect(fed.stats).toMatchObject({
      bytesUp: feedBytes + weightBytes,
      bytesDown: weightBytes + floatBytes,
    });
  });

  it('(b) learn with Variables, which still come back when the assign ops are fetched', () => {
    expect(falls(assigned)).toBe(true);
    expect(assigned.stats).toMatchObject({
      bytesUp: feedBytes,
      bytesDown: weightBytes + floatBytes,
    });
  });

  it('(c) learn nothing when only the loss is fetched', () => {
    expect(new Set(pruned.losses).size).toBe(1);
    expect(pruned.losses[0]).toBe(grouped.losses[0]);
  });

  it('(d) learn through a group node, moving the feeds up and one number down', () => {
    expect(falls(grouped)).toBe(true);
    expect(grouped.stats).toMatchObject({ bytesUp: feedBytes, bytesDown: floatBytes });
  });

  it('(a), (b) and (d) agree step by step', () => {
    // Weights fed are updated in double precision; a step moves the loss by 1e-3 of itself.
    expect(distance(fed, grouped)).toBeLessThan(1e-5);
    expect(distance(assigned, grouped)).toBeLessThan(1e-6);
  });

  it('(d) makes nothing on the device after the first step', async () => {
    const { stats } = await groupUpdates(device, 2);
    expect(stats).toMatchObject({
      compiled: false,
      buffersCreated: 0,
      bindGroupsCreated: 0,
      pipelinesCreated: 0,
      bytesUp: feedBytes,
      bytesDown: floatBytes,
    });
  });

  it('(e) learn with dense layers and an optimizer, in at most 12 kernels a step', async () => {
    const report = await optimizer(device, steps);
    expect(falls(report)).toBe(true);
    expect(report.stats.dispatches).toBeLessThanOrEqual(12);
    expect(report.stats).toMatchObject({ bytesUp: feedBytes, bytesDown: floatBytes });
  });
});
