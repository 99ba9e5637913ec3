import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, sep } from 'node:path';
import { DomainError } from '#kernel';
import type { PolicyFile } from '#policy';

const largest = 1_048_576;
const mostFiles = 1_000;
const isYaml = (name: string) => /\.ya?ml$/.test(name);
const isCases = (name: string) => /\.test\.ya?ml$/.test(name);

/** What a policy is made of, and the cases that are kept beside it. */
export interface PolicySource {
  readonly files: readonly PolicyFile[];
  readonly cases: readonly PolicyFile[];
}

/**
 * Reads files, and folders with all YAML files below them; hidden ones and symbolic links in a folder are left out. Files are
 * named as they were asked for, or from the folder on where its path is absolute. Throws DomainError invalid with a sentence.
 */
export async function readPolicyFiles(paths: readonly string[]): Promise<PolicySource> {
  const found = (await Promise.all(paths.map((path) => findFiles(path)))).flat();
  if (found.length > mostFiles)
    throw refusal(`there are ${found.length} YAML files below ${paths.join(' ')}: that is no policy`);
  const read: PolicyFile[] = [];
  for (const { path, name } of found) read.push({ name, text: await readBounded(path, name) });
  const files = read.filter(({ name }) => !isCases(name));
  if (files.length === 0) throw refusal(`there is no policy in ${paths.join(' ')}: no .yaml file`);
  return { files, cases: read.filter(({ name }) => isCases(name)) };
}

interface Found {
  readonly path: string;
  readonly name: string;
}

async function findFiles(path: string): Promise<readonly Found[]> {
  const about = await stat(path).catch(() => undefined);
  if (about === undefined) throw refusal(`there is no file or folder ${path}`);
  if (!about.isDirectory()) return [{ path, name: isAbsolute(path) ? basename(path) : slashes(path) }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && isYaml(entry.name) && !isHidden(path, entry))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ path: file, name: slashes(isAbsolute(path) ? relative(path, file) : file) }));
}

function isHidden(folder: string, entry: Dirent): boolean {
  return relative(folder, join(entry.parentPath, entry.name))
    .split(sep)
    .some((part) => part.startsWith('.'));
}

async function readBounded(path: string, name: string): Promise<string> {
  const { size } = await stat(path);
  if (size > largest) throw refusal(`${name} is larger than 1 MiB`);
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw refusal(`${name} cannot be read`);
  }
}

function slashes(path: string): string {
  return path.split(sep).join('/');
}

function refusal(sentence: string): DomainError {
  return new DomainError('invalid', 'policy.unreadable', sentence);
}
