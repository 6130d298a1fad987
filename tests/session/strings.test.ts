/** String tensors: every op TensorFlow has for them, on both devices; feeds, fetches and variables. */
import * as tf from '../../src/index.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const strings = (shape: number[], ...texts: string[]): tf.NdArray<'string'> => ({
  dtype: 'string',
  shape,
  data: texts.map(bytes),
});
const textsOf = (array: tf.NdArray | null | undefined): string[] =>
  array?.dtype === 'string'
    ? array.data.map((item) => Buffer.from(item).toString('latin1'))
    : [`not strings: ${String(array?.dtype)}`];

type Make = (x: tf.Tensor) => tf.Tensor;
const words = ['a', 'b', 'c'];
const square = (x: tf.Tensor): tf.Tensor => tf.stack([x, tf.add(x, '2')]);

/** What TensorFlow 2.21's CPU kernels give for x = ['a', 'b', 'c']. */
const computed: readonly (readonly [string, Make, number[], string[]])[] = [
  ['Identity', (x) => tf.identity(x), [3], words],
  ['PlaceholderWithDefault', () => tf.placeholderWithDefault(['d'], [null]), [1], ['d']],
  ['Add', (x) => tf.add(x, '-x'), [3], ['a-x', 'b-x', 'c-x']],
  [
    'Add, broadcasting',
    (x) => tf.add(tf.reshape(x, [3, 1]), ['1', '2']),
    [3, 2],
    ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'],
  ],
  ['Reshape', (x) => tf.reshape(x, [3, 1]), [3, 1], words],
  ['ExpandDims', (x) => tf.expandDims(x, 0), [1, 3], words],
  ['Squeeze', (x) => tf.squeeze(tf.reshape(x, [1, 3])), [3], words],
  ['Transpose', (x) => tf.transpose(square(x)), [3, 2], ['a', 'a2', 'b', 'b2', 'c', 'c2']],
  ['ConcatV2', (x) => tf.concat([x, ['z']], 0), [4], ['a', 'b', 'c', 'z']],
  ['Pack', (x) => square(x), [2, 3], ['a', 'b', 'c', 'a2', 'b2', 'c2']],
  ['Unpack', (x) => tf.unstack(square(x), { axis: 1 })[2] ?? x, [2], ['c', 'c2']],
  ['Split', (x) => tf.split(square(x), 2)[1] ?? x, [1, 3], ['a2', 'b2', 'c2']],
  ['Slice', (x) => tf.slice(x, [1], [2]), [2], ['b', 'c']],
  ['StridedSlice', (x) => tf.stridedSlice(x, [2], [0], { strides: [-1] }), [2], ['c', 'b']],
  ['Tile', (x) => tf.tile(x, [2]), [6], [...words, ...words]],
  ['BroadcastTo', (x) => tf.broadcastTo(x, [2, 3]), [2, 3], [...words, ...words]],
  ['ReverseV2', (x) => tf.reverse(x, [0]), [3], ['c', 'b', 'a']],
  ['GatherV2', (x) => tf.gather(x, [2, 0, 2]), [3], ['c', 'a', 'c']],
  [
    'GatherNd',
    (x) =>
      tf.gatherNd(square(x), [
        [1, 2],
        [0, 0],
      ]),
    [2],
    ['c2', 'a'],
  ],
  ['ScatterNd, which joins', (x) => tf.scatterNd([[1], [1], [0]], x, [3]), [3], ['c', 'ab', '']],
  ['DynamicStitch', (x) => tf.dynamicStitch([[0, 3, 1]], [x]), [4], ['a', 'c', '', 'b']],
  ['Pad', (x) => tf.pad(x, [[1, 1]]), [5], ['', 'a', 'b', 'c', '']],
  ['PadV2', (x) => tf.pad(x, [[1, 0]], { constantValues: 'x' }), [4], ['x', 'a', 'b', 'c']],
  ['MirrorPad', (x) => tf.pad(x, [[1, 1]], { mode: 'REFLECT' }), [5], ['b', 'a', 'b', 'c', 'b']],
  ['Fill', (x) => tf.fill([2], tf.gather(x, 0)), [2], ['a', 'a']],
  ['OneHot', () => tf.oneHot([1], 2, { onValue: 'y', offValue: 'n' }), [1, 2], ['n', 'y']],
  ['ZerosLike', (x) => tf.zerosLike(x), [3], ['', '', '']],
  ['zeros', () => tf.zeros([2], 'string'), [2], ['', '']],
  ['Select', (x) => tf.where(tf.equal(x, 'b'), x, tf.add(x, '?')), [3], ['a?', 'b', 'c?']],
  ['SelectV2', (x) => tf.whereV2(tf.notEqual(x, 'b'), x, ''), [3], ['a', '', 'c']],
];

