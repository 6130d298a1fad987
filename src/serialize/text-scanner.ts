/** Tokens of protobuf text: names, numbers, strings and punctuation, with their place in the input. */
import { InvalidArgumentError } from '../errors.js';

export type Token =
  | { readonly kind: 'word' | 'number' | 'mark'; readonly text: string; readonly at: number }
  | {
      readonly kind: 'string';
      readonly text: string;
      readonly bytes: Uint8Array;
      readonly at: number;
    }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number };

const space = /(?:\s+|#[^\n]*)*/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const number = /0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?/y;
const plainRun = /[^"'\\\n]+/y;

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};
const numericEscape = /[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}/y;
const encoder = new TextEncoder();

/** Bytes that grow. */
class ByteList {
  #bytes = new Uint8Array(64);
  #length = 0;

  add(bytes: ArrayLike<number>): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

export class TextScanner {
  #at = 0;
  #token: Token = { kind: 'end', text: '', at: 0 };

  constructor(
    readonly text: string,
    readonly what: string,
  ) {
    this.advance();
  }

  /** The token that comes next. */
  get token(): Token {
    return this.#token;
  }

  /** Steps over the current token and returns it. */
  advance(): Token {
    const passed = this.#token;
    this.#match(space);
    this.#token = this.#read();
    return passed;
  }

  /** Steps over a punctuation mark if it comes next. */
  accept(mark: string): boolean {
    if (this.#token.kind !== 'mark' || this.#token.text !== mark) return false;
    this.advance();
    return true;
  }

  fail(message: string, at = this.#token.at): never {
    const before = this.text.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    throw new InvalidArgumentError(`${this.what}:${line}:${column}: ${message}`);
  }

  /** How the current token reads in an error. */
  get found(): string {
    return this.#token.kind === 'end'
      ? 'the end of the text'
      : `'${this.#token.text.slice(0, 40)}'`;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.text)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  #read(): Token {
    const at = this.#at;
    const next = this.text[at];
    if (next === undefined) return { kind: 'end', text: '', at };
    if (next === '"' || next === "'") return this.#readString(next);
    const name = this.#match(word);
    if (name !== undefined) return { kind: 'word', text: name, at };
    const digits = this.#match(number);
    if (digits !== undefined) {
      const rest = this.#match(word);
      if (rest !== undefined) this.fail(`'${digits}${rest}' is not a number.`, at);
      return { kind: 'number', text: digits, at };
    }
    if (!'{}<>[]:,;-./'.includes(next)) this.fail(`Unexpected character '${next}'.`, at);
    this.#at++;
    return { kind: 'mark', text: next, at };
  }

  #readString(quote: string): Token {
    const at = this.#at++;
    const bytes = new ByteList();
    for (;;) {
      const run = this.#match(plainRun);
      if (run !== undefined) bytes.add(encoder.encode(run));
      const stop = this.text[this.#at];
      if (stop === undefined || stop === '\n') this.fail('String is not closed on its line.', at);
      this.#at++;
      if (stop === quote) break;
      if (stop === '\\') bytes.add(this.#readEscape());
      else bytes.add([stop.charCodeAt(0)]);
    }
    return { kind: 'string', text: this.text.slice(at, this.#at), bytes: bytes.take(), at };
  }

  #readEscape(): ArrayLike<number> {
    const start = this.#at - 1;
    const letter = this.text[this.#at] ?? '';
    const simple = Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined;
    if (simple !== undefined) {
      this.#at++;
      return [simple];
    }
    const digits = this.#match(numericEscape);
    if (digits === undefined) this.fail(`Unknown escape '\\${letter}' in a string.`, start);
    if (/^[0-7]/.test(digits)) {
      const value = parseInt(digits, 8);
      if (value > 255) this.fail(`Octal escape '\\${digits}' does not fit a byte.`, start);
      return [value];
    }
    const value = parseInt(digits.slice(1), 16);
    if (digits.startsWith('x')) return [value];
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
      this.fail(`'\\${digits}' is not a Unicode character.`, start);
    return encoder.encode(String.fromCodePoint(value));
  }
}
