/**
 * A web server for a page that uses defrun as a bundler finds it: the published layout of the
 * package, resolved through its package.json, with the conditions of a browser.
 */
import { build } from 'esbuild';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const home = fileURLToPath(new URL('../..', import.meta.url));

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => path.join(folder, name));
}

/** The page's script, one module with everything in it. */
export async function bundlePage(entry: URL): Promise<Uint8Array> {
  const folder = await mkdtemp(path.join(tmpdir(), 'defrun-page-'));
  try {
    const published = path.join(folder, 'node_modules/defrun');
    const entryPoints = await sourcesIn(path.join(home, 'src'));
    await build({ entryPoints, outbase: home, outdir: path.join(published, 'dist') });
    await cp(path.join(home, 'package.json'), path.join(published, 'package.json'));
    await cp(fileURLToPath(new URL('.', entry)), path.join(folder, 'page'), { recursive: true });
    const result = await build({
      entryPoints: [path.join(folder, 'page', path.basename(entry.pathname))],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      nodePaths: [path.join(home, 'node_modules')],
      write: false,
    });
    const [file] = result.outputFiles;
    if (file === undefined) throw new Error(`${entry.href} gave no bundle.`);
    return file.contents;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves files by path; the root is a page that runs `/page.js`. */
export async function serve(files: ReadonlyMap<string, Uint8Array>): Promise<Site> {
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    if (request.url === '/') {
      response.setHeader('content-type', 'text/html');
      response.end(
        '<!doctype html><title>defrun</title><script type="module" src="/page.js"></script>',
      );
    } else if (file === undefined) {
      response.statusCode = 404;
      response.end();
    } else {
      const type = request.url?.endsWith('.js') ? 'text/javascript' : 'application/octet-stream';
      response.setHeader('content-type', type);
      response.end(file);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}/`, close };
}
