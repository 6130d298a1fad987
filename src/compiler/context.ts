/** What an op's lowering function sees: operands with known shapes whose elements it can ask for. */
import { InvalidArgumentError, UnimplementedError } from '../errors.js';
import {
  elementsPerValue,
  isComplex,
  isFloating,
  type DType,
  type NdArray,
} from '../graph/dtype.js';
import { groupByArg, inputArgs, outputArgs } from '../graph/signature.js';
import { elementCount, formatShape, sameShape, type StaticShape } from '../graph/shape.js';
import { toByteString } from '../ir/byte-strings.js';
import {
  check,
  complex,
  constant,
  int,
  isComplexType,
  load,
  partType,
  type Expr,
  type ExprOf,
  type ScalarType,
} from '../ir/expr.js';
import { encode, scalarTypeOf } from '../ir/storage.js';
import type { Place } from '../ir/program.js';
import type { Check, LowerContext, Operand, Result } from '../ops/op-def.js';
import type { FlowNode, Value } from './flow.js';
import { ravel, unravel } from './index-algebra.js';

/** Thrown while lowering when an input must be a constant and is not: the compiler then looks for the feeds behind it. */
export class NeedsConstant extends Error {
  constructor(readonly values: readonly number[]) {
    super('a value decides a shape');
  }
}

/** Integer inputs longer than this are data, not shape arithmetic. */
const maxShapeLength = 4096;

export type ValueLookup = (id: number) => Value;

/** Data of a value known at compile time, under the value's own shape. */
export function constantOf(value: Value, lookup: ValueLookup): NdArray | null {
  const { source } = lookup(value.base);
  if (source.kind !== 'constant') return null;
  return sameShape(source.data.shape, value.shape)
    ? source.data
    : { ...source.data, shape: value.shape };
}

export type AnyContext = LowerContext<never, Record<string, string>, Record<string, string>>;

export function lowerContext(node: FlowNode, lookup: ValueLookup): AnyContext {
  const ins = inputArgs(node.def, node.attrs);
  const outs = outputArgs(node.def, node.attrs);
  const context = {
    attrs: node.attrs,
    x: groupByArg(
      ins,
      node.inputs.map((id) => (id < 0 ? absent : operand(lookup(id), node, lookup))),
    ),
    y: groupByArg(
      outs,
      node.outputs.map((id) => result(lookup(id), node)),
    ),
    fail: (message: string): never => {
      const shapes = node.inputs
        .filter((id) => id >= 0)
        .map((id) => formatShape(lookup(id).shape))
        .join(', ');
      throw new InvalidArgumentError(
        `${node.def.name} "${node.name}": ${message} (input shapes: ${shapes || 'none'}).`,
        { node: node.name, op: node.def.name },
      );
    },
    check: checkOf(node),
  };
  return context as unknown as AnyContext;
}

/** What is true of a constant needs no check; behind one, what guards against its failing is idle. */
const checkOf =
  (node: FlowNode): Check =>
  (x, ok, message, args = []) => {
    if (node.place === 'device' || (ok.kind === 'const' && ok.value !== 0)) return x;
    const checked = x.kind === 'select' && x.cond === ok ? x.a : x;
    return check(checked, ok, { message, node: node.name, op: node.def.name }, args);
  };

function typeOf(value: Value, place: Place, node: FlowNode): ScalarType {
  const type = scalarTypeOf(value.dtype, place);
  if (type === undefined)
    throw new UnimplementedError(
      `${node.def.name} "${node.name}": ${value.dtype} tensors cannot be computed with (${value.label}).`,
      { node: node.name, op: node.def.name },
    );
  return type;
}

function result(value: Value, node: FlowNode): Result {
  return {
    shape: value.shape,
    dtype: value.dtype,
    get type() {
      return typeOf(value, node.place, node);
    },
  };
}

function operand(value: Value, node: FlowNode, lookup: ValueLookup): Operand {
  const known = constantOf(value, lookup);
  return {
    shape: value.shape,
    dtype: value.dtype,
    get type() {
      return typeOf(value, node.place, node);
    },
    get constant() {
      if (
        known === null &&
        mayDecideShapes(value.dtype) &&
        elementCount(value.shape) <= maxShapeLength
      )
        throw new NeedsConstant([value.id]);
      return known;
    },
    at: (at) => element(value, known, at, typeOf(value, node.place, node), lookup),
  };
}

const mayDecideShapes = (dtype: DType): boolean =>
  !isFloating(dtype) && !isComplex(dtype) && dtype !== 'string';

/** Operand of a state input whose old value the op does not read. */
const absent: Operand = {
  shape: [],
  dtype: 'float32',
  type: 'f32',
  constant: null,
  at: () => constant('f32', 0),
};

function element(
  value: Value,
  known: NdArray | null,
  at: readonly Expr[],
  type: ScalarType,
  lookup: ValueLookup,
): Expr {
  if (known !== null && isFilled(known) && isShort(known, 0)) return scalarConstant(known, type, 0);
  if (known !== null && elementCount(value.shape) <= maxLookup && at.every(isConstant)) {
    const flat = at.reduce((sum, i, axis) => sum * (value.shape[axis] ?? 1) + Number(i.value), 0);
    if (isShort(known, flat)) return scalarConstant(known, type, flat);
  }
  return loadFrom(value, lookup(value.base).shape, at, type);
}

/** Longer strings are data: they are loaded, not written into kernels. */
const maxLiteralBytes = 64;

const isShort = ({ dtype, data }: NdArray, at: number): boolean =>
  dtype !== 'string' || (data[at] as Uint8Array).length <= maxLiteralBytes;

const filled = new WeakMap<object, boolean>();

/** Whether all elements are the same bits: the array then is as good as a scalar. */
function isFilled({ data, dtype }: NdArray): boolean {
  const known = filled.get(data);
  if (known !== undefined) return known;
  const period = elementsPerValue(dtype);
  const answer =
    data.length > 0 && data.every((item: unknown, i) => Object.is(item, data[i % period]));
  filled.set(data, answer);
  return answer;
}

/** A load of the base value, its index taken through the reshape if there is one. */
export function loadFrom(
  value: Value,
  baseShape: StaticShape,
  at: readonly Expr[],
  type: ScalarType,
): Expr {
  const clamped = at.map((i, axis) => (value.shape[axis] === 1 ? int(0) : i));
  if (sameShape(value.shape, baseShape)) return load(value.base, type, clamped);
  return load(value.base, type, unravel(ravel(clamped, value.shape), baseShape));
}

/** Known arrays up to this length give their elements at constant indices as constants. */
const maxLookup = 256;

const isConstant = (expr: Expr): expr is ExprOf<'const'> => expr.kind === 'const';

function scalarConstant(array: NdArray, type: ScalarType, at: number): Expr {
  if (array.dtype === 'string') return constant(type, toByteString(array.data[at] as Uint8Array));
  if (isComplexType(type)) {
    const part = (i: number): Expr => constant(partType(type), Number(array.data[2 * at + i]));
    return complex(part(0), part(1));
  }
  const stored = encode(array, type === 'bool' ? 'u32' : type, 'constant')[at] as number | bigint;
  return constant(type, type === 'bool' ? stored !== 0 : stored);
}
