import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MemoryTileFolder } from './testing/memory-tile-folder.js';
import { DiskTileFolder, type TileFolder } from './tile-folder.js';

const folders: string[] = [];
const onDisk = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-tiles-'));
  folders.push(folder);
  return folder;
};
afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

describe.each<[string, () => Promise<TileFolder>]>([
  ['in memory', () => Promise.resolve(new MemoryTileFolder())],
  ['on disk', async () => new DiskTileFolder(await onDisk())],
])('a tile folder %s', (_, make) => {
  it('has nothing that was not written, under a file neither', async () => {
    const folder = await make();
    await folder.write('a/b', Buffer.from('x'));
    expect(await folder.read('a/c')).toBeUndefined();
    expect(await folder.read('z/b')).toBeUndefined();
    expect(await folder.read('a/b/c')).toBeUndefined();
  });

  it('gives back the bytes of the last write, empty ones too', async () => {
    const folder = await make();
    await folder.write('deep/er/file', Buffer.from('one'));
    await folder.write('deep/er/file', Buffer.from([0, 255, 10]));
    await folder.write('empty', Buffer.alloc(0));
    expect(await folder.read('deep/er/file')).toEqual(Buffer.from([0, 255, 10]));
    expect(await folder.read('empty')).toEqual(Buffer.alloc(0));
  });

  it('survives many writers of one file, each with the whole of its bytes', async () => {
    const folder = await make();
    const contents = Array.from({ length: 24 }, (__, index) => Buffer.alloc(9_000 + index, index));
    await Promise.all(contents.map((bytes) => folder.write('x/001/000.p/7', bytes)));
    const found = await folder.read('x/001/000.p/7');
    expect(contents.some((bytes) => bytes.equals(found!))).toBe(true);
  });

  it('removes a folder with what is in it and nothing beside it, or nothing at all', async () => {
    const folder = await make();
    await folder.write('t/000', Buffer.from('full'));
    await folder.write('t/000.p/1', Buffer.from('part'));
    await folder.write('t/000.p/2', Buffer.from('part'));
    await folder.removeFolder('t/000.p');
    await folder.removeFolder('t/000.p');
    expect(await folder.read('t/000.p/1')).toBeUndefined();
    expect(await folder.read('t/000.p/2')).toBeUndefined();
    expect(await folder.read('t/000')).toEqual(Buffer.from('full'));
  });
});

describe('a tile folder on disk', () => {
  it('leaves no temporary file, whether the write succeeds or fails', async () => {
    const root = await onDisk();
    const folder = new DiskTileFolder(root);
    await folder.write('a/file', Buffer.from('x'));
    await folder.write('b/folder/file', Buffer.from('x'));
    // A rename onto a folder fails.
    await expect(folder.write('b/folder', Buffer.from('x'))).rejects.toThrow();
    const names = await readdir(root, { recursive: true });
    expect(names.toSorted()).toEqual(['a', 'a/file', 'b', 'b/folder', 'b/folder/file']);
  });

  it('says so when a file cannot be read, instead of saying that there is none', async () => {
    const root = await onDisk();
    await writeFile(join(root, 'file'), 'x');
    await new DiskTileFolder(root).write('folder/file', Buffer.from('x'));
    await expect(new DiskTileFolder(root).read('folder')).rejects.toThrow('EISDIR');
  });
});
