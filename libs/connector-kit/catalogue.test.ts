import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConnector, loadManifests } from './catalogue.js';
import { redactSettings } from './secrets.js';

describe('the catalogue of connectors', () => {
  it('finds every connector by its folder', async () => {
    const manifests = await loadManifests();
    expect([...manifests.keys()]).toEqual(expect.arrayContaining(['lancedb', 'parquet', 'postgres']));
    for (const [type, manifest] of manifests) {
      expect(manifest.type).toBe(type);
      expect(typeof (await loadConnector(type))).toBe('function');
    }
  });

  it.each(['', 'nothing', '..', '../connector-kit', 'parquet/'])(
    'knows no connector named %j',
    async (type) => {
      await expect(loadConnector(type)).rejects.toMatchObject({
        name: 'DependencyError',
        code: 'not_supported',
      });
    },
  );

  it('loads no driver with the manifests', async () => {
    const script = `
      const { loadManifests } = await import(${JSON.stringify(join(import.meta.dirname, 'catalogue.ts'))});
      await loadManifests();
      const loaded = process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'));
      const drivers = Object.keys(process.getBuiltinModule('node:module').createRequire('/').cache).filter((name) => /node_modules.(pg|apache-arrow|@duckdb|@lancedb)./.test(name));
      console.log(JSON.stringify([...loaded, ...drivers].filter((name) => !name.includes('swc'))));`;
    const loader = join(import.meta.dirname, '..', 'testing', 'load-typescript.mjs');
    const args = ['--conditions=source', '--import', loader, '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: join(import.meta.dirname, '..', '..'),
    });
    expect(JSON.parse(stdout)).toEqual([]);
  });
});

describe('the endpoint of a store', () => {
  it('is the same for the same server, and carries no credential', async () => {
    const postgres = (await loadManifests()).get('postgres');
    const endpoint = (url: string) => postgres?.endpoint({ url });
    expect(endpoint('postgresql://ann:secret@DB.example/shop')).toBe('db.example:5432/shop');
    expect(endpoint('postgres://bob:other@db.example:5432/shop?sslmode=require')).toBe(
      'db.example:5432/shop',
    );
    expect(endpoint('postgres://bob@%2Frun%2FPg:6000/shop')).toBe('/run/Pg:6000/shop');
    expect(postgres?.settings.safeParse({ url: 'https://db.example/shop' }).success).toBe(false);
  });

  it('is the folder, however it is written', async () => {
    const parquet = (await loadManifests()).get('parquet');
    expect(parquet?.endpoint({ folder: '/data/lake/../lake/' })).toBe('file:///data/lake');
  });
});

describe('redacted settings', () => {
  it('show everything but secrets', () => {
    const shown = redactSettings({ secrets: ['url'] }, { url: 'db:canary', pool: 2 });
    expect(shown).toEqual({ url: '[secret]', pool: 2 });
  });
});
