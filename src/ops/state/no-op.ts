/** NoOp, and the functions that order and bundle other ops with it. */
import { DTypeError } from '../../errors.js';
import { addOperation, isVariable, type VariableLike } from '../../graph/add-node.js';
import { graphBuilder, withNameScope } from '../../graph/builder.js';
import { describeValue } from '../../graph/describe-value.js';
import { getDefaultGraph, graphOf, type Graph } from '../../graph/graph.js';
import { Operation, Tensor } from '../../graph/operation.js';
import { checkedList, checkedOptions } from '../../graph/options.js';
import { defineOp } from '../op-def.js';
import { colocated } from './colocation.js';

/** Computes nothing; its control inputs make it an ordering point. */
export const NoOp = defineOp({
  name: 'NoOp',
  attrs: {},
  inputs: {},
  outputs: {},
  infer: () => ({}),
  grad: { none: 'it has no inputs' },
  lower: { kind: 'none' },
});

/** An op that computes nothing: something to hang control dependencies on. @see tf.no_op */
export const noOp = (name = 'NoOp'): Operation => addOperation(NoOp, {}, {}, name);

/** What can be waited for. */
export type Waitable = Operation | Tensor | VariableLike;

function operationOf(item: Waitable): Operation {
  if (item instanceof Tensor) return item.op;
  if (isVariable(item)) return item.handle.op;
  if ((item as unknown) instanceof Operation) return item;
  throw new DTypeError(
    `Expected an Operation, a Tensor or a variable, not ${describeValue(item)}.`,
  );
}

const graphOfItems = (fn: string, items: readonly Waitable[]): Graph => {
  const [first] = checkedList(fn, 'inputs', items);
  return first === undefined ? getDefaultGraph() : graphOf(operationOf(first));
};

/**
 * An op that is done when all of `inputs` are. Fetching it runs them and brings nothing back.
 *
 * @param name node name, `group_deps` by default.
 * @see tf.group
 * @example const step = tf.group([trainGenerator, trainCritic]);
 */
export const group = (inputs: readonly Waitable[], name = 'group_deps'): Operation =>
  graphOfItems('group', inputs).asDefault(() =>
    addOperation(NoOp, {}, {}, name, [...new Set(inputs.map(operationOf))]),
  );

/**
 * The same tensors, each available only when all of them (and `controlInputs`) are.
 *
 * @see tf.tuple
 * @example const [a, b] = tf.tuple([dx, dy]);
 */
export function tuple(
  tensors: readonly Tensor[],
  options: { readonly controlInputs?: readonly Waitable[]; readonly name?: string } = {},
): Tensor[] {
  checkedOptions('tuple', options, { controlInputs: 'list', name: 'string' });
  return graphOfItems('tuple', tensors).asDefault(() =>
    withNameScope(options.name, 'tuple', () => {
      const gate = group([...tensors, ...(options.controlInputs ?? [])]);
      const graph = getDefaultGraph();
      return tensors.map((tensor) =>
        colocated(tensor.op, () =>
          graph.controlDependencies([gate], () =>
            graphBuilder().op('Identity', [tensor], {}, 'control_dependency'),
          ),
        ),
      );
    }),
  );
}
