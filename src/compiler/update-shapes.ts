/** Whether what an update takes fits its variables: known for certain only when the run's shapes are. */
import { InvalidArgumentError } from '../errors.js';
import type { Operation } from '../graph/operation.js';
import { formatShape, sameShape, type StaticShape } from '../graph/shape.js';

export interface UpdateOperand {
  readonly name: string;
  readonly isState: boolean;
  readonly shape: StaticShape;
}

/** Inputs that go in element by element; the others are settings (a learning rate), which are scalars. */
const elementwise: readonly string[] = ['value', 'grad', 'delta'];

/**
 * @param operands inputs of the update; of the state inputs, those it reads.
 * @throws InvalidArgumentError naming the first that does not fit.
 */
export function checkUpdateShapes(op: Operation, operands: readonly UpdateOperand[]): void {
  const target = operands.find(({ isState }) => isState)?.shape;
  if (target === undefined) return;
  for (const { name, isState, shape } of operands) {
    const isSetting = !isState && !elementwise.includes(name);
    if (sameShape(shape, isSetting ? [] : target)) continue;
    throw new InvalidArgumentError(
      isSetting
        ? `${op}: ${name} is not a scalar: ${formatShape(shape)}.`
        : `${op}: Cannot update variable with shape ${formatShape(target)} using a Tensor with shape ${formatShape(shape)} (${name}), shapes must be equal.`,
      { node: op.name, op: op.type },
    );
  }
}
