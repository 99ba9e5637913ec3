import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultPoints, reach } from './index.js';

const root = join(import.meta.dirname, '..', '..', '..');
const sources = ['apps', 'libs']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter(({ name }) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map(({ parentPath, name }) => ({
    path: join(parentPath, name),
    text: readFileSync(join(parentPath, name), 'utf8'),
  }));

describe('a fault point', () => {
  it('tells whoever listens in this process, before the next instruction, and nobody else', () => {
    const heard: string[] = [];
    const listen = () => heard.push('heard');
    reach('batch.taken');
    subscribe('lethe.batch.taken', listen);
    reach('batch.taken');
    reach('batch.acted');
    heard.push('next');
    unsubscribe('lethe.batch.taken', listen);
    reach('batch.taken');
    expect(heard).toEqual(['heard', 'next']);
  });

  it.each(faultPoints.map((point) => [point] as const))('%s stands at one place', (point) => {
    expect(sources.filter(({ text }) => text.split(`reach('${point}')`).length > 1)).toHaveLength(1);
  });

  it('has no listener in anything that is delivered', () => {
    const touching = sources
      .filter(({ text }) => text.includes('diagnostics_channel'))
      .map(({ path }) => path);
    expect(touching).toEqual([join(import.meta.dirname, 'fault-points.ts')]);
  });
});