describe.each(devices)('string tensors on $device', ({ device }) => {
  it.each(computed)('go through %s', (_, make, shape, texts) =>
    withSession(
      { device },
      () => make(tf.placeholder('string', [3], 'x')),
      async (session, y) => {
        const answer = await session.run(y, { x: words });
        expect({ shape: answer.shape, texts: textsOf(answer) }).toEqual({ shape, texts });
      },
    ),
  );

  it.each(computed)('are folded through %s', (_, make, shape, texts) =>
    withSession(
      { device },
      () => make(tf.constant(words)),
      async (session, y) => {
        const answer = await session.run(y);
        expect({ shape: answer.shape, texts: textsOf(answer) }).toEqual({ shape, texts });
      },
    ),
  );

  it('are compared byte by byte', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [null], 'x');
        return [tf.equal(x, 'a'), tf.notEqual(x, ['a', 'b', 'a\u0000'])];
      },
      async (session, fetches) => {
        const [same, differ] = await session.run(fetches, { x: strings([3], 'a', 'b', 'a\0b') });
        expect(valuesOf(same)).toEqual([1, 0, 0]);
        expect(valuesOf(differ)).toEqual([0, 0, 1]);
      },
    ));

  it('are joined in the order of the updates, however many there are', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [20_000], 'x');
        return tf.scatterNd(tf.zeros([20_000, 1], 'int32'), x, [1]);
      },
      async (session, y) => {
        const x = Array.from({ length: 20_000 }, (_, i) => `${i},`);
        expect(textsOf(await session.run(y, { x }))).toEqual([x.join('')]);
      },
    ));

  it('are scattered to many places, joined where they meet', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [600], 'x');
        const at = Array.from({ length: 600 }, (_, i) => [(i * 7) % 300]);
        return tf.scatterNd(at, x, [400]);
      },
      async (session, y) => {
        const x = Array.from({ length: 600 }, (_, i) => `${i},`);
        const joined = new Array<string>(400).fill('');
        for (const [i, text] of x.entries())
          joined[(i * 7) % 300] = `${joined[(i * 7) % 300]}${text}`;
        expect(textsOf(await session.run(y, { x }))).toEqual(joined);
      },
    ));

  it('have sizes and ranks', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [2, null], 'x');
        return [tf.shape(x), tf.size(x), tf.rank(x)];
      },
      async (session, fetches) => {
        const answers = await session.run(fetches, { x: [['a'], ['b']] });
        expect(answers.map(valuesOf)).toEqual([[2, 1], [2], [2]]);
      },
    ));

  it('meet numbers computed on the device', () =>
    withSession(
      { device },
      () => {
        const labels = tf.placeholder('string', [3], 'labels');
        const scores = tf.placeholder('float32', [2, 3], 'scores');
        const best = tf.gather(labels, tf.argMax(tf.nn.softmax(scores), { axis: 1 }));
        const right = tf.cast(tf.equal(best, ['c', 'b']), 'float32');
        return {
          best,
          accuracy: tf.reduceMean(right),
          mixed: tf.mul(right, tf.gather(scores, 0, { axis: 1 })),
        };
      },
      async (session, fetches) => {
        const scores = [
          [1, 2, 9],
          [8, 2, 1],
        ];
        const { best, accuracy, mixed } = await session.run(fetches, { labels: words, scores });
        expect(textsOf(best)).toEqual(['c', 'a']);
        expect(valuesOf(accuracy)).toEqual([0.5]);
        expect(valuesOf(mixed)).toEqual([1, 0]);
      },
    ));

  it('keep every byte, whether fed, constant, joined or echoed', () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    const hostile = '"];throw 1;//\\\'`${x}\u0000\r\n</script>';
    return withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [null], 'x');
        const known = tf.constant(strings([2], all, hostile));
        return [x, tf.identity(x), known, tf.add(x, known), tf.add(known, x)];
      },
      async (session, fetches) => {
        const answers = await session.run(fetches, { x: strings([2], hostile, '') });
        expect(answers.map(textsOf)).toEqual([
          [hostile, ''],
          [hostile, ''],
          [all, hostile],
          [hostile + all, hostile],
          [all + hostile, hostile],
        ]);
      },
    );
  });

  it('are UTF-8 where they are given as text', () =>
    withSession(
      { device },
      () => tf.placeholder('string', null, 'x'),
      async (session, x) => {
        const one = await session.run(x, { x: 'grün 🙂' });
        expect(one).toMatchObject({ dtype: 'string', shape: [] });
        expect(Buffer.from((one as tf.NdArray<'string'>).data[0] ?? []).toString()).toBe('grün 🙂');
        expect(
          await session.run(x, {
            x: [
              ['a', ''],
              ['b', 'c'],
            ],
          }),
        ).toMatchObject({ shape: [2, 2] });
      },
    ));

  it('may be none', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [null, 2], 'x');
        return [tf.concat([x, x], 0), tf.equal(x, 'a')];
      },
      async (session, fetches) => {
        const answers = await session.run(fetches, { x: strings([0, 2]) });
        expect(answers.map(({ shape, data }) => [shape, data.length])).toEqual([
          [[0, 2], 0],
          [[0, 2], 0],
        ]);
      },
    ));

  it('are taken when run is called, and given back as copies', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [1], 'x');
        return [tf.add(x, '!'), x, tf.constant(['k'])];
      },
      async (session, fetches) => {
        for (let i = 0; i < 3; i++) {
          const fed = strings([1], 'abc');
          const running = session.run(fetches, { x: fed });
          fed.data[0]?.fill(122);
          const answers = await running;
          expect(answers.map(textsOf)).toEqual([['abc!'], ['abc'], ['k']]);
          for (const { data } of answers) (data as Uint8Array[])[0]?.fill(0);
        }
      },
    ));

  it('may decide shapes, with one program per value', () =>
    withSession(
      { device },
      () => {
        const x = tf.placeholder('string', [2], 'x');
        return tf.fill([tf.reduceSum(tf.cast(tf.equal(x, 'more'), 'int32'))], tf.gather(x, 0));
      },
      async (session, y) => {
        const lengths: number[] = [];
        for (const x of [
          ['a', 'more'],
          ['more', 'more'],
          ['a', 'more'],
          ['more', 'more'],
        ])
          lengths.push(textsOf(await session.run(y, { x })).length);
        expect(lengths).toEqual([1, 2, 1, 2]);
        expect((await session.memory()).programs).toBe(2);
      },
    ));

  it('overlap in several runs', () =>
    withSession(
      { device },
      () => tf.add(tf.placeholder('string', [1], 'x'), '!'),
      async (session, y) => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) => session.run(y, { x: [`run ${i}`] })),
        );
        expect(answers.flatMap(textsOf)).toEqual(Array.from({ length: 20 }, (_, i) => `run ${i}!`));
      },
    ));
});

