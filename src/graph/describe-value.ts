/** How messages show a value that came: short, and safe for what JSON cannot say. */

const longest = 80;

const classOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

const isPlain = (value: object): boolean =>
  Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;

export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `the string '${value.slice(0, longest)}'`;
    case 'bigint':
      return `${value}n`;
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return String(value);
  }
}

function describeObject(value: object): string {
  const { name } = value as { readonly name?: unknown };
  if (!isPlain(value))
    return typeof name === 'string' ? `the ${classNameOf(value)} '${name}'` : `a ${classOf(value)}`;
  try {
    return JSON.stringify(value, plainly).slice(0, longest);
  } catch {
    // It refers to itself.
    return `a ${classOf(value)}`;
  }
}

const classNameOf = (value: object): string => value.constructor.name;

/** What JSON has no text for, or too much of it. */
const plainly = (_: string, value: unknown): unknown =>
  typeof value === 'object'
    ? value === null || isPlain(value)
      ? value
      : describeObject(value)
    : typeof value === 'bigint' || typeof value === 'function' || Number.isNaN(value)
      ? describeValue(value)
      : value;
