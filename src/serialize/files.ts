/** Files, read whole and written whole. `files.browser.ts` stands in for this file in a browser. */
import { randomUUID } from 'node:crypto';
import { lstat, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../errors.js';

/** @throws NotFoundError for a missing file, InvalidArgumentError for a folder or a web address. */
export async function readBytes(path: string | URL): Promise<Uint8Array> {
  if (/^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(String(path)))
    throw new InvalidArgumentError(
      `${String(path)} is an address, not a file. Give new Uint8Array(await (await fetch(url)).arrayBuffer()).`,
    );
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new NotFoundError(`${String(path)}: no such file.`, { cause });
    if ((cause as NodeJS.ErrnoException).code === 'EISDIR')
      throw new InvalidArgumentError(
        `${String(path)} is a folder, not a frozen graph. Give a .pb or .pbtxt file.`,
        { cause },
      );
    throw cause;
  }
}

/**
 * The file that `path` stands for, behind any links; `path` itself where there is none yet.
 * @throws InvalidArgumentError for what is no file: renaming over it would replace it.
 */
async function targetOf(path: string): Promise<string> {
  const link = await lstat(path).catch(ignoreMissing);
  if (link === undefined) return path;
  const target = link.isSymbolicLink() ? await realpath(path).catch(ignoreMissing) : path;
  if (target === undefined)
    throw new NotFoundError(`${path} is a link to a file that does not exist. Remove the link.`);
  const found = await stat(target);
  if (found.isFile()) return target;
  throw new InvalidArgumentError(
    found.isDirectory()
      ? `${path} is a folder. Give the path of a file in it.`
      : `${path} is a device or another special file. Give the path of a regular file.`,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * Writes a file under a temporary name, flushes it, and moves it into place. A link stays one: the
 * file it leads to is replaced.
 * @throws NotFoundError if the folder is missing, InvalidArgumentError if the path is no file's.
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const target = await writable(path, () => targetOf(path));
  await writable(path, () => replaceFile(target, content));
}

/** Does the work; system errors about the path become ours. */
async function writable<R>(path: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new NotFoundError(`${path}: no such folder ${dirname(path)}. Make it first.`, {
        cause,
      });
    if (code === 'ENOTDIR')
      throw new InvalidArgumentError(`${path}: a part of the path is a file, not a folder.`, {
        cause,
      });
    throw cause;
  }
}

async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
