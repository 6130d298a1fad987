/** Every GraphDef of the golden corpus, with a name to find it by. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export const goldenFolder = fileURLToPath(new URL('../golden', import.meta.url));

export interface GoldenGraph {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Bytes at an offset that suits every element type, as a file read whole has them. */
function aligned(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export const goldenFile = (path: string): Uint8Array =>
  aligned(readFileSync(join(goldenFolder, path)));

const binaryFiles = (folder: string): GoldenGraph[] =>
  readdirSync(join(goldenFolder, folder))
    .filter((name) => name.endsWith('.pb'))
    .map((name) => ({ id: `${folder}/${name}`, bytes: goldenFile(`${folder}/${name}`) }));

function lineFile(path: string): GoldenGraph[] {
  const packed = readFileSync(join(goldenFolder, path));
  const text = (path.endsWith('.gz') ? gunzipSync(packed) : packed).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { id, graph } = JSON.parse(line) as { id: string; graph: string };
      return { id, bytes: aligned(Buffer.from(graph, 'base64')) };
    });
}

export const goldenGraphs = (): GoldenGraph[] => [
  ...binaryFiles('models'),
  ...binaryFiles('files/frozen'),
  ...['wire.jsonl.gz', 'grads.jsonl.gz', 'grads2.jsonl.gz', 'sessions.jsonl'].flatMap(lineFile),
  ...readdirSync(join(goldenFolder, 'ops')).flatMap((name) => lineFile(`ops/${name}`)),
  ...readdirSync(join(goldenFolder, 'train')).flatMap((name) => lineFile(`train/${name}`)),
];
