/** Graph files on disk: formats told apart, interface found, written whole or not at all. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DataLossError,
  DTypeError,
  InvalidArgumentError,
  NotFoundError,
} from '../../src/errors.js';
import { Graph } from '../../src/graph/graph.js';
import { decodeGraphDef, toGraphDef } from '../../src/serialize/graph-def.js';
import { graphDefFromFile, loadGraph, saveGraph } from '../../src/serialize/load-graph.js';
import { goldenFile, goldenFolder } from './golden-graphs.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defrun-load-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const golden = (path: string): string => join(goldenFolder, path);

describe('loadGraph', () => {
  it.each(['frozen.pb', 'frozen.pbtxt', 'frozen-no-versions.pb', 'frozen-resource.pb'])(
    'finds inputs and outputs of %s',
    async (name) => {
      const { inputs, outputs } = await loadGraph(golden(`files/frozen/${name}`));
      expect(inputs.map((tensor) => tensor.name)).toEqual(['x:0']);
      expect(outputs.map((tensor) => tensor.name)).toEqual(['probabilities:0']);
    },
  );

  it('takes bytes, and views weights in place', async () => {
    const bytes = goldenFile('models/resnet18_v2.pb');
    const { graph } = await loadGraph(bytes);
    const views = graph.operations
      .map((op) => op.attrs.get('value'))
      .filter((value) => value?.kind === 'tensor')
      .map((value) => value.value.array().data)
      .filter(
        (data): data is Float32Array =>
          data instanceof Float32Array && data.buffer === bytes.buffer,
      );
    expect(views.length).toBeGreaterThan(0);
  });

  it('says what is wrong with what it cannot read', async () => {
    await expect(loadGraph(join(folder, 'none.pb'))).rejects.toThrow(NotFoundError);
    await expect(loadGraph(golden('files/saved-model/export/saved_model.pb'))).rejects.toThrow(
      /saved_model\.pb is a SavedModel/,
    );
    const path = join(folder, 'cut.pb');
    await writeFile(path, goldenFile('files/frozen/frozen.pb').subarray(0, 500));
    await expect(loadGraph(path)).rejects.toThrow(DataLossError);
    await expect(loadGraph(path)).rejects.toThrow(/cut\.pb.*at byte \d+ of 500/);
    await expect(loadGraph(new TextEncoder().encode('node { nme: "x" }'))).rejects.toThrow(
      InvalidArgumentError,
    );
  });
});

describe('graphDefFromFile', () => {
  it('knows text by its first field, behind comments and a byte order mark', () => {
    const text = new TextEncoder().encode('\uFEFF# made by hand\n\n  node { name: "a" }');
    expect(graphDefFromFile(text).node).toHaveLength(1);
    expect(
      graphDefFromFile(new TextEncoder().encode('versions { producer: 1 } node {}')).node,
    ).toHaveLength(1);
  });
  it('takes an empty file as an empty graph', () => {
    expect(graphDefFromFile(new Uint8Array()).node).toHaveLength(0);
  });
  it('refuses bytes without a node', () => {
    expect(() => graphDefFromFile(Uint8Array.of(0x18, 1), 'x.pb')).toThrow(
      /x\.pb has 2 bytes, but no node/,
    );
  });
});

describe('saveGraph', () => {
  it('writes binary and text that load as the same graph', async () => {
    const { graph } = await loadGraph(golden('files/frozen/frozen.pb'));
    await saveGraph(join(folder, 'a.pb'), graph);
    await saveGraph(join(folder, 'a.pbtxt'), decodeGraphDef(toGraphDef(graph)));
    expect(new Uint8Array(await readFile(join(folder, 'a.pb')))).toEqual(
      goldenFile('files/frozen/frozen.pb'),
    );
    expect(await readFile(join(folder, 'a.pbtxt'))).toEqual(
      Buffer.from(goldenFile('files/frozen/frozen.pbtxt')),
    );
  });

  it('leaves nothing behind when it fails', async () => {
    const { graph } = await loadGraph(golden('files/frozen/frozen.pb'));
    await expect(saveGraph(join(folder, 'no', 'such', 'a.pb'), graph)).rejects.toThrow(
      'no such folder',
    );
    const before = await readdir(folder);
    await expect(saveGraph(folder, graph)).rejects.toThrow('is a folder');
    expect(await readdir(folder)).toEqual(before);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith(`${folder}.`))).toEqual([]);
  });

  it.each<readonly [string, unknown]>([
    ['nothing', undefined],
    ['bytes', new Uint8Array(3)],
    ['a loaded graph', { graph: new Graph() }],
    ['an empty object', {}],
    ['a list', []],
    ['a malformed message', { node: 5 }],
  ])('keeps the good file when it is given %s', async (_, wrong) => {
    for (const name of ['kept.pb', 'kept.pbtxt']) {
      const path = join(folder, name);
      await writeFile(path, 'good');
      await expect(saveGraph(path, wrong as Graph)).rejects.toThrow(
        'saveGraph: Expected a Graph or a GraphDef message',
      );
      expect(await readFile(path, 'utf8')).toBe('good');
    }
  });
});

describe('arguments from JavaScript', () => {
  it.each<readonly [unknown, string]>([
    [new ArrayBuffer(4), 'Give new Uint8Array(buffer)'],
    [null, 'not null'],
    [5, 'not 5'],
  ])('loadGraph refuses %p', async (source, text) => {
    const error = await loadGraph(source as string).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DTypeError);
    expect(String(error)).toContain(text);
  });

  it('loadGraph says what to do with a web address', async () => {
    await expect(loadGraph('https://a.example/b.pb')).rejects.toThrow('is an address, not a file');
  });

  it('saveGraph refuses what is no path', async () => {
    await expect(saveGraph(5 as unknown as string, new Graph())).rejects.toThrow('not 5');
  });
});
