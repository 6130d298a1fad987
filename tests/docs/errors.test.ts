/** docs/errors.md and src/errors.ts say the same: every class is documented, every row is a class. */
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import * as errors from '../../src/errors.js';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Names of the classes src/errors.ts exports. */
function exportedClasses(): string[] {
  const file = ts.createSourceFile('errors.ts', read('src/errors.ts'), ts.ScriptTarget.ES2022);
  return file.statements.flatMap((statement) => {
    const isExported =
      ts.isClassDeclaration(statement) &&
      statement.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) === true;
    return isExported && statement.name !== undefined ? [statement.name.text] : [];
  });
}

interface Row {
  readonly name: string;
  readonly code: string;
  readonly when: string;
  readonly example: string;
  readonly remedy: string;
}

function rows(): Row[] {
  const lines = read('docs/errors.md').split('\n');
  return lines.flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, name = '', code = '', when = '', example = '', remedy = ''] = cells;
    return /^`\w+`$/.test(name) ? [{ name: name.slice(1, -1), code, when, example, remedy }] : [];
  });
}

const sources = (): string =>
  readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(`src/${file}`))
    .join('\n');

type AnyError = new (message: string) => { readonly code: number | null };
const classOf = (name: string): AnyError =>
  (errors as unknown as Readonly<Record<string, AnyError>>)[name] ?? fail(`no class ${name}`);
const fail = (message: string): never => {
  throw new Error(message);
};

describe('docs/errors.md', () => {
  it('has a row for every exported class, and no other, in the order of the source', () => {
    expect(exportedClasses().length).toBeGreaterThan(10);
    expect(rows().map((row) => row.name)).toEqual(exportedClasses());
  });

  it.each(rows().filter((row) => row.name !== 'TfError'))('gives the code of $name', (row) => {
    const { code } = new (classOf(row.name))('');
    expect(row.code).toBe(code === null ? 'none' : String(code));
  });

  it('says when each is thrown and what to do, with a message the source can produce', () => {
    const text = sources();
    for (const { name, when, example, remedy } of rows()) {
      expect(when).not.toBe('');
      const isThrown = new RegExp(`new ${name}\\(`).test(text);
      expect([name, remedy !== '']).toEqual([name, isThrown || name === 'TfError']);
      expect([name, example !== '']).toEqual([name, isThrown]);
      const pieces = example.split(/['"\d[\]().:…?]+/).map((piece) => piece.trim());
      const found = pieces.some((piece) => piece.length >= 12 && text.includes(piece));
      expect([name, example, found]).toEqual([name, example, isThrown]);
    }
  });
});
