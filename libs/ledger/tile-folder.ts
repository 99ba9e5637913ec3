import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where a log's static files live. Paths are relative, with forward slashes. */
export interface TileFolder {
  /** Undefined when there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Durable when it resolves: the file is complete or absent, never half written, also when two write it at once. */
  write(path: string, bytes: Buffer): Promise<void>;
  /** Removes a folder with all that is in it, if there is one. */
  removeFolder(path: string): Promise<void>;
}

/** Static files on a disk that any file server can serve. */
export class DiskTileFolder implements TileFolder {
  constructor(private readonly root: string) {}

  async read(path: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.root, path));
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
        return undefined;
      throw error;
    }
  }

  async write(path: string, bytes: Buffer): Promise<void> {
    const target = join(this.root, path);
    const folder = dirname(target);
    await makeFolder(folder);
    // No two writers share a temporary file; no tile path ends like one, so none is ever served.
    const temporary = `${target}.${randomUUID()}.tmp`;
    try {
      await writeDurably(temporary, bytes);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folder);
  }

  async removeFolder(path: string): Promise<void> {
    await rm(join(this.root, path), { recursive: true, force: true });
  }
}

/** A new folder is durable once the folder that names it is. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
