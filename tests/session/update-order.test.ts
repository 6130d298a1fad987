/** Random graphs of reads and writes of variables, run several times, against a plain model. */
import * as tf from '../../src/index.js';
import { devices, valuesOf, withSession } from './fixture.js';
import { VariableModel } from './variable-model.js';

interface Random {
  readonly below: (n: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
}

/** A small linear congruential generator: the same graphs every time. */
function generator(seed: number): Random {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  return { below, pick: (list) => list[below(list.length)] as never };
}
function randomGraph(random: Random, graph: tf.Graph) {
  const { below, pick } = random;
  const variables = ['a', 'b', 'c'].map((name, i) =>
    tf.variable([i, i + 1, i + 2], { name, useResource: below(2) === 0 }),
  );
  const init = tf.globalVariablesInitializer();
  const x = tf.placeholder('float32', [3], 'x');
  const tensors = [x];
  const first = graph.operations.length;
  const count = 4 + below(14);
  for (let i = 0; i < count; i++) {
    const made = graph.operations.slice(first);
    const waits = made.length > 0 && below(3) === 0 ? [pick(made), pick(made)] : [];
    graph.controlDependencies(waits, () => {
      const v = pick(variables);
      const [p, q] = [pick(tensors), pick(tensors)];
      const moves = [
        () => v.read(),
        () => v.asTensor(),
        () => v.assign(p),
        () => v.assignAdd(p),
        () => v.assignSub(p),
        () => tf.add(p, q),
        () => tf.maximum(p, q),
        () => tf.reverse(p, [0]),
      ];
      tensors.push(pick(moves)());
    });
  }
  return { variables, init, x, tensors };
}

describe.each(devices)('reads and writes on $device', ({ device }) => {
  const graphs = device === 'cpu' ? 150 : 12;
  it(`see what the rules say in ${graphs} random graphs`, async () => {
    for (let seed = 1; seed <= graphs; seed++) {
      const random = generator(seed);
      const build = (graph: tf.Graph) => randomGraph(random, graph);
      await withSession({ device }, build, async (session, nodes) => {
        const { variables, init, x, tensors } = nodes;
        const start = variables.map((v, i) => [v.op.name, [i, i + 1, i + 2]] as const);
        const model = new VariableModel(new Map(start));
        const runs: Promise<unknown>[] = [session.run(init)];
        for (let run = 0; run < 4; run++) {
          const handles = random.below(2) === 0 ? variables.map((v) => v.handle) : [];
          const some = [0, 1, 2].map(() => random.pick(tensors));
          const fetches = [...new Set([...some, ...handles])];
          const fed = [0, 1, 2].map(() => random.below(9) - 4);
          const wanted = model.run(fetches, x, fed);
          const answer = session.run(fetches, [[x, fed]]).then((arrays) => {
            const got = Object.fromEntries(fetches.map((f, i) => [f.name, valuesOf(arrays[i])]));
            const want = Object.fromEntries(fetches.map((f, i) => [f.name, wanted[i]]));
            expect({ seed, run, got }).toEqual({ seed, run, got: want });
          });
          runs.push(answer);
          if (random.below(2) === 0) await answer;
        }
        await Promise.all(runs);
        for (const v of variables)
          expect(valuesOf(await session.run(v))).toEqual(model.valueOf(v.op.name));
      });
    }
  });
});
