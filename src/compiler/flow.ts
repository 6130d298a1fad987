/**
 * Flow: the specialised graph. Every shape is known, constants are folded, variables are in
 * single-assignment form (each write makes a new version), and control edges are gone: what they
 * ordered is in the versions.
 */
import type { DType, NdArray } from '../graph/dtype.js';
import type { PlainAttrs } from '../graph/signature.js';
import type { StaticShape } from '../graph/shape.js';
import type { Place, RandomDecl } from '../ir/program.js';
import type { AnyOpDef } from '../ops/op-def.js';

/** Where a value comes from when no node computes it. */
export type ValueSource =
  | { readonly kind: 'node' }
  | { readonly kind: 'feed'; readonly feed: number }
  | { readonly kind: 'constant'; readonly data: NdArray }
  /** The value a variable holds when the run begins. */
  | { readonly kind: 'variable'; readonly variable: number };

/** A tensor with a known shape. Its elements may be those of `base`, under another shape. */
export interface Value {
  readonly id: number;
  readonly dtype: DType;
  readonly shape: StaticShape;
  readonly place: Place;
  readonly source: ValueSource;
  /** Id of the value whose elements these are, in the same order; its own id if none. */
  readonly base: number;
  /** Node name, for labels. */
  readonly label: string;
}

/** An op to lower. `place` is where it runs. */
export interface FlowNode {
  readonly name: string;
  readonly def: AnyOpDef;
  readonly attrs: PlainAttrs;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly place: Place;
  /** Index among the program's random streams, for random ops. */
  readonly random?: number;
}

export interface FlowVariable {
  readonly key: string;
  readonly node: string;
  readonly op: string;
  readonly dtype: DType;
  readonly shape: StaticShape;
  readonly place: Place;
  /** Value id of the version found at the start, if anything reads it. */
  readonly initial: number | null;
  /** Value id of the version to leave behind, if the run writes it. */
  readonly final: number | null;
}

export interface Flow {
  readonly values: readonly Value[];
  /** In dependency order. */
  readonly nodes: readonly FlowNode[];
  /** Value id per fetch. */
  readonly fetches: readonly number[];
  readonly feeds: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: StaticShape;
  }[];
  readonly variables: readonly FlowVariable[];
  readonly random: readonly RandomDecl[];
}
