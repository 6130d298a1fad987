/**
 * Shape inference of one op: runs its shape function over what is known of its inputs. The same
 * function serves graph construction (partial shapes) and specialisation (full shapes and values).
 */
import type { NdArray, DType } from './dtype.js';
import type { AnyOpSchema, InferContext } from './op-schema.js';
import type { Shape } from './shape.js';
import {
  flattenArgs,
  groupByArg,
  inputArgs,
  offsetOfArg,
  outputArgs,
  type PlainAttrs,
  type ResolvedArg,
} from './signature.js';

/** What is known of one input. */
export interface InputFacts {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly value: () => NdArray | null;
  readonly partial: () => readonly (number | null)[] | null;
}

export interface InferRequest {
  readonly schema: AnyOpSchema;
  readonly attrs: PlainAttrs;
  readonly inputs: readonly InputFacts[];
  readonly fail: (message: string) => never;
}

export function inferContext(
  request: InferRequest,
): InferContext<never, Record<string, 'float32'>> {
  const { schema, attrs, inputs, fail } = request;
  const args = inputArgs(schema, attrs);
  const at = (name: string, i = 0): InputFacts | undefined => inputs[offsetOfArg(args, name) + i];
  const context = {
    attrs,
    shapes: groupByArg(
      args,
      inputs.map((input) => input.shape),
    ),
    dtypes: groupByArg(
      args,
      inputs.map((input) => input.dtype),
    ),
    value: (name: string) => at(name)?.value() ?? null,
    partial: (name: string) => at(name)?.partial() ?? null,
    partialOf: (name: string, i: number) => at(name, i)?.partial() ?? null,
    fail,
  };
  return context as unknown as InferContext<never, Record<string, 'float32'>>;
}

/** Flat output shapes. */
export function inferShapes(request: InferRequest): Shape[] {
  const shapes = request.schema.infer(inferContext(request) as never) as Record<
    string,
    Shape | readonly Shape[]
  >;
  return flattenShapes(outputArgs(request.schema, request.attrs), shapes);
}

// A single output's Shape is itself an array, so list arguments are told apart by the schema.
const flattenShapes = (
  args: readonly ResolvedArg[],
  grouped: Readonly<Record<string, Shape | readonly Shape[]>>,
): Shape[] => flattenArgs<Shape>(args, grouped);

/** First output as integers, where the op can tell before a run. */
export const inferPartial = (request: InferRequest): readonly (number | null)[] | null =>
  request.schema.partial?.(inferContext(request) as never) ?? null;
