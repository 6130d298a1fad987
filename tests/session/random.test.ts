/** Random streams: they go on from run to run, and belong to a session. */
import * as tf from '../../src/index.js';
import { devices, valuesOf, withSession } from './fixture.js';

const build = (seed: number | null, graphSeed: number | null) => (graph: tf.Graph) => {
  graph.seed = graphSeed;
  const noise = tf.random.randomUniform([4], { seed });
  const other = tf.random.randomUniform([4], { seed: seed === null ? null : seed + 1 });
  return { noise, twice: tf.add(noise, noise), other };
};

describe.each(devices)('random streams on $device', ({ device }) => {
  const draw = async (
    seeds: { seed: number | null; graphSeed: number | null },
    use: (session: tf.Session, nodes: ReturnType<ReturnType<typeof build>>) => Promise<number[][]>,
  ): Promise<number[][]> => {
    let drawn: number[][] = [];
    await withSession({ device }, build(seeds.seed, seeds.graphSeed), async (session, nodes) => {
      drawn = await use(session, nodes);
    });
    return drawn;
  };
  const threeRuns = async (
    session: tf.Session,
    { noise }: { readonly noise: tf.Tensor },
  ): Promise<number[][]> => {
    const runs = [session.run(noise), session.run(noise), session.run(noise)];
    return (await Promise.all(runs)).map(valuesOf);
  };

  it.each([
    { seed: 7, graphSeed: null },
    { seed: null, graphSeed: 7 },
  ])('with %p go on over runs and start again in a new session', async (seeds) => {
    const [first, second] = [await draw(seeds, threeRuns), await draw(seeds, threeRuns)];
    expect(first).toEqual(second);
    expect(new Set(first.flat()).size).toBe(12);
    for (const value of first.flat()) expect(value >= 0 && value < 1).toBe(true);
  });

  it('without a seed differ between sessions', async () => {
    const seeds = { seed: null, graphSeed: null };
    const [first, second] = [await draw(seeds, threeRuns), await draw(seeds, threeRuns)];
    expect(new Set([...first.flat(), ...second.flat()]).size).toBe(24);
  });

  it('give one value per run to all who read it', async () => {
    const drawn = await draw({ seed: 3, graphSeed: null }, async (session, { noise, twice }) =>
      (await session.run([noise, twice])).map(valuesOf),
    );
    expect(drawn[1]).toEqual(drawn[0]?.map((value) => Math.fround(value + value)));
  });

  it('of one op do not depend on which other ops run', async () => {
    const seeds = { seed: 3, graphSeed: null };
    const alone = await draw(seeds, threeRuns);
    const mixed = await draw(seeds, async (session, { noise, other }) => {
      const [a] = await session.run([noise, other]);
      await session.run(other);
      const [b] = await session.run({ 0: noise, 1: other }).then((o) => [o[0]]);
      return [valuesOf(a), valuesOf(b)];
    });
    expect(mixed).toEqual(alone.slice(0, 2));
  });
});
