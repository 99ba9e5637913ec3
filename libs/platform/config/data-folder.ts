import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, mkdir, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DomainError } from '#kernel';
import { holdFolder } from './folder-lock.js';

/** Everything one installation keeps on disk. Open in one process at a time. */
export interface DataFolder {
  /** Absolute, links followed. */
  readonly path: string;
  readonly masterKey: Buffer;
  readonly postgresFolder: string;
  readonly ledgerFolder: string;
  readonly logsFolder: string;
  /** Where the first operator's key is kept, once there is one. */
  readonly operatorKeyFile: string;
  /** Tells a second start where this one answers. */
  readonly announce: (url: string) => void;
  readonly close: () => Promise<void>;
}

const format = 1;
const keyBytes = 32;
const markSchema = z.object({ format: z.int().positive() });

/** Where the embedded server's data is, also while another process has the folder open. */
export function postgresFolderOf(path: string): string {
  return join(path, 'postgres');
}

/**
 * Opens the data folder, making it at the first start. The master key is the given one, or else the folder's own, made
 * once. Rejects with a DomainError of one sentence: `data_folder.file`, `.unwritable`, `.newer`, `.foreign`, `.in_use`, `.master_key`.
 */
export async function openDataFolder(path: string, givenKey?: Buffer): Promise<DataFolder> {
  await makeFolder(path);
  const folder = await realpath(path);
  const lock = await holdFolder(folder);
  try {
    await checkMark(folder);
    const masterKey = await openMasterKey(join(folder, 'master.key'), givenKey);
    const sub = async (name: string) => {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
      return join(folder, name);
    };
    return {
      path: folder,
      masterKey,
      // PostgreSQL makes its own, complete or not at all.
      postgresFolder: postgresFolderOf(folder),
      ledgerFolder: await sub('ledger'),
      logsFolder: await sub('logs'),
      operatorKeyFile: join(folder, 'operator.key'),
      announce: lock.announce,
      close: lock.release,
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function makeFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isDirectory()) {
    throw refusal('file', `The data folder ${path} is a file: choose another with LETHE_DATA`);
  }
  try {
    await makeFolders(path);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw refusal(
      'unwritable',
      `The data folder ${path} cannot be written: choose another with LETHE_DATA`,
      cause,
    );
  }
}

/** One folder after the other: Node's recursive mkdir never ends under /proc, where nothing can be made. */
async function makeFolders(path: string): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolders(parent);
  await mkdir(path, { mode: 0o700 }).catch(async (error: unknown) => {
    // Another start may have made it meanwhile.
    if ((await stat(path).catch(() => null))?.isDirectory() !== true) throw error;
  });
}

async function checkMark(folder: string): Promise<void> {
  const file = join(folder, 'lethe.json');
  await writeOnce(file, `${JSON.stringify({ format })}\n`);
  const mark = markSchema.safeParse(parseJson(await readFile(file, 'utf8')));
  if (!mark.success)
    throw refusal('foreign', `The file ${file} is not one of Lethe's: choose another folder with LETHE_DATA`);
  if (mark.data.format > format) {
    throw refusal(
      'newer',
      `The data folder ${folder} was made by a newer version of Lethe: use that version`,
    );
  }
}

async function openMasterKey(file: string, given: Buffer | undefined): Promise<Buffer> {
  if (given === undefined) await writeOnce(file, `${randomBytes(keyBytes).toString('base64')}\n`);
  const kept = Buffer.from((await readFile(file, 'utf8').catch(() => '')).trim(), 'base64');
  if (given !== undefined) {
    if (kept.length === 0 || kept.equals(given)) return given;
    throw refusal(
      'master_key',
      `LETHE_MASTER_KEY is not the key in ${file}, under which everything here is sealed`,
    );
  }
  if (kept.length !== keyBytes)
    throw refusal('master_key', `The file ${file} does not hold a master key of ${keyBytes} bytes`);
  return kept;
}

/** Writes the file, complete and on disk, unless one of that name exists; never overwrites. Readable by its owner only. */
async function writeOnce(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(code: string, message: string, cause?: unknown): DomainError {
  return new DomainError('conflict', `data_folder.${code}`, message, { cause });
}
