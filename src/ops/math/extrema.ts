/** The larger and the smaller of two tensors, element by element. NaN on either side gives NaN. */
import { floatDTypes, integerDTypes } from '../../graph/dtype.js';
import { max, min } from '../../ir/expr.js';
import { reduceGradients } from '../broadcast.js';
import { binaryFunction, binaryOp, zerosLike, type BinaryGrad, type Pair } from '../elementwise.js';

const numbers = [...floatDTypes, ...integerDTypes] as const;

/** The whole gradient goes to the operand that was chosen; `x` where they tie. */
const chosenGrad =
  (chooses: 'GreaterEqual' | 'LessEqual') =>
  ({ b, dy, x, y }: BinaryGrad): Pair => {
    const zeros = zerosLike(b, dy);
    const ofX = b.op(chooses, [x, y]);
    const gx = b.op('SelectV2', [ofX, dy, zeros]);
    const gy = b.op('SelectV2', [ofX, zeros, dy]);
    return reduceGradients(b, x, y, gx, gy);
  };

export const Maximum = binaryOp({
  name: 'Maximum',
  types: numbers,
  expr: max,
  integers: Math.max,
  grad: chosenGrad('GreaterEqual'),
});

export const Minimum = binaryOp({
  name: 'Minimum',
  types: numbers,
  expr: min,
  integers: Math.min,
  grad: chosenGrad('LessEqual'),
});

/**
 * The larger of `x` and `y`, with broadcasting; NaN where either is NaN. Where they tie the
 * gradient goes to `x`.
 *
 * @see TF op Maximum.
 * @example maximum(x, 0)
 */
export const maximum = binaryFunction(Maximum);

/** The smaller of `x` and `y`, with broadcasting; NaN where either is NaN. @see TF op Minimum. */
export const minimum = binaryFunction(Minimum);
