/** Names of ops and scopes, as TensorFlow 2.21 gives them (recorded); errors at the user's line. */
import * as tf from '../../src/index.js';

const inGraph = <R>(build: (graph: tf.Graph) => R): R => {
  const graph = new tf.Graph();
  return graph.asDefault(() => build(graph));
};
const nameOf = (name: string): string => tf.noOp(name).name;

describe('names of ops', () => {
  it('are made unique without regard to case', () => {
    const asked = ['a', 'a', 'A', 'a_1', 'a', 'a', 'A_2', 'b_1', 'b', 'b', 'a_1_1', 'B'];
    expect(inGraph(() => asked.map(nameOf))).toEqual([
      ...['a', 'a_1', 'A_2', 'a_1_1', 'a_3', 'a_4'],
      ...['A_2_1', 'b_1', 'b', 'b_2', 'a_1_1_1', 'B_3'],
    ]);
  });

  it('of the gradient of a split in one part are those of an identity', () => {
    const ops = inGraph((graph) => {
      const x = tf.placeholder('float32', [2, 3], 'x');
      tf.gradients(tf.split(x, 1), [x]);
      return graph.operations.map(({ name, type }) => `${name} ${type}`);
    });
    expect(ops).toContain('gradients/split_grad/concat/concat Identity');
    expect(ops.filter((op) => op.includes('ConcatV2'))).toEqual([]);
  });

  it('fall back to the op type, also for an empty name', () => {
    const names = inGraph(() => [
      tf.noOp('').name,
      tf.noOp().name,
      tf.constant(1).op.name,
      tf.constant(1).op.name,
      tf.placeholder('float32').op.name,
      tf.neg(1).op.name,
      tf.group([]).name,
      tf.group([]).name,
    ]);
    expect(names).toEqual([
      ...['NoOp', 'NoOp_1', 'Const', 'Const_1', 'Placeholder', 'Neg', 'group_deps', 'group_deps_1'],
    ]);
  });

  it('put implicit constants under the op, by argument', () => {
    const names = inGraph((graph) => {
      const x = tf.placeholder('int32', [2], 'x');
      tf.mul(x, 3, 'm');
      tf.sub([1, 2], x, 's');
      tf.reshape([1], [1, 1], 'r');
      return graph.operations.map((op) => op.name);
    });
    expect(names).toEqual(['x', 'm/y', 'm', 's/x', 's', 'r/tensor', 'r/shape', 'r']);
  });

  it('give implicit constants the dtype of the tensors beside them', () => {
    const dtypes = inGraph((graph) => {
      tf.add(2, tf.placeholder('int64', [], 'x'), 'a');
      tf.add(1, 2, 'b');
      return ['a/x', 'b/x', 'b'].map((name) => graph.tensor(name).dtype);
    });
    expect(dtypes).toEqual(['int64', 'float32', 'float32']);
  });

  it.each(['_x', '/x', 'a b', 'é', 'a:0', '-a', 'a^b'])('may not be %p', (name) => {
    expect(() => inGraph(() => tf.noOp(name))).toThrow(tf.ValueError);
    expect(() => inGraph(() => tf.noOp(name))).toThrow(`'${name}' is not a valid`);
  });

  it('may be given as they are, but not twice', () => {
    const graph = new tf.Graph();
    graph.createOperation({ type: 'NoOp', name: 'n' });
    expect(() => graph.createOperation({ type: 'NoOp', name: 'n' })).toThrow(
      `The name 'n' is already taken by NoOp "n".`,
    );
    expect(graph.asDefault(() => nameOf('N'))).toBe('N_1');
  });
});

describe('name scopes', () => {
  it('are numbered, re-entered, nested and left as in TensorFlow', () => {
    const seen = inGraph((graph) => {
      const out: string[] = [];
      const enter = (name: string | null, ...ops: string[]): string =>
        graph.nameScope(name, (scope) => {
          out.push(scope, ...ops.map(nameOf));
          return scope;
        });
      const first = enter('s', 'x');
      enter('s', 'x');
      enter(first, 'x');
      out.push(nameOf('s'));
      enter('s/t', 'q');
      graph.nameScope('outer', () => {
        enter('_in', 'x');
        enter(null, 'r');
        enter('', 'r');
        enter('s/', 'x');
        out.push(nameOf('inner'));
        enter('inner');
      });
      out.push(nameOf('outer/z'), nameOf('outer/z'));
      enter('S');
      out.push(nameOf('lit/'));
      enter('deep/er/', 'x');
      return out;
    });
    expect(seen).toEqual([
      ...['s/', 's/x', 's_1/', 's_1/x', 's/', 's/x_1', 's_2', 's/t/', 's/t/q'],
      ...['outer/_in/', 'outer/_in/x', '', 'r', '', 'r_1', 's/', 's/x_2'],
      ...['outer/inner', 'outer/inner_1/', 'outer/z', 'outer/z_1', 'S_3/', 'lit'],
      ...['deep/er/', 'deep/er/x'],
    ]);
  });

  it.each(['_x', 'a b', 'a:0'])('may not be called %p at the root', (name) => {
    const graph = new tf.Graph();
    expect(() => graph.nameScope(name, () => 0)).toThrow(tf.ValueError);
  });

  it('end with an error thrown inside', () => {
    const graph = new tf.Graph();
    const fail = (): never => {
      throw new Error('inside');
    };
    expect(() => graph.nameScope('s', fail)).toThrow('inside');
    expect(graph.scope).toBe('');
  });
});

