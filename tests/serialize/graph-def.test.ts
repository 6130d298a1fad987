/** GraphDef -> Graph -> GraphDef: what is refused and in which words, and what imports do to names. */
import { DTypeError, InvalidArgumentError, ValueError } from '../../src/errors.js';
import { attr, type AttrValue } from '../../src/graph/attrs.js';
import { Graph } from '../../src/graph/graph.js';
import { Operation, Tensor } from '../../src/graph/operation.js';
import {
  decodeGraphDef,
  graphFromGraphDef,
  importGraphDef,
  toGraphDef,
} from '../../src/serialize/graph-def.js';
import type { ImportOptions } from '../../src/serialize/import-graph.js';
import { graphDefFromText, toGraphDefText } from '../../src/serialize/text-format.js';

const float = 'attr { key: "T" value { type: DT_FLOAT } }';
const x = 'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }';
const node = (name: string, op: string, inputs: readonly string[], rest = float): string =>
  `node { name: "${name}" op: "${op}" ${inputs.map((i) => `input: "${i}"`).join(' ')} ${rest} }`;
const load = (...parts: readonly string[]): Graph =>
  graphFromGraphDef(graphDefFromText(parts.join('\n')));
const importInto = (graph: Graph, text: string, options: ImportOptions = {}) =>
  importGraphDef(graphDefFromText(text), { ...options, graph });
const names = (graph: Graph): string[] => graph.operations.map((op) => op.name);

describe('a graph that contradicts itself', () => {
  it.each<readonly [string, string, string]>([
    ['unknown input', node('y', 'Tanh', ['m']), "Node 'y': Unknown input node 'm'"],
    [
      'unknown control input',
      x + node('y', 'Tanh', ['x', '^q']),
      "Node 'y': Unknown input node '^q'",
    ],
    ['malformed input', x + node('y', 'Tanh', ['x:']), "Node 'y': Unknown input node 'x:'"],
    [
      'invalid output',
      x + node('y', 'Tanh', ['x:1']),
      "Node 'y': Connecting to invalid output 1 of source node x which has 1 outputs.",
    ],
    [
      'control before data',
      x + node('y', 'Tanh', ['^x', 'x']),
      "Node 'y': Control dependencies must come after regular dependencies",
    ],
    ['duplicate name', x + x, "Node 'x' is not unique"],
    ['bad name', node('a b', 'NoOp', [], ''), "Node 'a b': Node name contains invalid characters"],
    [
      'internal name',
      node('_x', 'NoOp', [], ''),
      "Node '_x': Node name contains invalid characters",
    ],
    ['no name', node('', 'NoOp', [], ''), "Node '': Node name contains invalid characters"],
    ['self cycle', node('a', 'Tanh', ['a']), '1 nodes in a cycle: a -> a.'],
    [
      'longer cycle',
      node('a', 'Tanh', ['b']) + node('b', 'Tanh', ['a']) + node('c', 'Tanh', ['b']),
      '3 nodes in a cycle: a -> b -> a.',
    ],
    [
      'control cycle',
      x + node('a', 'Tanh', ['x', '^b']) + node('b', 'Tanh', ['a']),
      '2 nodes in a cycle',
    ],
    [
      'missing attr',
      x + node('y', 'Tanh', ['x'], ''),
      "NodeDef missing attr 'T' from Op<name=Tanh; signature=x:T -> y:T; attr=T:type",
    ],
    [
      'dtype mismatch',
      x + node('y', 'MatMul', ['x', 'x'], 'attr { key: "T" value { type: DT_INT32 } }'),
      'Input 0 of node y was passed float from x:0 incompatible with expected int32.',
    ],
    [
      'too many inputs',
      x + node('y', 'Tanh', ['x', 'x']),
      "NodeDef expected inputs 'float' do not match 2 inputs specified; Op<name=Tanh;",
    ],
    [
      'too few inputs',
      node('y', 'Tanh', []),
      "NodeDef expected inputs 'float' do not match 0 inputs specified",
    ],
    [
      'too new',
      `versions { min_consumer: 99999 } ${x}`,
      'GraphDef min consumer version 99999 above current version',
    ],
    [
      'bad consumer',
      `versions { bad_consumers: 2474 } ${x}`,
      'GraphDef disallows consumer version 2474.',
    ],
    [
      'unknown colocation',
      node('a', 'NoOp', [], 'attr { key: "_class" value { list { s: "loc:@zz" } } }'),
      "Node 'a' expects to be colocated with unknown node 'zz'",
    ],
    [
      'list count that cannot be',
      x + node('y', 'AddN', ['x'], `${float} attr { key: "N" value { i: 4000000000 } }`),
      "attr 'N' is 4000000000",
    ],
    [
      'output far out of range',
      node('u', 'Nope', []) + node('y', 'Tanh', ['u:2000000000']),
      "Node 'u': an input names its output 2000000000",
    ],
    [
      'contradictory constant',
      'node { name: "c" op: "Const" attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: "abc" } } } }',
      "Node 'c': attr 'value' of Const: Cannot parse tensor from proto: dtype DT_FLOAT: shape [2] needs 8 bytes, tensor_content has 3.",
    ],
  ])('is refused: %s', (_name, text, message) => {
    expect(() => load(text)).toThrow(InvalidArgumentError);
    expect(() => load(text)).toThrow(message);
  });

  it('names node and op in the error', () => {
    expect(() => load(x, node('y', 'Tanh', ['x:1']))).toThrow(
      expect.objectContaining({ node: 'y', op: 'Tanh' }) as Error,
    );
  });
});

