/** TensorShapeProto <-> Shape. An empty Dim is a real zero, -1 an unknown dim. */
import { InvalidArgumentError } from '../errors.js';
import type { Shape, StaticShape } from '../graph/shape.js';
import { int64ToBigInt, type TensorShapeMessage } from './messages.js';

/** TensorFlow's own limit on the rank. */
const maxRank = 254;

const sizesOf = (message: TensorShapeMessage): bigint[] =>
  (message.dim ?? []).map((dim) => int64ToBigInt(dim.size ?? 0));

function checkRank(sizes: readonly bigint[]): void {
  if (sizes.length > maxRank)
    throw new InvalidArgumentError(
      `Shape has ${sizes.length} dimensions, more than the ${maxRank} that are allowed.`,
    );
}

/**
 * Static shape of symbolic tensors.
 * @throws InvalidArgumentError for a dim below -1, past 2^53, or too many of them.
 */
export function shapeOfMessage(message: TensorShapeMessage): Shape {
  if (message.unknown_rank === true) return null;
  const sizes = sizesOf(message);
  checkRank(sizes);
  return sizes.map((size) => {
    if (size === -1n) return null;
    if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER))
      throw new InvalidArgumentError(
        `Shape [${sizes.join(',')}] has dimension ${size}; expected -1 (unknown) or 0 to 2^53 - 1.`,
      );
    return Number(size);
  });
}

/**
 * Shape of data: fully known, and of fewer than 2^63 elements.
 * @throws InvalidArgumentError otherwise.
 */
export function staticShapeOfMessage(message: TensorShapeMessage): StaticShape {
  if (message.unknown_rank === true)
    throw new InvalidArgumentError('Shape <unknown> of tensor data is not fully defined.');
  const sizes = sizesOf(message);
  checkRank(sizes);
  const text = `Shape [${sizes.join(',')}]`;
  let count = 1n;
  for (const size of sizes) {
    if (size < 0n) throw new InvalidArgumentError(`${text} of tensor data is not fully defined.`);
    if (size > BigInt(Number.MAX_SAFE_INTEGER))
      throw new InvalidArgumentError(`${text} is too large: a dimension passes 2^53 - 1.`);
    count *= size;
  }
  if (count >= 2n ** 63n)
    throw new InvalidArgumentError(`${text} is too large (more than 2**63 - 1 entries)`);
  return sizes.map(Number);
}

export const messageOfShape = (shape: Shape): TensorShapeMessage =>
  shape === null ? { unknown_rank: true } : { dim: shape.map((size) => ({ size: size ?? -1 })) };
