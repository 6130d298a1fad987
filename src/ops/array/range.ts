/** Range and LinSpace: evenly spaced numbers. */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import { floatDTypes, isInteger, type DType, type NdArray } from '../../graph/dtype.js';
import { toNdArray } from '../../graph/nd-array.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { add, cast, div, eq, int, mul, select, sub } from '../../ir/expr.js';
import { encode, storageOf } from '../../ir/storage.js';
import { indexDTypes } from '../data-dtypes.js';
import { defineOp } from '../op-def.js';
import { scalarOf, type PartialIntegers } from '../partial-integers.js';
import { ownDType } from '../plain-values.js';
import { withRank, type Fail } from '../shape-checks.js';

type RangeArg = 'start' | 'limit' | 'delta';

interface RangeContext {
  readonly dtypes: { readonly start: DType };
  value(input: RangeArg): NdArray | null;
  partial(input: RangeArg): PartialIntegers;
  readonly fail: Fail;
}

const numberOf = (array: NdArray | null): number | null =>
  array === null
    ? null
    : Number(encode(array, storageOf(array.dtype, 'host') ?? 'f32', 'range')[0]);

/** Arithmetic as the dtype does it: integers and doubles exactly, the rest rounded to float32. */
const rounded = (dtype: DType, value: number): number =>
  isInteger(dtype) || dtype === 'float64' ? value : Math.fround(value);

function rangeLength(
  dtype: DType,
  start: number,
  limit: number,
  delta: number,
  fail: Fail,
): number {
  if (delta === 0) return fail('Requires delta != 0');
  if (delta > 0 && start > limit) {
    return fail(`Requires start <= limit when delta > 0: ${start}/${limit}`);
  }
  if (delta < 0 && start < limit) {
    return fail(`Requires start >= limit when delta < 0: ${start}/${limit}`);
  }
  return Math.ceil(Math.abs(rounded(dtype, rounded(dtype, limit - start) / delta)));
}

/** The three numbers, if all are known. */
function knownRange(ctx: RangeContext): { start: number; limit: number; delta: number } | null {
  const isIndex = ctx.dtypes.start === 'int32' || ctx.dtypes.start === 'int64';
  const of = (arg: RangeArg): number | null =>
    isIndex ? scalarOf(ctx.partial(arg)) : numberOf(ctx.value(arg));
  const [start, limit, delta] = [of('start'), of('limit'), of('delta')];
  return start === null || limit === null || delta === null ? null : { start, limit, delta };
}

/** start, start + delta, ... each by adding to the one before, as TensorFlow's kernel does. */
function rangeValues(dtype: DType, length: number, start: number, delta: number): number[] {
  const values: number[] = [];
  for (let value = start; values.length < length; value = rounded(dtype, value + delta)) {
    values.push(value);
  }
  return values;
}

export const Range = defineOp({
  name: 'Range',
  attrs: {
    Tidx: {
      kind: 'type',
      default: 'int32',
      allowed: [...floatDTypes, 'int8', 'int16', 'int32', 'int64', 'uint16', 'uint32', 'uint64'],
    },
  },
  inputs: { start: 'Tidx', limit: 'Tidx', delta: 'Tidx' },
  outputs: { output: 'Tidx' },
  infer: (ctx) => {
    for (const arg of ['start', 'limit', 'delta'] as const) {
      withRank(ctx.shapes[arg], 0, (message) => ctx.fail(`${message}\n\t for '${arg}'`));
    }
    const range = knownRange(ctx);
    if (range === null) return { output: [null] };
    const { start, limit, delta } = range;
    return { output: [rangeLength(ctx.dtypes.start, start, limit, delta, ctx.fail)] };
  },
  partial: (ctx) => {
    const range = knownRange(ctx);
    if (range === null) return null;
    const { start, limit, delta } = range;
    const length = rangeLength(ctx.dtypes.start, start, limit, delta, ctx.fail);
    return length > 1024 ? null : rangeValues(ctx.dtypes.start, length, start, delta);
  },
  grad: { none: 'TensorFlow defines none' },
  lower: {
    kind: 'constant',
    value: ({ x, y }) => {
      const start = numberOf(x.start.constant);
      const delta = numberOf(x.delta.constant);
      const { dtype, shape } = y.output;
      if (start === null || delta === null) return null;
      return [toNdArray(rangeValues(dtype, shape[0] ?? 0, start, delta), { dtype, shape })];
    },
  },
});

