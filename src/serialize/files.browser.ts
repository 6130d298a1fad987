/** Files of a page: read from URLs, not written. Stands in for `files.ts` in bundles. */
import { NotFoundError, UnavailableError, UnimplementedError } from '../errors.js';
import type { readBytes as read, writeAtomically as write } from './files.js';

export const readBytes: typeof read = async (url) => {
  const response = await fetch(url);
  if (response.status === 404) throw new NotFoundError(`${String(url)}: no such file.`);
  if (!response.ok)
    throw new UnavailableError(
      `${String(url)} could not be read: ${response.status} ${response.statusText}`,
    );
  return new Uint8Array(await response.arrayBuffer());
};

export const writeAtomically: typeof write = (path) =>
  Promise.reject(
    new UnimplementedError(
      `${path} cannot be written: a browser has no files. Offer the bytes of toGraphDef() as a download.`,
    ),
  );
