/** Types of the session's interface: what compiles, and what must not. Checked by `tsc`. */
import * as errors from '../../src/errors.js';
import * as tf from '../../src/index.js';

type Same<A, B> = 0 extends 1 & A ? false : [A, B] extends [B, A] ? true : false;
type Assert<T extends true> = T;

type Ran<F extends tf.Fetches> = tf.Fetched<F>;
type A = tf.NdArray;

/** What run() gives for each kind of fetch. */
export type FetchedTypes = [
  Assert<Same<Ran<tf.Tensor>, A>>,
  Assert<Same<Ran<tf.Variable>, A>>,
  Assert<Same<Ran<'y:0'>, A>>,
  Assert<Same<Ran<'scope/y:12'>, A>>,
  Assert<Same<Ran<tf.Operation>, null>>,
  // A name may be of a tensor or of an operation.
  Assert<Same<Ran<string>, A | null>>,
  Assert<Same<Ran<'train'>, A | null>>,
  Assert<Same<Ran<tf.Tensor | tf.Operation>, A | null>>,
  // Tuples, lists and objects are followed.
  Assert<Same<Ran<readonly ['y:0']>, [A]>>,
  Assert<Same<Ran<[tf.Tensor, tf.Operation]>, [A, null]>>,
  Assert<Same<Ran<readonly tf.Tensor[]>, A[]>>,
  Assert<Same<Ran<{ a: tf.Tensor; b: { c: [tf.Operation] } }>, { a: A; b: { c: [null] } }>>,
  Assert<Same<Ran<readonly []>, []>>,
  // Of fetches known only as such, nothing can be said but how they are held.
  Assert<Same<Ran<tf.Fetches>, unknown>>,
  Assert<Same<Ran<readonly tf.Fetches[]>, unknown[]>>,
  Assert<Same<Ran<readonly (readonly tf.Fetches[])[]>, unknown[][]>>,
  Assert<Same<Ran<readonly [tf.Tensor, tf.Fetches]>, [A, unknown]>>,
  Assert<Same<Ran<Readonly<Record<string, tf.Fetches>>>, Record<string, unknown>>>,
  Assert<Same<Ran<{ y: tf.Tensor; more: readonly tf.Fetches[] }>, { y: A; more: unknown[] }>>,
];

const runAll = (session: tf.Session, fetches: readonly tf.Fetches[]) => session.run(fetches);

describe('the type of what run() gives', () => {
  it('comes out of literals without `as const`', async () => {
    const graph = new tf.Graph();
    const { y, op } = graph.asDefault(() => {
      const y = tf.constant([1, 2], { name: 'y' });
      return { y, op: tf.noOp('op') };
    });
    await using session = new tf.Session({ graph, device: 'cpu' });
    const [one] = await session.run(['y:0']);
    const nested = await session.run({ y, ops: [op, { y: 'y:0' }] });
    const call = session.makeCallable([y, op]);
    const answer = await call();
    const unsaid = await runAll(session, ['y:0', [y]]);
    expect(unsaid).toEqual([one, [one]]);
    type Answers = [typeof one, typeof nested, typeof answer, typeof unsaid];
    type Expected = [A, { y: A; ops: [null, { y: A }] }, [A, null], unknown[]];
    const isTyped: Assert<Same<Answers, Expected>> = true;
    expect(isTyped).toBe(true);
    expect([one.data.length, nested.ops[0], answer[1]]).toEqual([2, null, null]);
  });
});

describe('the types of data', () => {
  it('take text and bytes as strings', async () => {
    const graph = new tf.Graph();
    const y = graph.asDefault(() => {
      const x = tf.placeholder('string', [2], 'x');
      return tf.add(x, tf.constant([Uint8Array.of(2), '3']));
    });
    await using session = new tf.Session({ graph, device: 'cpu' });
    const { data } = await session.run(y, { x: ['a', Uint8Array.of(1)] });
    expect(data).toEqual([Uint8Array.of(97, 2), Uint8Array.of(1, 51)]);
  });
});

describe('the names that defrun exports', () => {
  it('are all the errors, and nothing internal', () => {
    const isError = (value: unknown): boolean =>
      typeof value === 'function' &&
      (value === tf.TfError || value.prototype instanceof tf.TfError);
    const { assertNever, ...shared } = errors;
    expect(Object.values(shared).filter(isError).length).toBeGreaterThan(10);
    expect(tf).toMatchObject(shared);
    expect(Object.values(tf)).not.toContain(assertNever);
  });
});

const valueOf = (value: unknown): unknown => value;

/** Never called: the compiler is the test. */
export async function rejected(session: tf.Session, y: tf.Tensor, op: tf.Operation): Promise<void> {
  // @ts-expect-error a number is no fetch
  await session.run(3);
  // @ts-expect-error null is no fetch
  await session.run(null);
  // @ts-expect-error a Map is no fetch
  await session.run(new Map([['a', y]]));
  // @ts-expect-error an operation cannot be fed
  await session.run(y, [[op, 1]]);
  // @ts-expect-error a tensor is no data
  await session.run(y, { x: y });
  // @ts-expect-error data of one dtype only
  await session.run(y, { x: [1, 'a'] });
  // @ts-expect-error no bytes among numbers
  await session.run(y, { x: [1, Uint8Array.of(1)] });
  // @ts-expect-error rows of floats are nested arrays, or one flat array
  await session.run(y, { x: [Float32Array.of(1), Float32Array.of(2)] });
  // @ts-expect-error a dtype that does not exist
  tf.placeholder('float');
  // @ts-expect-error no such device
  new tf.Session({ device: 'tpu' });
  // @ts-expect-error results are typed: an operation gives null
  valueOf((await session.run(op)).data);
  // @ts-expect-error a string may name an operation
  valueOf((await session.run('y')).data);
  // @ts-expect-error shapes of arrays are read-only
  (await session.run(y)).shape[0] = 1;
  // @ts-expect-error the data must suit the dtype
  tf.ndArray('float32', [1], Int32Array.of(1));
  // @ts-expect-error symbolic shapes are read-only
  y.shape = [1];
  // @ts-expect-error deadlines are numbers
  await session.run(y, {}, { timeoutMs: '5' });
}
