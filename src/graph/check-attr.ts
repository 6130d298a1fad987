/**
 * Whether what a caller passes for an attr is of the attr's kind, and one of its allowed values:
 * types are not checked at run time by anybody else, and a wrong one would compute nonsense.
 */
import { DTypeError, ValueError, type TfError } from '../errors.js';
import type { AttrKind } from './attrs.js';
import { describeValue } from './describe-value.js';
import { dataTypeNumbers, shortNameOf, type DType } from './dtype.js';
import type { AttrSpec, OpSchema } from './op-schema.js';

interface Kind {
  readonly is: (value: unknown) => boolean;
  /** TensorFlow's word for it. */
  readonly word: string;
  readonly remedy: string;
}

export const isDType = (value: unknown): value is DType =>
  typeof value === 'string' && Object.hasOwn(dataTypeNumbers, value);

const isDim = (value: unknown): boolean =>
  value === null || (Number.isSafeInteger(value) && (value as number) >= 0);

export const isShape = (value: unknown): boolean =>
  value === null || (Array.isArray(value) && [...(value as unknown[])].every(isDim));

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const kinds = {
  int: { is: Number.isSafeInteger, word: 'int', remedy: 'Give a whole number' },
  float: { is: (v) => typeof v === 'number', word: 'float', remedy: 'Give a number' },
  bool: { is: (v) => typeof v === 'boolean', word: 'bool', remedy: 'Give true or false' },
  string: { is: (v) => typeof v === 'string', word: 'string', remedy: 'Give a string' },
  type: { is: isDType, word: 'DataType', remedy: "Give a dtype's name, such as 'float32'" },
  shape: {
    is: isShape,
    word: 'TensorShape',
    remedy: 'Give a list of whole numbers >= 0, or null where it is unknown',
  },
  tensor: { is: isObject, word: 'tensor', remedy: 'Give a tensor value' },
  func: { is: isObject, word: 'function', remedy: 'Give a function value' },
} satisfies Record<string, Kind>;

const elementKind = (kind: AttrKind): keyof typeof kinds =>
  (/^list\((.*)\)$/.exec(kind)?.[1] ?? kind) as keyof typeof kinds;

/** A whole number that is safe as one: int64 attrs may be given as bigint. */
const plainInteger = (value: unknown): unknown =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;

/**
 * The attrs a caller gave, as the schema's kinds have them; those given as undefined are left out.
 * @throws DTypeError naming the node, op and attr, for a value of another kind.
 */
export function attrsOfKinds(
  schema: OpSchema,
  given: Readonly<Record<string, unknown>>,
  node: string,
): Readonly<Record<string, unknown>> {
  const attrs: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(schema.attrs)) {
    const value = given[name];
    if (value !== undefined) attrs[name] = ofKind(value, spec.kind, { schema, name, node });
  }
  return attrs;
}

/** The first dim of a list that no shape has. */
const badDim = (dims: readonly unknown[], where: Where): TfError =>
  attrError(
    ValueError,
    where,
    `Error converting ${where.name} to a TensorShape: Dimension ${describeValue([...dims].find((dim) => !isDim(dim)))} must be >= 0. ${kinds.shape.remedy}.`,
  );

interface Where {
  readonly schema: OpSchema;
  readonly name: string;
  readonly node: string;
}

function ofKind(value: unknown, kind: AttrKind, where: Where): unknown {
  const each = elementKind(kind);
  const { is, word, remedy }: Kind = kinds[each];
  if (each === kind) {
    const plain = each === 'int' ? plainInteger(value) : value;
    if (is(plain)) return plain;
    if (each === 'shape' && Array.isArray(value)) throw badDim(value, where);
    const rule = `Expected ${word} for argument '${where.name}' not ${describeValue(value)}.`;
    throw attrError(DTypeError, where, `${rule} ${remedy}.`);
  }
  if (!Array.isArray(value))
    throw attrError(
      DTypeError,
      where,
      `Expected list for attr ${where.name}, obtained ${describeValue(value)} instead. ${remedy} per element.`,
    );
  return Array.from(value, (item) => ofKind(item, each, where));
}

const attrError = (
  kind: new (message: string, context: object) => TfError,
  { schema, node }: Where,
  message: string,
): TfError => new kind(`${schema.name} "${node}": ${message}`, { node, op: schema.name });

/**
 * @param value of the attr's kind.
 * @throws DTypeError or ValueError if it is not one the op allows, or too small or too short.
 */
export function checkAllowed(
  schema: OpSchema,
  spec: AttrSpec,
  name: string,
  value: unknown,
  node: string,
): void {
  const where = { schema, name, node };
  const allowed = spec.allowed as readonly unknown[] | undefined;
  if (allowed !== undefined && !allowed.includes(value)) {
    const isType = spec.kind === 'type';
    const list = allowed.map((a) => (isType ? shortNameOf(a as DType) : String(a))).join(', ');
    throw isType
      ? attrError(
          DTypeError,
          where,
          `attr '${name}' has DataType ${String(value)} not in list of allowed values: ${list}.`,
        )
      : attrError(
          ValueError,
          where,
          `attr '${name}' is ${JSON.stringify(value)}; expected one of ${list}.`,
        );
  }
  const { minimum } = spec;
  if (minimum === undefined) return;
  if (Array.isArray(value) && value.length < minimum)
    throw attrError(
      ValueError,
      where,
      `Attr '${name}' of '${schema.name}' Op passed list of length ${value.length} less than minimum ${minimum}.`,
    );
  if (typeof value === 'number' && value < minimum)
    throw attrError(
      ValueError,
      where,
      `Attr '${name}' of '${schema.name}' Op passed ${value} less than minimum ${minimum}.`,
    );
}
