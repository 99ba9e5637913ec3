import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTest, runValidate } from './offline.js';
import type { Output } from '../output.js';
import { plain } from '../paint.js';
import { readPolicyFiles } from './read-files.js';

describe('policies in files', () => {
  let folder: string;
  let said: string[];
  let printed: unknown[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lethe policy '));
    [said, printed] = [[], []];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const output = (json = false): Output => ({
    say: json ? () => undefined : (line) => said.push(...line.split('\n')),
    paint: plain,
    json: json ? (value) => printed.push(value) : undefined,
    progress: () => undefined,
    ask: undefined,
  });
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  };

  it('are found below a folder, sorted, with the cases apart, and without what is hidden or linked to', async () => {
    write('b.yaml', '{}');
    write('deep/a b.yml', '{}');
    write('deep/a.test.yaml', 'cases: {}');
    write('.hidden/c.yaml', '{}');
    write('.d.yaml', '{}');
    write('notes.txt', 'no');
    symlinkSync('/etc/hosts', join(folder, 'link.yaml'));
    const { files, cases } = await readPolicyFiles([folder]);
    expect(files.map(({ name }) => name)).toEqual(['b.yaml', 'deep/a b.yml']);
    expect(cases.map(({ name }) => name)).toEqual(['deep/a.test.yaml']);
  });

  it.each([
    ['a path that does not exist', 'nowhere', 'there is no file or folder'],
    ['a folder without YAML', '.', 'no .yaml file'],
  ])('are refused with a sentence: %s', async (_, path, sentence) => {
    await expect(readPolicyFiles([join(folder, path)])).rejects.toThrow(sentence);
  });

  it('are refused when one is larger than a megabyte, without being read', async () => {
    write('large.yaml', `#${'x'.repeat(10_000_000)}`);
    await expect(readPolicyFiles([folder])).rejects.toThrow('large.yaml is larger than 1 MiB');
  });

  it('are valid, or every fault has its file, line and path', async () => {
    write('good.yaml', 'packs: [gdpr]\nretention: { rest: { keep: P1Y } }');
    expect(await runValidate([folder], output())).toBe(0);
    expect(said.at(-1)).toMatch(/^valid: 1 file, \d+ rules?, packs gdpr$/);
    write('bad.yaml', 'clocks:\n  a:\n    within: soon\n  b: &x {}');
    expect(await runValidate([folder], output())).toBe(1);
    expect(said.slice(1)).toEqual([
      'bad.yaml:4    line 4, column 9: anchors and aliases are not allowed: write the value out',
      '1 fault',
    ]);
    write('bad.yaml', 'clocks:\n  a:\n    within: soon\nretentions: {}');
    expect(await runValidate([folder], output(true))).toBe(1);
    expect(printed).toMatchObject([
      {
        ok: false,
        errors: [
          { file: 'bad.yaml', line: 3, pointer: '/clocks/a/within' },
          { file: 'bad.yaml', line: 4, pointer: '/retentions' },
        ],
      },
    ]);
  });

  it('are held to the cases beside them', async () => {
    write('p.yaml', 'retention: { all: { keep: P1Y } }');
    const one = (then: string) =>
      `cases:\n  after a year:\n    given: { from: { collected: 2025-01-01 }, on: 2026-06-01 }\n    expect: { then: ${then} }`;
    expect(await runTest([folder], output())).toBe(1);
    expect(said.at(-1)).toContain('there is no case');
    write('p.test.yaml', one('purge'));
    expect(await runTest([folder], output())).toBe(0);
    expect(said.at(-1)).toBe('1 passed, 0 failed');
    write('p.test.yaml', one('keep'));
    expect(await runTest([folder], output())).toBe(1);
    expect(said.slice(-3)).toEqual([
      'FAILED  p.test.yaml:2  after a year',
      '        then: expected keep, got purge',
      '0 passed, 1 failed',
    ]);
  });
});
