/** Attrs of an imported node: decoded, with what the import itself changes in them. */
import { InvalidArgumentError, TfError } from '../errors.js';
import { attr, type AttrValue } from '../graph/attrs.js';
import { attrOfMessage } from './attr-value.js';
import type { FileNode } from './node-order.js';

/**
 * @param names name in the file -> name in the graph
 * @param scalarIsUnknown whether the file is old enough for a Placeholder's rank 0 to mean nothing
 * @throws InvalidArgumentError for an attr that contradicts itself, or an unknown colocation.
 */
export function attrsOfNode(
  node: FileNode,
  names: ReadonlyMap<string, string>,
  scalarIsUnknown: boolean,
): Map<string, AttrValue> {
  const attrs = new Map<string, AttrValue>();
  for (const [name, message] of Object.entries(node.message.attr ?? {}))
    try {
      attrs.set(name, attrOfMessage(message));
    } catch (cause) {
      if (!(cause instanceof TfError)) throw cause;
      throw new InvalidArgumentError(
        `Node '${node.name}': attr '${name}' of ${node.type}: ${cause.message}`,
        { node: node.name, op: node.type, cause },
      );
    }
  const shape = attrs.get('shape');
  if (scalarIsUnknown && node.type === 'Placeholder' && shape?.kind === 'shape')
    if (shape.value?.length === 0) attrs.set('shape', { ...shape, value: null });
  relocate(node, attrs, names);
  return attrs;
}

/** Follows renamed nodes in `_class`. */
function relocate(
  node: FileNode,
  attrs: Map<string, AttrValue>,
  names: ReadonlyMap<string, string>,
): void {
  const places = attrs.get('_class');
  if (places?.kind !== 'list(string)') return;
  const moved = places.value.map((place) => {
    if (!place.startsWith('loc:@')) return place;
    const target = place.slice('loc:@'.length);
    const name = names.get(target);
    if (name === undefined)
      throw new InvalidArgumentError(
        `Node '${node.name}' expects to be colocated with unknown node '${target}'`,
        { node: node.name, op: node.type },
      );
    return `loc:@${name}`;
  });
  if (moved.some((place, i) => place !== places.value[i]))
    attrs.set('_class', attr('list(string)', moved));
}