describe('a loop', () => {
  const loop = [
    x,
    node('enter', 'Enter', ['x'], `${float} attr { key: "frame_name" value { s: "f" } }`),
    node('merge', 'Merge', ['enter', 'next'], `${float} attr { key: "N" value { i: 2 } }`),
    node('body', 'Tanh', ['merge']),
    node('next', 'NextIteration', ['body']),
  ];

  it('is legal through NextIteration and Merge', () => {
    const graph = load(...loop);
    const merge = graph.operation('merge');
    expect(merge.inputs.map((input) => input.name)).toEqual(['enter:0', 'next:0']);
    expect(graph.tensor('next:0').consumers).toEqual([merge]);
    expect(toGraphDefText(graph)).toBe(toGraphDefText(graphDefFromText(loop.join('\n'))));
  });

  it('is refused without NextIteration', () => {
    expect(() => load(...loop.slice(0, 4), node('next', 'Tanh', ['body']))).toThrow(
      /3 nodes in a cycle: .*merge/,
    );
  });

  it('keeps its order when the file is written backwards', () => {
    const backwards = [...loop].reverse();
    const graph = load(...backwards);
    expect(decodeGraphDef(toGraphDef(graph)).node?.map((n) => n.name)).toEqual([
      'next',
      'body',
      'merge',
      'enter',
      'x',
    ]);
  });
});

describe('unknown op types', () => {
  it('are kept, with as many outputs as are used and the dtypes their consumers ask for', () => {
    const graph = load(
      'node { name: "u" op: "Nope" attr { key: "zork" value { i: 7 } } }',
      node('y', 'Tanh', ['u:2'], 'attr { key: "T" value { type: DT_DOUBLE } }'),
    );
    const unknown = graph.operation('u');
    expect(unknown.outputs).toHaveLength(3);
    expect(unknown.output(2).dtype).toBe('float64');
    expect(unknown.attrs.get('zork')?.value).toBe(7);
  });

  it('have the outputs of the library function they call', () => {
    const graph = load(
      'library { function { signature { name: "F" output_arg { name: "a" type: DT_INT32 } output_arg { name: "b" type_attr: "T" number_attr: "N" } } } }',
      'node { name: "f" op: "F" attr { key: "T" value { type: DT_BOOL } } attr { key: "N" value { i: 2 } } }',
    );
    expect(graph.operation('f').outputs.map((output) => output.dtype)).toEqual([
      'int32',
      'bool',
      'bool',
    ]);
  });

  it('are written back with devices, private attrs and debug info', () => {
    const text =
      'node {\n  name: "u"\n  op: "Nope"\n  device: "/job:w/task:3"\n  attr {\n    key: "_x"\n    value {\n      list {\n      }\n    }\n  }\n  experimental_debug_info {\n    original_node_names: "was"\n  }\n}\n';
    expect(toGraphDefText(load(text))).toBe(text);
  });
});