describe.each(
  devices.flatMap(({ device }) => [
    { device, useResource: false },
    { device, useResource: true },
  ]),
)('string variables on $device, resource $useResource', ({ device, useResource }) => {
  const build = () => {
    const v = tf.variable(['a', 'b'], { name: 'v', useResource });
    const x = tf.placeholder('string', [2], 'x');
    return {
      v,
      x,
      init: v.initializer,
      isInitialized: v.isInitialized(),
      set: tf.assign(v, x),
      grow: tf.assign(v, tf.add(v, x)),
    };
  };

  it('hold their value between runs', () =>
    withSession({ device }, build, async (session, { v, init, isInitialized, set, grow }) => {
      expect(valuesOf(await session.run(isInitialized))).toEqual([0]);
      await expect(session.run(v)).rejects.toThrow(tf.FailedPreconditionError);
      await session.run(init);
      expect(valuesOf(await session.run(isInitialized))).toEqual([1]);
      expect(textsOf(await session.run(v))).toEqual(['a', 'b']);
      expect(textsOf(await session.run(grow, { x: ['1', '2'] }))).toEqual(['a1', 'b2']);
      expect(textsOf(await session.run(grow, { x: ['3', ''] }))).toEqual(['a13', 'b2']);
      await session.run(set.op, { x: ['n', 'm'] });
      expect(textsOf(await session.run(v))).toEqual(['n', 'm']);
    }));

  it('are as they were after a run that failed', () =>
    withSession(
      { device },
      (graph) => {
        const { v, init, x } = build();
        const at = tf.placeholder('int32', [], 'at');
        const set = tf.assign(v, tf.add(v, x));
        const late = graph.controlDependencies([set.op], () => tf.gather(x, at));
        return { v, init, set, late };
      },
      async (session, { v, init, set, late }) => {
        await session.run(init);
        const feeds = { x: ['1', '2'], at: 7 };
        await expect(session.run([set.op, late], feeds)).rejects.toThrow('is not in [0, 2)');
        expect(textsOf(await session.run(v))).toEqual(['a', 'b']);
        await session.run([set.op, late], { ...feeds, at: 1 });
        expect(textsOf(await session.run(v))).toEqual(['a1', 'b2']);
      },
    ));

  it('are frozen with their value', () =>
    withSession({ device }, build, async (session, { v, init, set }) => {
      await session.run(init);
      await session.run(set.op, { x: strings([2], '\u0000\u00ff', '') });
      const y = v.asTensor().op.name;
      const graph = new tf.Graph();
      const frozen = await tf.freezeGraph(session, session.graph, [y]);
      tf.importGraphDef(frozen, { graph, name: '' });
      const again = new tf.Session({ graph, device });
      expect(textsOf(await again.run(`${y}:0`))).toEqual(['\u0000\u00ff', '']);
      await again.close();
    }));
});

