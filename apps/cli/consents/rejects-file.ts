import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { DomainError } from '#kernel';
import type { RejectedRow } from './bulk-api.js';

/** Characters that are gathered before they are written. */
const most = 65_536;

/** Where rejected rows go, each as a line of JSON. */
export class RejectsFile {
  private gathered = '';

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly asked: boolean,
  ) {}

  /**
   * `asked`: somebody named it, and it stays also when it is empty. Throws DomainError invalid where it cannot be written, or is the file to be imported.
   */
  static async open(path: string, asked: boolean, source: string): Promise<RejectsFile> {
    if (await isSame(path, source))
      throw new DomainError(
        'invalid',
        'file.same',
        `${path} is what is to be imported: name another file with --rejects`,
      );
    const handle = await open(path, 'a').catch(() => {
      throw unwritable(path);
    });
    return new RejectsFile(path, handle, asked);
  }

  /** What an earlier import left gives way, but not before there is something to put in its place. */
  async begin(): Promise<void> {
    if ((await this.handle.stat()).isFile()) await this.handle.truncate(0);
  }

  async add(row: RejectedRow): Promise<void> {
    this.gathered += `${JSON.stringify(row)}\n`;
    if (this.gathered.length >= most) await this.write();
  }

  async close(): Promise<void> {
    try {
      await this.write();
      const about = await this.handle.stat();
      if (about.isFile() && about.size === 0 && !this.asked) await rm(this.path, { force: true });
    } finally {
      await this.handle.close();
    }
  }

  private async write(): Promise<void> {
    const text = this.gathered;
    this.gathered = '';
    await this.handle.appendFile(text).catch(() => {
      throw unwritable(this.path);
    });
  }
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function unwritable(path: string): DomainError {
  return new DomainError('invalid', 'file.unwritable', `rejected rows cannot be written to ${path}`);
}
