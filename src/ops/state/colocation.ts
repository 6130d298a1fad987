/** Where ops that belong to a variable say so (`_class: loc:@v`). */
import { graphOf } from '../../graph/graph.js';
import type { Operation } from '../../graph/operation.js';

const prefix = 'loc:@';

/** The op an op's `_class` names, else the op itself: slots belong to their variable's group. */
function rootOf(op: Operation): Operation {
  const classes = op.attrs.get('_class');
  if (classes?.kind !== 'list(string)') return op;
  const place = classes.value.find((name) => name.startsWith(prefix));
  return (place && graphOf(op).findOperation(place.slice(prefix.length))) || op;
}

/** Runs `fn`; the ops it makes are placed with `op`. */
export const colocated = <R>(op: Operation, fn: () => R): R =>
  graphOf(op).colocateWith(rootOf(op), fn);
