import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '#kernel';

export type Write = (chunks: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<void>;

/**
 * How a file is written that is there whole or not at all: beside its place, to the disk, and then into place. Only its owner
 * may read it. Throws DomainError invalid where it cannot take that place.
 */
export async function replaceFile(path: string): Promise<Write> {
  const before = await stat(path).catch(() => undefined);
  if (before !== undefined && !before.isFile())
    throw new DomainError('invalid', 'file.unwritable', `${path} is no file that could be replaced`);
  // Where a link leads, not the link, is replaced.
  const target = before === undefined ? path : await realpath(path);
  const draft = `${target}.${process.pid}.part`;
  return async (chunks, signal) => {
    try {
      const file = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
      await pipeline(chunks, file, { signal });
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  };
}
