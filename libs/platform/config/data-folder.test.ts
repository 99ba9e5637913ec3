import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstMessage, runElsewhere, skipReason } from '#testing';
import { openDataFolder, type DataFolder } from './index.js';

let home: string;
let path: string;
const open: DataFolder[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-data-'));
  path = join(home, 'deep', 'data');
});

afterEach(async () => {
  for (const folder of open.splice(0)) await folder.close();
  await rm(home, { recursive: true, force: true });
});

async function opened(key?: Buffer): Promise<DataFolder> {
  const folder = await openDataFolder(path, key);
  open.push(folder);
  return folder;
}

const root = process.getuid?.() === 0 ? 'root may write everywhere' : null;

describe('the data folder', () => {
  it('is made at the first start, for its owner only', async () => {
    const folder = await opened();
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, 'master.key'))).mode & 0o777).toBe(0o600);
    expect((await readdir(path)).toSorted()).toEqual(['ledger', 'lethe.json', 'logs', 'master.key']);
    expect(JSON.parse(await readFile(join(path, 'lethe.json'), 'utf8'))).toEqual({ format: 1 });
    expect(folder.masterKey).toHaveLength(32);
  });

  it('keeps its master key from start to start', async () => {
    const first = await opened();
    await first.close();
    expect((await opened()).masterKey).toEqual(first.masterKey);
  });

  it('uses the key it is given and writes it nowhere', async () => {
    const key = Buffer.alloc(32, 9);
    expect((await opened(key)).masterKey).toEqual(key);
    expect(await readdir(path)).not.toContain('master.key');
  });

  it('refuses a given key that is not its own', async () => {
    await (await opened()).close();
    await expect(opened(Buffer.alloc(32, 9))).rejects.toMatchObject({ code: 'data_folder.master_key' });
  });

  it('never replaces a key that is damaged', async () => {
    await (await opened()).close();
    await writeFile(join(path, 'master.key'), 'short');
    await expect(opened()).rejects.toMatchObject({ code: 'data_folder.master_key' });
    expect(await readFile(join(path, 'master.key'), 'utf8')).toBe('short');
  });

  it.each([
    ['{"format":2}', 'data_folder.newer'],
    ['{"name":"another program"}', 'data_folder.foreign'],
    ['', 'data_folder.foreign'],
  ])('refuses a folder marked %j and leaves it as it is', async (mark, code) => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'lethe.json'), mark);
    await expect(opened()).rejects.toMatchObject({ kind: 'conflict', code });
    expect(await readdir(path)).toEqual(['lethe.json']);
  });

  it('refuses a file in its place', async () => {
    path = join(home, 'file');
    await writeFile(path, 'mine');
    await expect(opened()).rejects.toMatchObject({ code: 'data_folder.file' });
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('refuses a path that leads through a file', async () => {
    await writeFile(join(home, 'file'), 'mine');
    path = join(home, 'file', 'data');
    await expect(opened()).rejects.toMatchObject({ code: 'data_folder.unwritable' });
  });

  it.skipIf(skipReason(root))('refuses a folder it may not write', async () => {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o500);
    await expect(opened()).rejects.toMatchObject({ code: 'data_folder.unwritable' });
  });
});

describe('two starts on one folder', () => {
  it('do not fight: the second is told where the first answers', async () => {
    const first = await opened();
    await expect(openDataFolder(path)).rejects.toThrow(`still starting (process ${process.pid})`);
    first.announce('http://127.0.0.1:3000');
    await expect(openDataFolder(path)).rejects.toMatchObject({ code: 'data_folder.in_use' });
    await expect(openDataFolder(path)).rejects.toThrow(`at http://127.0.0.1:3000 (process ${process.pid})`);
  });

  it('have one winner when they race', async () => {
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => opened()));
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are possible after the first was killed', async () => {
    const holder = runElsewhere(join(process.cwd(), 'libs/testing/processes/hold-data-folder.ts'), [path]);
    await firstMessage(holder);
    await expect(openDataFolder(path)).rejects.toThrow(`(process ${holder.pid!})`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await expect(opened()).resolves.toMatchObject({ path });
  });

  it('are not kept apart when their folders differ', async () => {
    await opened();
    path = join(home, 'other');
    await expect(opened()).resolves.toMatchObject({ path });
  });
});
