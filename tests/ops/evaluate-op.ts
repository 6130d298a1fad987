/**
 * Runs one op on host arrays through its own shape function and lowering, the compiler's back end
 * and the CPU kernels: no graph, no session. Integer inputs of at most 8 elements are constants.
 */
import { assemble } from '../../src/compiler/assemble.js';
import type { Flow, Value } from '../../src/compiler/flow.js';
import { isFloating, type DType, type NdArray } from '../../src/graph/dtype.js';
import { inferShapes } from '../../src/graph/infer.js';
import { toNdArray, type ArrayLike } from '../../src/graph/nd-array.js';
import { isStatic, type Shape } from '../../src/graph/shape.js';
import { inputArgs, outputTypes } from '../../src/graph/signature.js';
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
  const full = withDefaults(def, attrs);
  const values: Value[] = inputs.map((x, id) => ({
    id,
    dtype: x.dtype,
    shape: x.shape,
    place: 'host',
    source: isConstant(x) ? { kind: 'constant', data: x } : { kind: 'feed', feed: id },
    base: id,
    label: `input ${id}`,
  }));
  const known = inputs.map((x) =>
    isConstant(x) ? Array.from(x.data as Int32Array, Number) : null,
  );
  const shapes = inferShapes({
    schema: def,
    attrs: full,
    inputs: inputs.map((x, i) => ({
      shape: x.shape,
      dtype: x.dtype,
      value: () => (isConstant(x) ? x : null),
      partial: () => known[i] ?? null,
    })),
    fail,
  });
  const outputs = outputTypes(def, full).map(({ dtype }, i): number => {
    const shape = shapes[i] ?? null;
    if (!isStatic(shape)) throw new Error(`${def.name}: output ${i} has no static shape.`);
    const id = values.length;
    values.push({
      id,
      dtype,
      shape,
      place: 'host',
      source: { kind: 'node' },
      base: id,
      label: 'y',
    });
    return id;
  });
  const isRandom = def.lower.kind === 'random';
  const flow: Flow = {
    values,
    nodes: [
      {
        name: 'op',
        def,
        attrs: full,
        inputs: inputs.map((_, i) => i),
        outputs,
        place: 'host',
        ...(isRandom ? { random: 0 } : {}),
      },
    ],
    fetches: outputs,
    feeds: inputs.map((x, i) => ({ name: `input${i}`, dtype: x.dtype, shape: x.shape })),
    variables: [],
    random: isRandom ? [{ node: 'op', seeded: true, advance: 0n }] : [],
  };
  // Without streams of its own the program reads position zero.
  const program = { ...assemble(flow, { maxBindings: 64 }), random: [] };
  return runProgramSync(program, inputs) as readonly NdArray[];
}

/** Array of a dtype from nested numbers. */
export const array = (dtype: DType, value: ArrayLike): NdArray => toNdArray(value, { dtype });
export const f32 = (value: ArrayLike): NdArray => array('float32', value);
export const i32 = (value: ArrayLike): NdArray => array('int32', value);

/** First output as plain numbers. */
export const numbersOf = (outputs: readonly NdArray[]): number[] =>
  Array.from(outputs[0]?.data as ArrayLike & Iterable<number | bigint>, Number);
