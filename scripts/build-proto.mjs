/**
 * Writes src/serialize/descriptor.ts from proto/*.proto: one reflection descriptor, so that the
 * library reads no files when it is imported. `--check` only compares. Run after changing a .proto.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const home = fileURLToPath(new URL('..', import.meta.url));
const folder = join(home, 'proto');
const target = join(home, 'src/serialize/descriptor.ts');

/** The descriptor module's source, from the .proto files as they are now. */
export function descriptorSource() {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, name) => join(folder, name.slice(name.lastIndexOf('/') + 1));
  const files = readdirSync(folder).filter((name) => name.endsWith('.proto'));
  root.loadSync(files.sort(), { keepCase: true }).resolveAll();
  return [
    '/** Reflection descriptor of proto/*.proto. Written by scripts/build-proto.mjs; do not edit. */',
    "import type { INamespace } from 'protobufjs';",
    '',
    'export const descriptor = JSON.parse(',
    `  '${JSON.stringify(root.toJSON())}',`,
    ') as INamespace;',
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = descriptorSource();
  if (process.argv.includes('--check')) {
    if (readFileSync(target, 'utf8') !== source) {
      console.error('src/serialize/descriptor.ts is stale: run node scripts/build-proto.mjs');
      process.exitCode = 1;
    }
  } else writeFileSync(target, source);
}
