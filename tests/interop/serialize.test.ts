/** Graph files as TensorFlow itself reads them. Needs a Python with tensorflow. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NdArray } from '../../src/graph/dtype.js';
import { freezeGraph } from '../../src/serialize/freeze.js';
import {
  decodeGraphDef,
  encodeGraphDef,
  graphFromGraphDef,
  toGraphDef,
} from '../../src/serialize/graph-def.js';
import { toGraphDefText } from '../../src/serialize/text-format.js';
import { goldenGraphs } from '../serialize/golden-graphs.js';

const python = process.env['DEFRUN_PYTHON'];
const script = fileURLToPath(new URL('serialize.py', import.meta.url));

const framed = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.byteLength);
  return Buffer.concat([length, bytes]);
};

if (python === undefined || python === '') {
  describe('interop of graph files', () => {
    it('is not run: set DEFRUN_PYTHON to a Python with tensorflow', () => {
      process.stdout.write('interop/serialize: not run, DEFRUN_PYTHON is not set\n');
    });
  });
} else {
  describe('interop of graph files', () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'defrun-interop-'));
    });
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const run = (command: string): string =>
      execFileSync(python, [script, command, folder], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }).toString();

    it('TensorFlow reads our binary and text of every golden graph as the original', () => {
      const graphs = goldenGraphs();
      const text = new TextEncoder();
      const frames = graphs.flatMap(({ id, bytes }) => {
        const ours = toGraphDef(graphFromGraphDef(bytes));
        return [text.encode(id), bytes, ours, text.encode(toGraphDefText(decodeGraphDef(bytes)))];
      });
      writeFileSync(join(folder, 'graphs.bin'), Buffer.concat(frames.map(framed)));
      expect(run('check-equal').trim()).toBe(String(graphs.length));
    }, 300_000);

    it('TensorFlow runs what we froze to the values of the unfrozen graph', async () => {
      run('make');
      const value: NdArray = { dtype: 'float32', shape: [3], data: Float32Array.of(0.5, -1, 2) };
      const cases = readdirSync(folder).filter((name) => name.endsWith('.json'));
      expect(cases).toHaveLength(7);
      for (const name of cases.map((file) => file.replace('.json', ''))) {
        const graph = graphFromGraphDef(readFileSync(join(folder, `${name}.pb`)));
        const frozen = await freezeGraph({ read: () => Promise.resolve(value) }, graph, ['y']);
        writeFileSync(join(folder, `${name}.frozen.pb`), encodeGraphDef(frozen));
      }
      run('check-frozen');
    }, 300_000);
  });
}