describe('the shape of a Placeholder', () => {
  const scalar =
    'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape { } } } }';

  it.each([
    ['no versions', '', null],
    ['producer 21', 'versions { producer: 21 }', null],
    ['producer 22', 'versions { producer: 22 }', []],
  ])('of rank 0 under %s', (_name, versions, shape) => {
    expect(load(versions, scalar).tensor('x:0').shape).toEqual(shape);
  });

  it('is unknown without a shape attr', () => {
    expect(load('versions { producer: 27 }', x).tensor('x:0').shape).toBeNull();
  });

  it('is written as read, and spelled out once the graph has grown under a new producer', () => {
    const graph = load(scalar);
    const read = decodeGraphDef(toGraphDef(graph));
    expect(read.versions ?? null).toBeNull();
    expect(read.node?.[0]?.attr?.['shape']?.shape?.unknown_rank ?? false).toBe(false);
    graph.createOperation({ type: 'NoOp', name: 'mine' });
    const grown = decodeGraphDef(toGraphDef(graph));
    expect(grown.versions?.producer).toBe(27);
    expect(grown.node?.[0]?.attr?.['shape']?.shape?.unknown_rank).toBe(true);
    expect(graphFromGraphDef(toGraphDef(graph)).tensor('x:0').shape).toBeNull();
  });
});

describe('a graph made here', () => {
  it('carries producer 27 and its nodes in creation order', () => {
    const graph = new Graph();
    const attrs = new Map<string, AttrValue>([
      ['dtype', attr('type', 'float32')],
      ['shape', attr('shape', [null, 3])],
    ]);
    const input = graph.createOperation({ type: 'Placeholder', name: 'in', attrs });
    graph.createOperation({
      type: 'Tanh',
      name: 'out',
      inputs: [input.output()],
      controlInputs: [input],
      attrs: new Map([['T', attr('type', 'float32')]]),
    });
    const message = decodeGraphDef(toGraphDef(graph));
    expect(message.versions?.producer).toBe(27);
    expect(message.node?.map((n) => n.input)).toEqual([[], ['in', '^in']]);
    expect(graphFromGraphDef(toGraphDef(graph)).tensor('out:0').shape).toEqual([null, 3]);
  });
});

