/** Freezing against TensorFlow's own frozen files, and its corner cases one by one. */
import { InvalidArgumentError, NotFoundError } from '../../src/errors.js';
import { attr, type AttrValue } from '../../src/graph/attrs.js';
import type { NdArray } from '../../src/graph/dtype.js';
import type { Graph } from '../../src/graph/graph.js';
import { extractSubGraph, freezeGraph, type VariableReader } from '../../src/serialize/freeze.js';
import {
  decodeGraphDef,
  encodeGraphDef,
  graphFromGraphDef,
} from '../../src/serialize/graph-def.js';
import { graphDefFromText, toGraphDefText } from '../../src/serialize/text-format.js';
import { goldenFile } from './golden-graphs.js';

/** Reads variables from the constants another graph holds under their names. */
const constantsOf = (graph: Graph): VariableReader => ({
  read: (op) => {
    const value: AttrValue | undefined = graph.operation(op.name).attrs.get('value');
    if (value?.kind !== 'tensor') throw new Error(`${op.name} is no constant`);
    return Promise.resolve(value.value.array());
  },
});
const scalar = (value: number): NdArray => ({
  dtype: 'float32',
  shape: [],
  data: Float32Array.of(value),
});
const always = (value: NdArray): VariableReader => ({ read: () => Promise.resolve(value) });
const load = (text: string): Graph => graphFromGraphDef(graphDefFromText(text));

const type = (name: string, dtype = 'DT_FLOAT'): string =>
  `attr { key: "${name}" value { type: ${dtype} } }`;
const node = (name: string, op: string, inputs: readonly string[], attrs: string): string =>
  `node { name: "${name}" op: "${op}" ${inputs.map((i) => `input: "${i}"`).join(' ')} ${attrs} }`;
const handle = node(
  'v',
  'VarHandleOp',
  [],
  `${type('dtype')} attr { key: "shape" value { shape { } } }`,
);

