/** Updates that read their own variable at other elements than they write, and ones that do not fit. */
import { graphBuilder } from '../../src/graph/builder.js';
import type { TensorLike } from '../../src/graph/add-node.js';
import * as tf from '../../src/index.js';
import type { Builder } from '../compiler/compile-graph.js';
import { devices, failureOf, valuesOf, withSession } from './fixture.js';

const op = (type: string, inputs: readonly TensorLike[], attrs = {}, name?: string): tf.Tensor =>
  (graphBuilder() as unknown as Builder).op(type, inputs, attrs, name);

describe.each(devices)('an update on $device', ({ device }) => {
  /** The new value and the old one, fetched in one run, and what the run leaves behind. */
  async function updated(
    initial: number[] | number[][],
    next: (value: tf.Tensor) => tf.Tensor,
  ): Promise<number[]> {
    let left: number[] = [];
    const build = () => {
      const v = tf.variable(initial, { name: 'v' });
      return { v, update: v.assign(next(v.read())), init: tf.globalVariablesInitializer() };
    };
    await withSession({ device }, build, async (session, { v, update, init }) => {
      await session.run(init);
      const [value, old] = await session.run([update, v]);
      expect(valuesOf(old)).toEqual(initial.flat());
      left = valuesOf(await session.run(v));
      expect(valuesOf(value)).toEqual(left);
      await session.run(init);
      await session.run(update.op);
      expect(valuesOf(await session.run(v))).toEqual(left);
    });
    return left;
  }

  it('takes the variable in reverse order', async () =>
    expect(await updated([1, 2, 3, 4, 5], (v) => tf.reverse(v, [0]))).toEqual([5, 4, 3, 2, 1]));

  it('takes the variable transposed', async () =>
    expect(
      await updated(
        [
          [1, 2],
          [3, 4],
        ],
        (v) => tf.add(tf.transpose(v), v),
      ),
    ).toEqual([2, 5, 5, 8]));

  it('divides the variable by its own sum', async () =>
    expect(await updated([1, 2, 1, 4], (v) => tf.div(v, tf.reduceSum(v)))).toEqual([
      0.125, 0.25, 0.125, 0.5,
    ]));

  it('multiplies the variable by itself as a matrix', async () =>
    expect(
      await updated(
        [
          [1, 2],
          [3, 4],
        ],
        (v) => tf.sub(v, tf.matMul(v, v)),
      ),
    ).toEqual([-6, -8, -12, -18]));

  it('swaps two variables', () =>
    withSession(
      { device },
      () => {
        const a = tf.variable([1, 2], { name: 'a' });
        const b = tf.variable([3, 4], { name: 'b' });
        const [oldA, oldB] = [a.read(), b.read()];
        const swap = tf.group([a.assign(oldB), b.assign(oldA)]);
        return { a, b, swap, init: tf.globalVariablesInitializer() };
      },
      async (session, { a, b, swap, init }) => {
        await session.run(init);
        await session.run(swap);
        expect((await session.run([a, b])).map(valuesOf)).toEqual([
          [3, 4],
          [1, 2],
        ]);
      },
    ));

  it('of another shape than the variable fails, if only the feed shows it', () =>
    withSession(
      { device },
      () => {
        const v = tf.variable([[1, 2, 3]], { name: 'v' });
        const x = tf.placeholder('float32', null);
        const add = op('AssignAdd', [v.handle, x], {}, 'add');
        const rate = op('ApplyGradientDescent', [v.handle, x, [[1, 1, 1]]], {}, 'descent');
        return { v, x, add, rate, init: tf.globalVariablesInitializer() };
      },
      async (session, { v, x, add, rate, init }) => {
        await session.run(init);
        for (const value of [[1, 2, 3], 5, [[1], [2], [3]], [[1, 2]]]) {
          const error = await failureOf(session.run(add, { [x.name]: value }));
          expect(error.name).toBe('InvalidArgumentError');
          expect(error.message).toMatch(
            /^AssignAdd "add": Cannot update variable with shape \[1,3/,
          );
        }
        expect((await failureOf(session.run(rate, { [x.name]: [1] }))).message).toMatch(
          /^ApplyGradientDescent "descent": alpha is not a scalar: \[1\]/,
        );
        expect(valuesOf(await session.run(v))).toEqual([1, 2, 3]);
        expect(valuesOf(await session.run(add, { [x.name]: [[1, 1, 1]] }))).toEqual([2, 3, 4]);
      },
    ));

  it('finds that another variable of its shared_name has another dtype', () =>
    withSession(
      { device },
      () => {
        const shared = (dtype: tf.DType, name: string): tf.Tensor =>
          op('VariableV2', [], { dtype, shape: [2], shared_name: 'both' }, name);
        const [float, whole] = [shared('float32', 'float'), shared('int32', 'whole')];
        const assign = op('Assign', [float, [1.5, 2.5]]);
        return { assign, float: op('Identity', [float]), whole: op('Identity', [whole]) };
      },
      async (session, { assign, float, whole }) => {
        await session.run(assign);
        for (const fetches of [[whole], [float, whole]])
          expect((await failureOf(session.run(fetches))).message).toMatch(
            /^VariableV2 "whole": Trying to access variable with wrong dtype. Expected int32 got float/,
          );
        expect(valuesOf(await session.run(float))).toEqual([1.5, 2.5]);
      },
    ));
});