describe('looking up by name', () => {
  it('finds operations and tensors', () => {
    inGraph((graph) => {
      const y = tf.add(1, 2, 'y');
      expect(graph.operation('y')).toBe(y.op);
      expect([graph.tensor('y'), graph.tensor('y:0')]).toEqual([y, y]);
      expect(graph.findOperation('z')).toBeUndefined();
    });
  });
  it('suggests near names', () => {
    inGraph((graph) => {
      graph.nameScope('net', () => tf.add(1, 2, 'logits'));
      expect(() => graph.operation('logits')).toThrow("Did you mean 'net/logits'");
      expect(() => graph.tensor('net/logit:0')).toThrow("Did you mean 'net/logits'");
      expect(() => graph.tensor('net/logits:1')).toThrow('exists but only has 1 outputs');
      expect(() => graph.tensor('a:b')).toThrow(tf.ValueError);
      expect(() => graph.tensor('nothing')).toThrow(tf.NotFoundError);
    });
  });
});

describe('errors while a graph is built', () => {
  const failure = (build: () => unknown): tf.TfError => {
    try {
      inGraph(build);
    } catch (error) {
      if (error instanceof tf.TfError) return error;
    }
    throw new Error('expected an error of this library');
  };
  const lineOf = (stack: string | undefined): string =>
    /naming\.test\.ts:\d+/.exec(stack ?? '')?.[0] ?? 'nowhere';

  it('name the op, the shapes and the line of a shape error', () => {
    let here: string | undefined;
    const error = failure(() => {
      const a = tf.placeholder('float32', [2, 3], 'a');
      const b = tf.placeholder('float32', [2, 3], 'b');
      // One statement a line: the next is the line that must be named.
      here = new Error().stack;
      tf.matMul(a, b, { name: 'product' });
    });
    const [file, line] = lineOf(here).split(':');
    expect(error).toBeInstanceOf(tf.ValueError);
    expect(error.message).toMatch(/^MatMul "product": /);
    expect(error.message).toContain('a:0: float32 [2,3]');
    expect(error.message).toContain(`Defined at ${file}:${Number(line) + 1}.`);
    expect([error.node, error.op]).toEqual(['product', 'MatMul']);
  });

  it('leave nothing behind of the op', () => {
    inGraph((graph) => {
      const a = tf.placeholder('float32', [2, 3], 'a');
      expect(() => tf.matMul(a, a)).toThrow(tf.ValueError);
      expect(a.consumers).toEqual([]);
      expect(graph.operations.map((op) => op.name)).toEqual(['a']);
    });
  });

  it('are TypeErrors where dtypes do not match', () => {
    const mixed = failure(() =>
      tf.add(tf.placeholder('int32', [2], 'i'), tf.placeholder('float32', [2], 'f')),
    );
    expect(mixed).toBeInstanceOf(tf.DTypeError);
    expect(mixed.name).toBe('TypeError');
    expect(mixed.message).toContain('does not match type int32');
    const fraction = failure(() => tf.add(tf.placeholder('int32', [2]), 1.5));
    expect(fraction.name).toBe('TypeError');
    expect(fraction.message).toContain('Expected int32, but got 1.5');
    const refused = failure(() => tf.logicalAnd(tf.constant(1), true));
    expect(refused.name).toBe('TypeError');
    expect(failure(() => tf.exp(tf.placeholder('int32'))).message).toContain('allowed values');
    const explicit = failure(() => tf.convertToTensor(tf.constant(1), { dtype: 'int32' }));
    expect(explicit.message).toContain('Tensor conversion requested dtype int32');
  });

  it('name both tensors where graphs are mixed', () => {
    const foreign = inGraph(() => tf.constant(1, { name: 'foreign' }));
    const error = failure(() => tf.add(tf.constant(2, { name: 'here' }), foreign));
    expect(error).toBeInstanceOf(tf.ValueError);
    expect(error.message).toMatch(/"foreign:0".*must be from the same graph as.*"here:0"/);
  });

  it('follow the graph of the inputs, not the default one', () => {
    const x = inGraph(() => tf.placeholder('float32', [2], 'x'));
    const y = tf.add(x, 1, 'y');
    expect(y.graph).toBe(x.graph);
    expect(tf.getDefaultGraph().findOperation('y/y')).toBeUndefined();
  });
});
