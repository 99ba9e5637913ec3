import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where a log's static files live. Paths are relative, with forward slashes. */
export interface TileFolder {
  /** Undefined when there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Durable when it resolves: the file is complete or absent, never half written. */
  write(path: string, bytes: Buffer): Promise<void>;
}

/** Static files on a disk that any file server can serve. */
export class DiskTileFolder implements TileFolder {
  private readonly made = new Set<string>();

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
    if (!this.made.has(folder)) await mkdir(folder, { recursive: true });
    this.made.add(folder);
    const temporary = `${target}.${process.pid}.tmp`;
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(folder);
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
