/** Protobuf text: TensorFlow's own files both ways, the whole syntax, and where mistakes are. */
import { InvalidArgumentError } from '../../src/errors.js';
import { decodeGraphDef, encodeGraphDef } from '../../src/serialize/graph-def.js';
import { int64ToBigInt, type AttrValueMessage } from '../../src/serialize/messages.js';
import {
  graphDefFromText,
  graphFromText,
  messageFromText,
  messageToText,
  toGraphDefText,
} from '../../src/serialize/text-format.js';
import { floatText } from '../../src/serialize/text-print.js';
import { goldenFile } from './golden-graphs.js';

const read = (path: string): string => new TextDecoder().decode(goldenFile(path));
const list = (text: string): AttrValueMessage['list'] =>
  messageFromText('AttrValue', `list { ${text} }`).list;

describe('files of TensorFlow', () => {
  it.each(['files/frozen/frozen', 'files/frozen/graph'])(
    '%s.pbtxt says what its .pb says',
    (path) => {
      const bytes = goldenFile(`${path}.pb`);
      expect(toGraphDefText(decodeGraphDef(bytes))).toBe(read(`${path}.pbtxt`));
      expect(encodeGraphDef(graphDefFromText(read(`${path}.pbtxt`)))).toEqual(bytes);
      expect(toGraphDefText(graphFromText(read(`${path}.pbtxt`)))).toBe(read(`${path}.pbtxt`));
    },
  );
});