describe('freezeGraph', () => {
  it('makes of a graph what TensorFlow made of it', async () => {
    const frozen = decodeGraphDef(goldenFile('files/frozen/frozen.pb'));
    const graph = graphFromGraphDef(goldenFile('files/frozen/graph.pb'));
    const reader = constantsOf(graphFromGraphDef(frozen));
    const result = await freezeGraph(reader, graph, ['probabilities']);
    expect(toGraphDefText({ node: result.node })).toBe(toGraphDefText({ node: frozen.node }));
    expect(result.versions).toEqual({ producer: 27 });
    expect(result.library).toBeUndefined();
  });

  it('turns reads of resource variables into Identity, and gathers into GatherV2 and GatherNd', async () => {
    const graph = load(
      [
        handle,
        node(
          'r',
          'ReadVariableOp',
          ['v'],
          `${type('dtype')} attr { key: "_class" value { list { s: "loc:@v" } } }`,
        ),
        node(
          'i',
          'Const',
          [],
          `${type('dtype', 'DT_INT32')} attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { } int_val: 0 } } }`,
        ),
        node('h', 'Identity', ['v'], type('T', 'DT_RESOURCE')),
        node(
          'g',
          'ResourceGather',
          ['h', 'i', '^r'],
          `${type('dtype')} ${type('Tindices', 'DT_INT32')}`,
        ),
        node(
          'n',
          'ResourceGatherNd',
          ['v', 'i'],
          `${type('dtype')} ${type('Tindices', 'DT_INT32')}`,
        ),
      ].join('\n'),
    );
    const { node: nodes = [] } = await freezeGraph(always(scalar(3)), graph, ['r', 'g', 'n']);
    const byName = new Map((nodes ?? []).map((n) => [n.name, n]));
    expect(byName.get('v')).toMatchObject({ op: 'Const', attr: { dtype: { type: 1 } } });
    expect(byName.get('r')).toMatchObject({
      op: 'Identity',
      input: ['v'],
      attr: { T: { type: 1 } },
    });
    expect(Object.keys(byName.get('r')?.attr ?? {})).toEqual(['T', '_class']);
    expect(byName.get('h')?.attr?.['T']?.type).toBe(1);
    expect(byName.get('g')).toMatchObject({
      op: 'GatherV2',
      input: ['h', 'i', 'g/axis', '^r'],
      attr: { Tparams: { type: 1 }, Tindices: { type: 3 }, Taxis: { type: 3 } },
    });
    expect(byName.get('g/axis')).toMatchObject({ op: 'Const' });
    expect(byName.get('n')).toMatchObject({ op: 'GatherNd', input: ['v', 'i'] });
    // The scalar made up here has no rows to gather.
    const loadable = (nodes ?? []).filter(({ name }) => name !== 'n' && name !== 'g');
    expect(() => graphFromGraphDef(encodeGraphDef({ node: loadable }))).not.toThrow();
  });

  it('follows handles around a loop of version 1', async () => {
    const graph = load(
      [
        handle,
        node('enter', 'Enter', ['v'], type('T', 'DT_RESOURCE')),
        node('merge', 'Merge', ['enter', 'next'], type('T', 'DT_RESOURCE')),
        node('switch', 'Switch', ['merge', 'p'], type('T', 'DT_RESOURCE')),
        node('p', 'Placeholder', [], type('dtype', 'DT_BOOL')),
        node('next', 'NextIteration', ['switch:1'], type('T', 'DT_RESOURCE')),
        node('exit', 'Exit', ['switch'], type('T', 'DT_RESOURCE')),
        node('r', 'ReadVariableOp', ['exit'], type('dtype')),
        node('at', 'Identity', ['merge:1'], type('T', 'DT_INT32')),
      ].join('\n'),
    );
    const { node: nodes } = await freezeGraph(always(scalar(1)), graph, ['r', 'at']);
    const typeOf = (name: string): unknown =>
      nodes?.find((n) => n.name === name)?.attr?.['T']?.type;
    const names = ['enter', 'merge', 'switch', 'next', 'exit', 'r', 'at'];
    expect(names.map(typeOf)).toEqual([1, 1, 1, 1, 1, 1, 3]);
  });

  it('rewrites functions that a handle is passed to, and leaves the originals', async () => {
    const graph = load(
      [
        `library { function {
           signature { name: "body" input_arg { name: "h" type: DT_RESOURCE } input_arg { name: "x" type: DT_FLOAT }
             output_arg { name: "h_out" type: DT_RESOURCE } output_arg { name: "y" type: DT_FLOAT } }
           node_def { name: "read" op: "ReadVariableOp" input: "h" ${type('dtype')} }
           node_def { name: "keep" op: "Identity" input: "h" ${type('T', 'DT_RESOURCE')} }
           node_def { name: "add" op: "AddV2" input: "x" input: "read:value:0" ${type('T')} }
           ret { key: "h_out" value: "keep:output:0" } ret { key: "y" value: "add:z:0" } }
         function {
           signature { name: "cond" input_arg { name: "h" type: DT_RESOURCE } input_arg { name: "x" type: DT_FLOAT }
             output_arg { name: "go" type: DT_BOOL } }
           node_def { name: "read" op: "ReadVariableOp" input: "h" ${type('dtype')} }
           node_def { name: "less" op: "Less" input: "x" input: "read:value:0" ${type('T')} }
           ret { key: "go" value: "less:z:0" } } }`,
        handle,
        node('x', 'Placeholder', [], type('dtype')),
        node(
          'w',
          'While',
          ['v', 'x'],
          'attr { key: "T" value { list { type: [DT_RESOURCE, DT_FLOAT] } } } attr { key: "cond" value { func { name: "cond" } } } attr { key: "body" value { func { name: "body" } } } attr { key: "output_shapes" value { list { shape { } shape { } } } }',
        ),
        node('out', 'Identity', ['w:1'], type('T')),
      ].join('\n'),
    );
    const result = await freezeGraph(always(scalar(2)), graph, ['out']);
    const loop = result.node?.find((n) => n.name === 'w');
    expect(loop?.attr?.['T']?.list?.type).toEqual([1, 1]);
    expect(loop?.attr?.['body']?.func?.name).toBe('body_frozen');
    const functions = new Map(result.library?.function?.map((f) => [f.signature?.name, f]));
    expect([...functions.keys()]).toEqual(['body', 'cond', 'cond_frozen', 'body_frozen']);
    const body = functions.get('body_frozen');
    expect(body?.signature?.input_arg?.map((arg) => arg.type)).toEqual([1, 1]);
    expect(body?.signature?.output_arg?.map((arg) => arg.type)).toEqual([1, 1]);
    expect(body?.node_def?.map((n) => [n.name, n.op, n.input?.[n.name === 'add' ? 1 : 0]])).toEqual(
      [
        ['read', 'Identity', 'h'],
        ['keep', 'Identity', 'h'],
        ['add', 'AddV2', 'read:output:0'],
      ],
    );
    expect(result.versions).toEqual({ producer: 27, min_consumer: 12 });
  });

  it('leaves excluded variables, and empties devices when told to', async () => {
    const graph = load(
      `${handle} ${node('r', 'ReadVariableOp', ['v'], `${type('dtype')} `).replace('op:', 'device: "/gpu:0" op:')}`,
    );
    const kept = await freezeGraph(always(scalar(1)), graph, ['r'], {
      excludedVariableNames: ['v'],
    });
    expect(kept.node?.map((n) => n.op)).toEqual(['VarHandleOp', 'ReadVariableOp']);
    const others = await freezeGraph(always(scalar(1)), graph, ['r'], {
      variableNames: ['w'],
      clearDevices: true,
    });
    expect(others.node?.map((n) => [n.op, n.device])).toEqual([
      ['VarHandleOp', ''],
      ['ReadVariableOp', ''],
    ]);
  });

  it('spells out the unknown shape of an old Placeholder', async () => {
    const graph = load(
      node('x', 'Placeholder', [], `${type('dtype')} attr { key: "shape" value { shape { } } }`),
    );
    const { node: nodes } = await freezeGraph(always(scalar(1)), graph, ['x']);
    expect(nodes?.[0]?.attr?.['shape']?.shape?.unknown_rank).toBe(true);
  });

  it.each([
    [
      'a write to a reference',
      `${node('v', 'VariableV2', [], `${type('dtype')} attr { key: "shape" value { shape { } } }`)} ${node('c', 'Placeholder', [], type('dtype'))} ${node('a', 'Assign', ['v', 'c'], type('T'))}`,
      'a',
    ],
    [
      'a write through a handle',
      `${handle} ${node('c', 'Placeholder', [], type('dtype'))} ${node('a', 'AssignVariableOp', ['v', 'c'], type('dtype'))} ${node('z', 'NoOp', ['^a'], '')}`,
      'z',
    ],
  ])('refuses %s', async (_name, text, output) => {
    await expect(freezeGraph(always(scalar(1)), load(text), [output])).rejects.toThrow(
      /"a" uses a variable otherwise than by reading it/,
    );
  });

  it('refuses a value of another dtype, and outputs that are not there', async () => {
    const graph = load(`${handle} ${node('r', 'ReadVariableOp', ['v'], type('dtype'))}`);
    const wrong: NdArray = { dtype: 'int32', shape: [], data: Int32Array.of(1) };
    await expect(freezeGraph(always(wrong), graph, ['r'])).rejects.toThrow(InvalidArgumentError);
    await expect(freezeGraph(always(scalar(1)), graph, ['r:0'])).rejects.toThrow(NotFoundError);
  });
});