it('memory() counts the bytes of resident strings on the CPU', () =>
  withSession(
    { device: 'cpu' },
    () => {
      const v = tf.variable(['a', 'b'], { name: 'v' });
      return { init: v.initializer, set: tf.assign(v, tf.placeholder('string', [2], 'x')) };
    },
    async (session, { init, set }) => {
      await session.run(init);
      expect((await session.memory()).variables).toBe(2 * 8 + 2);
      await session.run(set.op, { x: ['long'.repeat(100), ''] });
      expect((await session.memory()).variables).toBe(2 * 8 + 400);
    },
  ));

describe('mistakes with strings', () => {
  const build = () => ({
    s: tf.placeholder('string', [2], 's'),
    f: tf.placeholder('float32', [2], 'f'),
    both: [tf.identity('x', 'i')],
  });
  const feed = (name: 's' | 'f', value: unknown): Promise<tf.TfError> => {
    let error: Promise<tf.TfError> = Promise.reject(new Error('not run'));
    error.catch(() => undefined);
    return withSession({ device: 'cpu' }, build, async (session, nodes) => {
      error = failureOf(session.run(nodes[name], { [name]: value as tf.FeedValue }));
      await error;
    }).then(() => error);
  };

  it.each<readonly ['s' | 'f', unknown, string]>([
    ['f', ['a', 'b'], "Expected float32, but got the string 'a'"],
    ['f', strings([2], 'a', 'b'), 'could not convert string data to float32'],
    ['s', [1, 2], "Expected string, but got 1 of type 'number'"],
    ['s', Float32Array.of(1, 2), 'could not convert float32 data to string'],
    ['s', Uint8Array.of(1, 2), "{ dtype: 'string', shape: [], data: [bytes] }"],
    [
      's',
      { dtype: 'string', shape: [2], data: ['a', 'b'] },
      "element 0 is the string 'a'. Encode text",
    ],
    ['s', { dtype: 'string', shape: [2], data: [bytes('a'), 7] }, 'element 1 is 7'],
    [
      's',
      { dtype: 'string', shape: [2], data: Uint8Array.of(1, 2) },
      'is a Array, but a Uint8Array was given',
    ],
    ['s', ['a'], "Cannot feed value of shape (1,) for Tensor 's:0'"],
  ])('feeding %s with %j says so', async (name, value, text) => {
    const { message } = await feed(name, value);
    expect(message).toContain(text);
    expect(message).toContain(`'${name}:0'`);
  });

  it.each<readonly [string, (s: tf.Tensor, f: tf.Tensor) => unknown, string]>([
    [
      'Add of string and number',
      (s, f) => tf.add(s, f),
      'has type float32 that does not match type string',
    ],
    [
      'Sub',
      (s) => tf.sub(s, s),
      "attr 'T' has DataType string not in list of allowed values: half, bfloat16",
    ],
    [
      'MatMul',
      (s) => tf.matMul(tf.reshape(s, [1, 2]), tf.reshape(s, [2, 1])),
      "attr 'T' has DataType string not in list",
    ],
    ['Less', (s) => tf.less(s, s), 'has DataType string not in list of allowed values'],
    ['ones', () => tf.ones([2], 'string'), "Expected string, but got 1 of type 'number'"],
    ['OnesLike', (s) => tf.onesLike(s), "Expected string, but got 1 of type 'number'"],
    ['Sum', (s) => tf.reduceSum(s), 'has DataType string not in list of allowed values'],
    [
      'AssignAdd',
      () => tf.assignAdd(tf.variable(['a'], { useResource: true }), ['b']),
      'has DataType string not in list',
    ],
  ])('%s is refused when the graph is built', (_, make, text) => {
    new tf.Graph().asDefault(() => {
      const s = tf.placeholder('string', [2], 's');
      const f = tf.placeholder('float32', [2], 'f');
      expect(() => make(s, f)).toThrow(text);
    });
  });

  it('an op of a file is refused when a run needs it, in the words of TensorFlow', async () => {
    const type = (name: string): string => `attr { key: "${name}" value { type: DT_STRING } }`;
    const graph = new tf.Graph();
    const file = `
      node { name: "a" op: "Placeholder" ${type('dtype')} attr { key: "shape" value { shape { dim { size: 1 } dim { size: 1 } } } } }
      node { name: "m" op: "MatMul" input: "a" input: "a" ${type('T')} }
      node { name: "c" op: "Cast" input: "a" ${type('SrcT')} attr { key: "DstT" value { type: DT_FLOAT } } }
      node { name: "same" op: "Cast" input: "a" ${type('SrcT')} ${type('DstT')} }`;
    tf.importGraphDef(tf.graphDefFromText(file), { graph, name: '' });
    const session = new tf.Session({ graph, device: 'cpu' });
    const a = [['x']];
    const error = await failureOf(session.run('m:0', { a }));
    expect(error).toMatchObject({ code: 3, node: 'm', op: 'MatMul' });
    expect(error.message).toContain(
      "Value for attr 'T' of string is not in the list of allowed values: ",
    );
    expect((await failureOf(session.run('c:0', { a }))).message).toContain(
      'Cast string to float is not supported',
    );
    expect(textsOf(await session.run('same:0', { a }))).toEqual(['x']);
    await session.close();
  });
});
