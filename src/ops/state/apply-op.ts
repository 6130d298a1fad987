/**
 * The frame of the optimizer kernels: from the names of its state and inputs and a formula, an op
 * on variable references (ApplyX) and its twin on resource handles (ResourceApplyX).
 */
import { floatDTypes } from '../../graph/dtype.js';
import type { ArgSchema, AttrSchema } from '../../graph/op-schema.js';
import type { Shape } from '../../graph/shape.js';
import type { Expr } from '../../ir/expr.js';
import type { OpDef } from '../op-def.js';
import { sameShapes, withRank } from '../shape-checks.js';

type Args = ArgSchema<AttrSchema>;
export type ApplyOp = OpDef<AttrSchema, Args, Args>;

export interface ApplySpec<S extends string, I extends string, F extends string = never> {
  /** What follows `Apply` in the op's name. */
  readonly name: string;
  /** State inputs, the variable first. */
  readonly state: readonly S[];
  /** The other inputs, in wire order; those in `shaped` have the variable's shape, the rest none. */
  readonly inputs: readonly I[];
  readonly shaped: readonly I[];
  /** int64 inputs. */
  readonly counters?: readonly I[];
  /** Bool attrs and their defaults. */
  readonly flags?: Readonly<Record<F, boolean>>;
  /** Flags TensorFlow 1.15 did not have. */
  readonly recent?: readonly F[];
  /** New values of the state, elementwise. */
  readonly next: (
    x: Readonly<Record<S | I, Expr>>,
    flag: Readonly<Record<F, boolean>>,
  ) => Partial<Record<S, Expr>>;
}

/** The op on references. */
export const refApply = <S extends string, I extends string, F extends string>(
  spec: ApplySpec<S, I, F>,
): ApplyOp => applyOp(spec, `Apply${spec.name}`, { ref: 'T' }, { out: { ref: 'T' } });

/** The op on resource handles. */
export const resourceApply = <S extends string, I extends string, F extends string>(
  spec: ApplySpec<S, I, F>,
): ApplyOp => applyOp(spec, `ResourceApply${spec.name}`, 'resource', {});

function applyOp<S extends string, I extends string, F extends string>(
  spec: ApplySpec<S, I, F>,
  name: string,
  state: Args[string],
  outputs: Args,
): ApplyOp {
  const inputs: Record<string, Args[string]> = {};
  for (const arg of spec.state) inputs[arg] = state;
  for (const arg of spec.inputs) inputs[arg] = spec.counters?.includes(arg) ? 'int64' : 'T';
  return {
    name,
    attrs: attrsOf(spec),
    inputs,
    outputs,
    stateful: true,
    infer: ({ shapes, fail }) => {
      let shape: Shape = null;
      for (const arg of [...spec.state, ...spec.shaped])
        shape = sameShapes(shape, shapes[arg] ?? null, fail);
      for (const arg of spec.inputs)
        if (!spec.shaped.includes(arg)) withRank(shapes[arg] ?? null, 0, fail);
      return 'out' in outputs ? { out: shape } : {};
    },
    grad: { missing: 'TensorFlow has none' },
    lower: {
      kind: 'update',
      reads: spec.state,
      next: (x, { attrs }) =>
        spec.next(
          x as Readonly<Record<S | I, Expr>>,
          attrs as unknown as Readonly<Record<F, boolean>>,
        ),
    },
  };
}

function attrsOf<S extends string, I extends string, F extends string>({
  flags,
  recent = [],
}: ApplySpec<S, I, F>): AttrSchema {
  const attrs: Record<string, AttrSchema[string]> = {
    T: { kind: 'type', allowed: floatDTypes },
    use_locking: { kind: 'bool', default: false },
  };
  for (const [name, value] of Object.entries<boolean>(flags ?? {}))
    attrs[name] = recent.includes(name as F)
      ? { kind: 'bool', default: value, recent: true }
      : { kind: 'bool', default: value };
  return attrs;
}

/** Both ops of a formula. */
export const applyPair = <S extends string, I extends string, F extends string>(
  spec: ApplySpec<S, I, F>,
): readonly [ref: ApplyOp, resource: ApplyOp] => [refApply(spec), resourceApply(spec)];
