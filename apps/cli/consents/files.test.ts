import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSource } from './open-source.js';
import { RejectsFile } from './rejects-file.js';
import { replaceFile } from './replace-file.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lethe bulk '));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a file that is replaced', () => {
  async function* pieces(fault?: Error): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.from('new');
    await Promise.resolve();
    if (fault !== undefined) throw fault;
  }
  const { signal } = new AbortController();

  it('has what was written once all of it is, and only its owner may read it', async () => {
    await (
      await replaceFile(at('new'))
    )(pieces(), signal);
    expect(readFileSync(at('new'), 'utf8')).toBe('new');
    expect(statSync(at('new')).mode & 0o777).toBe(0o600);
    writeFileSync(at('old'), 'old');
    symlinkSync(at('old'), at('link'));
    await (
      await replaceFile(at('link'))
    )(pieces(), signal);
    expect(readFileSync(at('old'), 'utf8')).toBe('new');
    expect(readdirSync(folder).sort()).toEqual(['link', 'new', 'old']);
  });

  it('stays as it was when writing fails or is stopped, and nothing is left beside it', async () => {
    writeFileSync(at('old'), 'old');
    const write = await replaceFile(at('old'));
    await expect(write(pieces(new Error('broken')), signal)).rejects.toThrow('broken');
    await expect(write(pieces(), AbortSignal.abort())).rejects.toThrow();
    expect(readFileSync(at('old'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['old']);
  });

  it('is no folder and no device', async () => {
    await expect(replaceFile(folder)).rejects.toThrow('is no file');
    await expect(replaceFile('/dev/null')).rejects.toThrow('is no file');
  });
});

describe('the file of rejected rows', () => {
  const row = { line: 3, code: 'row.invalid', pointer: '', message: 'is not JSON' };
  const fill = async (asked: boolean, rows: number, begin = true) => {
    const file = await RejectsFile.open(at('rejects'), asked, at('source'));
    if (begin) await file.begin();
    for (let line = 1; line <= rows; line += 1) await file.add({ ...row, line });
    await file.close();
  };
  const lines = () => readFileSync(at('rejects'), 'utf8').split('\n').filter(Boolean);

  it('holds every one of them, and nothing of an earlier import', async () => {
    await fill(false, 2_000);
    expect(lines()).toHaveLength(2_000);
    expect(JSON.parse(lines()[1_999]!)).toEqual({ ...row, line: 2_000 });
    await fill(false, 1);
    expect(lines()).toHaveLength(1);
  });

  it('keeps what an earlier import left while nothing was answered to this one', async () => {
    await fill(false, 5);
    await fill(false, 0, false);
    expect(lines()).toHaveLength(5);
  });

  it('is not left empty, unless somebody asked for it', async () => {
    await fill(false, 0);
    expect(existsSync(at('rejects'))).toBe(false);
    await fill(true, 0);
    expect(lines()).toEqual([]);
  });

  it('is never what is imported, and is said when it cannot be written', async () => {
    writeFileSync(at('source'), 'rows');
    symlinkSync(at('source'), at('rejects'));
    await expect(fill(true, 1)).rejects.toThrow('is what is to be imported');
    expect(readFileSync(at('source'), 'utf8')).toBe('rows');
    await expect(RejectsFile.open(join(folder, 'none', 'x'), true, at('source'))).rejects.toThrow(
      'cannot be written',
    );
  });
});

describe('what is imported', () => {
  it('has the same key for the same bytes, whatever its name', async () => {
    writeFileSync(at('a.csv'), 'rows');
    writeFileSync(at('b.ndjson'), 'rows');
    writeFileSync(at('c.csv'), 'rows\n');
    const keys = await Promise.all(
      ['a.csv', 'b.ndjson', 'c.csv'].map(async (name) => (await openSource(at(name), undefined)).key()),
    );
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(keys[2]);
    const stdin = await openSource('-', 'csv');
    expect(await stdin.key()).not.toBe(await stdin.key());
  });

  it.each([
    ['none.csv', 'cannot be read'],
    ['', 'cannot be told'],
    ['rows.json', 'cannot be told'],
  ])('%j: %s', async (name, fault) => {
    await expect(openSource(name === '' ? folder : at(name), undefined)).rejects.toThrow(fault);
    await expect(openSource(folder, 'csv')).rejects.toThrow('cannot be read');
  });
});
