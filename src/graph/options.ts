/** Checks the options object of a user function: a misremembered one would be ignored in silence. */
import { DTypeError, ValueError } from '../errors.js';
import { isDType, isShape } from './check-attr.js';
import { describeValue } from './describe-value.js';
import { editDistance } from './names.js';
import { isStatic, type Shape } from './shape.js';

/** `any` is left to what the option becomes: a tensor-like, an attr. */
const kinds = {
  any: () => true,
  int: Number.isSafeInteger,
  number: (v: unknown) => typeof v === 'number',
  bool: (v: unknown) => typeof v === 'boolean',
  string: (v: unknown) => typeof v === 'string',
  dtype: isDType,
  shape: isShape,
  extents: (v: unknown) => isShape(v) && isStatic(v as Shape),
  strings: (v: unknown) => Array.isArray(v) && v.every((item) => typeof item === 'string'),
  list: Array.isArray,
  function: (v: unknown) => typeof v === 'function',
  object: (v: unknown) => typeof v === 'object' && v !== null,
  graph: (v: unknown) => typeof v === 'object' && v !== null && 'isGraph' in v,
} as const;

const words: Readonly<Record<keyof typeof kinds, string>> = {
  any: 'a value',
  int: 'a whole number',
  number: 'a number',
  bool: 'true or false',
  string: 'a string',
  dtype: "a dtype's name, such as 'float32'",
  shape: 'a list of whole numbers >= 0, with null for an unknown one',
  extents: 'a list of whole numbers >= 0',
  strings: 'a list of strings',
  list: 'a list',
  function: 'a function',
  object: 'an object',
  graph: 'a Graph',
};

type Kind = keyof typeof kinds;
/** What each option holds; with a `?`, null too. */
export type OptionKinds<T> = { readonly [K in keyof Required<T>]: Kind | `${Kind}?` };

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as null);

/**
 * The options, of known names and kinds; an option given as undefined counts as left out.
 *
 * @param fn the user function's name.
 * @throws DTypeError if they are no object, or one is of the wrong kind; ValueError for a name that
 *   the function has no option of.
 */
export function checkedOptions<T extends object>(
  fn: string,
  options: T,
  expected: OptionKinds<T>,
): T {
  const names = Object.keys(expected);
  if (!isPlainObject(options))
    throw new DTypeError(
      `${fn}: Expected an object of options, such as { ${names[0] ?? 'name'}: ... }, not ${describeValue(options)}. The options are ${names.join(', ')}.`,
    );
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(expected, name)) throw unknownOption(fn, name, names);
    const kind = expected[name as keyof OptionKinds<T>] as string;
    if (value === undefined || (value === null && kind.endsWith('?'))) continue;
    const plain = kind.replace('?', '') as Kind;
    if (!kinds[plain](value))
      throw new DTypeError(
        `${fn}: Expected ${words[plain]} for option '${name}' not ${describeValue(value)}.`,
      );
  }
  return options;
}

/** A function argument. @throws DTypeError if it is none. */
export function checkedFunction<F>(fn: string, arg: string, value: F): F {
  if (typeof value !== 'function')
    throw new DTypeError(
      `${fn}: Expected function for argument '${arg}' not ${describeValue(value)}.`,
    );
  return value;
}

/** A list of names. @throws DTypeError if it is none. */
export function checkedNames(fn: string, arg: string, list: readonly string[]): readonly string[] {
  if (!kinds.strings(list))
    throw new DTypeError(
      `${fn}: Expected list of strings for argument '${arg}' not ${describeValue(list)}.`,
    );
  return list;
}

/** A list argument. @throws DTypeError if it is none. */
export function checkedList<T>(fn: string, arg: string, list: readonly T[]): readonly T[] {
  if (!Array.isArray(list))
    throw new DTypeError(`${fn}: Expected list for argument '${arg}' not ${describeValue(list)}.`);
  return list as readonly T[];
}

function unknownOption(fn: string, name: string, names: readonly string[]): ValueError {
  const simple = (text: string): string => text.toLowerCase().replaceAll('_', '');
  const near = names.find((known) => editDistance(simple(known), simple(name), 2) <= 2);
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
  return new ValueError(
    `${fn}: there is no option '${name}'.${hint} The options are ${names.join(', ')}.`,
  );
}
