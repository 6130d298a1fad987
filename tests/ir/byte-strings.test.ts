/** Byte strings: every byte there and back, and literals that no data can break out of. */
import { runInNewContext } from 'node:vm';
import { bytesOf, quoted, toByteString } from '../../src/ir/byte-strings.js';
import { constant, eq, load, select, type Expr } from '../../src/ir/expr.js';
import { ExprKeys } from '../../src/ir/expr-keys.js';
import { printExpr } from '../../src/ir/print.js';

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

/** Text that means something to JavaScript, to terminals, to templates or to our own keys. */
const hostile = [
  '"',
  "'",
  '\\',
  '\\"',
  '"]; throw 1; //',
  '${process.exit(1)}',
  '`',
  '*/',
  '</script>',
  '\n',
  '\r\n',
  '\u0000',
  '\u0085',
  '\u2028\u2029',
  'read 0 1',
  '#0,#1|const|str',
  '\u001b[2J',
];

describe('byte strings', () => {
  it('hold every byte', () => {
    const text = toByteString(everyByte);
    expect(text).toHaveLength(256);
    expect(bytesOf(text)).toEqual(everyByte);
    expect(toByteString(new Uint8Array())).toBe('');
  });

  it('may be longer than a call has arguments', () => {
    const bytes = Uint8Array.from({ length: 300_001 }, (_, i) => i * 7);
    expect(bytesOf(toByteString(bytes))).toEqual(bytes);
  });

  it('are taken of a part of a buffer', () => {
    expect(toByteString(everyByte.subarray(97, 100))).toBe('abc');
  });
});

describe('literals', () => {
  it.each([...hostile, toByteString(everyByte), 'plain text!'])(
    'say %j and nothing else',
    (text) => {
      const literal = quoted(text);
      expect(literal).toMatch(/^"[ -~]*"$/);
      expect(literal.slice(1, -1)).not.toMatch(/"/);
      expect(runInNewContext(literal)).toBe(text);
    },
  );

  it('stand in printed expressions', () => {
    const text: Expr = constant('str', 'a"b\n');
    expect(printExpr(eq(text, text))).toBe('"a\\x22b\\x0a" == "a\\x22b\\x0a"');
  });

  it('keep structural keys apart, whatever the strings say', () => {
    const keys = new ExprKeys();
    const texts = [...hostile, '', '0', '1', 'str', ...hostile.map((text) => `${text} `)];
    expect(new Set(texts.map((text) => keys.of(constant('str', text)))).size).toBe(texts.length);
    const loaded = load(3, 'str', []);
    const choice = (text: string): Expr =>
      select(eq(loaded, constant('str', text)), loaded, constant('str', ''));
    expect(keys.of(choice('a'))).toBe(keys.of(choice('a')));
    expect(keys.of(choice('a'))).not.toBe(keys.of(choice('b')));
  });
});

describe('constants', () => {
  it('have the empty string for zero, and no other number', () => {
    expect(constant('str', 0)).toEqual({ kind: 'const', type: 'str', value: '' });
    expect(() => constant('str', 1)).toThrow('cannot be the number 1');
  });
});
