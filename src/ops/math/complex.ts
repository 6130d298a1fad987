/**
 * Complex numbers and their parts: Complex, Real, Imag, Conj, ComplexAbs, Angle. (Their arithmetic
 * is the other ops', on complex dtypes.)
 */
import { addNode, convertToTensor, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { complexDTypes, isComplex, type DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import type { Tensor } from '../../graph/operation.js';
import { DTypeError } from '../../errors.js';
import {
  binary,
  complex as complexOf,
  conj as conjugateOf,
  imag as imaginaryPart,
  real as realPart,
  type Expr,
} from '../../ir/expr.js';
import { modulusOf } from '../../ir/modulus.js';
import { broadcastOrFail, reduceGradients } from '../broadcast.js';
import { conjugate, scalarLike, times, zerosLike } from '../elementwise.js';
import { defineOp, type OpDef } from '../op-def.js';

type Builder = OpBuilder<Tensor>;

const parts = ['float32', 'float64'] as const;
const T = { kind: 'type', default: 'complex64', allowed: complexDTypes } as const;
const Tout = { kind: 'type', default: 'float32', allowed: parts } as const;

const realDType = (dtype: DType): 'float32' | 'float64' =>
  dtype === 'complex128' || dtype === 'float64' ? 'float64' : 'float32';
const complexDType = (dtype: DType): 'complex64' | 'complex128' =>
  realDType(dtype) === 'float64' ? 'complex128' : 'complex64';

const partNode = (b: Builder, type: 'Real' | 'Imag', x: Tensor): Tensor =>
  b.op(type, [x], { Tout: realDType(x.dtype) });

const complexNode = (b: Builder, re: Tensor, im: Tensor): Tensor =>
  b.op('Complex', [re, im], { Tout: complexDType(re.dtype) });

/** re + i im, with broadcasting. */
export const Complex = defineOp({
  name: 'Complex',
  attrs: {
    T: { kind: 'type', default: 'float32', allowed: parts },
    Tout: { kind: 'type', default: 'complex64', allowed: complexDTypes },
  },
  inputs: { real: 'T', imag: 'T' },
  outputs: { out: 'Tout' },
  infer: ({ shapes, fail }) => ({ out: broadcastOrFail(shapes.real, shapes.imag, fail) }),
  grad: ({ b, x, dy }) => {
    const re = partNode(b, 'Real', dy.out);
    const im = partNode(b, 'Imag', dy.out);
    const reduced = reduceGradients(b, x.real, x.imag, re, im);
    return { real: reduced.x, imag: reduced.y };
  },
  lower: { kind: 'elementwise', expr: ({ real, imag }) => complexOf(real, imag) },
});

type PartOp = OpDef<
  { readonly T: typeof T; readonly Tout: typeof Tout },
  { readonly input: 'T' },
  { readonly output: 'Tout' }
>;

/** A real function of a complex number. */
const partOp = (
  name: string,
  expr: (x: Expr) => Expr,
  grad: (b: Builder, dy: Tensor, x: Tensor) => Tensor,
): PartOp =>
  defineOp({
    name,
    attrs: { T, Tout },
    inputs: { input: 'T' },
    outputs: { output: 'Tout' },
    infer: ({ shapes }) => ({ output: shapes.input }),
    grad: ({ b, x, dy }) => ({ input: grad(b, dy.output, x.input) }),
    lower: { kind: 'elementwise', expr: ({ input }) => expr(input) },
  });

export const Real = partOp('Real', realPart, (b, dy) => complexNode(b, dy, scalarLike(b, dy, 0)));

export const Imag = partOp('Imag', imaginaryPart, (b, dy) =>
  complexNode(b, scalarLike(b, dy, 0), dy),
);

/** The angle to the positive real axis. */
export const Angle = partOp(
  'Angle',
  (x) => binary('atan2', imaginaryPart(x), realPart(x)),
  (b, dy, x) => {
    const turned = complexNode(b, partNode(b, 'Imag', x), partNode(b, 'Real', x));
    const inverse = b.op('Reciprocal', [turned]);
    const incoming = complexNode(b, dy, scalarLike(b, dy, 0));
    return times(b, b.op('Neg', [incoming]), inverse);
  },
);

/** |x|. */
export const ComplexAbs = defineOp({
  name: 'ComplexAbs',
  attrs: { T, Tout },
  inputs: { x: 'T' },
  outputs: { y: 'Tout' },
  infer: ({ shapes }) => ({ y: shapes.x }),
  grad: ({ b, x, y, dy }) => {
    const incoming = complexNode(b, dy.y, zerosLike(b, dy.y));
    const size = complexNode(b, y.y, zerosLike(b, y.y));
    return { x: b.op('DivNoNan', [times(b, incoming, x.x), size], {}, 'div_no_nan') };
  },
  lower: { kind: 'elementwise', expr: ({ x }) => modulusOf(realPart(x), imaginaryPart(x)) },
});

/** The complex conjugate. */
export const Conj = defineOp({
  name: 'Conj',
  attrs: { T },
  inputs: { input: 'T' },
  outputs: { output: 'T' },
  infer: ({ shapes }) => ({ output: shapes.input }),
  grad: ({ b, dy }) => ({ input: conjugate(b, dy.output) }),
  lower: { kind: 'elementwise', expr: ({ input }) => conjugateOf(input) },
});

/** `x` as a tensor; a real one is answered at once, by `ofReal`. */
const partFunction =
  (op: PartOp, ofReal: (x: Tensor, name: string) => Tensor) =>
  (x: TensorLike, name?: string): Tensor =>
    withNameScope(name, op.name, (scope) => {
      const input = convertToTensor(x, { name: 'input' });
      if (!isComplex(input.dtype)) return ofReal(input, scope);
      return addNode(op, { input }, { Tout: realDType(input.dtype) }, scope).output;
    });

/**
 * Complex numbers from their parts, with broadcasting.
 *
 * @param re  float32 or float64.
 * @param im  same dtype; a shape that broadcasts with that of `re`.
 * @returns complex64 of float32, complex128 of float64; the broadcast shape.
 * @throws DTypeError if the dtypes differ or are not these, InvalidArgumentError if the shapes do
 *   not broadcast.
 * @see TF op Complex.
 * @example complex([1, 2], [0.5, -0.5]); // [1+0.5j, 2-0.5j]
 */
export const complex = (re: TensorLike, im: TensorLike, name?: string): Tensor =>
  withNameScope(name, 'Complex', (scope) => {
    const real = convertToTensor(re, { name: 'real' });
    const imag = convertToTensor(im, { name: 'imag', dtype: dtypeFor(im, real) });
    const fits = (parts as readonly DType[]).includes(real.dtype) && real.dtype === imag.dtype;
    if (!fits)
      throw new DTypeError(
        `The types of real and imag don't match or are not float32 or float64: ${real.dtype} and ${imag.dtype}. Cast them first.`,
        { op: 'Complex' },
      );
    return addNode(Complex, { real, imag }, { Tout: complexDType(real.dtype) }, scope).out;
  });

/** Plain values take the dtype of what they stand beside. */
const dtypeFor = (value: TensorLike, other: Tensor): DType | undefined =>
  typeof value === 'object' && !Array.isArray(value) ? undefined : other.dtype;

/** Real part of a complex tensor; a real one is returned as it is. @see TF op Real. */
export const real = partFunction(Real, (x) => x);

/** Imaginary part of a complex tensor; zeros for a real one. @see TF op Imag. */
export const imag = partFunction(Imag, (x) => zerosLike(graphBuilder(), x));

/**
 * Angle in radians of each element of a complex tensor to the positive real axis, in (-pi, pi]; pi
 * for negative and 0 for other elements of a real one.
 *
 * @see TF op Angle.
 * @example angle(complex([0, -1], [2, 0])); // [1.5707963, 3.1415927]
 */
export const angle = partFunction(Angle, (x, scope) => {
  const b = graphBuilder();
  const negative = b.op('Less', [x, scalarLike(b, x, 0)]);
  const pi = b.op('Mul', [b.op('OnesLike', [x], {}, 'ones_like'), scalarLike(b, x, Math.PI)]);
  return b.op('SelectV2', [negative, pi, zerosLike(b, x)], {}, scope);
});

/**
 * Complex conjugate of each element; a real tensor is returned as it is.
 *
 * @throws DTypeError if `x` is neither complex nor a number.
 * @see TF op Conj.
 * @example conj(complex([1], [2])); // [1-2j]
 */
export const conj = (x: TensorLike, name?: string): Tensor =>
  withNameScope(name, 'Conj', (scope) => {
    const input = convertToTensor(x, { name: 'x' });
    return isComplex(input.dtype) ? addNode(Conj, { input }, {}, scope).output : input;
  });

/** `|x|` of complex numbers as a node named `scope`. */
export const complexAbs = (x: Tensor, scope: string): Tensor =>
  addNode(ComplexAbs, { x }, { Tout: realDType(x.dtype) }, scope).y;
