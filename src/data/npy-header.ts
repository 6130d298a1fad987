/**
 * The header of a .npy file: a Python literal of a dict with three keys. Only literals NumPy writes
 * are understood, so nothing in a file is ever evaluated.
 */
import { InvalidArgumentError, UnimplementedError } from '../errors.js';
import type { StaticShape } from '../graph/shape.js';

export interface NpyHeader {
  /** NumPy's type string, such as `<f4`. */
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: StaticShape;
}

/** Value of a Python literal: tuples and lists are arrays, dicts are Maps. */
type Literal = string | number | boolean | null | Literal[] | Map<Literal, Literal>;

const tokenPattern =
  /\s*(?:(?<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<number>-?\d+)L?|(?<word>True|False|None)|(?<mark>[{}()[\],:]))/y;
type TokenKind = 'text' | 'number' | 'word' | 'mark' | 'end';

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const deepest = 8;

const bad = (why: string): never => {
  throw new InvalidArgumentError(`The .npy header is damaged: ${why}.`);
};

class LiteralParser {
  #at = 0;
  #token = '';
  #kind: TokenKind = 'end';

  constructor(readonly source: string) {
    this.#advance();
  }

  /** The whole source as one literal. */
  parse(): Literal {
    const value = this.#value(0);
    if (!this.#isAtEnd()) bad(`'${this.#token}' follows the end of the dict`);
    return value;
  }

  #isAtEnd(): boolean {
    return this.#kind === 'end';
  }

  #advance(): void {
    tokenPattern.lastIndex = this.#at;
    const groups: Record<string, string | undefined> = tokenPattern.exec(this.source)?.groups ?? {};
    const found = Object.entries(groups).find(([, text]) => text !== undefined);
    if (found === undefined) {
      if (this.source.slice(this.#at).trim() !== '')
        bad(`unexpected text at character ${this.#at}`);
      this.#kind = 'end';
      return;
    }
    this.#kind = found[0] as TokenKind;
    this.#token = found[1] ?? '';
    this.#at = tokenPattern.lastIndex;
  }

  #accept(mark: string): boolean {
    if (this.#kind !== 'mark' || this.#token !== mark) return false;
    this.#advance();
    return true;
  }

  #value(depth: number): Literal {
    if (depth > deepest) bad('it is nested too deeply');
    const kind = this.#kind;
    const token = this.#token;
    if (kind === 'end') bad('it ends too early');
    this.#advance();
    if (kind === 'text') return token.slice(1, -1).replace(/\\(.)/g, '$1');
    if (kind === 'number') return Number(token);
    if (kind === 'word') return token === 'None' ? null : token === 'True';
    const closer = closers[token] ?? bad(`unexpected '${token}'`);
    return token === '{' ? this.#dict(depth) : this.#items(closer, depth);
  }

  #dict(depth: number): Map<Literal, Literal> {
    const map = new Map<Literal, Literal>();
    while (!this.#accept('}')) {
      const key = this.#value(depth + 1);
      if (!this.#accept(':')) bad("a ':' is missing");
      map.set(key, this.#value(depth + 1));
      if (!this.#accept(',') && this.#token !== '}') bad("a ',' is missing");
    }
    return map;
  }

  #items(closer: string, depth: number): Literal {
    const items: Literal[] = [];
    let hadComma = closer === ']';
    while (!this.#accept(closer)) {
      items.push(this.#value(depth + 1));
      const comma = this.#accept(',');
      hadComma ||= comma;
      if (!comma && this.#token !== closer) bad("a ',' is missing");
    }
    const [only] = items;
    return items.length === 1 && !hadComma && only !== undefined ? only : items;
  }
}

const isExtent = (value: Literal): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/**
 * Parses the header's text.
 * @throws InvalidArgumentError for text that is no such dict, UnimplementedError for structured types.
 */
export function parseHeader(source: string): NpyHeader {
  const dict = new LiteralParser(source).parse();
  if (!(dict instanceof Map)) return bad('it is not a dict');
  const descr = dict.get('descr');
  const fortranOrder = dict.get('fortran_order');
  const shape = dict.get('shape');
  if (Array.isArray(descr))
    throw new UnimplementedError(
      'The .npy file holds records (a structured dtype). Save each field as an array of its own.',
    );
  if (typeof descr !== 'string') return bad("'descr' is missing");
  if (typeof fortranOrder !== 'boolean') return bad("'fortran_order' is missing");
  if (!Array.isArray(shape) || !shape.every(isExtent))
    return bad("'shape' is not a tuple of sizes");
  return { descr, fortranOrder, shape };
}

/** The header's text as NumPy writes it, without padding. */
export function printHeader({ descr, fortranOrder, shape }: NpyHeader): string {
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  return `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': ${tuple}, }`;
}
