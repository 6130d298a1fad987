/** Graph: control dependencies, colocation, collections, finalizing, and the default graph. */
import * as tf from '../../src/index.js';

const inGraph = <R>(build: (graph: tf.Graph) => R): R => {
  const graph = new tf.Graph();
  return graph.asDefault(() => build(graph));
};
const controlsOf = (op: tf.Operation): string[] => op.controlInputs.map(({ name }) => name);

describe('control dependencies', () => {
  /** Recorded from TensorFlow 2.21: an op waits unless its inputs already do. */
  const expected = {
    uses_a: ['z'],
    uses_b: ['a', 'z'],
    uses_inside: [],
    nested: ['a', 'b0', 'z'],
    nested_inside: ['b0'],
    both_inside: [],
    cleared: [],
    after_clear: ['b0'],
    uses_cleared: ['a', 'z'],
    'plus/y': ['a', 'z'],
    plus: [],
  };

  it('are left out where an input already implies them, and cleared by null', () => {
    const found = inGraph((graph) => {
      const a = tf.constant(1, { name: 'a' });
      const b = tf.constant(2, { name: 'b' });
      const z = tf.noOp('z');
      const b0 = tf.noOp('b0');
      graph.controlDependencies([z, a], () => {
        tf.identity(a, 'uses_a');
        const inside = tf.identity(b, 'uses_b');
        tf.identity(inside, 'uses_inside');
        graph.controlDependencies([b0], () => {
          const nested = tf.identity(b, 'nested');
          tf.identity(inside, 'nested_inside');
          tf.identity(nested, 'both_inside');
        });
        const cleared = graph.controlDependencies(null, () => {
          const made = tf.identity(b, 'cleared');
          graph.controlDependencies([b0], () => tf.identity(b, 'after_clear'));
          return made;
        });
        tf.identity(cleared, 'uses_cleared');
        tf.add(b, 1, 'plus');
      });
      return Object.fromEntries(graph.operations.slice(4).map((op) => [op.name, controlsOf(op)]));
    });
    expect(found).toEqual(expected);
  });

  it('end with their scope, also after an error', () => {
    inGraph((graph) => {
      const a = tf.noOp('a');
      expect(() =>
        graph.controlDependencies([a], () => {
          throw new Error('inside');
        }),
      ).toThrow('inside');
      expect(controlsOf(tf.noOp('b'))).toEqual([]);
    });
  });

  it('may not come from another graph', () => {
    const foreign = inGraph(() => tf.noOp('foreign'));
    inGraph((graph) => {
      expect(() => graph.controlDependencies([foreign], () => tf.noOp())).toThrow(tf.ValueError);
      expect(() =>
        graph.createOperation({ type: 'NoOp', name: 'n', controlInputs: [foreign] }),
      ).toThrow('NoOp "foreign" is not an element of this graph.');
    });
  });
});

describe('colocation', () => {
  const classOf = (op: tf.Operation): unknown => op.attrs.get('_class')?.value;

  it('collects the groups of the scopes around, sorted', () => {
    inGraph((graph) => {
      const [a, b] = [tf.noOp('a'), tf.noOp('b')];
      const c = graph.colocateWith(b, () => graph.colocateWith(a, () => tf.noOp('c')));
      expect(classOf(c)).toEqual(['loc:@a', 'loc:@b']);
      expect(classOf(graph.colocateWith(c, () => tf.noOp('d')))).toEqual(['loc:@a', 'loc:@b']);
      expect(classOf(tf.noOp('e'))).toBeUndefined();
    });
  });

  it('can name an op before it is made', () => {
    const made = inGraph((graph) => graph.colocateWith('v', () => tf.noOp('v')));
    expect(classOf(made)).toEqual(['loc:@v']);
  });
});

describe('collections', () => {
  it('keep what was added, in order, and give copies', () => {
    inGraph((graph) => {
      const [a, b] = [tf.constant(1, { name: 'a' }), tf.constant(2, { name: 's/b' })];
      graph.addToCollection('k', a);
      graph.addToCollection('k', b);
      graph.getCollection('k').pop();
      expect(graph.getCollection('k')).toEqual([a, b]);
      expect(graph.getCollection('k', 's/')).toEqual([b]);
      expect(graph.getCollection('other')).toEqual([]);
      expect(graph.collectionKeys).toEqual(['k']);
    });
  });

  it('hold the variables', () => {
    inGraph((graph) => {
      const [v, w] = [tf.variable(1), tf.variable(2, { trainable: false })];
      expect(graph.getCollection(tf.collections.globalVariables)).toEqual([v, w]);
      expect(graph.getCollection(tf.collections.trainableVariables)).toEqual([v]);
    });
  });
});

it('a finalized graph takes no more ops, collections or variables', () => {
  inGraph((graph) => {
    const a = tf.constant(1);
    graph.finalize();
    expect(graph.finalized).toBe(true);
    for (const change of [
      () => tf.add(a, 1),
      () => tf.variable(1),
      () => {
        graph.addToCollection('k', a);
      },
    ]) {
      expect(change).toThrow(tf.RuntimeError);
      expect(change).toThrow('Graph is finalized and cannot be modified.');
    }
    expect(graph.operations).toEqual([a.op]);
  });
});

describe('the default graph', () => {
  it('is a stack', () => {
    const bottom = tf.getDefaultGraph();
    const [a, b] = [new tf.Graph(), new tf.Graph()];
    a.asDefault(() => {
      expect(tf.getDefaultGraph()).toBe(a);
      b.asDefault(() => {
        expect(tf.noOp().graph).toBe(b);
      });
      expect(tf.getDefaultGraph()).toBe(a);
      expect(() => {
        tf.resetDefaultGraph();
      }).toThrow(tf.RuntimeError);
    });
    expect(tf.getDefaultGraph()).toBe(bottom);
    tf.resetDefaultGraph();
    expect(tf.getDefaultGraph()).not.toBe(bottom);
  });

  it('comes back after an error', () => {
    const bottom = tf.getDefaultGraph();
    const fail = (): never => {
      throw new Error('inside');
    };
    expect(() => new tf.Graph().asDefault(fail)).toThrow('inside');
    expect(tf.getDefaultGraph()).toBe(bottom);
  });
});

describe('shapes of tensors', () => {
  it('gain what setShape says, and refuse what contradicts', () => {
    inGraph(() => {
      const x = tf.placeholder('float32', null, 'x');
      expect(x.shape).toBeNull();
      x.setShape([null, 3]);
      x.setShape([2, null]);
      expect(x.shape).toEqual([2, 3]);
      expect(() => {
        x.setShape([3, 3]);
      }).toThrow('Tensor "x:0" has shape [2,3], which is not compatible with [3,3].');
      expect(String(x)).toBe('Tensor("x:0", shape=[2,3], dtype=float32)');
    });
  });

  it('are inferred with unknown dims kept apart', () => {
    inGraph(() => {
      const x = tf.placeholder('float32', [null, 3]);
      expect(tf.add(x, tf.placeholder('float32', [3])).shape).toEqual([null, 3]);
      expect(tf.matMul(x, tf.placeholder('float32', [3, 4])).shape).toEqual([null, 4]);
      expect(tf.reshape(x, [-1]).shape).toEqual([null]);
      expect(tf.add(x, tf.placeholder('float32')).shape).toBeNull();
    });
  });
});

it('an op says where it was defined', () => {
  const y = inGraph(() => tf.add(1, 2));
  expect(y.op.definedAt).toMatch(/^ Defined at graph\.test\.ts:\d+\.$/);
  expect(() => y.op.output(1)).toThrow('has 1 outputs; there is no output 1');
});
