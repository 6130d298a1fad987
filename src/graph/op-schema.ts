/**
 * What the graph layer knows about an op type: its signature, how shapes follow, and its gradient.
 * Lowering to kernels is added on top of this in `src/ops/op-def.ts`.
 */
import type { AttrKind, AttrTypes } from './attrs.js';
import type { DType, NdArray } from './dtype.js';
import type { Shape } from './shape.js';
import type { Operation, Tensor } from './operation.js';

/** Distributes over the union of kinds, so `default` always matches `kind`. */
export type AttrSpec = {
  readonly [K in AttrKind]: {
    readonly kind: K;
    /** OpDef default; an attr without one is required. */
    readonly default?: AttrTypes[K];
    /** Allowed dtypes or strings. */
    readonly allowed?: readonly AttrTypes[K][];
    /** Least value of an int, or least length of a list. */
    readonly minimum?: number;
    /** Set from the number of inputs in a list argument, or from list dtypes; callers do not pass it. */
    readonly inferred?: true;
    /** Added after TensorFlow 1.15: left out when it has its default. */
    readonly recent?: true;
  };
}[AttrKind];
export type AttrSchema = Readonly<Record<string, AttrSpec>>;
export type AttrsOf<S extends AttrSchema> = {
  readonly [N in keyof S]: AttrTypes[S[N]['kind']];
};

/** A fixed dtype, or the name of the `type` attr that carries it. */
export type ArgDType<A extends AttrSchema> = DType | (keyof A & string);
/**
 * One tensor; or `count`-many of one dtype (AddN); or one per dtype of a `list(type)` attr
 * (IdentityN); or a reference to a variable (VariableV2). Key order is the wire order.
 */
export type ArgSpec<A extends AttrSchema> =
  | ArgDType<A>
  | { readonly list: ArgDType<A>; readonly count: keyof A & string }
  | { readonly types: keyof A & string }
  | { readonly ref: ArgDType<A> };
export type ArgSchema<A extends AttrSchema> = Readonly<Record<string, ArgSpec<A>>>;
/** `V` per single argument, `readonly V[]` per list argument. */
export type PerArg<I, V> = {
  readonly [N in keyof I]: I[N] extends { readonly list: unknown } | { readonly types: unknown }
    ? readonly V[]
    : V;
};

/** What a caller writes: attrs that inputs imply are absent, attrs with defaults optional. */
export type AttrsIn<A extends AttrSchema> = {
  readonly [
    N in keyof A as A[N] extends { readonly inferred: true }
      ? never
      : A[N]['kind'] extends 'type'
        ? never
        : A[N] extends { readonly default: unknown }
          ? never
          : N
  ]: AttrTypes[A[N]['kind']];
} & {
  readonly [
    N in keyof A as A[N] extends { readonly inferred: true }
      ? never
      : A[N]['kind'] extends 'type'
        ? N
        : A[N] extends { readonly default: unknown }
          ? N
          : never
  ]?: AttrTypes[A[N]['kind']];
};

export interface InferContext<A extends AttrSchema, I> {
  readonly attrs: AttrsOf<A>;
  readonly shapes: PerArg<I, Shape>;
  readonly dtypes: PerArg<I, DType>;
  /**
   * Value of a single-tensor input where it is known (a constant), else null. A shape function
   * whose output shape depends on a value asks here, and answers with nulls while it is unknown:
   * asking is what tells the compiler that a fed value decides a shape.
   */
  readonly value: (input: keyof I & string) => NdArray | null;
  /** Integer scalar or vector input as numbers, null per unknown element; null if all unknown. */
  readonly partial: (input: keyof I & string) => readonly (number | null)[] | null;
  /** As `partial`, for element `i` of a list argument. */
  readonly partialOf: (input: keyof I & string, i: number) => readonly (number | null)[] | null;
  /** Rejects the op; the message is completed with node name, op type and input shapes. */
  readonly fail: (message: string) => never;
}

/** What builds ops by type name: graph nodes for gradients, compiler nodes for decompositions. */
export interface OpBuilder<V> {
  /** Adds an op; returns its first output. Inputs in wire order; list arguments as arrays. */
  op(
    type: string,
    inputs: readonly (V | readonly V[])[],
    attrs?: Readonly<Record<string, unknown>>,
    name?: string,
  ): V;
  /** As `op`, returning all outputs flattened. */
  ops(
    type: string,
    inputs: readonly (V | readonly V[])[],
    attrs?: Readonly<Record<string, unknown>>,
    name?: string,
  ): readonly V[];
  /** A Const of a scalar, vector or nested list. */
  constant(value: number | readonly number[] | NdArray, dtype?: DType, name?: string): V;
  shapeOf(value: V): Shape;
  dtypeOf(value: V): DType;
}

export interface GradContext<A extends AttrSchema, I, O> {
  readonly b: OpBuilder<Tensor>;
  readonly op: Operation;
  readonly attrs: AttrsOf<A>;
  /** Inputs. */
  readonly x: PerArg<I, Tensor>;
  /** Outputs. */
  readonly y: PerArg<O, Tensor>;
  /** Incoming gradients; one that did not arrive reads as zeros (created on first access). */
  readonly dy: PerArg<O, Tensor>;
  /** Which incoming gradients arrived. */
  readonly has: PerArg<O, boolean>;
}
export type GradFn<A extends AttrSchema, I, O> = (
  ctx: GradContext<A, I, O>,
) => PerArg<I, Tensor | null>;

/**
 * - `none`: TensorFlow registers "not differentiable": gradients stop silently (null).
 * - `missing`: no gradient is registered: LookupError.
 */
export type NoGrad = { readonly none: string } | { readonly missing: string };

/** Op type as the graph sees it. */
export interface OpSchema<
  A extends AttrSchema = AttrSchema,
  I extends ArgSchema<A> = ArgSchema<A>,
  O extends ArgSchema<A> = ArgSchema<A>,
> {
  /** TensorFlow's op type name. */
  readonly name: string;
  readonly attrs: A;
  readonly inputs: I;
  readonly outputs: O;
  /** Never folded, shared or dropped between runs (random, variables). */
  readonly stateful?: boolean;
  /** Static output shapes, per output argument. */
  readonly infer: (ctx: InferContext<A, I>) => PerArg<O, Shape>;
  /** Output values known before the run, as integers (Shape, Pack, Range...): null where unknown. */
  readonly partial?: (ctx: InferContext<A, I>) => readonly (number | null)[] | null;
  readonly grad: GradFn<A, I, O> | NoGrad;
}

// The registry and GraphDef import handle ops whose attr types are not known statically.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyOpSchema = OpSchema<any, any, any>;