describe('importGraphDef', () => {
  it('takes scopes and names as TensorFlow does', () => {
    const graph = new Graph();
    importInto(graph, x, { name: '' });
    importInto(graph, x, { name: '' });
    importInto(graph, x, { name: '' });
    importInto(graph, x);
    importInto(graph, x);
    importInto(graph, x, { name: 'a/' });
    importInto(graph, x, { name: 'a/' });
    graph.nameScope('sc', () => {
      importInto(graph, x);
      importInto(graph, x, { name: '' });
    });
    expect(names(graph)).toEqual([
      'x',
      'x_1',
      'x_2',
      'import/x',
      'import_1/x',
      'a/x',
      'a/x_1',
      'sc/import/x',
      'x_3',
    ]);
  });

  it('follows renamed nodes in inputs and colocation', () => {
    const graph = new Graph();
    importInto(
      graph,
      `${x} ${node('y', 'Tanh', ['x:0', '^x'], `${float} attr { key: "_class" value { list { s: "loc:@x" } } }`)}`,
    );
    expect(graph.operation('import/y').inputs[0]?.name).toBe('import/x:0');
    expect(graph.operation('import/y').attrs.get('_class')?.value).toEqual(['loc:@import/x']);
    expect(decodeGraphDef(toGraphDef(graph)).node?.[1]?.input).toEqual(['import/x', '^import/x']);
  });

  it('puts mapped tensors in the place of inputs, and returns what is asked for', () => {
    const graph = new Graph();
    importInto(graph, x, { name: '' });
    const [y, op] = importInto(graph, `${x} ${node('y', 'Tanh', ['x'])}`, {
      inputMap: { 'x:0': graph.tensor('x:0') },
      returnElements: ['y:0', 'y'],
    });
    expect(y).toBeInstanceOf(Tensor);
    expect(op).toBeInstanceOf(Operation);
    expect((op as Operation).inputs[0]).toBe(graph.tensor('x:0'));
    expect(graph.findOperation('import/x')).toBeDefined();
  });

  it('maps inputs that the file does not hold, and control inputs', () => {
    const graph = new Graph();
    importInto(graph, x, { name: '' });
    const [op] = importInto(graph, node('y', 'Tanh', ['gone:1', '^go']), {
      inputMap: { 'gone:1': graph.tensor('x:0'), '^go': graph.operation('x') },
      returnElements: ['y'],
    });
    expect((op as Operation).controlInputs).toEqual([graph.operation('x')]);
  });

  it.each<readonly [string, Partial<ImportOptions>, string]>([
    [
      'a tensor the file lacks',
      { returnElements: ['qq:0'] },
      "Requested return tensor 'qq:0' not found in graph def",
    ],
    [
      'a node the file lacks',
      { returnElements: ['qq'] },
      "Requested return node 'qq' not found in graph def",
    ],
    [
      'an output the node lacks',
      { returnElements: ['x:3'] },
      "Invalid return output 3 of node 'x', which has 1 output(s)",
    ],
  ])('refuses to return %s', (_name, options, message) => {
    expect(() => importInto(new Graph(), x, options)).toThrow(message);
  });

  it('refuses map keys the file lacks', () => {
    const graph = load(x);
    expect(() => importInto(graph, x, { inputMap: { 'qq:0': graph.tensor('x:0') } })).toThrow(
      'Attempted to map inputs that were not found in graph_def: [qq:0]',
    );
  });

  it('merges libraries and refuses two functions of one name', () => {
    const library = (arg: string): string =>
      `library { function { signature { name: "F" output_arg { name: "${arg}" type: DT_INT32 } } } }`;
    const graph = load(library('a'), x);
    importInto(graph, `${library('a').replace('"F"', '"G"')} ${x}`);
    expect(
      decodeGraphDef(toGraphDef(graph)).library?.function?.map((f) => f.signature?.name),
    ).toEqual(['F', 'G']);
    expect(() => importInto(graph, `${library('b')} ${x}`)).toThrow(
      "Cannot add function 'F' because a different function with the same name already exists.",
    );
  });

  it('gives defaults to attrs that are absent, and leaves them absent in the file', () => {
    const graph = load(x, node('y', 'MatMul', ['x', 'x']));
    expect(graph.operation('y').attrs.has('transpose_a')).toBe(false);
    expect(Object.keys(decodeGraphDef(toGraphDef(graph)).node?.[1]?.attr ?? {})).toEqual(['T']);
  });
});

describe('arguments from JavaScript', () => {
  it.each<readonly [unknown, string]>([
    ['ok.pb', 'loadGraph(path)'],
    [new ArrayBuffer(4), 'new Uint8Array(buffer)'],
    [{ nmae: '' }, '{"nmae":""}'],
    [{ node: 5 }, '{"node":5}'],
    [[], 'not []'],
    [undefined, 'not undefined'],
  ])('importGraphDef refuses %p', (source, text) => {
    const graph = new Graph();
    const call = (): unknown => importGraphDef(source as Uint8Array, { graph });
    expect(call).toThrow(DTypeError);
    expect(call).toThrow(text);
    expect(graph.operations).toEqual([]);
  });

  it.each<readonly [unknown, new (message: string) => Error]>([
    [{ nmae: '' }, ValueError],
    [{ returnElements: 'x' }, DTypeError],
    [{ graph: 5 }, DTypeError],
    [null, DTypeError],
  ])('importGraphDef refuses options %p', (options, kind) => {
    const bytes = toGraphDef(new Graph());
    expect(() => importGraphDef(bytes, options as ImportOptions)).toThrow(kind);
  });

  it.each<readonly [unknown, string]>([
    [new Uint8Array(2), 'writeFile'],
    [{ graph: new Graph() }, 'Give its .graph'],
    [{}, 'not {}'],
    [undefined, 'not undefined'],
    [null, 'not null'],
  ])('toGraphDef and toGraphDefText refuse %p', (wrong, text) => {
    for (const write of [toGraphDef, toGraphDefText]) {
      expect(() => write(wrong as Graph)).toThrow(DTypeError);
      expect(() => write(wrong as Graph)).toThrow(text);
    }
  });

  it('an empty graph is still one, as graph and as message', () => {
    expect(toGraphDef(new Graph()).length).toBeGreaterThan(0);
    expect(toGraphDef({ node: [] })).toEqual(new Uint8Array());
    expect(toGraphDef(decodeGraphDef(new Uint8Array()))).toEqual(new Uint8Array());
  });
});
