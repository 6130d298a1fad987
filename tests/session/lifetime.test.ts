/** A session's beginning and end, its traces, and devices that are lost. */
import * as tf from '../../src/index.js';
import { findAdapter } from '../../src/runtime/gpu/provider.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const build = () => {
  const x = tf.placeholder('float32', [null], 'x');
  const v = tf.variable(1, { name: 'v' });
  const y = tf.reduceSum(tf.exp(x, 'grow'), { name: 'total' });
  return { x, v, y, add: v.assignAdd(1), init: tf.globalVariablesInitializer() };
};

describe.each(devices)('a session on $device', ({ device }) => {
  it('is closed once, however often close() is called', () =>
    withSession({ device }, build, async (session, { y }) => {
      await session.run(y, { x: [1] });
      await Promise.all([session.close(), session.close()]);
      await session.close();
      const error = await failureOf(session.run(y, { x: [1] }));
      expect(error).toBeInstanceOf(tf.RuntimeError);
      expect(error.message).toBe('Attempted to use a closed Session.');
      expect(await failureOf(session.memory())).toBeInstanceOf(tf.RuntimeError);
      expect(await failureOf(session.prepare(y))).toBeInstanceOf(tf.RuntimeError);
    }));

  it('closes at the end of its block', async () => {
    const graph = new tf.Graph();
    const { y } = graph.asDefault(build);
    let kept: tf.Session;
    {
      await using session = new tf.Session({ graph, device });
      kept = session;
      expect(valuesOf(await session.run(y, { x: [0] }))).toEqual([1]);
    }
    expect(await failureOf(kept.run(y, { x: [0] }))).toBeInstanceOf(tf.RuntimeError);
  });

  it('closes without ever having run', async () => {
    await new tf.Session({ graph: new tf.Graph(), device }).close();
  });

  it('has nothing to run in an empty graph', async () => {
    const session = new tf.Session({ graph: new tf.Graph(), device });
    const error = await failureOf(session.run([]));
    expect(error).toBeInstanceOf(tf.RuntimeError);
    expect(error.message).toContain('The Session graph is empty.');
    expect(await session.memory()).toMatchObject({ variables: 0, programs: 0 });
    await session.close();
  });

  it('says what it runs on', () =>
    withSession({ device }, build, async (session) => {
      expect(await session.deviceDescription()).not.toBe('');
    }));

  it('traces each kernel, for Chrome to show', () =>
    withSession({ device }, build, async (session, { y }) => {
      const stats = new tf.RunStats();
      const trace = new tf.RunTrace();
      await session.run(y, { x: new Float32Array(5000) }, { trace, stats });
      const { traceEvents } = JSON.parse(trace.toChromeTrace()) as {
        traceEvents: { name: string; ph: string; ts: number; dur: number }[];
      };
      expect(traceEvents).toHaveLength(stats.dispatches);
      for (const event of traceEvents) {
        expect(event.name).toMatch(/total|grow/);
        expect(event.ph).toBe('X');
        expect(event.ts).toBeGreaterThanOrEqual(0);
        expect(event.dur).toBeGreaterThanOrEqual(0);
      }
    }));
});

it('the default session graph is the default graph', async () => {
  tf.resetDefaultGraph();
  const y = tf.add(1, 2);
  const session = new tf.Session({ device: 'cpu' });
  expect(session.graph).toBe(tf.getDefaultGraph());
  expect(valuesOf(await session.run(y))).toEqual([3]);
  await session.close();
  tf.resetDefaultGraph();
});

/** A GPU whose device the test can take away. */
function fragileGpu(): { readonly gpu: GPU; readonly lose: () => void } {
  const made: GPUDevice[] = [];
  const withDevice = (adapter: GPUAdapter): GPUAdapter =>
    new Proxy(adapter, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        const method = (value as (...args: unknown[]) => unknown).bind(target);
        if (key !== 'requestDevice') return method;
        return async (...args: unknown[]) => {
          const device = (await method(...args)) as GPUDevice;
          made.push(device);
          return device;
        };
      },
    });
  const requestAdapter = async () => withDevice((await findAdapter()).adapter);
  return {
    gpu: { requestAdapter } as unknown as GPU,
    lose: () => {
      for (const device of made) device.destroy();
    },
  };
}

describe('a session whose device is lost', () => {
  it('says so in the run under way and in every later one, and still closes', async () => {
    const { gpu, lose } = fragileGpu();
    await withSession({ device: 'gpu', gpu }, build, async (session, { v, add, init }) => {
      await session.run(init);
      expect(valuesOf(await session.run(add))).toEqual([2]);
      const pending = Promise.allSettled([session.run(add), session.run(v)]);
      lose();
      for (const outcome of await pending)
        if (outcome.status === 'rejected')
          expect(outcome.reason).toBeInstanceOf(tf.UnavailableError);
      for (let i = 0; i < 2; i++) {
        const error = await failureOf(session.run(v));
        expect(error).toBeInstanceOf(tf.UnavailableError);
        expect(error.message).toContain('device was lost');
        expect(error.message).toContain('open a new session');
      }
      expect(await failureOf(session.run(add.op))).toBeInstanceOf(tf.UnavailableError);
    });
  });

  it('reports an adapter that is not there at the first run', async () => {
    const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    const graph = new tf.Graph();
    const { y } = graph.asDefault(build);
    const session = new tf.Session({ graph, device: 'gpu', gpu });
    expect(await failureOf(session.run(y, { x: [1] }))).toBeInstanceOf(tf.UnavailableError);
    expect(await failureOf(session.run(y, { x: [1] }))).toBeInstanceOf(tf.UnavailableError);
    await session.close();
  });
});
