/** gradients(): the nodes and names TensorFlow 2.21 gives (recorded), and the values they compute. */
import { graphOf } from '../../src/graph/graph.js';
import * as tf from '../../src/index.js';

const inGraph = <R>(build: (graph: tf.Graph) => R): R => {
  const graph = new tf.Graph();
  return graph.asDefault(() => build(graph));
};
/** `name: type(inputs)` of the nodes from `first` on. */
const nodesFrom = (graph: tf.Graph, first: number): string[] =>
  graph.operations
    .slice(first)
    .map((op) => `${op.name}: ${op.type}(${op.inputs.map((t) => t.op.name).join(', ')})`);
const namesOf = (tensors: readonly (tf.Tensor | null)[]): (string | null)[] =>
  tensors.map((tensor) => tensor?.name ?? null);

async function valueOf(tensor: tf.Tensor | null | undefined, feeds: tf.Feeds): Promise<number[]> {
  if (!tensor) throw new Error('no gradient');
  await using session = new tf.Session({ graph: graphOf(tensor), device: 'cpu' });
  return Array.from((await session.run(tensor, feeds)).data as ArrayLike<number>);
}

const startNodes = (scope: string, i = 0): string[] => {
  const shape = i === 0 ? 'Shape' : `Shape_${i}`;
  return [
    `${scope}/${shape}: Const()`,
    `${scope}/grad_ys_${i}/Const: Const()`,
    `${scope}/grad_ys_${i}: Fill(${scope}/${shape}, ${scope}/grad_ys_${i}/Const)`,
  ];
};

