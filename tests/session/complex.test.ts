/** Complex tensors from feed to fetch, on each device. */
import * as tf from '../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const c64 = (shape: readonly number[], ...parts: number[]): tf.NdArray =>
  tf.ndArray('complex64', shape, Float32Array.from(parts));

describe.each(devices)('complex tensors on $device', ({ device }) => {
  const use = <T>(
    build: (graph: tf.Graph) => T,
    run: (session: tf.Session, nodes: T) => Promise<void>,
  ) => withSession({ device }, build, run);

  it('are fed, computed with and fetched as pairs', () =>
    use(
      () => {
        const x = tf.placeholder('complex64', [null], 'x');
        return { x, y: tf.mul(x, tf.complex([0, 2], [1, 0])), same: tf.reshape(x, [2, 1]) };
      },
      async (session, { x, y, same }) => {
        const feeds = { x: c64([2], 1, 2, 3, 4) };
        const [product, reshaped, echo] = await session.run([y, same, x], feeds);
        expect(product).toEqual(c64([2], -2, 1, 6, 8));
        expect(reshaped).toEqual(c64([2, 1], 1, 2, 3, 4));
        expect(echo).toEqual(feeds.x);
        expect(await session.run(y, { x: [1, 2] })).toEqual(c64([2], 0, 1, 4, 0));
      },
    ));

  it('take back their flat data, and plain numbers as real', () =>
    use(
      () => {
        const x = tf.placeholder('complex64', [null, 2], 'x');
        const wide = tf.placeholder('complex128', [2], 'wide');
        const scalar = tf.placeholder('complex64', [], 'scalar');
        const free = tf.placeholder('complex64', null, 'free');
        const twice = [x, wide, scalar, free].map((z) => tf.add(z, z));
        return { twice, constant: tf.add(x, Float32Array.of(0, 1, 0, 2)) };
      },
      async (session, { twice, constant }) => {
        const feeds = {
          x: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
          wide: Float64Array.of(1, 2, 3, 4),
          scalar: Float32Array.of(1, -1),
          free: Float32Array.of(1, 2, 3, 4),
        };
        const first = await session.run(twice, feeds);
        expect(first.map(({ shape }) => shape)).toEqual([[2, 2], [2], [], [2]]);
        const doubled = Object.values(feeds).map((array) => Array.from(array, (v) => 2 * v));
        expect(first.map(valuesOf)).toEqual(doubled);
        const [x, wide, scalar, free] = first.map(({ data }) => data);
        const again = await session.run(twice, { x, wide, scalar, free } as tf.Feeds);
        expect(again.map(({ shape }) => shape)).toEqual([[2, 2], [2], [], [2]]);
        expect(again.map(valuesOf)).toEqual(doubled.map((list) => list.map((v) => 2 * v)));
        expect(await session.run(constant, { x: [[1, 2]] })).toEqual(c64([1, 2], 1, 1, 2, 2));
      },
    ));

  it('say that flat data is pairs where it does not fit', () =>
    use(
      () => tf.neg(tf.placeholder('complex64', [4], 'x')),
      async (session, y) => {
        const half = await failureOf(session.run(y, { x: Float32Array.of(1, 2, 3, 4) }));
        expect(half).toBeInstanceOf(tf.ValueError);
        expect(half.message).toContain(
          "shape (2,) for Tensor 'x:0', which has shape '(4,)'. A flat",
        );
        expect(half.message).toContain('re, im pairs; give real numbers as a plain array');
        const odd = await failureOf(session.run(y, { x: Float32Array.of(1, 2, 3) }));
        expect(odd).toBeInstanceOf(tf.ValueError);
        expect(odd.message).toContain("Cannot feed Tensor 'x:0'");
        expect(odd.message).toContain('3 numbers were given');
      },
    ));

  it('are constants, filled and of many values', () =>
    use(
      () => {
        const one = tf.constant(c64([], 1, -2), { shape: [2, 2] });
        const many = tf.constant(c64([4], 1, 2, 3, 4, 5, 6, 7, 8));
        return [one, tf.add(one, 1), tf.add(tf.reshape(many, [2, 2]), one), tf.getItem(many, 2)];
      },
      async (session, nodes) => {
        const values = await session.run(nodes);
        expect(values.map(valuesOf)).toEqual([
          [1, -2, 1, -2, 1, -2, 1, -2],
          [2, -2, 2, -2, 2, -2, 2, -2],
          [2, 0, 4, 2, 6, 4, 8, 6],
          [5, 6],
        ]);
      },
    ));

  it.each([false, true])('are variables (resource: %p)', (useResource) =>
    use(
      () => {
        const v = tf.variable(c64([2], 1, 2, 3, 4), { name: 'v', useResource });
        const x = tf.placeholder('complex64', [2]);
        return { v, x, add: v.assignAdd(tf.square(x)), init: tf.globalVariablesInitializer() };
      },
      async (session, { v, x, add, init }) => {
        await session.run(init);
        const feeds = [[x, c64([2], 0, 1, 1, 1)]] as const;
        expect(valuesOf(await session.run(add, feeds))).toEqual([0, 2, 3, 6]);
        expect(valuesOf(await session.run(add, feeds))).toEqual([-1, 2, 3, 8]);
        expect(await session.run(v)).toEqual(c64([2], -1, 2, 3, 8));
      },
    ),
  );

  it('sum up over more elements than one kernel takes at once', () =>
    use(
      () => {
        const x = tf.placeholder('complex64', [50000]);
        return { x, all: tf.reduceSum(x), mean: tf.reduceMean(tf.conj(x)) };
      },
      async (session, { x, all, mean }) => {
        const data = Float32Array.from({ length: 100000 }, (_, i) => (i % 2 === 0 ? 1 : i % 3));
        const [total, average] = await session.run(
          [all, mean],
          [[x, tf.ndArray('complex64', [50000], data)]],
        );
        const imaginary = data.filter((_, i) => i % 2 === 1).reduce((sum, v) => sum + v, 0);
        expect(valuesOf(total)).toEqual([50000, imaginary]);
        expect(valuesOf(average)[0]).toBe(1);
        expect(valuesOf(average)[1]).toBeCloseTo(-imaginary / 50000, 5);
      },
    ));

  it('transpose with and without conjugation in products of any rank', () =>
    use(
      () => {
        const x = tf.constant(c64([2, 1], 1, 2, 3, 4));
        const stacked = tf.reshape(x, [1, 2, 1]);
        return [x, stacked].map((a) => tf.matMul(a, a, { transposeA: true }));
      },
      async (session, products) => {
        // (1 + 2i)^2 + (3 + 4i)^2
        const values = await session.run(products);
        expect(values.map(valuesOf)).toEqual([
          [-10, 28],
          [-10, 28],
        ]);
      },
    ));

  it('come apart and together', () =>
    use(
      () => {
        const z = tf.placeholder('complex64', [3]);
        const back = tf.complex(tf.real(z), tf.imag(z));
        const parts = [tf.abs(z), tf.real(z), tf.imag(z), tf.angle(z), tf.cast(z, 'float32')];
        return { z, parts, back, conj: tf.conj(z), turned: tf.cast(tf.real(z), 'complex64') };
      },
      async (session, { z, parts, back, conj, turned }) => {
        const fed = c64([3], 3, 4, 0, -2, -1, 0);
        const values = await session.run([...parts, conj, turned, back], [[z, fed]]);
        const got = values.map(valuesOf);
        expect(values.map((v) => v.dtype).slice(0, 5)).toEqual(new Array(5).fill('float32'));
        expect(got.slice(0, 3)).toEqual([
          [5, 2, 1],
          [3, 0, -1],
          [4, -2, 0],
        ]);
        for (const [i, want] of [0.9272952, -Math.PI / 2, Math.PI].entries())
          expect(got[3]?.[i]).toBeCloseTo(want, 6);
        expect(got.slice(4)).toEqual([
          [3, 0, -1],
          [3, -4, 0, 2, -1, -0],
          [3, 0, 0, 0, -1, 0],
          valuesOf(fed),
        ]);
      },
    ));

  it('have the infinities and NaNs of TensorFlow', () =>
    use(
      () => {
        const of = (...parts: number[]): tf.Tensor =>
          tf.constant(c64([parts.length / 2], ...parts));
        const fed = tf.placeholderWithDefault(of(0, 0), [1]);
        return [
          tf.exp(of(Infinity, 0, -Infinity, 0, 1000, 0, NaN, 0)),
          tf.sqrt(of(0, 0, -1, 0, -1, -0, Infinity, 0, -Infinity, 0)),
          tf.log(of(0, 0)),
          tf.abs(of(Infinity, NaN, NaN, 1, 3e38, 3e38, 0, 0)),
          tf.sign(of(0, 0, 3, 4)),
          tf.divNoNan(of(1, 1), of(0, 0)),
          tf.div(of(1, 0), of(0, 0)),
          tf.div(of(1, 0), tf.mul(of(1, 1), fed)),
          tf.tanh(of(100, 1, Infinity, 1)),
          tf.sigmoid(of(100, 0, -1000, 0)),
        ];
      },
      async (session, nodes) => {
        const values = (await session.run(nodes)).map(valuesOf);
        const rounded = values.map((list) => list.map((v) => Math.round(v * 1e5) / 1e5));
        expect(rounded).toEqual([
          [Infinity, 0, 0, 0, Infinity, 0, NaN, 0],
          [0, 0, 0, 1, 0, -1, Infinity, 0, 0, Infinity],
          [-Infinity, 0],
          [Infinity, NaN, Infinity, 0],
          [0, 0, 0.6, 0.8],
          [0, 0],
          [Infinity, NaN],
          [Infinity, NaN],
          [1, 0, 1, 0],
          [1, 0, 0, 0],
        ]);
      },
    ));

  it('go over to complex128 and back', () =>
    use(
      () => {
        const x = tf.placeholder('complex64', [1]);
        const wide = tf.exp(tf.cast(x, 'complex128'));
        return { x, wide, back: tf.mul(tf.cast(wide, 'complex64'), x) };
      },
      async (session, { x, wide, back }) => {
        const [exact, product] = await session.run([wide, back], [[x, c64([1], 0, 1)]]);
        expect(exact.dtype).toBe('complex128');
        const [re = 0, im = 0] = valuesOf(exact);
        expect(Math.hypot(re - Math.cos(1), im - Math.sin(1))).toBeLessThan(1e-15);
        expect(valuesOf(product)[0]).toBeCloseTo(-Math.sin(1), 6);
        expect(valuesOf(product)[1]).toBeCloseTo(Math.cos(1), 6);
      },
    ));

  it('of no elements cost nothing', () =>
    use(
      () => {
        const x = tf.placeholder('complex64', [0, 3]);
        return { x, y: tf.exp(x), sum: tf.reduceSum(x, { axis: 0 }), all: tf.reduceProd(x) };
      },
      async (session, { x, y, sum, all }) => {
        const got = await session.run([y, sum, all], [[x, c64([0, 3])]]);
        expect(got.map(valuesOf)).toEqual([[], [0, 0, 0, 0, 0, 0], [1, 0]]);
      },
    ));
});

