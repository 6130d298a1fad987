/** Checks what callers pass to variable scopes and getVariable, of any kind if they have no types. */
import { DTypeError, ValueError } from '../errors.js';
import { describeValue } from '../graph/describe-value.js';

const isName = (value: unknown): boolean => value === null || typeof value === 'string';

/** What getVariableScope gives: a name and how it shares variables. */
const isScope = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  isName((value as { readonly name?: unknown }).name) &&
  'reuse' in value;

/** @throws ValueError for what is neither a yes, a no nor 'auto'. */
export function checkReuse(reuse: unknown): void {
  if (![undefined, null, true, false, 'auto'].includes(reuse as boolean))
    throw new ValueError(
      `The reuse parameter must be true, false or 'auto', not ${describeValue(reuse)}.`,
    );
}

/** @throws DTypeError or ValueError for an argument of the wrong kind. */
export function checkScopeArguments(nameOrScope: unknown, reuse: unknown, fn: unknown): void {
  checkReuse(reuse);
  if (!isName(nameOrScope) && !isScope(nameOrScope))
    throw new DTypeError(
      `variableScope: Expected a name, a variable scope or null for argument 'nameOrScope' not ${describeValue(nameOrScope)}.`,
    );
  if (typeof fn !== 'function')
    throw new DTypeError(
      `variableScope: Expected a function for argument 'fn' not ${describeValue(fn)}. It is variableScope(name, options, fn).`,
    );
}

export function checkedName(fn: string, name: string): string {
  if (typeof (name as unknown) === 'string') return name;
  throw new DTypeError(`${fn}: Expected string for argument 'name' not ${describeValue(name)}.`);
}
