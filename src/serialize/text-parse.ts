/** Protobuf text -> messages, for any reflected message type. Errors carry line and column. */
import protobuf from 'protobufjs/light.js';
import { bigIntToInt64, type Int64 } from './messages.js';
import { TextScanner } from './text-scanner.js';
import { isLongType } from './text-print.js';

type Fields = Record<string, unknown>;

/** Deeper nesting than protobuf itself reads. */
const maxDepth = 100;

const integerRanges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  t: true,
  '1': true,
  false: false,
  False: false,
  f: false,
  '0': false,
};

class Parser {
  readonly #scan: TextScanner;

  constructor(text: string, what: string) {
    this.#scan = new TextScanner(text, what);
  }

  /** Fields up to the closing mark, or to the end of the text. */
  message(type: protobuf.Type, close: string | undefined, depth: number): Fields {
    const scan: TextScanner = this.#scan;
    if (depth > maxDepth) scan.fail(`Messages are nested deeper than ${maxDepth}.`);
    const fields: Fields = {};
    for (;;) {
      if (scan.token.kind === 'end') {
        if (close === undefined) return fields;
        scan.fail(`Expected '${close}' or a field of ${type.name}, found the end of the text.`);
      }
      if (close !== undefined && scan.accept(close)) return fields;
      this.#field(fields, type, depth);
      if (!scan.accept(',')) scan.accept(';');
    }
  }