describe('complex tensors', () => {
  it('are not differentiated without gradients to begin with', () => {
    new tf.Graph().asDefault(() => {
      const x = tf.placeholder('complex64', []);
      expect(() => tf.gradients(tf.square(x), [x])).toThrow(
        /Gradients of complex tensors \(.*\) must set gradYs \(y\.dtype = complex64\)/,
      );
      expect(() => tf.gradients(tf.abs(x), [x])).not.toThrow();
    });
  });

  it('have no order', () => {
    new tf.Graph().asDefault(() => {
      const x = tf.placeholder('complex64', [2]);
      for (const refused of [
        () => tf.less(x, x),
        () => tf.maximum(x, x),
        () => tf.reduceMax(x),
        () => tf.argMax(x, { axis: 0 }),
        () => tf.floor(x),
        () => tf.nn.relu(x),
      ])
        expect(refused).toThrow(/complex64/);
    });
  });

  it('of more parts than kernels count are refused before any memory is asked for', async () => {
    await withSession(
      { device: 'cpu' },
      () => tf.reduceSum(tf.fill([2 ** 15, 2 ** 15], tf.complex(1, 1))),
      async (session, sum) => {
        const error = await failureOf(session.run(sum));
        expect(error.message).toMatch(/2147483648 parts, and kernels index at most 2147483647/);
      },
    );
  });

  it('leave real functions their tensors and their nodes', () => {
    const graph = new tf.Graph();
    graph.asDefault(() => {
      const x = tf.placeholder('float32', [2]);
      expect([tf.real(x), tf.conj(x)]).toEqual([x, x]);
      tf.gradients(tf.mul(tf.exp(x), x), [x]);
      expect(graph.operations.filter((op) => op.type === 'Conj')).toEqual([]);
    });
  });

  it('are refused where their parts are not floats of one size', () => {
    new tf.Graph().asDefault(() => {
      const x = tf.placeholder('float32', []);
      const y = tf.placeholder('float64', []);
      expect(() => tf.complex(x, y)).toThrow(/float32 and float64/);
      expect(() => tf.complex(tf.cast(x, 'int32'), 1)).toThrow(/int32/);
    });
  });

  it('do not become real numbers unseen', async () => {
    await withSession(
      { device: 'cpu' },
      () => tf.placeholder('float32', [1], 'x'),
      async (session, x) => {
        const error = await failureOf(session.run(tf.identity(x), { x: c64([1], 1, 2) }));
        expect(error.message).toMatch(/complex64.*real part/);
      },
    );
  });
});

