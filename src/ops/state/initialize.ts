/** Ops that initialise variables. */
import type { VariableLike } from '../../graph/add-node.js';
import type { Graph } from '../../graph/graph.js';
import type { Operation } from '../../graph/operation.js';
import { group } from './no-op.js';
import { globalVariables, localVariables } from './variable.js';

/** An op that gives `variables` their initial values. @see tf.variables_initializer */
export const variablesInitializer = (
  variables: readonly VariableLike[],
  name = 'init',
): Operation =>
  group(
    variables.map((item) => item.initializer),
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