  #field(fields: Fields, type: protobuf.Type, depth: number): void {
    const scan: TextScanner = this.#scan;
    if (scan.token.kind !== 'word')
      scan.fail(`Expected a field of ${type.name}, found ${scan.found}.`);
    const { text: name, at } = scan.token;
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    if (field === undefined) scan.fail(`Message ${type.name} has no field named '${name}'.`);
    scan.advance();
    field.resolve();
    const hasColon = scan.accept(':');
    if (!hasColon && !(field.resolvedType instanceof protobuf.Type) && !field.map)
      scan.fail(`Expected ':' after '${name}', found ${scan.found}.`);
    if (field instanceof protobuf.MapField) {
      const map = (fields[name] ??= {}) as Fields;
      this.#values(() => {
        this.#mapEntry(map, field, depth);
      });
    } else if (field.repeated) {
      const list = (fields[name] ??= []) as unknown[];
      this.#values(() => list.push(this.#value(field, depth)));
    } else {
      this.#refuseSecond(fields, field, at);
      fields[name] = this.#value(field, depth);
    }
  }

  /** One value, or a bracketed list of them. */
  #values(read: () => void): void {
    const scan: TextScanner = this.#scan;
    if (!scan.accept('[')) {
      read();
      return;
    }
    if (scan.accept(']')) return;
    do read();
    while (scan.accept(','));
    if (!scan.accept(']')) scan.fail(`Expected ',' or ']' in a list, found ${scan.found}.`);
  }

  #refuseSecond(fields: Fields, field: protobuf.Field, at: number): void {
    const rivals = field.partOf?.fieldsArray ?? [field];
    const other = rivals.find((rival) => Object.hasOwn(fields, rival.name));
    if (other === undefined) return;
    this.#scan.fail(
      other === field
        ? `Field '${field.name}' is not repeated, but comes a second time.`
        : `Field '${field.name}' comes along with '${other.name}'; a message holds only one of them.`,
      at,
    );
  }

  #mapEntry(map: Fields, field: protobuf.MapField, depth: number): void {
    const entry: { key?: unknown; value?: unknown } = {};
    const scan: TextScanner = this.#scan;
    const close = this.#open(field.name);
    while (!scan.accept(close)) {
      const { text: name } = scan.token;
      if (scan.token.kind !== 'word' || (name !== 'key' && name !== 'value'))
        scan.fail(`Expected 'key', 'value' or '${close}' in '${field.name}', found ${scan.found}.`);
      if (Object.hasOwn(entry, name)) scan.fail(`'${name}' comes a second time.`);
      scan.advance();
      scan.accept(':');
      if (name === 'key') entry.key = this.#scalar(field.keyType, null);
      else entry.value = this.#value(field, depth);
      if (!scan.accept(',')) scan.accept(';');
    }
    const key = (entry.key ?? (field.keyType === 'string' ? '' : 0)) as string | number;
    const isLong = isLongType(field.keyType);
    const name = isLong ? protobuf.util.longToHash(key as number) : String(key);
    Object.defineProperty(map, name, {
      value: entry.value ?? emptyValue(field),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }

  /** Steps over an opening mark and returns the one that closes it. */
  #open(name: string): string {
    if (this.#scan.accept('{')) return '}';
    if (this.#scan.accept('<')) return '>';
    return this.#scan.fail(`Expected '{' after '${name}', found ${this.#scan.found}.`);
  }

  #value(field: protobuf.FieldBase, depth: number): unknown {
    if (field.resolvedType instanceof protobuf.Type)
      return this.message(field.resolvedType, this.#open(field.name), depth + 1);
    return this.#scalar(field.type, field.resolvedType);
  }

  #scalar(type: string, resolved: protobuf.Enum | protobuf.Type | null): unknown {
    if (resolved instanceof protobuf.Enum) return this.#enumValue(resolved);
    if (type === 'string' || type === 'bytes') return this.#stringValue(type);
    if (type === 'bool') return this.#boolValue();
    if (type === 'float' || type === 'double') return this.#floatValue(type);
    const value = this.#integer(type);
    return isLongType(type)
      ? bigIntToInt64(value, type.startsWith('uint') || type === 'fixed64')
      : Number(value);
  }

  #enumValue(type: protobuf.Enum): number {
    const scan: TextScanner = this.#scan;
    if (scan.token.kind !== 'word') return Number(this.#integer('int32'));
    const name = scan.token.text;
    const value = Object.hasOwn(type.values, name) ? type.values[name] : undefined;
    if (value === undefined) scan.fail(`Enum ${type.name} has no value named '${name}'.`);
    scan.advance();
    return value;
  }

  #stringValue(type: 'string' | 'bytes'): string | Uint8Array {
    const scan: TextScanner = this.#scan;
    const { at } = scan.token;
    const parts: Uint8Array[] = [];
    while (scan.token.kind === 'string') {
      parts.push(scan.token.bytes);
      scan.advance();
    }
    const [first] = parts;
    if (first === undefined) return scan.fail(`Expected a string, found ${scan.found}.`);
    const bytes = parts.length === 1 ? first : concatenate(parts);
    if (type === 'bytes') return bytes;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return scan.fail('String is not valid UTF-8.', at);
    }
  }

  #boolValue(): boolean {
    const scan: TextScanner = this.#scan;
    const value = Object.hasOwn(truths, scan.token.text) ? truths[scan.token.text] : undefined;
    if (value === undefined) scan.fail(`Expected true or false, found ${scan.found}.`);
    scan.advance();
    return value;
  }

  #floatValue(type: 'float' | 'double'): number {
    const scan: TextScanner = this.#scan;
    const sign = scan.accept('-') ? -1 : 1;
    const { kind, text } = scan.token;
    const isInfinite = kind === 'word' && /^inf(inity)?f?$/i.test(text);
    const isNaN = kind === 'word' && /^nanf?$/i.test(text);
    if (kind !== 'number' && !isInfinite && !isNaN)
      scan.fail(`Expected a number, found ${scan.found}.`);
    scan.advance();
    if (isNaN) return NaN;
    if (isInfinite) return sign * Infinity;
    const value = sign * Number(/^0x/i.test(text) ? text : text.replace(/f$/i, ''));
    return type === 'float' ? Math.fround(value) : value;
  }

  #integer(type: string): bigint {
    const scan: TextScanner = this.#scan;
    const { at } = scan.token;
    const isNegative = scan.accept('-');
    const { kind, text } = scan.token;
    if (kind !== 'number' || !/^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(text))
      scan.fail(`Expected an integer, found ${scan.found}.`);
    scan.advance();
    const magnitude = BigInt(/^0\d/.test(text) ? `0o${text.slice(1)}` : text);
    const value = isNegative ? -magnitude : magnitude;
    const [low, high] = integerRanges[type] ?? [value, value];
    if (value < low || value > high) scan.fail(`${value} is out of the range of ${type}.`, at);
    return value;
  }
}

function emptyValue(field: protobuf.MapField): unknown {
  if (field.resolvedType instanceof protobuf.Type) return {};
  if (field.type === 'string') return '';
  return field.type === 'bytes' ? new Uint8Array() : (0 satisfies Int64);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/**
 * Message of its text.
 * @param what how an error names the text, before line and column
 * @throws InvalidArgumentError at the first place that is not as the format or the type demands.
 */
export const parseMessage = (text: string, type: protobuf.Type, what: string): object =>
  new Parser(text, what).message(type, undefined, 0);
