/** Pad and PadV2 (constant borders), MirrorPad and MirrorPadGrad (mirrored borders). */
import { addNode, type TensorLike } from '../../graph/add-node.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { mergeDims, type Dim, type Shape } from '../../graph/shape.js';
import { add, ge, int, lt, select, sub, type Expr } from '../../ir/expr.js';
import { dataDTypes, indexDTypes, valueDTypes } from '../data-dtypes.js';
import { clamped, constantIntegers, guarded, zeroOf } from '../lowering-steps.js';
import { defineOp, type Operand } from '../op-def.js';
import { unknownDims, type PartialIntegers } from '../partial-integers.js';
import { withRank, type Fail } from '../shape-checks.js';
import {
  flatNode,
  indexDTypeOf,
  rankNode,
  shapeNode,
  stackNode,
  vectorNode,
} from '../shape-nodes.js';

interface PadContext {
  readonly shapes: { readonly input: Shape; readonly paddings: Shape };
  partial(input: 'paddings'): PartialIntegers;
  readonly fail: Fail;
}

/** Shape with each dim grown by its paddings, or shrunk if `sign` is -1. */
function paddedDims(ctx: PadContext, sign: 1 | -1): Shape {
  const { shapes, fail } = ctx;
  const [rows = null, columns = null] = withRank(shapes.paddings, 2, fail);
  if (columns !== null && columns !== 2) return fail(`Dimension must be 2 but is ${columns}`);
  const rank = shapes.input?.length ?? rows;
  if (rank === null) return null;
  if (mergeDims(rank, rows) === undefined) {
    return fail(`Shape must be rank ${rows} but is rank ${rank}`);
  }
  const paddings = ctx.partial('paddings');
  return unknownDims(rank).map((_, axis): Dim => {
    const before = paddings?.[2 * axis] ?? null;
    const after = paddings?.[2 * axis + 1] ?? null;
    if ((before ?? 0) < 0 || (after ?? 0) < 0) return fail('Paddings must be non-negative');
    const dim = shapes.input?.[axis] ?? null;
    if (dim === null || before === null || after === null) return null;
    const out = dim + sign * (before + after);
    return out < 0 ? fail(`Paddings ${before} and ${after} leave nothing of ${dim}`) : out;
  });
}

/** The part of the gradient that is not border. */
function padGradient(b: OpBuilder<Tensor>, x: Tensor, paddings: Tensor, dy: Tensor): Tensor {
  const column = stackNode(b, [rankNode(b, x), b.constant(1, 'int32', 'stack/1')]);
  const corner = vectorNode(b, [0, 0], 'Slice/begin', indexDTypeOf(paddings.dtype));
  const size =
    paddings.dtype === 'int32' ? column : b.op('Cast', [column], { DstT: paddings.dtype });
  const begin = flatNode(b, b.op('Slice', [paddings, corner, size]));
  return b.op('Slice', [dy, begin, shapeNode(b, x, indexDTypeOf(begin.dtype))]);
}

/** The input's element, or the border's where the index lies outside. */
function paddedAt(
  x: Operand,
  paddings: readonly number[],
  out: readonly number[],
  index: readonly Expr[],
  border: Expr,
): Expr {
  if (x.shape.includes(0)) return border;
  const conditions: Expr[] = [];
  const source = index.map((at, axis) => {
    const dim = x.shape[axis] ?? 1;
    if (dim === out[axis]) return at;
    const place = sub(at, int(paddings[2 * axis] ?? 0));
    conditions.push(ge(place, int(0)), lt(place, int(dim)));
    return clamped(place, dim);
  });
  return guarded(conditions, x.at(source), border);
}

const T = { kind: 'type', allowed: dataDTypes } as const;
const summedT = { kind: 'type', allowed: valueDTypes } as const;
const Tpaddings = { kind: 'type', default: 'int32', allowed: indexDTypes } as const;

