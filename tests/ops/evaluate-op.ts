/**
 * Runs one op on host arrays through the compiler and the CPU kernels, without a session. Integer
 * inputs of at most 8 elements are constants.
 */
import { compile } from '../../src/compiler/compile.js';
import { convertToTensor } from '../../src/graph/add-node.js';
import { graphBuilder } from '../../src/graph/builder.js';
import { Graph } from '../../src/graph/graph.js';
import type { Program } from '../../src/ir/program.js';
import { isFloating, type DType, type NdArray } from '../../src/graph/dtype.js';
import { inferShapes } from '../../src/graph/infer.js';
import { toNdArray, type ArrayLike } from '../../src/graph/nd-array.js';
import type { Shape } from '../../src/graph/shape.js';
import { groupByArg, inputArgs } from '../../src/graph/signature.js';
import { runProgramSync } from '../../src/runtime/cpu/fold-constants.js';
import type { AnyOpDef } from '../../src/ops/op-def.js';

export type Attrs = Readonly<Record<string, unknown>>;

const withDefaults = (def: AnyOpDef, attrs: Attrs): Attrs => {
  const specs = Object.entries(def.attrs as Record<string, { default?: unknown }>);
  return Object.fromEntries(specs.map(([name, spec]) => [name, attrs[name] ?? spec.default]));
};

const fail = (message: string): never => {
  throw new Error(message);
};

/** Static output shapes of an op; `values` holds what is known of integer inputs, by position. */
export function inferOp(
  def: AnyOpDef,
  shapes: readonly Shape[],
  attrs: Attrs = {},
  values: Readonly<Record<number, readonly number[]>> = {},
): Shape[] {
  const full = withDefaults(def, attrs);
  const dtypes = inputArgs(def, full).flatMap((arg) => arg.dtypes);
  return inferShapes({
    schema: def,
    attrs: full,
    inputs: shapes.map((shape, i) => ({
      shape,
      dtype: dtypes[i] ?? 'float32',
      value: () => null,
      partial: () => values[i] ?? null,
    })),
    fail,
  });
}

const isConstant = (x: NdArray): boolean => !isFloating(x.dtype) && x.data.length <= 8;

/** All outputs of an op. */
export function evaluateOp(
  def: AnyOpDef,
  inputs: readonly NdArray[],
  attrs: Attrs = {},
): readonly NdArray[] {
  const graph = new Graph();
  const tensors = graph.asDefault(() =>
    inputs.map((x, i) =>
      isConstant(x)
        ? convertToTensor(x)
        : graphBuilder().op('Placeholder', [], { dtype: x.dtype, shape: x.shape }, `input${i}`),
    ),
  );
  const grouped = Object.values(groupByArg(inputArgs(def, withDefaults(def, attrs)), tensors));
  const fetches = graph.asDefault(() => graphBuilder().ops(def.name, grouped, attrs, 'op'));
  const feeds = tensors.filter((tensor) => tensor.op.type === 'Placeholder');
  const values = new Map(tensors.map((tensor, i) => [tensor, inputs[i] as NdArray]));
  const { program } = compile(
    { fetches, targets: [], feeds },
    {
      hasDevice: false,
      maxBindings: 64,
      maxBindingBytes: Infinity,
      feedShapes: new Map(feeds.map((feed) => [feed, values.get(feed)?.shape ?? []])),
      feedValue: (feed) => values.get(feed),
      variables: { shape: () => null, isInitialized: () => false },
      evaluate,
    },
  );
  const arrays = feeds.map((feed) => values.get(feed) as NdArray);
  // Without streams of its own the program reads position zero.
  return evaluate({ ...program, random: [] }, arrays) as readonly NdArray[];
}

function evaluate(program: Program, feeds: readonly NdArray[] = []): (NdArray | null)[] {
  const computed = runProgramSync(program, feeds);
  return program.fetches.map((fetch, i) =>
    fetch.kind === 'constant' ? fetch.data : (computed[i] ?? null),
  );
}

/** Array of a dtype from nested numbers. */
export const array = (dtype: DType, value: ArrayLike): NdArray => toNdArray(value, { dtype });
export const f32 = (value: ArrayLike): NdArray => array('float32', value);
export const i32 = (value: ArrayLike): NdArray => array('int32', value);

/** First output as plain numbers. */
export const numbersOf = (outputs: readonly NdArray[]): number[] =>
  Array.from(outputs[0]?.data as ArrayLike & Iterable<number | bigint>, Number);
