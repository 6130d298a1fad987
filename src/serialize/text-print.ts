/** Messages as protobuf text, in the style of Python's text_format: fields by number, maps by key. */
import protobuf from 'protobufjs/light.js';
import { int64ToBigInt, type Int64 } from './messages.js';

const named = new Map<number, string>([
  [9, '\\t'],
  [10, '\\n'],
  [13, '\\r'],
  [34, '\\"'],
  [39, "\\'"],
  [92, '\\\\'],
]);

const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;

/** Escape per byte: printable ASCII as itself, the rest by name or in octal. */
const escapes = Array.from({ length: 256 }, (_, byte) => {
  const isPrintable = byte >= 32 && byte < 127;
  return named.get(byte) ?? (isPrintable ? String.fromCharCode(byte) : octal(byte));
});

function quoteBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += escapes[byte] ?? '';
  return `"${text}"`;
}

/** Text stays readable: only control characters, quotes and backslashes are escaped. */
function quoteText(value: string): string {
  let text = '';
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    text += code < 128 ? (escapes[code] ?? '') : character;
  }
  return `"${text}"`;
}

/** Shortest decimal that reads back as the same number, spelled as Python does. */
export function floatText(value: number, isSingle: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const shortest = isSingle ? shortestSingle(value) : value;
  const [mantissa = '0', exponent = '0'] = shortest.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16)
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const text = String(shortest);
  return text.includes('.') ? text : `${text}.0`;
}

function shortestSingle(value: number): number {
  const single = Math.fround(value);
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(single.toPrecision(digits));
    if (Math.fround(shorter) === single) return shorter;
  }
  return Number(single.toPrecision(9));
}

const longTypes: ReadonlySet<string> = new Set([
  'int64',
  'uint64',
  'sint64',
  'fixed64',
  'sfixed64',
]);
export const isLongType = (type: string): boolean => longTypes.has(type);

function scalarText(
  value: unknown,
  type: string,
  resolved: protobuf.ReflectionObject | null,
): string {
  if (resolved instanceof protobuf.Enum)
    return resolved.valuesById[value as number] ?? String(value);
  if (type === 'string') return quoteText(value as string);
  if (type === 'bytes') return quoteBytes(value as Uint8Array);
  if (type === 'float' || type === 'double') return floatText(value as number, type === 'float');
  if (isLongType(type)) return int64ToBigInt(value as Int64).toString();
  return String(value);
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.byteLength === 0;
  return value === '' || value === false || Object.is(value, 0);
}

/** Appends lines for a message's fields. */
function printFields(message: object, type: protobuf.Type, indent: string, out: string[]): void {
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id);
  for (const field of fields) {
    const value: unknown = Object.getOwnPropertyDescriptor(message, field.name)?.value;
    if (value === undefined || value === null) continue;
    if (field instanceof protobuf.MapField) printMap(value, field, indent, out);
    else if (field.repeated)
      for (const item of value as readonly unknown[])
        printField(field.name, item, field, indent, out);
    else if (field.hasPresence || !isDefault(value))
      printField(field.name, value, field, indent, out);
  }
}

function printField(
  name: string,
  value: unknown,
  field: protobuf.FieldBase,
  indent: string,
  out: string[],
): void {
  if (field.resolvedType instanceof protobuf.Type) {
    out.push(`${indent}${name} {`);
    printFields(value as object, field.resolvedType, `${indent}  `, out);
    out.push(`${indent}}`);
  } else out.push(`${indent}${name}: ${scalarText(value, field.type, field.resolvedType)}`);
}

/** Map keys are object keys in memory; 64-bit ones are eight-character strings of their bits. */
function keyValue(key: string, type: string): string | bigint {
  if (type === 'string' || type === 'bool') return key;
  if (!isLongType(type)) return BigInt(key);
  return int64ToBigInt(protobuf.util.longFromHash(key, type !== 'int64'));
}

function printMap(map: object, field: protobuf.MapField, indent: string, out: string[]): void {
  const entries = Object.entries(map as Record<string, unknown>)
    .map(([key, value]) => ({ key: keyValue(key, field.keyType), value }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  for (const { key, value } of entries) {
    out.push(`${indent}${field.name} {`);
    const isText = field.keyType === 'string';
    out.push(`${indent}  key: ${isText ? quoteText(String(key)) : String(key)}`);
    printField('value', value, field, `${indent}  `, out);
    out.push(`${indent}}`);
  }
}

/** Text of a message of reflected type `type`, one field a line. */
export function printMessage(message: object, type: protobuf.Type): string {
  const out: string[] = [];
  printFields(message, type, '', out);
  return out.length === 0 ? '' : `${out.join('\n')}\n`;
}
