/** Code fences of Markdown files. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Fence {
  /** `README.md:12`: file and line of the fence. */
  readonly where: string;
  readonly language: string;
  readonly code: string;
}

const root = new URL('../../', import.meta.url);

/** README.md and every page under docs/. */
export function pages(): string[] {
  const docs = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    ...docs.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`),
  ];
}

export function fencesOf(page: string): Fence[] {
  const text = readFileSync(new URL(page, root), 'utf8');
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(
    ([, language = '', code = ''], i, all) => {
      const line = text.slice(0, all[i]?.index ?? 0).split('\n').length;
      return { where: `${page}:${line}`, language, code };
    },
  );
}
