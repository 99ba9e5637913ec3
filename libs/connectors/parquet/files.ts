import { createHash, randomUUID } from 'node:crypto';
import { chmod, lstat, open, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { DependencyError } from '#kernel';

/** What must not have changed between reading a file and replacing it. */
interface Version {
  readonly inode: bigint;
  readonly size: bigint;
  readonly modified: bigint;
  readonly mode: bigint;
}

/** One Parquet file of a dataset. */
export interface DataFile {
  readonly path: string;
  /** Orders files and marks a place among them. A digest, because partition folders may be named after people. */
  readonly mark: string;
}

const leftover = /^\.lethe-[0-9a-f-]{36}\.tmp$/;
/** What table writers leave beside their data and no reader reads as data. */
const ignored = /^(?:_SUCCESS|\..*)$/;

/** The folder of a dataset. Throws DependencyError: unreachable when it is missing, invalid_config when it lies outside. */
export async function datasetFolder(root: string, location: string): Promise<string> {
  if (/[*?[\]\p{Cc}]/u.test(location))
    throw new DependencyError('invalid_config', 'a location is a plain path');
  const top = await real(root);
  const folder = await real(resolve(top, location));
  if (folder !== top && !folder.startsWith(top + sep)) {
    throw new DependencyError('invalid_config', 'the location leads out of the folder of the store');
  }
  return folder;
}

/**
 * Every Parquet file below a dataset's folder, in the order of their marks. Throws DependencyError invalid_config on
 * anything that may hold data and would not be read: another format, a link, a summary of the files' contents.
 */
export async function dataFiles(folder: string): Promise<readonly DataFile[]> {
  const entries = await translated(() => readdir(folder, { withFileTypes: true, recursive: true }));
  const files: DataFile[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory() || isHidden(relative(folder, path))) continue;
    if (!entry.isFile() || !entry.name.toLowerCase().endsWith('.parquet') || /[*?[\]]/.test(path)) {
      throw new DependencyError(
        'invalid_config',
        'the dataset holds something that is not a plain Parquet file',
      );
    }
    files.push({ path, mark: createHash('sha256').update(relative(folder, path)).digest('hex') });
  }
  return files.sort((a, b) => (a.mark < b.mark ? -1 : 1));
}

/** Removes what a rewrite left behind when its process was killed. */
export async function removeLeftovers(folder: string): Promise<void> {
  const entries = await translated(() => readdir(folder, { withFileTypes: true, recursive: true }));
  const paths = entries
    .filter((entry) => entry.isFile() && leftover.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  await Promise.all(paths.map((path) => rm(path, { force: true })));
}

export async function versionOf({ path }: DataFile): Promise<Version> {
  const { ino, size, mtimeNs, mode } = await translated(() => lstat(path, { bigint: true }));
  return { inode: ino, size, modified: mtimeNs, mode };
}

/** A name in the same folder, so that a rename replaces the file at once or not at all. */
export function temporaryBeside({ path }: DataFile): string {
  return join(dirname(path), `.lethe-${randomUUID()}.tmp`);
}

/**
 * Puts a rewritten file in the place of the one it was made from, durably. Throws DependencyError conflict when that one
 * changed meanwhile: then it stays, and the work is to be done again.
 */
export async function replace(file: DataFile, seen: Version, temporary: string): Promise<void> {
  await chmod(temporary, Number(seen.mode & 0o7777n));
  await flush(temporary);
  await assertUnchanged(file, seen);
  await translated(() => rename(temporary, file.path));
  await dropChecksum(file);
  await flush(dirname(file.path));
}

/** Removes a file of which no row is left, and the partition folders that this empties. Throws as `replace` does. */
export async function remove(file: DataFile, seen: Version, folder: string): Promise<void> {
  await assertUnchanged(file, seen);
  await rm(file.path);
  await dropChecksum(file);
  for (let parent = dirname(file.path); parent !== folder; parent = dirname(parent)) {
    await flush(parent);
    const removed = await rmdir(parent).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
  await flush(folder);
}

async function assertUnchanged(file: DataFile, seen: Version): Promise<void> {
  const now = await versionOf(file).catch(() => undefined);
  const same = now?.inode === seen.inode && now.size === seen.size && now.modified === seen.modified;
  if (!same) throw new DependencyError('conflict', 'a file changed while it was rewritten');
}

/** Hadoop's checksum of the old bytes would make its readers refuse the new ones. */
async function dropChecksum({ path }: DataFile): Promise<void> {
  await rm(join(dirname(path), `.${basename(path)}.crc`), { force: true });
}

function isHidden(path: string): boolean {
  return path.split(sep).some((part) => ignored.test(part));
}

async function flush(path: string): Promise<void> {
  const handle = await translated(() => open(path, 'r'));
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function real(path: string): Promise<string> {
  return translated(() => realpath(path));
}

/** Paths may carry a person's key, so neither the message nor a cause passes one on. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EACCES' || code === 'EPERM')
      throw new DependencyError('unauthorized', 'access to the folder is denied');
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new DependencyError('quota_exhausted', 'the disk is full');
    throw new DependencyError('unreachable', 'the folder or a file in it cannot be reached');
  }
}