describe.each(devices)('complex updates on $device', ({ device }) => {
  // Enough places and updates that a device takes the kernel that finds its places.
  const [places, updates] = [64, 4096];

  it('join the places they name, part by part', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('complex64', [updates, 8]);
        const ids = tf.constant(
          tf.ndArray(
            'int32',
            [updates],
            Int32Array.from({ length: updates }, (_, i) => (i * 7) % places),
          ),
        );
        const start = tf.complex(tf.ones([places, 8]), tf.ones([places, 8]));
        const at = tf.reshape(ids, [updates, 1]);
        const sum = tf.unsortedSegmentSum(tf.mul(x, tf.complex(0, 1)), ids, places);
        return { x, sum, added: tf.tensorScatterNdAdd(tf.square(start), at, x) };
      },
      async (session, { x, sum, added }) => {
        const data = Float32Array.from({ length: updates * 16 }, (_, i) => (i % 5) - 2);
        const fed = tf.ndArray('complex64', [updates, 8], data);
        const wanted = new Float32Array(places * 16);
        for (let i = 0; i < updates; i++)
          for (let j = 0; j < 16; j++) {
            const to = ((i * 7) % places) * 16 + j;
            wanted[to] = (wanted[to] ?? 0) + (data[i * 16 + j] ?? 0);
          }
        const [turned, more] = await session.run([sum, added], [[x, fed]]);
        const pairs = Array.from(wanted);
        expect(valuesOf(turned)).toEqual(
          pairs.map((_, i) => (i % 2 === 0 ? 0 - (pairs[i + 1] ?? 0) : (pairs[i - 1] ?? 0))),
        );
        // (1 + i)^2 = 2i
        expect(valuesOf(more)).toEqual(pairs.map((v, i) => (i % 2 === 0 ? v : v + 2)));
      },
    ));
});