describe('gradients', () => {
  it('sums what arrives at a tensor with one AddN, colocated with its first term', () => {
    inGraph((graph) => {
      const x = tf.placeholder('float32', [2], 'x');
      const y = tf.add(tf.mul(x, x), x);
      const z = tf.tanh(x);
      const first = graph.operations.length;
      const dx = tf.gradients([y, z], [x]);
      expect(namesOf(dx)).toEqual(['gradients/AddN:0']);
      expect(nodesFrom(graph, first)).toEqual([
        ...startNodes('gradients'),
        ...startNodes('gradients', 1),
        'gradients/Tanh_grad/TanhGrad: TanhGrad(Tanh, gradients/grad_ys_1)',
        'gradients/mul_grad/Mul: Mul(gradients/grad_ys_0, x)',
        'gradients/mul_grad/Mul_1: Mul(gradients/grad_ys_0, x)',
        'gradients/AddN: AddN(gradients/grad_ys_0, gradients/Tanh_grad/TanhGrad, gradients/mul_grad/Mul, gradients/mul_grad/Mul_1)',
      ]);
      expect(graph.operation('gradients/AddN').attrs.get('_class')?.value).toEqual([
        'loc:@gradients/grad_ys_0',
      ]);
      expect(namesOf(tf.gradients([y], [x]))).toEqual(['gradients_1/AddN:0']);
    });
  });

  it('follows scopes and a given name', () => {
    inGraph((graph) => {
      const x = tf.placeholder('float32', [2], 'x');
      const y = graph.nameScope('net', () => tf.tanh(x, 'y'));
      expect(namesOf(tf.gradients([y], [x], { name: 'g' }))).toEqual(['g/net/y_grad/TanhGrad:0']);
      expect(namesOf(graph.nameScope('train', () => tf.gradients([y], [x])))).toEqual([
        'train/gradients/net/y_grad/TanhGrad:0',
      ]);
    });
  });

  it('adds nothing for a y that x does not lead to', () => {
    inGraph((graph) => {
      const x = tf.placeholder('float32', [2], 'x');
      const w = tf.placeholder('float32', [2], 'w');
      const unrelated = graph.createOperation({
        type: 'Zork',
        name: 'u',
        inputs: [w],
        outputDtypes: ['float32'],
      });
      const y = tf.tanh(x, 'y');
      const first = graph.operations.length;
      const dx = tf.gradients([y, tf.exp(w, 'e')], [x]);
      expect(namesOf(dx)).toEqual(['gradients/y_grad/TanhGrad:0']);
      expect(nodesFrom(graph, first + 1)).toEqual([
        ...startNodes('gradients'),
        ...startNodes('gradients', 1),
        'gradients/y_grad/TanhGrad: TanhGrad(y, gradients/grad_ys_0)',
      ]);
      expect(namesOf(tf.gradients([unrelated.output(), y], [x]))).toEqual([
        'gradients_1/y_grad/TanhGrad:0',
      ]);
    });
  });

  it('gives null for an x that leads to no y, and grad_ys for a y that is an x', () => {
    inGraph(() => {
      const x = tf.placeholder('float32', [2], 'x');
      const w = tf.placeholder('float32', [2], 'w');
      expect(namesOf(tf.gradients([x], [x, w]))).toEqual(['gradients/grad_ys_0:0', null]);
    });
  });

  it('gives null through integers and for integer ys', () => {
    inGraph(() => {
      const x = tf.placeholder('float32', [2], 'x');
      const i = tf.placeholder('int32', [2], 'i');
      const asInt = tf.cast(x, 'int32');
      expect(tf.gradients([asInt], [x])).toEqual([null]);
      expect(tf.gradients([tf.cast(asInt, 'float32')], [x])).toEqual([null]);
      expect(tf.gradients([tf.mul(i, i)], [i])).toEqual([null]);
      expect(tf.gradients([tf.cast(i, 'float32')], [i])).toEqual([null]);
    });
  });

  it('does not pass what stopGradients names, but gives its own gradient', async () => {
    const { dx, dm } = inGraph(() => {
      const x = tf.placeholder('float32', [2], 'x');
      const m = tf.tanh(x, 'm');
      const y = tf.mul(m, x, 'y');
      const [dx, dm] = tf.gradients([y], [x, m], { stopGradients: [m] });
      return { dx, dm };
    });
    expect(namesOf([dx ?? null, dm ?? null])).toEqual([
      'gradients/y_grad/Mul_1:0',
      'gradients/y_grad/Mul:0',
    ]);
    expect(await valueOf(dx, { x: [0.5, -1] })).toEqual(
      [Math.fround(Math.tanh(0.5)), Math.fround(Math.tanh(-1))].map(
        (v) => expect.closeTo(v, 6) as number,
      ),
    );
    expect(await valueOf(dm, { x: [0.5, -1] })).toEqual([0.5, -1]);
  });

  it('starts from gradYs, adding them where a y lies on the way', async () => {
    const [dx, dy] = inGraph((graph) => {
      const x = tf.placeholder('float32', [2], 'x');
      const y = tf.tanh(x, 'y');
      const z = tf.exp(y, 'z');
      const first = graph.operations.length;
      const both = tf.gradients([z, y], [x, y], { gradYs: [null, y] });
      expect(nodesFrom(graph, first)).toEqual([
        ...startNodes('gradients'),
        'gradients/grad_ys_1: Identity(y)',
        'gradients/z_grad/mul: Mul(gradients/grad_ys_0, z)',
        'gradients/AddN: AddN(gradients/grad_ys_1, gradients/z_grad/mul)',
        'gradients/y_grad/TanhGrad: TanhGrad(y, gradients/AddN)',
      ]);
      return both;
    });
    const y = [0.25, -2].map(Math.tanh);
    const want = y.map((v) => v + Math.exp(v));
    expect(await valueOf(dy, { x: [0.25, -2] })).toEqual(
      want.map((v) => expect.closeTo(v, 5) as number),
    );
    expect(await valueOf(dx, { x: [0.25, -2] })).toEqual(
      want.map((v, i) => expect.closeTo(v * (1 - (y[i] ?? 0) ** 2), 5) as number),
    );
  });

  it('checks gradYs against ys', () => {
    inGraph(() => {
      const x = tf.placeholder('float32', [2], 'x');
      const y = tf.tanh(x, 'y');
      const shape = (): unknown => tf.gradients([y], [x], { gradYs: [tf.constant([1, 2, 3])] });
      expect(shape).toThrow(tf.ValueError);
      expect(shape).toThrow('gradYs[0] has shape [3], but Tensor("y:0", shape=[2], dtype=float32)');
      const dtype = (): unknown =>
        tf.gradients([y], [x], { gradYs: [tf.constant([1, 2], { dtype: 'float64' })] });
      expect(dtype).toThrow(tf.DTypeError);
      expect(() => tf.gradients([], [x])).toThrow(tf.ValueError);
      expect(() => tf.gradients([y], [x], { gradYs: [] })).toThrow('gradYs');
    });
  });

  it('names the op that has no gradient', () => {
    inGraph((graph) => {
      const x = tf.placeholder('float32', [2], 'x');
      const odd = graph.createOperation({
        type: 'Zork',
        name: 'odd',
        inputs: [x],
        outputDtypes: ['float32'],
      });
      const grad = (): unknown => tf.gradients([tf.neg(odd.output())], [x]);
      expect(grad).toThrow(tf.LookupError);
      expect(grad).toThrow(
        /No gradient defined for operation 'odd' \(op type: Zork\).* Defined at gradients\.test\.ts:\d+\./,
      );
    });
  });

  it('has gradients of its own: the second derivative of x^3 and of tanh', async () => {
    const [cubic, curve] = inGraph(() => {
      const x = tf.placeholder('float32', [3], 'x');
      const second = (y: tf.Tensor): tf.Tensor | null | undefined => {
        const [d] = tf.gradients([y], [x]);
        return d && tf.gradients([d], [x])[0];
      };
      return [second(tf.mul(tf.mul(x, x), x)), second(tf.tanh(x))];
    });
    const x = [0.5, -1, 2];
    expect(await valueOf(cubic, { x })).toEqual([3, -6, 12]);
    const want = x.map((v) => -2 * Math.tanh(v) * (1 - Math.tanh(v) ** 2));
    expect(await valueOf(curve, { x })).toEqual(want.map((v) => expect.closeTo(v, 5) as number));
  });

  it('is with respect to a variable, reference or resource', async () => {
    for (const useResource of [false, true]) {
      const graph = new tf.Graph();
      const { dv, init } = graph.asDefault(() => {
        const v = tf.variable([1, 2], { name: 'v', useResource });
        const [dv] = tf.gradients([tf.reduceSum(tf.square(v))], [v]);
        return { dv: dv as tf.Tensor, init: tf.globalVariablesInitializer() };
      });
      await using session = new tf.Session({ graph, device: 'cpu' });
      await session.run(init);
      expect(dv.shape).toEqual([2]);
      expect(Array.from((await session.run(dv)).data as Float32Array)).toEqual([2, 4]);
    }
  });

  it("of a broadcast operand has the operand's shape", async () => {
    const [da, db] = inGraph(() => {
      const a = tf.placeholder('float32', [null, 3], 'a');
      const b = tf.placeholder('float32', [1, 3], 'b');
      return tf.gradients([tf.mul(a, b)], [a, b]);
    });
    expect([da?.shape, db?.shape]).toEqual([
      [null, 3],
      [1, 3],
    ]);
    const feeds = {
      a: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      b: [[7, 8, 9]],
    };
    expect(await valueOf(da, feeds)).toEqual([7, 8, 9, 7, 8, 9]);
    expect(await valueOf(db, feeds)).toEqual([5, 7, 9]);
  });

  it('fills in zeros for outputs of an op that no y uses', async () => {
    const [dx] = inGraph(() => {
      const x = tf.placeholder('float32', [4], 'x');
      const [, right] = tf.split(x, 2);
      return tf.gradients([tf.mul(right as tf.Tensor, 3)], [x]);
    });
    expect(await valueOf(dx, { x: [1, 2, 3, 4] })).toEqual([0, 0, 3, 3]);
  });

  it('works where the walk is thousands of ops deep', async () => {
    const [dx] = inGraph(() => {
      const x = tf.placeholder('float32', [], 'x');
      let y = x;
      for (let i = 0; i < 3000; i++) y = tf.neg(y);
      return tf.gradients([y], [x]);
    });
    expect(await valueOf(dx, { x: 1 })).toEqual([1]);
  });
});
