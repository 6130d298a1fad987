/** The package as npm makes it from a fresh clone: what it holds is built, and built first. */
import { readFile } from 'node:fs/promises';

const { scripts, files, exports } = JSON.parse(await readFile('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly exports: { readonly '.': { readonly default: string } };
};

it('packing builds the folders it packs', () => {
  expect(scripts['prepack']).toBe('npm run build');
  expect(files).toContain('dist/src');
  expect(exports['.'].default).toMatch(/^\.\/dist\/src\//);
});
