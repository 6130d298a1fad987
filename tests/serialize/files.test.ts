/** Files written: through links, beside nothing but files, and refused with what to do. */
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../../src/errors.js';
import { writeAtomically } from '../../src/serialize/files.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defrun-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const failureOf = (path: string): Promise<unknown> =>
  writeAtomically(path, 'new').then(
    () => null,
    (error: unknown) => error,
  );

it('writes through a link, and the link stays', async () => {
  const [target, link] = [join(folder, 'target.pb'), join(folder, 'link.pb')];
  await writeFile(target, 'old');
  await symlink('target.pb', link);
  await writeAtomically(link, 'new');
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(target, 'utf8')).toBe('new');
  expect((await readdir(folder)).sort()).toEqual(['link.pb', 'target.pb']);
});

it('refuses a link that leads nowhere', async () => {
  const link = join(folder, 'link.pb');
  await symlink('nothing.pb', link);
  expect(await failureOf(link)).toBeInstanceOf(NotFoundError);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
});

it('refuses a folder, and a link to one', async () => {
  const link = join(folder, 'link');
  await symlink(tmpdir(), link);
  for (const path of [folder, link]) {
    const error = await failureOf(path);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(String(error)).toContain(`${path} is a folder`);
  }
});

it('refuses a socket, which is no regular file', async () => {
  const path = join(folder, 'socket');
  const server = createServer().listen(path);
  await once(server, 'listening');
  try {
    expect(String(await failureOf(path))).toContain('Give the path of a regular file');
    expect((await lstat(path)).isSocket()).toBe(true);
  } finally {
    server.close();
  }
});

it('names the folder that is missing, or is a file', async () => {
  const missing = await failureOf(join(folder, 'no', 'a.pb'));
  expect(missing).toBeInstanceOf(NotFoundError);
  expect(String(missing)).toContain(`no such folder ${join(folder, 'no')}`);
  await writeFile(join(folder, 'file'), '');
  expect(await failureOf(join(folder, 'file', 'a.pb'))).toBeInstanceOf(InvalidArgumentError);
});
