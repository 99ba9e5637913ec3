import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '#kernel';
import { formatOf, unknownFormat, type RowFormat } from './row-format.js';

/** Bytes as they come; who wants no more of them destroys it. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  destroy(): unknown;
}

/** What is to be imported; never held in memory. */
export interface Source {
  /** For people. */
  readonly name: string;
  readonly format: RowFormat;
  /** In bytes; undefined for what has no end yet. */
  readonly size: number | undefined;
  /** The same for the same bytes, where those can be read twice; reads them all. */
  readonly key: () => Promise<string>;
  readonly open: () => ByteStream;
}

/** A file, or standard input for `-`. Throws DomainError invalid with a sentence. */
export async function openSource(file: string, said: RowFormat | undefined): Promise<Source> {
  const name = file === '-' ? 'standard input' : file;
  const format = formatOf(file, said);
  if (format === undefined) throw unknownFormat(name);
  const once = { name, format, size: undefined, key: () => Promise.resolve(randomUUID()) };
  if (file === '-') return { ...once, open: () => process.stdin };
  const about = await stat(file).catch(() => undefined);
  if (about === undefined || about.isDirectory()) throw unreadable(file);
  const open = () => createReadStream(file);
  // A pipe gives its bytes but once.
  return about.isFile()
    ? { name, format, size: about.size, key: () => digestOf(file), open }
    : { ...once, open };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file, { highWaterMark: 1_048_576 }), hash);
  } catch {
    throw unreadable(file);
  }
  return `sha256-${hash.digest('hex')}`;
}

export function unreadable(name: string): DomainError {
  return new DomainError('invalid', 'file.unreadable', `${name} cannot be read`);
}
