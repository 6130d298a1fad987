/** Variables: reads before writes unless an edge says otherwise, and failed runs that change nothing. */
import { graphBuilder } from '../../src/graph/builder.js';
import * as tf from '../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const kinds = devices.flatMap(({ device }) =>
  [false, true].map((useResource) => ({
    device,
    useResource,
    kind: useResource ? 'resource' : 'reference',
  })),
);

const counter = (useResource: boolean) => (graph: tf.Graph) => {
  const v = tf.variable(1, { name: 'v', useResource });
  const add = v.assignAdd(10, { name: 'add' });
  const after = graph.controlDependencies([add], () => v.read());
  return { v, add, after, before: v.read(), init: tf.globalVariablesInitializer() };
};

describe.each(kinds)('a $kind variable on $device', ({ device, useResource }) => {
  const use = <T>(
    build: (graph: tf.Graph) => T,
    run: (session: tf.Session, nodes: T) => Promise<void>,
  ) => withSession({ device }, build, run);

  it('is read before it is written in one run', () =>
    use(counter(useResource), async (session, { v, add, before, init }) => {
      await session.run(init);
      expect((await session.run([v, add, before])).map(valuesOf)).toEqual([[1], [11], [1]]);
      expect((await session.run([add, before, v])).map(valuesOf)).toEqual([[21], [11], [11]]);
      expect(valuesOf(await session.run(v))).toEqual([21]);
    }));

  it('is read after the write when a control edge says so, and both in one run', () =>
    use(counter(useResource), async (session, { v, after, before, init }) => {
      await session.run(init);
      expect(valuesOf(await session.run(after))).toEqual([11]);
      expect((await session.run([after, before, v])).map(valuesOf)).toEqual([[21], [11], [11]]);
    }));

  it('keeps the old value for arithmetic that no edge puts after the write', () =>
    use(
      (graph) => {
        const nodes = counter(useResource)(graph);
        const doubled = tf.mul(nodes.before, 2);
        const later = graph.controlDependencies([doubled], () => nodes.v.assign(doubled));
        return { ...nodes, doubled, later };
      },
      async (session, { init, add, doubled, later, v }) => {
        await session.run(init);
        expect((await session.run([add, doubled])).map(valuesOf)).toEqual([[11], [2]]);
        expect((await session.run([later, doubled, v])).map(valuesOf)).toEqual([[22], [22], [11]]);
        expect(valuesOf(await session.run(v))).toEqual([22]);
      },
    ));

  it('takes a chain of writes in order, each seeing the one before', () =>
    use(
      (graph) => {
        const v = tf.variable([1, 1], { name: 'v', useResource });
        const first = v.assignAdd([1, 2]);
        const second = graph.controlDependencies([first], () => v.assignSub([10, 10]));
        const third = graph.controlDependencies([second], () => v.assignAdd([100, 100]));
        return { v, first, third, init: tf.globalVariablesInitializer() };
      },
      async (session, { v, first, third, init }) => {
        await session.run(init);
        expect((await session.run([third, first, v])).map(valuesOf)).toEqual([
          [92, 93],
          [2, 3],
          [1, 1],
        ]);
        expect(valuesOf(await session.run(v))).toEqual([92, 93]);
      },
    ));

  it('takes both of two unordered additions', () =>
    use(
      () => {
        const v = tf.variable(1, { name: 'v', useResource });
        const both = tf.group([v.assignAdd(10), v.assignAdd(100)]);
        return { v, both, init: tf.globalVariablesInitializer() };
      },
      async (session, { v, both, init }) => {
        await session.run(init);
        expect(await session.run(both)).toBeNull();
        expect(valuesOf(await session.run(v))).toEqual([111]);
      },
    ));

  it('takes what another assignment gives back', () =>
    use(
      () => {
        const a = tf.variable([1, 2], { name: 'a', useResource });
        const b = tf.variable([3, 4], { name: 'b', useResource });
        const moved = b.assignAdd(a.assignAdd([10, 10]));
        return { a, b, moved, init: tf.globalVariablesInitializer() };
      },
      async (session, { a, b, moved, init }) => {
        await session.run(init);
        expect((await session.run([moved, b])).map(valuesOf)).toEqual([
          [14, 16],
          [3, 4],
        ]);
        expect((await session.run([a, b])).map(valuesOf)).toEqual([
          [11, 12],
          [14, 16],
        ]);
      },
    ));

  it('swaps with another in one run', () =>
    use(
      () => {
        const a = tf.variable([1, 2], { name: 'a', useResource });
        const b = tf.variable([3, 4], { name: 'b', useResource });
        const swap = tf.group([a.assign(b.asTensor()), b.assign(a.asTensor())]);
        return { a, b, swap, init: tf.globalVariablesInitializer() };
      },
      async (session, { a, b, swap, init }) => {
        await session.run(init);
        for (let i = 0; i < 3; i++) await session.run(swap);
        expect((await session.run([a, b])).map(valuesOf)).toEqual([
          [3, 4],
          [1, 2],
        ]);
      },
    ));

  it('is an error to read before its initializer has run', () =>
    use(counter(useResource), async (session, { v, before, add, init }) => {
      for (const fetch of [v, before, add]) {
        const error = await failureOf(session.run(fetch));
        expect(error).toBeInstanceOf(tf.FailedPreconditionError);
        expect([error.code, error.node]).toEqual([9, 'v']);
        expect(error.message).toContain(
          useResource ? 'Could not find variable v.' : 'Attempting to use uninitialized value v.',
        );
      }
      await session.run(init);
      expect(valuesOf(await session.run(v))).toEqual([1]);
    }));

  it('says whether it is initialised', () =>
    use(
      () => {
        const v = tf.variable(1, { name: 'v', useResource });
        return { is: v.isInitialized(), init: tf.globalVariablesInitializer() };
      },
      async (session, { is, init }) => {
        expect(valuesOf(await session.run(is))).toEqual([0]);
        await session.run(init);
        expect(valuesOf(await session.run(is))).toEqual([1]);
      },
    ));

  it('may be assigned and read in its first run', () =>
    use(counter(useResource), async (session, { v, init }) => {
      const read = session.graph.asDefault(() =>
        session.graph.controlDependencies([init], () => v.read()),
      );
      expect(valuesOf(await session.run(read))).toEqual([1]);
    }));

  it('stays as it was when a run fails before it starts', () =>
    use(
      (graph) => {
        const nodes = counter(useResource)(graph);
        const bad = tf.matMul(tf.placeholder('float32', null, 'p'), [[1], [2]]);
        return { ...nodes, bad };
      },
      async (session, { v, add, bad, init }) => {
        await session.run(init);
        const error = await failureOf(session.run([add, bad], { p: [[1, 2, 3]] }));
        expect(error).toBeInstanceOf(tf.InvalidArgumentError);
        expect(valuesOf(await session.run(v))).toEqual([1]);
      },
    ));

  it('belongs to its session', () =>
    use(counter(useResource), async (session, { v, add, init }) => {
      const other = new tf.Session({ graph: session.graph, device });
      await Promise.all([session.run(init), other.run(init)]);
      await session.run(add);
      expect(valuesOf(await session.run(v))).toEqual([11]);
      expect(valuesOf(await other.run(v))).toEqual([1]);
      await other.close();
    }));

  it('keeps integers and booleans exactly', () =>
    use(
      () => {
        const big = tf.variable(2n ** 53n, { name: 'big', dtype: 'int64', useResource });
        const flag = tf.variable([true, false], { name: 'flag', dtype: 'bool', useResource });
        const i = tf.variable(7, { name: 'i', dtype: 'int32', useResource });
        const step = [big.assignAdd(1n), flag.assign(tf.logicalNot(flag)), i.assignSub(9)];
        return { big, flag, i, step, init: tf.globalVariablesInitializer() };
      },
      async (session, { big, flag, i, step, init }) => {
        await session.run(init);
        await session.run(step);
        const [b, f, n] = await session.run([big, flag, i]);
        expect(b.data[0]).toBe(2n ** 53n + 1n);
        expect([valuesOf(f), valuesOf(n)]).toEqual([[0, 1], [-2]]);
      },
    ));
});