export const Pad = defineOp({
  name: 'Pad',
  attrs: { T, Tpaddings },
  inputs: { input: 'T', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  infer: (ctx) => ({ output: paddedDims(ctx, 1) }),
  grad: ({ b, x, dy }) => ({
    input: padGradient(b, x.input, x.paddings, dy.output),
    paddings: null,
  }),
  lower: {
    kind: 'map',
    body: ({ x, y, fail }, index) => {
      const paddings = constantIntegers(x.paddings, 'paddings', fail);
      return paddedAt(x.input, paddings, y.output.shape, index, zeroOf(y.output.type));
    },
  },
});

export const PadV2 = defineOp({
  name: 'PadV2',
  attrs: { T, Tpaddings },
  inputs: { input: 'T', paddings: 'Tpaddings', constant_values: 'T' },
  outputs: { output: 'T' },
  infer: (ctx) => ({ output: paddedDims(ctx, 1) }),
  grad: ({ b, x, dy }) => ({
    input: padGradient(b, x.input, x.paddings, dy.output),
    paddings: null,
    constant_values: null,
  }),
  lower: {
    kind: 'map',
    body: ({ x, y, fail }, index) => {
      const paddings = constantIntegers(x.paddings, 'paddings', fail);
      return paddedAt(x.input, paddings, y.output.shape, index, x.constant_values.at([]));
    },
  },
});

const mode = { kind: 'string', allowed: ['REFLECT', 'SYMMETRIC'] } as const;

/** Whether the border repeats the edge (1) or starts beside it (0). */
const edgeOf = (modeName: string): 0 | 1 => (modeName === 'SYMMETRIC' ? 1 : 0);

/** Paddings of an axis; a border wider than what it mirrors is refused. */
function mirrored(
  paddings: readonly number[],
  axis: number,
  dim: number,
  edge: 0 | 1,
  fail: Fail,
): { readonly before: number; readonly after: number } {
  const before = paddings[2 * axis] ?? 0;
  const after = paddings[2 * axis + 1] ?? 0;
  const widest = dim - 1 + edge;
  if (before <= widest && after <= widest) return { before, after };
  const [rule, broken] = edge === 1 ? ['no greater', 'greater'] : ['less', 'not less'];
  return fail(
    `paddings must be ${rule} than the dimension size: ${before}, ${after} ${broken} than ${dim}`,
  );
}

/** Place in the input of a place in the mirrored output. */
function mirroredPlace(at: Expr, dim: number, before: number, after: number, edge: 0 | 1): Expr {
  const place = sub(at, int(before));
  const left = before === 0 ? place : select(lt(place, int(0)), sub(int(-edge), place), place);
  if (after === 0) return left;
  return select(ge(place, int(dim)), sub(int(2 * dim - 2 + edge), place), left);
}

export const MirrorPad = defineOp({
  name: 'MirrorPad',
  attrs: { T, Tpaddings, mode },
  inputs: { input: 'T', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  infer: (ctx) => ({ output: paddedDims(ctx, 1) }),
  grad: ({ b, attrs, x, dy }) => ({
    input: b.op('MirrorPadGrad', [dy.output, x.paddings], { mode: attrs.mode }),
    paddings: null,
  }),
  lower: {
    kind: 'map',
    body: ({ attrs, x, fail }, index) => {
      const paddings = constantIntegers(x.paddings, 'paddings', fail);
      const edge = edgeOf(attrs.mode);
      return x.input.at(
        index.map((at, axis) => {
          const dim = x.input.shape[axis] ?? 1;
          const { before, after } = mirrored(paddings, axis, dim, edge, fail);
          return mirroredPlace(at, dim, before, after, edge);
        }),
      );
    },
  },
});

/** A place of the padded tensor that mirrors a given one, where `present` holds (undefined: always). */
interface Mirror {
  readonly place: Expr;
  readonly present?: Expr;
}

/** All places of an axis of the padded tensor that show the input's place `at`. */
function mirrorsOf(at: Expr, dim: number, before: number, after: number, edge: 0 | 1): Mirror[] {
  const mirrors: Mirror[] = [{ place: add(at, int(before)) }];
  const near = 1 - edge;
  if (before > 0) {
    const place = sub(int(before - edge), at);
    const first = ge(at, int(near));
    mirrors.push({
      place: clamped(place, before),
      present: edge === 1 ? ge(place, int(0)) : select(first, ge(place, int(0)), first),
    });
  }
  if (after > 0) {
    const offset = sub(int(dim - 1 - near), at);
    const start = dim + before;
    const present = ge(offset, int(0));
    mirrors.push({
      place: add(int(start), clamped(offset, after)),
      present: select(present, lt(offset, int(after)), present),
    });
  }
  return mirrors;
}

/** Sum of the gradient over all mirror images of an index, axis by axis. */
function sumOfMirrors(
  dy: Operand,
  mirrors: readonly (readonly Mirror[])[],
  zero: Expr,
  chosen: readonly Expr[] = [],
): Expr {
  const here = mirrors[chosen.length];
  if (here === undefined) return dy.at(chosen);
  return here
    .map(({ place, present }) => {
      const value = sumOfMirrors(dy, mirrors, zero, [...chosen, place]);
      return present === undefined ? value : select(present, value, zero);
    })
    .reduce(add);
}

export const MirrorPadGrad = defineOp({
  name: 'MirrorPadGrad',
  attrs: { T: summedT, Tpaddings, mode },
  inputs: { input: 'T', paddings: 'Tpaddings' },
  outputs: { output: 'T' },
  infer: (ctx) => ({ output: paddedDims(ctx, -1) }),
  grad: ({ b, attrs, x, dy }) => ({
    input: b.op('MirrorPad', [dy.output, x.paddings], { mode: attrs.mode }),
    paddings: null,
  }),
  lower: {
    kind: 'map',
    body: ({ attrs, x, y, fail }, index) => {
      const paddings = constantIntegers(x.paddings, 'paddings', fail);
      const edge = edgeOf(attrs.mode);
      const mirrors = index.map((at, axis) => {
        const dim = y.output.shape[axis] ?? 1;
        const { before, after } = mirrored(paddings, axis, dim, edge, fail);
        return mirrorsOf(at, dim, before, after, edge);
      });
      return sumOfMirrors(x.input, mirrors, zeroOf(y.output.type));
    },
  },
});

export interface PadOptions {
  /** What the border holds: constants (the default), or what lies beside it, mirrored. */
  readonly mode?: 'CONSTANT' | 'REFLECT' | 'SYMMETRIC';
  /** The border's value with CONSTANT; 0 by default. */
  readonly constantValues?: TensorLike;
  readonly name?: string;
}

/**
 * `x` with a border: paddings[i] is how many elements go before and after axis i.
 *
 * @param paddings `[rank, 2]` integers. REFLECT mirrors without the edge, so needs less than the
 *   axis's length; SYMMETRIC repeats the edge.
 * @returns dtype of `x`.
 * @throws InvalidArgumentError if a padding is negative, or wider than what it mirrors.
 * @see TF ops Pad, PadV2, MirrorPad; tf.pad
 * @example tf.pad(image, [[1, 1], [1, 1]], { mode: 'REFLECT' });
 */
export function pad(x: TensorLike, paddings: TensorLike, options: PadOptions = {}): Tensor {
  const {
    mode: how = 'CONSTANT',
    constantValues = 0,
    name,
  } = checkedOptions('pad', options, {
    mode: 'string',
    constantValues: 'any',
    name: 'string',
  });
  const inputs = { input: x, paddings };
  if (how !== 'CONSTANT') return addNode(MirrorPad, inputs, { mode: how }, name).output;
  if (constantValues === 0) return addNode(Pad, inputs, {}, name).output;
  return addNode(PadV2, { ...inputs, constant_values: constantValues }, {}, name).output;
}
