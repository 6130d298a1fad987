/** Shapes that stand for feeds: what `prepare` and `explain` are told instead of values. */
import { DTypeError, ValueError } from '../errors.js';
import { isShape } from '../graph/check-attr.js';
import { describeValue } from '../graph/describe-value.js';
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../graph/operation.js';
import { formatTuple, isCompatible, isStatic, type StaticShape } from '../graph/shape.js';
import { feedTensor } from './feeds.js';

/** By tensor name, or by tensor or name. */
export type FeedShapes =
  Readonly<Record<string, StaticShape>> | ReadonlyMap<Tensor | string, StaticShape>;

/**
 * @throws DTypeError if they are no shapes by name or a name is unknown, ValueError for what is no
 *   shape, does not fit its tensor, or is given twice.
 */
export function resolveFeedShapes(
  fn: string,
  graph: Graph,
  feedShapes: FeedShapes,
): Map<Tensor, StaticShape> {
  if (typeof feedShapes !== 'object' || (feedShapes as unknown) === null || isList(feedShapes))
    throw new DTypeError(
      `${fn}: Expected shapes by tensor name, such as { x: [8, 4] }, not ${describeValue(feedShapes)}.`,
    );
  const pairs: Iterable<readonly [Tensor | string, StaticShape]> =
    feedShapes instanceof Map ? feedShapes : Object.entries(feedShapes);
  const shapes = new Map<Tensor, StaticShape>();
  for (const [key, shape] of pairs) {
    const tensor = feedTensor(graph, key);
    const where = { node: tensor.op.name, op: tensor.op.type };
    if (shapes.has(tensor))
      throw new ValueError(`${fn}: the shape of '${tensor.name}' is given twice.`, where);
    shapes.set(tensor, checkedShape(fn, tensor, shape));
  }
  return shapes;
}

const isList = (value: unknown): boolean => Array.isArray(value) || value instanceof Set;

function checkedShape(fn: string, tensor: Tensor, given: StaticShape): StaticShape {
  const shape: unknown = given;
  const where = { node: tensor.op.name, op: tensor.op.type };
  if (shape === null || !isShape(shape) || !isStatic(given))
    throw new ValueError(
      `${fn}: Expected the shape of '${tensor.name}' as a list of whole numbers >= 0 not ${describeValue(shape)}.`,
      where,
    );
  if (isCompatible(tensor.shape, given)) return given;
  throw new ValueError(
    `${fn}: shape ${formatTuple(given)} does not fit Tensor '${tensor.name}', which has shape '${formatTuple(tensor.shape)}'.`,
    where,
  );
}
