/** Ops that initialise variables. */
import { DTypeError } from '../../errors.js';
import { isVariable, type VariableLike } from '../../graph/add-node.js';
import { describeValue } from '../../graph/describe-value.js';
import type { Graph } from '../../graph/graph.js';
import type { Operation } from '../../graph/operation.js';
import { checkedList } from '../../graph/options.js';
import { group } from './no-op.js';
import { globalVariables, localVariables } from './variable.js';

/** An op that gives `variables` their initial values. @see tf.variables_initializer */
export const variablesInitializer = (
  variables: readonly VariableLike[],
  name = 'init',
): Operation =>
  group(
    checkedList('variablesInitializer', 'variables', variables).map((item) => {
      if (!isVariable(item))
        throw new DTypeError(
          `variablesInitializer: Expected variables, not ${describeValue(item)}.`,
        );
      return item.initializer;
    }),
    name,
  );

/**
 * An op that gives every global variable its initial value.
 *
 * @see tf.global_variables_initializer
 * @example await session.run(tf.globalVariablesInitializer());
 */
export const globalVariablesInitializer = (graph?: Graph): Operation =>
  variablesInitializer(globalVariables(graph));

/** An op that gives every local variable its initial value. @see tf.local_variables_initializer */
export const localVariablesInitializer = (graph?: Graph): Operation =>
  variablesInitializer(localVariables(graph), 'init');
