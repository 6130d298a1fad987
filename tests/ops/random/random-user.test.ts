import { Graph, graphOf } from '../../../src/graph/graph.js';
import { convertToTensor } from '../../../src/graph/add-node.js';
import { constantValue } from '../../../src/graph/constant-value.js';
import '../../../src/ops/index.js';
import {
  constantInitializer,
  glorotUniform,
  heNormal,
  onesInitializer,
  varianceScaling,
  zerosInitializer,
} from '../../../src/ops/random/initializers.js';
import {
  randomNormal,
  randomUniform,
  truncatedNormal,
} from '../../../src/ops/random/random-user.js';
import { getSeed } from '../../../src/ops/random/seed.js';

/** Runs `fn` in a new graph and lists the nodes it added as `name Type`. */
function nodesOf(fn: () => unknown, seed: number | null = null): string[] {
  const graph = new Graph();
  graph.seed = seed;
  graph.asDefault(fn);
  return graph.operations.map((op) => `${op.name} ${op.type}`);
}

const seedsOf = (graph: Graph): unknown[] =>
  graph.operations
    .filter((op) => op.attrs.has('seed'))
    .map((op) => [op.attrs.get('seed')?.value, op.attrs.get('seed2')?.value]);

describe('random user functions', () => {
  it('name their nodes as TensorFlow 1 does', () => {
    expect(nodesOf(() => randomUniform([2], { minval: 1, maxval: 3, name: 'zz' }))).toEqual([
      'zz/shape Const',
      'zz/min Const',
      'zz/max Const',
      'zz/RandomUniform RandomUniform',
      'zz/sub Sub',
      'zz/mul Mul',
      'zz AddV2',
    ]);
    expect(nodesOf(() => randomNormal([2]))).toEqual([
      'random_normal/shape Const',
      'random_normal/mean Const',
      'random_normal/stddev Const',
      'random_normal/RandomStandardNormal RandomStandardNormal',
      'random_normal/mul Mul',
      'random_normal AddV2',
    ]);
    expect(nodesOf(() => truncatedNormal([2]))[3]).toBe(
      'truncated_normal/TruncatedNormal TruncatedNormal',
    );
  });

  it('draw integers with one op, which needs an upper bound', () => {
    const nodes = nodesOf(() => randomUniform([3], { maxval: 10, dtype: 'int64' }));
    expect(nodes[nodes.length - 1]).toBe('random_uniform RandomUniformInt');
    expect(() => nodesOf(() => randomUniform([3], { dtype: 'int32' }))).toThrow(
      'Must specify maxval for integer dtype int32.',
    );
  });

  it('take a tensor as shape', () => {
    new Graph().asDefault(() => {
      const shape = convertToTensor({ dtype: 'int64', shape: [2], data: BigInt64Array.of(2n, 5n) });
      const y = randomNormal(shape, { dtype: 'float64' });
      expect(y.shape).toEqual([2, 5]);
      expect(y.dtype).toBe('float64');
    });
  });
});

describe('seeds', () => {
  it('follow the rules of tf.get_seed', () => {
    const graph = new Graph();
    expect(getSeed(graph, null)).toEqual({ seed: 0, seed2: 0 });
    expect(getSeed(graph, 4)).toEqual({ seed: 87654321, seed2: 4 });
    graph.seed = 7;
    expect(getSeed(graph, 4)).toEqual({ seed: 7, seed2: 4 });
    expect(getSeed(graph, -3)).toEqual({ seed: 7, seed2: 2147483644 });
    graph.seed = 0;
    expect(getSeed(graph, 0)).toEqual({ seed: 0, seed2: 2147483647 });
  });

  it('count the ops made so far under a graph seed alone', () => {
    const graph = new Graph();
    graph.seed = 7;
    graph.asDefault(() => {
      randomUniform([1]);
      randomUniform([1], { seed: 3 });
      randomUniform([1]);
    });
    expect(seedsOf(graph)).toEqual([
      [7, 3],
      [7, 3],
      [7, 17],
    ]);
  });
});

describe('initializers', () => {
  const inGraph = <R>(fn: () => R): R => new Graph().asDefault(fn);

  it('make constants of zeros, ones and given values', () => {
    inGraph(() => {
      const zeros = zerosInitializer()([2, 2]);
      expect(zeros.op.name).toBe('zeros');
      expect(constantValue(zeros)?.data).toEqual(new Float32Array(4));
      expect(constantValue(onesInitializer()([2], 'int32'))?.data).toEqual(Int32Array.of(1, 1));
      const three = constantInitializer(3)([2]);
      expect(three.op.name).toBe('Const');
      expect(constantValue(three)?.data).toEqual(Float32Array.of(3, 3));
      expect(() => constantInitializer([1, 2])([3])).toThrow(/does not fill shape/);
    });
  });

  it('scale by the fans of matrices and convolution filters', () => {
    const bound = (shape: readonly number[]): number => {
      const max = graphOf(glorotUniform(1)(shape));
      return constantValue(max.tensor('random_uniform/max'))?.data[0] as number;
    };
    expect(inGraph(() => bound([3, 5]))).toBeCloseTo(Math.sqrt(6 / 8), 6);
    expect(inGraph(() => bound([2, 2, 3, 5]))).toBeCloseTo(Math.sqrt(6 / 32), 6);
    expect(inGraph(() => bound([7]))).toBeCloseTo(Math.sqrt(6 / 14), 6);
    const graph = new Graph();
    graph.asDefault(() => heNormal()([8, 2]));
    expect(constantValue(graph.tensor('truncated_normal/stddev'))?.data[0]).toBeCloseTo(
      0.5 / 0.87962566103423978,
      6,
    );
  });

  it('reject a scale that is not positive and integer dtypes', () => {
    expect(() => varianceScaling({ scale: 0 })).toThrow('scale must be positive, but is 0.');
    expect(() => inGraph(() => glorotUniform()([2, 2], 'int32'))).toThrow(
      'Expected floating point type, got int32.',
    );
  });
});
