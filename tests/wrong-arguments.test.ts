/**
 * Calls that take no tensors (sessions, files, scopes, optimizers) with arguments no type checker saw:
 * each fails at once, with an error of ours that says what was expected and what came.
 */
import * as tf from 'defrun';

const graph = new tf.Graph();
const [x, y] = graph.asDefault(() => {
  const x = tf.placeholder('float32', [1], 'x');
  return [x, tf.neg(x, 'y')] as const;
});
const bytes = graph.toGraphDef();
const session = new tf.Session({ graph, device: 'cpu' });
afterAll(() => session.close());

/** Anything: what JavaScript lets through. */
const as = (value: unknown): never => value as never;
const feeds = { x: [1] };
const runWith = (options: unknown) => (): unknown => session.run(y, feeds, as(options));
const openWith = (options: unknown) => (): unknown => new tf.Session(as(options));
const loadWith = (options: unknown) => (): unknown => tf.loadGraph(bytes, as(options));
const freezeWith =
  (...args: unknown[]) =>
  (): unknown =>
    tf.freezeGraph(...(args as Parameters<typeof tf.freezeGraph>));

it.each<readonly [string, () => unknown, string]>([
  ['run: null feeds', () => session.run(y, as(null)), 'not null. Give {'],
  [
    'run: feeds that are no pairs',
    () => session.run(y, as([1])),
    'pairs of tensor and value, not 1',
  ],
  ['run: a number as feeds', () => session.run(y, as(5)), 'not 5. Give {'],
  ['run: a Set as feeds', () => session.run(y, as(new Set([x]))), 'not a Set. Give {'],
  ['run: bare data as feeds', () => session.run(y, as(Float32Array.of(1))), 'names none'],
  ['run: null options', runWith(null), 'Session.run: Expected an object of options'],
  ['run: an option misspelt', runWith({ sginal: 1 }), "no option 'sginal'. Did you mean 'signal'"],
  ['run: no signal', runWith({ signal: {} }), "Expected an AbortSignal for option 'signal' not {}"],
  ['run: a controller', runWith({ signal: new AbortController() }), 'Give controller.signal'],
  [
    'run: text for a time',
    runWith({ timeoutMs: '5' }),
    "for option 'timeoutMs' not the string '5'",
  ],
  ['run: a time below 0', runWith({ timeoutMs: -1 }), 'timeoutMs must be above 0, not -1'],
  ['makeCallable: no list', () => session.makeCallable(y, as('x')), "argument 'feedList'"],
  ['call: no list', () => session.makeCallable(y, [x])(as(null)), 'feed values, got null'],
  ['call: options', () => session.makeCallable(y, [x])([[1]], as({ a: 1 })), "no option 'a'"],
  ['Session: null', openWith(null), 'Session: Expected an object of options'],
  ['Session: an option misspelt', openWith({ devcie: 'gpu' }), "Did you mean 'device'"],
  ['Session: no GPU object', openWith({ gpu: 5 }), "for option 'gpu' not 5"],
  ['Session: no device', openWith({ device: {} }), "for option 'device' not {}"],
  ['Session: no graph', openWith({ graph: {} }), "Expected a Graph for option 'graph' not {}"],
  ['openDevice: a misspelt name', () => tf.openDevice(as('cuda')), "No device is called 'cuda'"],
  ['freezeGraph: nothing', freezeWith(), "for argument 'reader' not undefined"],
  ['freezeGraph: no graph', freezeWith(session, null, ['y']), "for argument 'graph' not null"],
  ['freezeGraph: one name', freezeWith(session, graph, 'y'), "argument 'outputNodeNames'"],
  ['freezeGraph: options', freezeWith(session, graph, ['y'], { names: [] }), "no option 'names'"],
  ['loadGraph: one output', loadWith({ outputs: 'out' }), "for option 'outputs'"],
  ['loadGraph: null options', loadWith(null), 'loadGraph: Expected an object of options'],
  ['loadGraph: a device', loadWith({ device: 5 }), "for option 'device' not 5"],
  ['parseNpy: text', () => tf.parseNpy(as('a.npy')), "not the string 'a.npy'"],
  ['parseNpy: a buffer', () => tf.parseNpy(as(new ArrayBuffer(9))), 'new Uint8Array(buffer)'],
  ['formatNpy: a list', () => tf.formatNpy(as([1])), 'Expected an NdArray'],
  [
    'formatNpy: data of another kind',
    () => tf.formatNpy(as({ dtype: 'float32', shape: [1], data: [1] })),
    'is a Float32Array, but a Array',
  ],
  ['graphDefFromText: nothing', () => tf.graphDefFromText(as(undefined)), "for argument 'text'"],
  ['extractSubGraph: nothing', () => tf.extractSubGraph(as(undefined), ['y']), 'not undefined'],
  ['extractSubGraph: a name', () => tf.extractSubGraph(graph, as('y')), 'list of strings'],
  ['customGradient: nothing', () => tf.customGradient(as(undefined)), "argument 'fn'"],
  ['registerGradient: nothing', () => tf.registerGradient('a', as(undefined)), "argument 'grad'"],
  ['asDefault: nothing', () => graph.asDefault(as(undefined)), 'asDefault: Expected function'],
  ['operation: null', () => graph.operation(as(null)), 'name of an Operation, a string, not null'],
  ['tensor: a number', () => graph.tensor(as(5)), 'name of a Tensor, a string, not 5'],
  [
    'controlDependencies: 5',
    () => graph.controlDependencies(as(5), () => 1),
    "argument 'ops' not 5",
  ],
  [
    'controlDependencies: names',
    () => graph.controlDependencies(as(['y']), () => 1),
    "Operations and Tensors in argument 'ops' not the string 'y'",
  ],
  ['nameScope: no function', () => graph.nameScope('a', as(undefined)), "argument 'fn'"],
  [
    'AdamOptimizer',
    () => new tf.train.AdamOptimizer(as('zz')),
    "learning_rate not the string 'zz'",
  ],
  [
    'GradientDescentOptimizer',
    () => new tf.train.GradientDescentOptimizer(as(undefined)),
    'learning_rate not undefined',
  ],
])('%s', async (_, call, text) => {
  const error: unknown = await Promise.resolve()
    .then(call)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(tf.TfError);
  expect(String(error)).toContain(text);
});

it('what is right stays right', async () => {
  const { signal } = new AbortController();
  const stats = new tf.RunStats();
  for (const given of [feeds, new Map([[x, [1]]]), [[x, [1]] as const]]) {
    const answer = await session.run(y, given, { signal, stats, timeoutMs: Infinity });
    expect(Array.from(answer.data as Float32Array)).toEqual([-1]);
  }
});
