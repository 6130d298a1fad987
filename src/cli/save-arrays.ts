/** `--out DIR`: one .npy file per fetched array, each appearing whole or not at all. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TfError } from '../errors.js';
import type { NdArray } from '../graph/dtype.js';
import { formatNpy } from '../data/npy.js';
import { writeAtomically } from '../serialize/files.js';
import { CliError, exitCodes, isFileError, messageOf } from './exit-codes.js';
import { inFolder, type CliIo } from './io.js';

/** File name, without extension, for a tensor's name: letters, digits, `_`, `-` and `.` stay. */
export function fileNameOf(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[.-]+/, '_');
  return safe.slice(0, 200) || '_';
}

/** Different names for all, whatever the file system thinks of upper case. */
export function fileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const base = fileNameOf(name);
    let unique = base;
    for (let i = 1; taken.has(unique.toLowerCase()); i++) unique = `${base}_${i}`;
    taken.add(unique.toLowerCase());
    return `${unique}.npy`;
  });
}

/**
 * Writes the arrays and returns their paths in order. The folder is made if need be.
 * @throws CliError (bad input) if the folder or a file cannot be written.
 */
export async function saveArrays(
  folder: string,
  arrays: readonly (readonly [string, NdArray])[],
  io: CliIo,
): Promise<string[]> {
  const names = fileNames(arrays.map(([name]) => name));
  const paths = names.map((name) => join(folder, name));
  try {
    await mkdir(inFolder(io, folder), { recursive: true });
    for (const [i, [, array]] of arrays.entries())
      await writeAtomically(inFolder(io, paths[i] ?? ''), formatNpy(array));
  } catch (error) {
    if (!isFileError(error) && !(error instanceof TfError)) throw error;
    throw new CliError(
      exitCodes.badInput,
      `--out ${folder}: ${messageOf(error).replace(/\.$/, '')}.`,
      {
        cause: error,
      },
    );
  }
  return paths;
}
