import type { TileFolder } from '../tile-folder.js';

/** A TileFolder in memory, for tests; held to the same suite as the one on disk. */
export class MemoryTileFolder implements TileFolder {
  readonly files = new Map<string, Buffer>();

  async read(path: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.files.get(path));
  }

  async write(path: string, bytes: Buffer): Promise<void> {
    this.files.set(path, Buffer.from(bytes));
    return Promise.resolve();
  }

  async removeFolder(path: string): Promise<void> {
    for (const name of this.files.keys()) if (name.startsWith(`${path}/`)) this.files.delete(name);
    return Promise.resolve();
  }
}

/** Thrown in place of a crash. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Crashes before or after the k-th change (from 0) of the folder it wraps, and at every one that follows. */
export class CrashingTileFolder implements TileFolder {
  private changes = 0;

  constructor(
    private readonly inner: TileFolder,
    private readonly crashAt: number,
    private readonly moment: 'before' | 'after',
  ) {}

  async read(path: string): Promise<Buffer | undefined> {
    return this.inner.read(path);
  }

  async write(path: string, bytes: Buffer): Promise<void> {
    await this.change(() => this.inner.write(path, bytes));
  }

  async removeFolder(path: string): Promise<void> {
    await this.change(() => this.inner.removeFolder(path));
  }

  private async change(act: () => Promise<void>): Promise<void> {
    const place = this.changes++;
    if (place > this.crashAt || (place === this.crashAt && this.moment === 'before')) throw new Crash();
    await act();
    if (place === this.crashAt) throw new Crash();
  }
}