describe('printing', () => {
  // Expected texts are those of Python's text_format.
  it.each([
    [0.1, '0.1'],
    [1, '1.0'],
    [1e-5, '1e-05'],
    [1e10, '10000000000.0'],
    [1e16, '1e+16'],
    [123456789, '123456790.0'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
    [-0, '-0.0'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1e-45, '1.4013e-45'],
    [0.3333333432674408, '0.33333334'],
    [16777216, '16777216.0'],
    [0.0001, '0.0001'],
    [1.5e-7, '1.5e-07'],
  ])('writes float %s as %s', (value, text) => {
    expect(floatText(value, true)).toBe(text);
  });
  it('writes doubles to the last bit', () => {
    expect(floatText(0.1 + 0.2, false)).toBe('0.30000000000000004');
    expect(floatText(5e-324, false)).toBe('5e-324');
  });
  it('escapes bytes, leaves text readable, sorts maps and names enums', () => {
    const bytes = Uint8Array.from(
      Array.from('a"b\'c\\\n\t\r', (c) => c.charCodeAt(0)).concat(0, 255, 63, 127),
    );
    expect(messageToText('TensorProto', { string_val: [bytes] })).toBe(
      'string_val: "a\\"b\\\'c\\\\\\n\\t\\r\\000\\377?\\177"\n',
    );
    expect(
      messageToText('NodeDef', {
        name: 'é',
        attr: { b: { type: 1 }, a: { type: 77 }, c: { list: {} } },
      }),
    ).toBe(
      'name: "é"\nattr {\n  key: "a"\n  value {\n    type: 77\n  }\n}\nattr {\n  key: "b"\n  value {\n    type: DT_FLOAT\n  }\n}\nattr {\n  key: "c"\n  value {\n    list {\n    }\n  }\n}\n',
    );
  });
  it('sorts number keys as numbers, and leaves defaults out', () => {
    expect(messageToText('FunctionDef', { arg_attr: { 10: {}, 3: {} } })).toMatch(
      /key: 3\n[^]*key: 10\n/,
    );
    expect(messageToText('VersionDef', { producer: 0, min_consumer: 1 })).toBe('min_consumer: 1\n');
  });
});

describe('parsing', () => {
  it('takes comments, both brackets, separators, lists and joined strings', () => {
    const message = graphDefFromText(
      `# a graph
      node { name: "a" op: 'B' "C" input: ["x", "y:1"]; input: 'z', attr < key: "k" value: { i: 3 } > } # end`,
    );
    expect(message).toEqual({
      node: [{ name: 'a', op: 'BC', input: ['x', 'y:1', 'z'], attr: { k: { i: 3 } } }],
    });
  });
  it('takes lists of messages and empty lists', () => {
    expect(graphDefFromText('node: [{ name: "a" }, < name: "b" >] node: []').node).toHaveLength(2);
  });
  it('takes numbers in every notation', () => {
    expect(
      list('i: [1, -2, 0x1F, 017, - 4] f: [1, 1.5f, .5, 2., 1e3, inf, -Infinity, nan]'),
    ).toEqual({
      i: [1, -2, 31, 15, -4],
      f: [1, 1.5, 0.5, 2, 1000, Infinity, -Infinity, NaN],
    });
  });
  it('takes enums by name and number, and bools in every spelling', () => {
    expect(list('type: [DT_FLOAT, 3] b: [true, True, t, 1, false, False, f, 0]')).toEqual({
      type: [1, 3],
      b: [true, true, true, true, false, false, false, false],
    });
  });
  it('takes every escape', () => {
    const text =
      'string_val: "\\a\\b\\f\\n\\r\\t\\v\\\\\\\'\\"\\?\\7\\377\\x4a\\u00e9\\U0001F600é"';
    const [bytes] = messageFromText('TensorProto', text).string_val ?? [];
    const utf8 = (s: string): number[] => [...new TextEncoder().encode(s)];
    expect([...(bytes ?? [])]).toEqual([
      7,
      8,
      12,
      10,
      13,
      9,
      11,
      92,
      39,
      34,
      63,
      7,
      255,
      0x4a,
      ...utf8('é😀é'),
    ]);
  });
  it('keeps 64-bit integers exact', () => {
    const text = 'int64_val: -9223372036854775808 uint64_val: 18446744073709551615';
    const message = messageFromText('TensorProto', text);
    const [low = 0] = message.int64_val ?? [];
    const [high = 0] = message.uint64_val ?? [];
    expect(int64ToBigInt(low)).toBe(-(2n ** 63n));
    expect(int64ToBigInt(high)).toBe(2n ** 64n - 1n);
  });
  it('keeps 64-bit map keys', () => {
    const text =
      'debug_info {\n  name_to_trace_id {\n    key: "a"\n    value: 18446744073709551615\n  }\n  traces_by_id {\n    key: 18446744073709551615\n    value {\n      frame_id: 5\n    }\n  }\n}\n';
    const message = graphDefFromText(text);
    expect(toGraphDefText(message)).toBe(text);
    expect(toGraphDefText(decodeGraphDef(encodeGraphDef(message)))).toBe(text);
  });

  it.each([
    ['node {\n  nme: "a"\n}', "2:3: Message NodeDef has no field named 'nme'."],
    ['node { name "a" }', "1:13: Expected ':' after 'name', found '\"a\"'."],
    ['node { name: "a', '1:14: String is not closed on its line.'],
    ['node { name: a }', "1:14: Expected a string, found 'a'."],
    ['versions { producer: 99999999999 }', '1:22: 99999999999 is out of the range of int32.'],
    ['versions { producer: 1.5 }', "1:22: Expected an integer, found '1.5'."],
    ['versions { producer: 12ab }', "1:22: '12ab' is not a number."],
    [
      'node { attr { key: "k" value { i: 1 f: 2 } } }',
      "1:37: Field 'f' comes along with 'i'; a message holds only one of them.",
    ],
    [
      'node { name: "a" name: "b" }',
      "1:18: Field 'name' is not repeated, but comes a second time.",
    ],
    ['node {', "1:7: Expected '}' or a field of NodeDef, found the end of the text."],
    ['node {\n>', "2:1: Expected a field of NodeDef, found '>'."],
    ['}', "1:1: Expected a field of GraphDef, found '}'."],
    ['node 5', "1:6: Expected '{' after 'node', found '5'."],
    [
      'node { attr { value { type: DT_WHAT } } }',
      "1:29: Enum DataType has no value named 'DT_WHAT'.",
    ],
    ['node { attr { value { b: maybe } } }', "1:26: Expected true or false, found 'maybe'."],
    ['node { attr { value { f: x } } }', "1:26: Expected a number, found 'x'."],
    [
      'node { attr { other: 1 } }',
      "1:15: Expected 'key', 'value' or '}' in 'attr', found 'other'.",
    ],
    ['node { name: "\\q" }', "1:15: Unknown escape '\\q' in a string."],
    ['node { name: "\\777" }', "1:15: Octal escape '\\777' does not fit a byte."],
    ['node { name: "\\377" }', '1:14: String is not valid UTF-8.'],
    ['node { input: ["a" "b" }', "1:24: Expected ',' or ']' in a list, found '}'."],
    ['node @', "1:6: Unexpected character '@'."],
  ])('says where %j is wrong', (text, message) => {
    expect(() => graphDefFromText(text, 'g')).toThrow(InvalidArgumentError);
    expect(() => graphDefFromText(text, 'g')).toThrow(`g:${message}`);
  });

  it('refuses nesting without end', () => {
    const text =
      'node { attr { value { func { attr { value { func { '.repeat(1) +
      'attr { value { func { '.repeat(200);
    expect(() => graphDefFromText(text)).toThrow('nested deeper than 100');
  });
});