export const LinSpace = defineOp({
  name: 'LinSpace',
  attrs: {
    T: { kind: 'type', allowed: floatDTypes },
    Tidx: { kind: 'type', default: 'int32', allowed: indexDTypes },
  },
  inputs: { start: 'T', stop: 'T', num: 'Tidx' },
  outputs: { output: 'T' },
  infer: (ctx) => {
    const { shapes, fail } = ctx;
    withRank(shapes.start, 0, (message) => fail(`${message}\n\t for 'start'`));
    withRank(shapes.stop, 0, (message) => fail(`${message}\n\t for 'stop'`));
    withRank(shapes.num, 0, (message) => fail(`${message}\n\t for 'num'`));
    const num = scalarOf(ctx.partial('num'));
    if (num !== null && num <= 0) return fail(`Requires num > 0: ${num}`);
    return { output: [num] };
  },
  grad: { none: 'TensorFlow defines none' },
  lower: {
    kind: 'map',
    body: ({ x, y }, [at = int(0)]) => {
      const last = (y.output.shape[0] ?? 1) - 1;
      const start = x.start.at([]);
      const stop = x.stop.at([]);
      if (last <= 0) return start;
      const step = div(sub(stop, start), cast(start.type, int(last)));
      const value = add(start, mul(step, cast(start.type, at)));
      return select(eq(at, int(last)), stop, value);
    },
  },
});

export interface RangeOptions {
  /** Step, 1 by default; may be negative. */
  readonly delta?: TensorLike;
  /** int32 by default if all numbers are whole, else float32. */
  readonly dtype?: DType;
  readonly name?: string;
}

const isWhole = (value: TensorLike): boolean =>
  typeof value !== 'number' || Number.isInteger(value);

/**
 * start, start + delta, ... up to but without `limit`. With one number: 0, 1, ... before it.
 *
 * @throws InvalidArgumentError if delta is 0 or leads away from `limit`.
 * @see TF op Range; tf.range
 * @example
 * tf.range(5);                    // [0, 1, 2, 3, 4]
 * tf.range(3, 18, { delta: 3 });  // [3, 6, 9, 12, 15]
 */
export function range(
  startOrLimit: TensorLike,
  limit?: TensorLike,
  options: RangeOptions = {},
): Tensor {
  const { delta = 1, name } = checkedOptions('range', options, {
    delta: 'any',
    dtype: 'dtype',
    name: 'string',
  });
  const inputs =
    limit === undefined
      ? { start: 0, limit: startOrLimit, delta }
      : { start: startOrLimit, limit, delta };
  const values = Object.values(inputs);
  const dtype =
    options.dtype ??
    values.map(ownDType).find((own) => own !== undefined) ??
    (values.every(isWhole) ? 'int32' : 'float32');
  return addNode(Range, inputs, { Tidx: dtype }, name ?? 'range').output;
}

/**
 * `num` evenly spaced numbers from `start` to `stop`, both included.
 *
 * @returns float32, or the dtype of `start` and `stop`; `[num]`.
 * @throws InvalidArgumentError if `num` is not positive.
 * @see TF op LinSpace; tf.lin_space
 * @example tf.linspace(0, 1, 5); // [0, 0.25, 0.5, 0.75, 1]
 */
export const linspace = (
  start: TensorLike,
  stop: TensorLike,
  num: TensorLike,
  name?: string,
): Tensor => addNode(LinSpace, { start, stop, num }, {}, name).output;
