/**
 * A headless Chromium out of @sparticuz/chromium, with SwiftShader as its GPU: unpacked into a
 * folder of its own, driven over the DevTools protocol's pipe, gone when closed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib';
import { readTar } from '../../src/runtime/gpu/swiftshader.js';

const packed = new URL('../../node_modules/@sparticuz/chromium/bin/', import.meta.url);

const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
  '--remote-debugging-pipe',
];

async function unpack(folder: string): Promise<string> {
  const executable = path.join(folder, 'chromium');
  await pipeline(
    createReadStream(new URL('chromium.br', packed)),
    createBrotliDecompress(),
    createWriteStream(executable, { mode: 0o755 }),
  );
  const libraries = path.join(folder, 'lib');
  await mkdir(libraries);
  for (const [archive, target] of [
    ['swiftshader.tar.br', folder],
    ['al2023.tar.br', libraries],
  ] as const) {
    const files = readTar(brotliDecompressSync(await readFile(new URL(archive, packed))));
    for (const [name, content] of files) await writeFile(path.join(target, name), content);
  }
  return executable;
}

interface Reply {
  readonly id?: number;
  /** Of an event. */
  readonly method?: string;
  readonly error?: { readonly message: string };
  readonly result?: Readonly<Record<string, unknown>>;
}

/** The protocol's messages are JSON texts, each closed by a zero byte. */
class Connection {
  #nextId = 0;
  #pending = '';
  readonly #waiting = new Map<number | string, (reply: Reply) => void>();

  constructor(
    private readonly child: ChildProcess,
    private readonly commands: Writable,
    replies: Readable,
  ) {
    replies.setEncoding('utf8').on('data', (text: string) => {
      this.#take(text);
    });
  }

  #take(text: string): void {
    const messages = (this.#pending + text).split('\0');
    this.#pending = messages.pop() ?? '';
    for (const message of messages) {
      const reply = JSON.parse(message) as Reply;
      this.#waiting.get(reply.id ?? reply.method ?? '')?.(reply);
    }
  }

  /** Waits for the next event of a kind. */
  event(method: string): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.set(method, resolve);
    });
  }

  async send(
    method: string,
    params: object = {},
    sessionId?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#nextId;
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(id, resolve);
      this.child.once('exit', (code) => {
        reject(new Error(`Chromium exited with ${code} before it answered ${method}.`));
      });
      this.commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
    this.#waiting.delete(id);
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  }
}

export interface Page {
  /** Value of an expression, its promise awaited. What it throws is thrown here. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens `url` in a new browser, and waits until its scripts have run. */
export async function openPage(url: string): Promise<Page> {
  const folder = await mkdtemp(path.join(tmpdir(), 'defrun-chromium-'));
  const executable = await unpack(folder);
  const child = spawn(executable, [...flags, `--user-data-dir=${folder}/profile`], {
    env: { ...process.env, HOME: folder, LD_LIBRARY_PATH: `${folder}/lib:${folder}` },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  child.setMaxListeners(0);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const pipes = child.stdio as unknown as [null, null, null, Writable, Readable];
    const connection = new Connection(child, pipes[3], pipes[4]);
    const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
    const attached = await connection.send('Target.attachToTarget', { targetId, flatten: true });
    const session = String(attached['sessionId']);
    await connection.send('Page.enable', {}, session);
    const loaded = connection.event('Page.loadEventFired');
    await connection.send('Page.navigate', { url }, session);
    await loaded;
    return { close, evaluate: (expression) => evaluate(connection, session, expression) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function evaluate(
  connection: Connection,
  session: string,
  expression: string,
): Promise<unknown> {
  const request = { expression, awaitPromise: true, returnByValue: true };
  const answer = (await connection.send('Runtime.evaluate', request, session)) as {
    readonly result: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
  };
  if (answer.exceptionDetails)
    throw new Error(answer.exceptionDetails.exception?.description ?? 'The page threw.');
  return answer.result.value;
}
