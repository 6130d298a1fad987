/** Gradients the user gives for a piece of graph. */
import { attr } from '../../src/graph/attrs.js';
import * as tf from '../../src/index.js';

const inGraph = <R>(build: (graph: tf.Graph) => R): R => {
  const graph = new tf.Graph();
  return graph.asDefault(() => build(graph));
};

async function valuesOf(
  tensors: readonly (tf.Tensor | null | undefined)[],
  feeds: tf.Feeds,
): Promise<number[][]> {
  const known = tensors.filter((tensor): tensor is tf.Tensor => tensor instanceof tf.Tensor);
  const graph = known[0]?.graph as tf.Graph;
  await using session = new tf.Session({ graph, device: 'cpu' });
  const arrays = await session.run(known, feeds);
  return arrays.map(({ data }) => Array.from(data as ArrayLike<number>));
}

describe('customGradient', () => {
  it('replaces what the ops inside imply', async () => {
    const log1pexp = tf.customGradient((x) => {
      const e = tf.exp(x);
      return {
        outputs: [tf.log(tf.add(e, 1))],
        grad: ([dy]) => [tf.mul(dy, tf.sub(1, tf.div(1, tf.add(e, 1))))],
      };
    });
    const [y, dx] = inGraph(() => {
      const x = tf.placeholder('float32', [2], 'x');
      const [y] = log1pexp(x);
      return [y, tf.gradients([y as tf.Tensor], [x])[0]];
    });
    const [value, slope] = await valuesOf([y, dx], { x: [0, 1] });
    expect(value).toEqual([expect.closeTo(Math.log(2), 6), expect.closeTo(1.3132617, 6)]);
    expect(slope).toEqual([0.5, expect.closeTo(0.7310586, 6)]);
  });

  it('may clip, scale or stop what flows back', async () => {
    const reversed = tf.customGradient((x) => ({
      outputs: [tf.identity(x)],
      grad: ([dy]) => [tf.neg(dy)],
    }));
    const stopped = tf.customGradient((x) => ({ outputs: [x], grad: () => [null] }));
    const [dx, none] = inGraph(() => {
      const x = tf.placeholder('float32', [2], 'x');
      const [y] = reversed(tf.mul(x, 3));
      const [z] = stopped(x);
      return [tf.gradients([y as tf.Tensor], [x])[0], tf.gradients([z as tf.Tensor], [x])[0]];
    });
    expect(none).toBeNull();
    expect(await valuesOf([dx], { x: [1, 2] })).toEqual([[-3, -3]]);
  });

  it('has several outputs and inputs, with zeros for an output that is not used', async () => {
    const both = tf.customGradient((a, b) => ({
      outputs: [tf.add(a, b), tf.mul(a, b)],
      grad: ([dSum, dProduct]) => [
        tf.add(tf.mul(dSum, 10), dProduct as tf.Tensor),
        tf.mul(dSum, 100),
      ],
    }));
    const found = inGraph(() => {
      const a = tf.placeholder('float32', [], 'a');
      const b = tf.placeholder('float32', [], 'b');
      const [sum, product] = both(a, b);
      return [
        ...tf.gradients([sum as tf.Tensor], [a, b]),
        ...tf.gradients([product as tf.Tensor], [a, b]),
        product,
      ];
    });
    expect(await valuesOf(found, { a: 2, b: 3 })).toEqual([[10], [100], [1], [0], [6]]);
  });

  it('must give one gradient per input', () => {
    const wrong = tf.customGradient((a, b) => ({
      outputs: [tf.add(a, b)],
      grad: ([dy]) => [dy],
    }));
    inGraph(() => {
      const x = tf.placeholder('float32', [], 'x');
      const [y] = wrong(x, x);
      expect(() => tf.gradients([y as tf.Tensor], [x])).toThrow(
        'customGradient: the gradient function returned 1 gradients for 2 inputs.',
      );
      expect(() => tf.customGradient(() => ({ outputs: [], grad: () => [] }))(x)).toThrow(
        tf.ValueError,
      );
    });
  });

  it('can be registered by name for ops that carry it, once', async () => {
    tf.registerGradient('TestTimesSeven', ([dy]) => [tf.mul(dy, 7)]);
    expect(() => {
      tf.registerGradient('TestTimesSeven', () => []);
    }).toThrow("A gradient named 'TestTimesSeven' is already registered.");
    const dx = inGraph((graph) => {
      const x = tf.placeholder('float32', [], 'x');
      const op = graph.createOperation({
        type: 'Identity',
        name: 'seven',
        inputs: [x],
        attrs: new Map([
          ['T', attr('type', 'float32')],
          ['_gradient_op_type', attr('string', 'TestTimesSeven')],
        ]),
      });
      return tf.gradients([op.output()], [x])[0];
    });
    expect(await valuesOf([dx], { x: 1 })).toEqual([[7]]);
  });
});
