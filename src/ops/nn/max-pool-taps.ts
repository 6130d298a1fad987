/**
 * The winning tap of each max-pooling window, and moving values along it. The three ops exist only
 * while compiling: the gradients of max pooling decompose into them.
 */
import { isFloating } from '../../graph/dtype.js';
import {
  add,
  and,
  constant,
  div,
  eq,
  int,
  like,
  mod,
  mul,
  or,
  select,
  unary,
  type Expr,
} from '../../ir/expr.js';
import { lowestOf } from '../limits.js';
import { defineOp, type Operand, type ReducePlan } from '../op-def.js';
import {
  explicitWindowAttrs,
  implicitWindowAttrs,
  outputOf,
  poolGeometry,
  poolShape,
  poolWindow,
  tapsOf,
  under,
  type PoolGeometry,
} from './pool-geometry.js';
import { firstTap, sumOverWindows, type WindowAxis } from './window.js';

/** Dtypes max-pool gradients are computed in. */
export const pooledDTypes = [
  'float32',
  'float64',
  'int32',
  'uint8',
  'int16',
  'int8',
  'int64',
  'bfloat16',
  'uint16',
  'float16',
  'uint32',
  'uint64',
] as const;
const internal = { missing: 'it exists only while a graph is compiled' } as const;

/** Row-major number of a tap among its window's. */
const tapNumber = (extents: readonly number[], taps: readonly Expr[]): Expr =>
  taps.reduce((flat, tap, i) => add(mul(flat, int(extents[i] ?? 1)), tap));

/** Taps of a tap number. */
export function tapsAt(extents: readonly number[], number: Expr): Expr[] {
  const [, width = 1] = extents;
  return [div(number, int(width)), mod(number, int(width))];
}

/**
 * Finds the first maximum of each window as a tap number. A NaN wins only where it stands first,
 * as TensorFlow's comparison `best < x` has it.
 */
export function argmaxPlan(
  pool: PoolGeometry,
  input: Operand,
  outputs: readonly ((row: readonly Expr[], taps: readonly Expr[]) => Expr)[],
): ReducePlan {
  const extents = tapsOf(pool);
  const count = extents.reduce((n, extent) => n * extent, 1);
  const floating = isFloating(input.dtype);
  const none = floating ? constant(input.type, -Infinity) : lowestOf(input.dtype, input.type);
  const first = (row: readonly Expr[]): Expr =>
    tapNumber(
      extents,
      pool.windowed.map((i) => firstTap(pool.axes[i] as WindowAxis, row[i] as Expr)),
    );
  return {
    rows: outputOf(pool),
    inner: extents,
    stages: [
      {
        combine: 'max',
        value: (row, taps) => {
          const { index, inside } = under(pool, row, taps);
          const x = input.at(index);
          const counts = floating ? and(inside, unary('not', unary('isNan', x))) : inside;
          return select(counts, x, none);
        },
      },
      {
        combine: 'min',
        value: (row, taps, [best]) => {
          const { index, inside } = under(pool, row, taps);
          const x = input.at(index);
          const number = tapNumber(extents, taps);
          const equal = eq(x, best as Expr);
          const wins = floating ? or(equal, and(unary('isNan', x), eq(number, first(row)))) : equal;
          return select(and(inside, wins), number, int(count));
        },
      },
    ],
    outputs: outputs.map((output) => ({
      of: 'row',
      value: (row, [, number]) => output(row, tapsAt(extents, number as Expr)),
    })),
  };
}

/** Tap number of the first maximum of each window. Made by MaxPoolGrad's decomposition. */
export const MaxPoolTap = defineOp({
  name: '_MaxPoolTap',
  attrs: {
    T: { kind: 'type', allowed: pooledDTypes },
    ...explicitWindowAttrs,
  },
  inputs: { input: 'T' },
  outputs: { tap: 'int32' },
  infer: ({ attrs, shapes, fail }) => ({
    tap: poolShape(poolWindow(attrs), shapes.input, 'MaxPoolGrad', fail),
  }),
  grad: internal,
  lower: {
    kind: 'reduce',
    plan: ({ attrs, x, fail }) => {
      const pool = poolGeometry(poolWindow(attrs), x.input.shape, fail);
      return argmaxPlan(pool, x.input, [(_, taps) => tapNumber(tapsOf(pool), taps)]);
    },
  },
});

/** dx[i] = sum of dy[w] over the windows w whose winning tap stands on i. */
export const MaxPoolSpread = defineOp({
  name: '_MaxPoolSpread',
  attrs: {
    T: { kind: 'type', allowed: pooledDTypes },
    ...explicitWindowAttrs,
    input_shape: { kind: 'list(int)' },
  },
  inputs: { grad: 'T', tap: 'int32' },
  outputs: { output: 'T' },
  infer: ({ attrs }) => ({ output: attrs.input_shape }),
  grad: internal,
  lower: {
    kind: 'map',
    body: ({ attrs, x, y, fail }, index) => {
      const pool = poolGeometry(poolWindow(attrs), y.output.shape, fail);
      return spread(pool, index, (row, taps) => {
        const dy = x.grad.at(row);
        return select(eq(x.tap.at(row), tapNumber(tapsOf(pool), taps)), dy, like(dy, 0));
      });
    },
  },
});

/** Sum of `value` over the windows (rows of the output) that cover an input index. */
export function spread(
  { axes, windowed }: PoolGeometry,
  index: readonly Expr[],
  value: (row: readonly Expr[], taps: readonly Expr[]) => Expr,
): Expr {
  return sumOverWindows(
    windowed.map((i) => axes[i] as WindowAxis),
    windowed.map((i) => index[i] as Expr),
    (outs, taps) =>
      value(
        index.map((i, axis) => outs[windowed.indexOf(axis)] ?? i),
        taps,
      ),
  );
}

/** out[w] = value at the winning tap of window w. */
export const MaxPoolPick = defineOp({
  name: '_MaxPoolPick',
  attrs: {
    T: { kind: 'type', allowed: pooledDTypes },
    ...implicitWindowAttrs,
  },
  inputs: { value: 'T', tap: 'int32' },
  outputs: { output: 'T' },
  infer: ({ shapes }) => ({ output: shapes.tap }),
  grad: internal,
  lower: {
    kind: 'map',
    body: ({ attrs, x, fail }, row) => {
      const pool = poolGeometry(poolWindow(attrs), x.value.shape, fail);
      const taps = tapsAt(tapsOf(pool), x.tap.at(row));
      return x.value.at(under(pool, row, taps).index);
    },
  },
});
