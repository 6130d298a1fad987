/**
 * SwiftShader, a Vulkan driver that needs no GPU, no root and no system package: taken from the npm
 * package @sparticuz/chromium and unpacked once into a cache folder that only this user can write.
 */
import { createHash } from 'node:crypto';
import {
  access,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { InternalError, UnavailableError } from '../../errors.js';
import { missingPackage, useVulkanDriver } from './vulkan-loader.js';

const packageName = '@sparticuz/chromium';
const files = ['libvk_swiftshader.so', 'vk_swiftshader_icd.json', 'libvulkan.so.1'] as const;

/** Regular files of a tar archive, by base name (POSIX ustar: 512-byte headers, octal sizes). */
export function readTar(archive: Uint8Array): Map<string, Uint8Array> {
  const text = (from: number, length: number): string =>
    new TextDecoder()
      .decode(archive.subarray(from, from + length))
      .replace(/\0.*$/s, '')
      .trim();
  const entries = new Map<string, Uint8Array>();
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8);
    if (!Number.isFinite(size)) throw new InternalError(`Damaged tar header at byte ${at}.`);
    const kind = text(at + 156, 1);
    const name = text(at, 100).split('/').pop() ?? '';
    if (kind === '' || kind === '0') entries.set(name, archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return entries;
}

/** The packed driver; versions of the package differ in how deep their entry file lies. */
async function archivePath(): Promise<string> {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (cause) {
    throw missingPackage(packageName, 'A software GPU (SwiftShader)', cause);
  }
  let folder = path.dirname(entry);
  for (let level = 0; level < 4; level++, folder = path.dirname(folder)) {
    const archive = path.join(folder, 'bin', 'swiftshader.tar.br');
    try {
      await access(archive);
      return archive;
    } catch {
      continue;
    }
  }
  throw new UnavailableError(
    `${packageName} at ${entry} holds no bin/swiftshader.tar.br; install version 147.0.0.`,
  );
}

/** A folder of this user alone: what lies in it is loaded into the process. */
async function cacheFolder(): Promise<string> {
  const base = process.env['XDG_CACHE_HOME'];
  const { uid, username } = userInfo();
  const folder = base
    ? path.join(base, 'defrun')
    : path.join(tmpdir(), `defrun-${uid >= 0 ? uid : username}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  if (!stats.isDirectory() || (uid >= 0 && stats.uid !== uid) || (stats.mode & 0o022) !== 0)
    throw new UnavailableError(
      `The cache folder ${folder} can be written by others. Remove it, or set XDG_CACHE_HOME.`,
    );
  return folder;
}

/**
 * Unpacks the driver if that has not been done, and returns its folder. Several processes may do so
 * at once: each writes a folder of its own and renames it into place.
 * @throws UnavailableError if @sparticuz/chromium is not installed.
 */
export async function unpackSwiftShader(): Promise<string> {
  const packed = await readFile(await archivePath());
  const digest = createHash('sha256').update(packed).digest('hex').slice(0, 16);
  const cache = await cacheFolder();
  const folder = path.join(cache, `swiftshader-${digest}`);
  const isThere = (): Promise<boolean> =>
    stat(folder).then(
      () => true,
      () => false,
    );
  if (await isThere()) return folder;
  const fresh = await mkdtemp(path.join(cache, 'unpacking-'));
  const entries = readTar(brotliDecompressSync(packed));
  for (const name of files) {
    const content = entries.get(name);
    if (content === undefined)
      throw new UnavailableError(`${packageName} does not hold ${name}; install another version.`);
    await writeFile(path.join(fresh, name), content, { mode: 0o755 });
  }
  try {
    await rename(fresh, folder);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await isThere())) throw new UnavailableError(`Cannot write ${folder}.`, { cause });
  }
  return folder;
}

/** Points Vulkan at SwiftShader, for instances created from now on. Linux on x64 only. */
export async function useSwiftShader(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new UnavailableError(
      `SwiftShader comes packed for Linux on x64, and this is ${process.platform} on ${process.arch}.`,
    );
  const folder = await unpackSwiftShader();
  await useVulkanDriver(
    path.join(folder, 'vk_swiftshader_icd.json'),
    path.join(folder, 'libvulkan.so.1'),
  );
}
