import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { findPostgres, startPostgres } from './index.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-find-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('finding the server of a folder', () => {
  it('answers how to connect to it while it runs, and nothing afterwards', async () => {
    const folder = join(home, 'postgres');
    expect(await findPostgres(folder)).toBeNull();
    const started = await startPostgres({ folder, durable: false });
    try {
      await started.ensureDatabase("host's");
      const found = await findPostgres(folder);
      expect(found?.url("host's")).toBe(started.url("host's"));
      const name = await withClient(found?.url("host's") ?? '', async (client) =>
        client.query<{ name: string }>('select current_database() as name'),
      );
      expect(name.rows).toEqual([{ name: "host's" }]);
    } finally {
      await started.stop();
    }
    expect(await findPostgres(folder)).toBeNull();
  });

  it('takes no other process for it, whose id a file from before a reboot names', async () => {
    const folder = join(home, 'postgres');
    await mkdir(folder);
    const lines = [process.pid, folder, '1', '5432', home, '', '', 'ready   '];
    await writeFile(join(folder, 'postmaster.pid'), lines.join('\n'));
    expect(await findPostgres(folder)).toBeNull();
  });
});
