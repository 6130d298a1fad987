/** Files, read whole and written whole. `files.browser.ts` stands in for this file in a browser. */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { InvalidArgumentError, NotFoundError } from '../errors.js';

/** @throws NotFoundError for a missing file, InvalidArgumentError for a folder. */
export async function readBytes(path: string | URL): Promise<Uint8Array> {
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

/** Writes a file under a temporary name, flushes it, and moves it into place. */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
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
