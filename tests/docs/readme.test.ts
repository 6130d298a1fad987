/** What the documentation shows is true: its commands are single, its snippets type-check and run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as tf from 'defrun';
import { fencesOf, pages, type Fence } from '../support/markdown.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Names that snippets use without saying where they come from. */
const freeNames: Readonly<Record<string, string>> = {
  images: 'Float32Array',
  digits: 'Int32Array',
  image: 'Float32Array',
  batch: 'Float32Array',
  labels: 'Float32Array',
  session: "import('defrun').Session",
  ...Object.fromEntries(
    ['weights', 'w', 'b', 'x', 'y'].map((name) => [name, "import('defrun').Tensor"]),
  ),
  init: "import('defrun').Operation",
};

/** The snippet as a module: `tf` imported, and the free names it uses declared. */
function asModule({ code }: Fence): string {
  const uses = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(code);
  const makes = (name: string): boolean => new RegExp(`(const|let|using|as) ${name}\\b`).test(code);
  const declared = Object.entries(freeNames)
    .filter(([name]) => uses(name) && !makes(name))
    .map(([name, type]) => `declare const ${name}: ${type};`);
  const imported = uses('tf') && !makes('tf') ? "import * as tf from 'defrun';\n" : '';
  return `${imported}${code}\n${declared.join('\n')}\nexport {};\n`;
}

/** Complaints of the compiler about modules that exist only in memory, beside the tests. */
function typeErrors(modules: ReadonlyMap<string, string>): string[] {
  const config = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const onDisk = ts.createCompilerHost(options);
  host.fileExists = (path) => modules.has(path) || onDisk.fileExists(path);
  host.getSourceFile = (path, ...rest) => {
    const text = modules.get(path);
    return text === undefined
      ? onDisk.getSourceFile(path, ...rest)
      : ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  };
  const program = ts.createProgram([...modules.keys()], options, host);
  return [...modules.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSemanticDiagnostics(file), ...program.getSyntacticDiagnostics(file)].map(
      (d) => `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`,
    );
  });
}

const snippets = (): Fence[] =>
  pages()
    .flatMap(fencesOf)
    .filter((fence) => fence.language === 'ts');

const AsyncFunction = (async () => {
  await Promise.resolve();
}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<unknown>;

/** Runs a snippet with `tf` and the given names in scope; answers the value of `result`. */
function runSnippet(
  code: string,
  scope: Record<string, unknown>,
  result: string,
): Promise<unknown> {
  const body = `${code.replace(/^import .*$/gm, '')}\nreturn ${result};`;
  const { outputText } = ts.transpileModule(`async function snippet() {${body}}`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const run = new AsyncFunction(...Object.keys(scope), `${outputText}\nreturn snippet();`);
  return run(...Object.values(scope));
}

describe('README.md', () => {
  it('has one command in each of its first two shell blocks', () => {
    const commands = fencesOf('README.md')
      .filter((fence) => fence.language === 'sh')
      .slice(0, 2)
      .map(({ code }) => code.split('\n').filter((line) => line.trim() !== ''));
    expect(commands).toEqual([['npm ci && npm run demo'], ['npm ci && npm test']]);
  });

  it('opens with a snippet that trains', async () => {
    const [first] = fencesOf('README.md').filter((fence) => fence.language === 'ts');
    tf.resetDefaultGraph();
    const images = Float32Array.from({ length: 20 * 784 }, (_, i) => ((i * 37) % 101) / 101);
    const digits = Int32Array.from({ length: 20 }, (_, i) => i % 10);
    const scope = { tf, images, digits };
    const loss = Number(await runSnippet(first?.code ?? '', scope, 'value.data[0]'));
    tf.resetDefaultGraph();
    expect(loss).toBeGreaterThan(1);
    expect(loss).toBeLessThan(10);
  });
});

/** A graph with the names the README's frozen digit recogniser has. */
const buildRecogniser = () => {
  const pixels = tf.placeholder('float32', [null, 4], 'pixels');
  const logits = tf.layers.dense(pixels, 3);
  const probabilities = tf.nn.softmax(logits, { name: 'probabilities' });
  tf.argMax(logits, { axis: 1, name: 'prediction' });
  return { probabilities, init: tf.globalVariablesInitializer() };
};

describe('the snippets on frozen graphs', () => {
  it('write a file that computes what the session did', async () => {
    const [, freeze, load] = fencesOf('README.md').filter(({ language }) => language === 'ts');
    const folder = await mkdtemp(join(tmpdir(), 'defrun-readme-'));
    const at = (path: string): string => join(folder, path);
    const graph = new tf.Graph();
    const { probabilities, init } = graph.asDefault(buildRecogniser);
    await using session = new tf.Session({ graph, device: 'cpu' });
    await session.run(init);
    const image = Float32Array.of(1, 2, 3, 4);
    const saveGraph = (path: string, frozen: Parameters<typeof tf.saveGraph>[1]) =>
      tf.saveGraph(at(path), frozen);
    const { freezeGraph } = tf;
    await runSnippet(freeze?.code ?? '', { session, freezeGraph, saveGraph }, 'frozen');
    const loadGraph = (path: string) => tf.loadGraph(at(path), { device: 'cpu' });
    const served = await runSnippet(load?.code ?? '', { loadGraph, image }, 'probabilities');
    await rm(folder, { recursive: true });
    expect(served).toEqual(await session.run(probabilities, { pixels: image }));
  });
});

describe('the snippets of the documentation', () => {
  it('type-check', () => {
    const modules = new Map(
      snippets().map((fence, i) => [`${root}tests/docs/snippet-${i}.ts`, asModule(fence)]),
    );
    expect(modules.size).toBeGreaterThan(2);
    expect(typeErrors(modules)).toEqual([]);
  });

  it('would not type-check if they were wrong', () => {
    const code = "import { Graph } from 'defrun';\nconst graph: string = new Graph();";
    const modules = new Map([[`${root}tests/docs/wrong.ts`, code]]);
    expect(typeErrors(modules)).toEqual([
      "tests/docs/wrong.ts: Type 'Graph' is not assignable to type 'string'.",
    ]);
  });
});
