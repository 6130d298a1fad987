/**
 * Damaged and hostile graph files: loading one, and running what loads on the CPU, either works or
 * throws a TfError that is not InternalError, in bounded time. Seeded: a failure names its seed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { TfError } from 'defrun';
import { loadGraph } from '../../src/serialize/load-graph.js';
import { encodeGraphDef } from '../../src/serialize/graph-def.js';
import { families, graphBytes, readLines } from '../support/golden-corpus.js';
import { fuzzCase, type FuzzOutcome } from '../support/fuzz-case.js';
import { mutatedMessage } from '../support/message-mutations.js';
import { mutated } from '../support/mutations.js';
import { Rng } from '../support/rng.js';

const golden = new URL('../golden/', import.meta.url);
const maxSeedBytes = 6000;

/** Real files: frozen graphs, small models, and a dozen graphs of each family of ops. */
function realFiles(): Uint8Array[] {
  const rng = new Rng(1);
  const frozen = readdirSync(new URL('files/frozen/', golden))
    .filter((name) => /\.pb(txt)?$/.test(name))
    .map((name) => readFileSync(new URL(`files/frozen/${name}`, golden)));
  const models = ['cnn_nchw', 'lstm_classifier'].map((name) =>
    readFileSync(new URL(`models/${name}.pb`, golden)),
  );
  // The graphs of `large` compute for seconds as they are.
  const ops = families()
    .filter((family) => family !== 'large')
    .flatMap((family) => {
      const lines = readLines(`ops/${family}.jsonl.gz`);
      return Array.from({ length: 12 }, () => graphBytes(rng.pick(lines)));
    })
    .filter((bytes) => bytes.length <= maxSeedBytes);
  return [...frozen, ...models, ...ops].map((bytes) => Uint8Array.from(bytes));
}

async function fuzz(
  seeds: { readonly from: number; readonly count: number },
  damage: (rng: Rng) => Uint8Array,
): Promise<{ readonly complaints: string[]; readonly outcomes: Map<FuzzOutcome['kind'], number> }> {
  const complaints: string[] = [];
  const outcomes = new Map<FuzzOutcome['kind'], number>();
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed++) {
    const { kind, complaint } = await fuzzCase(damage(new Rng(seed)));
    outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    if (complaint !== null) complaints.push(`seed ${seed} (${kind}): ${complaint}`);
  }
  return { complaints, outcomes };
}

describe('damaged graph files', () => {
  const files = realFiles();

  it('load and run, or are refused with a reason: bytes changed', async () => {
    const { complaints, outcomes } = await fuzz({ from: 0, count: 3000 }, (rng) =>
      mutated(rng, rng.pick(files), rng.pick(files)),
    );
    expect(complaints).toEqual([]);
    expect(outcomes.get('refused')).toBeGreaterThan(1000);
    expect(outcomes.get('ran')).toBeGreaterThan(20);
  });

  it('load and run, or are refused with a reason: fields changed', async () => {
    const { complaints, outcomes } = await fuzz({ from: 50_000, count: 5000 }, (rng) =>
      mutatedMessage(rng, rng.pick(files)),
    );
    expect(complaints).toEqual([]);
    expect(outcomes.get('refused to run')).toBeGreaterThan(500);
    expect(outcomes.get('ran')).toBeGreaterThan(300);
  });
});

/** Field numbers of AttrValue and DataType used below. */
const float32 = 1;
const int32 = 3;
const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size })) });
const typed = { dtype: { type: float32 } };
const constant = (name: string, tensor: object) => ({
  name,
  op: 'Const',
  attr: { ...typed, value: { tensor } },
});
const shapeVector = (name: string, ...int_val: number[]) => ({
  name,
  op: 'Const',
  attr: {
    dtype: { type: int32 },
    value: { tensor: { dtype: int32, tensor_shape: dims(int_val.length), int_val } },
  },
});
const scalar = constant('value', { dtype: float32, tensor_shape: {}, float_val: [1] });
const billion = 1_000_000_000;

/** Small files that ask for much, by what is wrong with them. */
const bombs: Readonly<Record<string, readonly object[]>> = {
  'a constant of 10^9 elements from one value': [
    constant('c', { dtype: float32, tensor_shape: dims(billion), float_val: [1] }),
  ],
  'a constant whose dims multiply past 2^63': [
    constant('c', { dtype: float32, tensor_shape: dims(2 ** 40, 2 ** 40), float_val: [1] }),
  ],
  'a constant with a negative dim': [
    constant('c', { dtype: float32, tensor_shape: dims(-5), float_val: [1] }),
  ],
  'a Fill of 10^9 elements': [
    shapeVector('dims', 1000, 1_000_000),
    scalar,
    { name: 'y', op: 'Fill', input: ['dims', 'value'], attr: { T: { type: float32 } } },
  ],
  'a Fill of a negative dim': [
    shapeVector('dims', 4, -4),
    scalar,
    { name: 'y', op: 'Fill', input: ['dims', 'value'], attr: { T: { type: float32 } } },
  ],
  'a random tensor of 10^18 elements': [
    shapeVector('shape', billion, billion),
    {
      name: 'y',
      op: 'RandomUniform',
      input: ['shape'],
      attr: { dtype: { type: float32 }, T: { type: int32 } },
    },
  ],
  'a variable of 10^12 elements': [
    { name: 'y', op: 'VariableV2', attr: { ...typed, shape: { shape: dims(1e6, 1e6) } } },
  ],
  'a node with 10^9 inputs': [
    scalar,
    { name: 'y', op: 'AddN', input: ['value'], attr: { T: { type: float32 }, N: { i: billion } } },
  ],
  'a split into 10^9 outputs': [
    scalar,
    shapeVector('axis'),
    {
      name: 'y',
      op: 'Split',
      input: ['axis', 'value'],
      attr: { T: { type: float32 }, num_split: { i: billion } },
    },
  ],
  'a window larger than any tensor': [
    constant('x', { dtype: float32, tensor_shape: dims(1, 2, 2, 1), float_val: [1] }),
    {
      name: 'y',
      op: 'MaxPool',
      input: ['x'],
      attr: {
        T: { type: float32 },
        ksize: { list: { i: [1, 2 ** 31, 1, 1] } },
        strides: { list: { i: [1, 1, 1, 1] } },
        padding: { s: new TextEncoder().encode('SAME') },
      },
    },
  ],
};

describe('graph files that ask for too much', () => {
  it.each(Object.keys(bombs))('%s is refused quickly', async (name) => {
    const bytes = encodeGraphDef({ node: bombs[name] });
    const begin = performance.now();
    const { kind, complaint } = await fuzzCase(bytes, ['y', 'c']);
    expect(complaint).toBeNull();
    expect(kind).not.toBe('ran');
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  it('an attr that is not a number is carried, or refused, but breaks nothing', async () => {
    const leaky = {
      name: 'y',
      op: 'LeakyRelu',
      input: ['value'],
      attr: { T: { type: float32 }, alpha: { f: NaN } },
    };
    const { complaint } = await fuzzCase(encodeGraphDef({ node: [scalar, leaky] }), ['y']);
    expect(complaint).toBeNull();
  });

  it('a graph that waits for itself is refused', async () => {
    const node = (name: string, input: string) => ({
      name,
      op: 'Neg',
      input: [input],
      attr: { T: { type: float32 } },
    });
    const bytes = encodeGraphDef({ node: [node('a', 'b'), node('b', 'a')] });
    await expect(loadGraph(bytes)).rejects.toThrow(TfError);
  });
});
