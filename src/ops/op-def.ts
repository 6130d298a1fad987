/**
 * OpDef: everything about one op in one block: schema, shapes, gradient, and how it becomes device
 * work. Whether an op can be fused follows from its `lower.kind`; there are no lists of op names.
 */
import type { DType, NdArray } from '../graph/dtype.js';
import type {
  ArgSchema,
  AttrSchema,
  AttrsOf,
  OpBuilder,
  OpSchema,
  PerArg,
} from '../graph/op-schema.js';
import type { StaticShape } from '../graph/shape.js';
import type { Combiner, Expr, ScalarType } from '../ir/expr.js';
import type { ScatterCombiner } from '../ir/kernel.js';

/** An input while lowering: all extents known. */
export interface Operand {
  readonly shape: StaticShape;
  readonly dtype: DType;
  /** Type its elements compute in: narrow integers in i32, float16 in f32, bool in bool. */
  readonly type: ScalarType;
  /** The data, where it is known at compile time. */
  readonly constant: NdArray | null;
  /** The element at an index, one expression per axis. */
  at(index: readonly Expr[]): Expr;
}
export interface Result {
  readonly shape: StaticShape;
  readonly dtype: DType;
  readonly type: ScalarType;
}
export interface LowerContext<A extends AttrSchema, I, O> {
  readonly attrs: AttrsOf<A>;
  readonly x: PerArg<I, Operand>;
  readonly y: PerArg<O, Result>;
  /** Stops compilation with InvalidArgumentError naming the node, op and input shapes. */
  readonly fail: (message: string) => never;
  readonly check: Check;
}

/**
 * `x`, checked where the op runs on the host: where `ok` is false there, the run fails with
 * InvalidArgumentError naming the node and op. `{0}`, `{1}` ... in the message stand for the values
 * of `args`. On a device, as with TensorFlow's kernels, no value is an error: `x` must be of use (0
 * or NaN, say) all the same. The result stands in no arm of a `select`.
 */
export type Check = (x: Expr, ok: Expr, message: string, args?: readonly Expr[]) => Expr;

/** For every row: stages over the inner points, then row outputs and element outputs. */
export interface ReducePlan {
  readonly rows: readonly number[];
  readonly inner: readonly number[];
  readonly stages: readonly {
    readonly combine: Combiner;
    /** Value combined at each inner point; `stages` are the results so far. */
    readonly value: (row: readonly Expr[], inner: readonly Expr[], stages: readonly Expr[]) => Expr;
  }[];
  /**
   * One per flat output. A `row` output has as many elements as there are rows, in row order; an
   * `element` output has rows times inner elements, in [...rows, ...inner] order.
   */
  readonly outputs: readonly (
    | {
        readonly of: 'row';
        readonly value: (row: readonly Expr[], stages: readonly Expr[]) => Expr;
      }
    | {
        readonly of: 'element';
        readonly value: (
          row: readonly Expr[],
          inner: readonly Expr[],
          stages: readonly Expr[],
        ) => Expr;
      }
  )[];
}

/** acc(b,m,n) = sum_k a(b,m,k) * b(b,k,n); the single output has batch*m*n elements in that order. */
export interface ContractPlan {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: (batch: Expr, m: Expr, k: Expr) => Expr;
  readonly b: (batch: Expr, k: Expr, n: Expr) => Expr;
}

/** Slices that join an output where their places say, several at one place in any order. */
export interface ScatterPlan {
  readonly combine: ScatterCombiner;
  /** How many slices there are, over any axes. */
  readonly slices: readonly number[];
  /**
   * Where a slice goes: an integer of any type for each of the output's leading axes. A slice of
   * which one lies outside the output is dropped.
   */
  readonly place: (slice: readonly Expr[]) => readonly Expr[];
  /** An element of a slice, by index into the axes of the output that `place` leaves. */
  readonly value: (slice: readonly Expr[], rest: readonly Expr[]) => Expr;
  /** What an element of the output holds before. */
  readonly initial: (index: readonly Expr[]) => Expr;
}

/** Handle of a value while an op is taken apart into others. */
export interface Part {
  readonly part: number;
}

export type Lowering<A extends AttrSchema, I, O> =
  /** out[i] = expr of the operands' elements, broadcast to the output's shape. One output. */
  | {
      readonly kind: 'elementwise';
      readonly expr: (x: PerArg<I, Expr>, ctx: LowerContext<A, I, O>) => Expr;
    }
  /** out_k[index] = body: any gather form: views, concatenation, selection. Called per flat output k. */
  | {
      readonly kind: 'map';
      readonly body: (ctx: LowerContext<A, I, O>, index: readonly Expr[], k: number) => Expr;
    }
  | { readonly kind: 'reduce'; readonly plan: (ctx: LowerContext<A, I, O>) => ReducePlan }
  | { readonly kind: 'contract'; readonly plan: (ctx: LowerContext<A, I, O>) => ContractPlan }
  | { readonly kind: 'scatter'; readonly plan: (ctx: LowerContext<A, I, O>) => ScatterPlan }
  /** The output holds the input's elements in the same order, under another shape: free. */
  | { readonly kind: 'alias'; readonly input: keyof I & string }
  /** Known from shapes and constant inputs alone; null where an input value is still missing. */
  | {
      readonly kind: 'constant';
      readonly value: (ctx: LowerContext<A, I, O>) => readonly NdArray[] | null;
    }
  /** Built from other ops. `ctx` has shapes and constants; returns the flat outputs. */
  | {
      readonly kind: 'decompose';
      readonly into: (
        b: OpBuilder<Part>,
        x: PerArg<I, Part>,
        ctx: LowerContext<A, I, O>,
      ) => readonly Part[];
    }
  /**
   * As map, with a random stream. `position` is the stream's counter (low and high u32) at this
   * run; the stream then advances by `advance` counters.
   */
  | {
      readonly kind: 'random';
      readonly advance: (ctx: LowerContext<A, I, O>) => bigint;
      readonly body: (
        ctx: LowerContext<A, I, O>,
        index: readonly Expr[],
        position: { readonly low: Expr; readonly high: Expr },
      ) => Expr;
    }
  /** Source of a variable reference or resource handle. */
  | { readonly kind: 'variable' }
  /** The variable's value, as the run's ordering rules say. */
  | { readonly kind: 'read' }
  /** Whether the variable has a value. */
  | { readonly kind: 'isInitialized' }
  /**
   * New values of variables, elementwise in the current values of the state inputs (keyed by
   * argument name) and the other inputs (scalars broadcast). Keys of the answer are state inputs.
   * `reads` names the state inputs that must hold a value before.
   */
  | {
      readonly kind: 'update';
      readonly reads: readonly (keyof I & string)[];
      readonly next: (
        x: PerArg<I, Expr>,
        ctx: LowerContext<A, I, O>,
      ) => Partial<Record<keyof I & string, Expr>>;
    }
  /** Orders other ops and computes nothing (NoOp). */
  | { readonly kind: 'none' };

export interface OpDef<
  A extends AttrSchema,
  I extends ArgSchema<A>,
  O extends ArgSchema<A>,
> extends OpSchema<A, I, O> {
  readonly lower: Lowering<A, I, O>;
}

/** Types an op's block; the literal types of its schema flow into every function in it. */
export const defineOp = <
  const A extends AttrSchema,
  const I extends ArgSchema<A>,
  const O extends ArgSchema<A>,
>(
  def: OpDef<A, I, O>,
): OpDef<A, I, O> => Object.freeze(def);

// The one place where an op's own attr and argument types are forgotten.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyOpDef = OpDef<any, any, any>;