describe('extractSubGraph', () => {
  it('keeps what the outputs need, what that is colocated with, the order and the header', () => {
    const message = graphDefFromText(
      [
        'versions { producer: 30 }',
        node('unused', 'NoOp', [], ''),
        node(
          'y',
          'Tanh',
          ['x:0', '^c'],
          `${type('T')} attr { key: "_class" value { list { s: "loc:@z" } } }`,
        ),
        node('z', 'NoOp', [], ''),
        node('c', 'NoOp', [], ''),
        node('x', 'Placeholder', [], type('dtype')),
      ].join('\n'),
    );
    const part = extractSubGraph(message, ['y']);
    expect(part.node?.map((n) => n.name)).toEqual(['y', 'z', 'c', 'x']);
    expect(part.versions).toEqual({ producer: 30 });
  });
});

describe('attrs of a frozen graph', () => {
  it('hold plain dtype and value', async () => {
    const graph = load(handle);
    const { node: nodes } = await freezeGraph(always(scalar(4)), graph, ['v']);
    const constant = graphFromGraphDef({ node: nodes }).operation('v');
    expect(constant.attrs.get('dtype')).toMatchObject(attr('type', 'float32'));
    expect([...constant.attrs.keys()]).toEqual(['dtype', 'value']);
  });
});
