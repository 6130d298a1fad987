/** MatMul of two matrices, and the user's matMul, which goes to BatchMatMulV2 for higher ranks. */
import { addNode, convertToTensor, isVariable, type TensorLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { complexDTypes, type DType } from '../../graph/dtype.js';
import type { OpBuilder } from '../../graph/op-schema.js';
import { Tensor } from '../../graph/operation.js';
import { checkedOptions } from '../../graph/options.js';
import { conjugate } from '../elementwise.js';
import { defineOp } from '../op-def.js';
import { sameDim, withRank } from '../shape-checks.js';

/** dx of a product in which x is the first (`grad_a`) or the second (`grad_b`) factor. */
function product(
  b: OpBuilder<Tensor>,
  left: Tensor,
  right: Tensor,
  transposes: readonly [boolean, boolean],
  gradient: 'grad_a' | 'grad_b',
): Tensor {
  const [transpose_a, transpose_b] = transposes;
  return b.op('MatMul', [left, right], { transpose_a, transpose_b, [gradient]: true });
}

export const MatMul = defineOp({
  name: 'MatMul',
  attrs: {
    transpose_a: { kind: 'bool', default: false },
    transpose_b: { kind: 'bool', default: false },
    T: {
      kind: 'type',
      allowed: [
        'bfloat16',
        'float16',
        'float32',
        'float64',
        'int32',
        'int64',
        'uint8',
        'uint16',
        'uint32',
        'uint64',
        ...complexDTypes,
      ],
    },
    grad_a: { kind: 'bool', default: false, recent: true },
    grad_b: { kind: 'bool', default: false, recent: true },
  },
  inputs: { a: 'T', b: 'T' },
  outputs: { product: 'T' },
  infer: ({ attrs, shapes, fail }) => {
    const [a0 = null, a1 = null] = withRank(shapes.a, 2, fail);
    const [b0 = null, b1 = null] = withRank(shapes.b, 2, fail);
    const [m, k] = attrs.transpose_a ? [a1, a0] : [a0, a1];
    const [l, n] = attrs.transpose_b ? [b1, b0] : [b0, b1];
    sameDim(k, l, fail);
    return { product: [m, n] };
  },
  grad: ({ b: g, attrs, x, dy: { product: dy } }) => {
    const { transpose_a: ta, transpose_b: tb } = attrs;
    const [a, b] = [conjugate(g, x.a), conjugate(g, x.b)];
    return {
      a: ta ? product(g, b, dy, [tb, true], 'grad_a') : product(g, dy, b, [false, !tb], 'grad_a'),
      b: tb ? product(g, dy, a, [true, ta], 'grad_b') : product(g, a, dy, [!ta, false], 'grad_b'),
    };
  },
  lower: {
    kind: 'contract',
    plan: ({ attrs, x: { a, b }, y }) => {
      const [m = 0, n = 0] = y.product.shape;
      return {
        batch: 1,
        m,
        n,
        k: a.shape[attrs.transpose_a ? 0 : 1] ?? 0,
        a: (_, row, inner) => a.at(attrs.transpose_a ? [inner, row] : [row, inner]),
        b: (_, inner, col) => b.at(attrs.transpose_b ? [col, inner] : [inner, col]),
      };
    },
  },
});

export interface MatMulOptions {
  /** Swaps the last two axes of `a` before the product. */
  readonly transposeA?: boolean;
  /** Swaps the last two axes of `b` before the product. */
  readonly transposeB?: boolean;
  readonly name?: string;
}

/**
 * Matrix product. Above rank 2 the last two axes are matrices and the others are a batch, which
 * broadcasts. Complex factors are transposed without conjugation: see `conj`.
 *
 * @param a `[..., m, k]`, or `[..., k, m]` with `transposeA`.
 * @param b `[..., k, n]`, or `[..., n, k]` with `transposeB`; the dtype of `a`.
 * @returns `[..., m, n]` of that dtype.
 * @throws ValueError if the inner dimensions differ or a rank is below 2.
 * @see TF ops MatMul, BatchMatMulV2
 * @example
 * const hidden = tf.matMul(x, weights); // [batch, 784] x [784, 128] -> [batch, 128]
 * const scores = tf.matMul(queries, keys, { transposeB: true }); // [b, h, q, d] x [b, h, k, d]
 */
export function matMul(a: TensorLike, b: TensorLike, options: MatMulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = checkedOptions('matMul', options, {
    transposeA: 'bool',
    transposeB: 'bool',
    name: 'string',
  });
  return withNameScope(options.name, 'MatMul', (scope) => {
    const left = convertToTensor(a, { name: 'a', fallback: dtypeOf(b) });
    const right = convertToTensor(b, {
      name: 'b',
      dtype: dtypeOf(b) === undefined ? left.dtype : undefined,
    });
    const isMatrix = (x: Tensor): boolean => x.shape !== null && x.shape.length <= 2;
    if (isMatrix(left) && isMatrix(right)) {
      const attrs = { transpose_a: transposeA, transpose_b: transposeB };
      return addNode(MatMul, { a: left, b: right }, attrs, scope).product;
    }
    // The op transposes and conjugates in one.
    const builder = graphBuilder();
    const factors = [
      transposeA ? conjugate(builder, left) : left,
      transposeB ? conjugate(builder, right) : right,
    ];
    const attrs = { adj_x: transposeA, adj_y: transposeB };
    return builder.op('BatchMatMulV2', factors, attrs, scope);
  });
}

const dtypeOf = (value: TensorLike): DType | undefined =>
  value instanceof Tensor || isVariable(value) ? value.dtype : undefined;