describe.each(devices)('variables and runs that fail on $device', ({ device }) => {
  it('are not initialised by an initializer that was cancelled', () =>
    withSession({ device }, counter(false), async (session, { v, init }) => {
      const runs = [session.run(init, {}, { signal: AbortSignal.abort() }), session.run(v)].map(
        (run) => failureOf(run),
      );
      expect((await Promise.all(runs)).map((error) => error.name)).toEqual([
        'CancelledError',
        'FailedPreconditionError',
      ]);
      await session.run(init);
      expect(valuesOf(await session.run(v))).toEqual([1]);
    }));

  it('may change shape when the assignment is not validated', () =>
    withSession(
      { device },
      () => {
        const p = tf.placeholder('float32', null, 'p');
        const v = tf.variable([1, 2], { name: 'v', validateShape: false });
        const set = graphBuilder().op('Assign', [v.handle, p], { validate_shape: false });
        return { v, set, init: tf.globalVariablesInitializer() };
      },
      async (session, { v, set, init }) => {
        await session.run(init);
        const overlapping = [
          session.run(v),
          session.run(set, { p: [[1, 2, 3]] }),
          session.run(v),
          failureOf(session.run(set, { p: [4] }, { signal: AbortSignal.abort() })),
          session.run(v),
        ];
        const shapes = (await Promise.all(overlapping)).map((a) =>
          'shape' in a ? a.shape : a.name,
        );
        expect(shapes).toEqual([[2], [1, 3], [1, 3], 'CancelledError', [1, 3]]);
        const { variables } = await session.memory();
        expect(variables).toBeLessThanOrEqual(16);
      },
    ));
});
