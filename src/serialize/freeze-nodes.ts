/** Nodes around a frozen variable: how each op takes a value in place of a handle. */
import { InvalidArgumentError } from '../errors.js';
import type { AttrMap, NodeMessage, TensorShapeMessage } from './messages.js';

/** Type of the value that took a handle's place. */
export interface ValueType {
  readonly dtype: number;
  readonly shape: TensorShapeMessage;
}

/** Ops that pass their input on unchanged, to all outputs. */
export const passing: ReadonlySet<string> = new Set([
  'Identity',
  'Enter',
  'Exit',
  'NextIteration',
  'Switch',
  'Merge',
]);

/** Ops that call functions: attrs that name them, attr of the input types, inputs before those. */
export const callers: Readonly<
  Record<
    string,
    { readonly functions: readonly string[]; readonly types: string; readonly skip: number }
  >
> = {
  If: { functions: ['then_branch', 'else_branch'], types: 'Tin', skip: 1 },
  StatelessIf: { functions: ['then_branch', 'else_branch'], types: 'Tin', skip: 1 },
  Case: { functions: ['branches'], types: 'Tin', skip: 1 },
  StatelessCase: { functions: ['branches'], types: 'Tin', skip: 1 },
  While: { functions: ['cond', 'body'], types: 'T', skip: 0 },
  StatelessWhile: { functions: ['cond', 'body'], types: 'T', skip: 0 },
  PartitionedCall: { functions: ['f'], types: 'Tin', skip: 0 },
  StatefulPartitionedCall: { functions: ['f'], types: 'Tin', skip: 0 },
};
export const isLoop = (node: NodeMessage): boolean =>
  node.op === 'While' || node.op === 'StatelessWhile';

/** The node with some attrs changed. */
export const withAttrs = (node: NodeMessage, attrs: AttrMap): NodeMessage => ({
  ...node,
  attr: { ...node.attr, ...attrs },
});

/** A node of another op under the same name; what else it carried belonged to the old op. */
export const replaced = (node: NodeMessage, op: string, attr: AttrMap): NodeMessage => ({
  name: node.name,
  op,
  input: node.input,
  device: node.device,
  attr,
});

/** Colocation, which outlives a change of op. */
export const classOf = (node: NodeMessage): AttrMap => {
  const places = node.attr?.['_class'];
  return places === undefined ? {} : { _class: places };
};

/** Type attrs of the gather that takes a resource gather's place. */
export const gatherTypes = (node: NodeMessage, type: ValueType): AttrMap => ({
  Tparams: node.attr?.['dtype'] ?? { type: type.dtype },
  Tindices: node.attr?.['Tindices'] ?? { type: 3 },
  ...classOf(node),
});

/** Error for a use of a variable that no constant can take part in. */
export const cannotFreeze = (node: NodeMessage): InvalidArgumentError =>
  new InvalidArgumentError(
    `${node.op ?? ''} "${node.name ?? ''}" uses a variable otherwise than by reading it, so the variable cannot become a constant. ` +
      'Choose outputs that do not depend on it, or exclude the variable from freezing.',
    { node: node.name ?? undefined, op: node.op ?? undefined },
  );
