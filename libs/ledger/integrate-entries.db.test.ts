import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TenantId } from '#kernel';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { openCheckpoint, type Checkpoint } from './domain/checkpoint.js';
import { parseVerifierKey } from './domain/note.js';
import { Crash, CrashingTileFolder, MemoryTileFolder } from './testing/memory-tile-folder.js';
import { appendMany, openLedger, startLog, type OpenLedger } from './testing/open-ledger.js';
import { rootOf, tilesOf } from './testing/tiles-of.js';
import { DiskTileFolder, type TileFolder } from './tile-folder.js';

let database: TestDatabase;
let folder: string;
let app: OpenLedger;
let worker: OpenLedger;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'lethe-ledger-'));
  [app, worker] = await Promise.all([
    openLedger(database.appUrl, folder),
    openLedger(database.systemUrl, folder),
  ]);
});
afterAll(async () => {
  await Promise.all([app.close(), worker.close()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const owner = (text: string, values: unknown[] = []) =>
  withClient(
    database.ownerUrl,
    async (client) => (await client.query<Record<string, unknown>>(text, values)).rows,
  );
const newLog = () =>
  startLog(app, async (tenant) => {
    await owner("insert into tenants values ($1, $2, 'Test', now())", [tenant, `t-${tenant}`]);
  });
const stored = async (tenant: TenantId) => {
  const rows = await owner('select entry from ledger_entries where tenant_id = $1 order by number', [tenant]);
  return rows.map((row) => row['entry'] as Buffer);
};
const pending = async (tenant: TenantId) =>
  (await worker.transactions.run(null, (tx) => worker.read.pending(tx))).includes(tenant);

async function published(
  tiles: TileFolder,
  log: { tenant: TenantId; verifierKey: string },
): Promise<Checkpoint> {
  const note = (await tiles.read(`${log.tenant}/checkpoint`))!.toString('utf8');
  return openCheckpoint(note, parseVerifierKey(log.verifierKey)!)!;
}
async function expectWhole(
  tiles: TileFolder,
  log: { tenant: TenantId; verifierKey: string },
): Promise<Buffer[]> {
  const entries = await stored(log.tenant);
  for (const [path, bytes] of tilesOf(entries)) {
    const found = await tiles.read(`${log.tenant}/${path}`);
    expect(found?.equals(bytes), path).toBe(true);
  }
  const checkpoint = await published(tiles, log);
  expect(checkpoint).toEqual({
    origin: `log.example/${log.tenant}`,
    size: BigInt(entries.length),
    root: rootOf(entries),
  });
  expect(await pending(log.tenant)).toBe(false);
  return entries;
}

describe('integration', () => {
  it('publishes nothing for an empty log', async () => {
    const { tenant } = await newLog();
    expect(await worker.integrate.execute(tenant)).toEqual({ size: 0 });
    expect(await worker.read.checkpoint(tenant)).toBeUndefined();
    expect(await pending(tenant)).toBe(false);
  });

  it('publishes the tiles of the specification, and no other file, at every kind of size', async () => {
    const tiles = new MemoryTileFolder();
    const { integrate } = worker.over(tiles);
    const log = await newLog();
    let size = 0;
    for (const more of [1, 1, 253, 1, 1, 254, 1, 189, 4_095, 1, 300]) {
      await appendMany(app, log.tenant, more);
      expect(await pending(log.tenant)).toBe(true);
      size += more;
      expect(await integrate.execute(log.tenant)).toEqual({ size });
      await expectWhole(tiles, log);
      expect(await integrate.execute(log.tenant)).toEqual({ size });
    }
    // Of full tiles no partial one is left; of the others there are those that a checkpoint was made for.
    const whole = [...tilesOf(await stored(log.tenant)).keys()].filter((path) => !path.includes('.p/'));
    const names = [...tiles.files.keys()].map((path) => path.slice(log.tenant.length + 1));
    const expected = ['checkpoint', ...whole].toSorted();
    expect(names.filter((path) => !path.includes('.p/')).toSorted()).toEqual(expected);
    expect(names.filter((path) => whole.includes(path.slice(0, path.indexOf('.p/'))))).toEqual([]);
  });

  it('crosses into the third level of tiles, and one entry more costs a handful of files', async () => {
    const tiles = new MemoryTileFolder();
    const { integrate } = worker.over(tiles);
    const log = await newLog();
    // In one statement: the integrator asks nothing of an entry but its number.
    await owner(
      `with filled as (
         insert into ledger_entries (tenant_id, number, kind, at, entry)
         select $1, n, 'policy.applied', now(), convert_to('{"n":' || n || '}', 'UTF8')
         from generate_series(1, 65500) n
       )
       update ledger_counters set revision = 65500 where tenant_id = $1`,
      [log.tenant],
    );
    await integrate.execute(log.tenant);
    await appendMany(app, log.tenant, 4_500);
    await integrate.execute(log.tenant);
    expect(await expectWhole(tiles, log)).toHaveLength(70_000);
    let reads = 0;
    const counting: TileFolder = {
      read: (path) => (++reads, tiles.read(path)),
      write: (path, bytes) => tiles.write(path, bytes),
      removeFolder: (path) => tiles.removeFolder(path),
    };
    await appendMany(app, log.tenant, 1);
    await worker.over(counting).integrate.execute(log.tenant);
    expect(reads).toBeLessThan(40);
    const { size, root } = await published(tiles, log);
    expect(size).toBe(70_001n);
    expect(root).toEqual(rootOf(await stored(log.tenant)));
  }, 60_000);

  it('is not disturbed by a log beside it', async () => {
    const [one, two] = [await newLog(), await newLog()];
    await appendMany(app, one.tenant, 300);
    await appendMany(app, two.tenant, 5);
    await Promise.all([worker.integrate.execute(one.tenant), worker.integrate.execute(two.tenant)]);
    await expectWhole(new DiskTileFolder(folder), one);
    await expectWhole(new DiskTileFolder(folder), two);
  });
});

describe.each<[string, () => Promise<TileFolder>]>([
  ['in memory', () => Promise.resolve(new MemoryTileFolder())],
  ['on disk', async () => new DiskTileFolder(await mkdtemp(join(folder, 'crash-')))],
])('a crash, over tiles %s,', (_, make) => {
  it.each(['before', 'after'] as const)(
    '%s any change of a file leaves a log that the next run completes',
    async (moment) => {
      const tiles = await make();
      const log = await newLog();
      await appendMany(app, log.tenant, 250);
      await worker.over(tiles).integrate.execute(log.tenant);
      let crashes = 0;
      for (let at = 0; crashes === at; at++) {
        const before = await published(tiles, log);
        await appendMany(app, log.tenant, 260);
        const crashing = worker.over(new CrashingTileFolder(tiles, at, moment)).integrate;
        await crashing.execute(log.tenant).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
          crashes += 1;
        });
        // Whatever was published is true: the same as before, or all that there is.
        const entries = await stored(log.tenant);
        const after = await published(tiles, log);
        expect([before.size, BigInt(entries.length)]).toContain(after.size);
        expect(after.root).toEqual(rootOf(entries.slice(0, Number(after.size))));
        if (after.size !== BigInt(entries.length)) expect(await pending(log.tenant)).toBe(true);
        await worker.over(tiles).integrate.execute(log.tenant);
        await expectWhole(tiles, log);
      }
      // Two bundles, two leaf tiles, one tile above, the checkpoint, and the removals.
      expect(crashes).toBeGreaterThan(7);
    },
  );

  it('between the commit and the checkpoint is found by the reconciler and mended without a new entry', async () => {
    const tiles = await make();
    const log = await newLog();
    await appendMany(app, log.tenant, 5);
    // Bundle, leaf tile, checkpoint.
    await expect(
      worker.over(new CrashingTileFolder(tiles, 2, 'before')).integrate.execute(log.tenant),
    ).rejects.toThrow(Crash);
    expect(await tiles.read(`${log.tenant}/checkpoint`)).toBeUndefined();
    expect(await pending(log.tenant)).toBe(true);
    await worker.over(tiles).integrate.execute(log.tenant);
    await expectWhole(tiles, log);
  });
});

describe('a published checkpoint', () => {
  it('that was lost, or replaced by an older one of the log, is published again to the byte', async () => {
    const tiles = new MemoryTileFolder();
    const { integrate } = worker.over(tiles);
    const log = await newLog();
    const path = `${log.tenant}/checkpoint`;
    await appendMany(app, log.tenant, 5);
    await integrate.execute(log.tenant);
    const older = tiles.files.get(path)!;
    await appendMany(app, log.tenant, 300);
    await integrate.execute(log.tenant);
    const newest = tiles.files.get(path)!;
    tiles.files.delete(path);
    expect(await integrate.execute(log.tenant)).toEqual({ size: 305 });
    expect(tiles.files.get(path)).toEqual(newest);
    tiles.files.set(path, older);
    await integrate.execute(log.tenant);
    expect(tiles.files.get(path)).toEqual(newest);
    // Also when the next run has more to publish.
    tiles.files.delete(path);
    await appendMany(app, log.tenant, 1);
    await integrate.execute(log.tenant);
    await expectWhole(tiles, log);
  });
});

describe('two integrators', () => {
  it('at once make one history, and neither fails', async () => {
    const other = await openLedger(database.systemUrl, folder);
    const log = await newLog();
    for (const more of [3, 250, 10, 700, 1]) {
      await appendMany(app, log.tenant, more);
      await Promise.all(
        [worker, other, worker, other]
          .map(({ integrate }) => integrate.execute(log.tenant))
          .concat([appendMany(app, log.tenant, 2).then(() => worker.integrate.execute(log.tenant))]),
      );
      await worker.integrate.execute(log.tenant);
      await expectWhole(new DiskTileFolder(folder), log);
    }
    const names = await readdir(join(folder, log.tenant), { recursive: true });
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await other.close();
  });

  it.each([
    ['writes its first tile', '/tile/entries/000.p/3', [7]],
    ['publishes', '/checkpoint', [3, 7]],
  ])(
    'put nothing older over what is newer, though one is held up just before it %s',
    async (_, heldAt, sizes) => {
      const tiles = new MemoryTileFolder();
      const log = await newLog();
      await appendMany(app, log.tenant, 3);
      const reached = Promise.withResolvers<undefined>();
      const released = Promise.withResolvers<undefined>();
      const published: number[] = [];
      const watched: TileFolder = {
        read: (path) => tiles.read(path),
        removeFolder: (path) => tiles.removeFolder(path),
        write: async (path, bytes) => {
          await tiles.write(path, bytes);
          if (path.endsWith('/checkpoint')) published.push(Number(bytes.toString('utf8').split('\n')[1]));
        },
      };
      const slow: TileFolder = {
        ...watched,
        write: async (path, bytes) => {
          if (path.endsWith(heldAt)) {
            reached.resolve(undefined);
            await released.promise;
          }
          await watched.write(path, bytes);
        },
      };
      const slower = worker.over(slow).integrate.execute(log.tenant);
      await reached.promise;
      await appendMany(app, log.tenant, 4);
      const faster = worker.over(watched).integrate.execute(log.tenant);
      // Until it is through, or waits for the other.
      await Promise.race([faster, new Promise((resolve) => setTimeout(resolve, 500))]);
      released.resolve(undefined);
      await Promise.all([slower, faster]);
      await expectWhole(tiles, log);
      expect(published).toEqual(sizes);
      const rows = await owner('select size, published from ledger_trees where tenant_id = $1', [log.tenant]);
      expect(rows).toEqual([{ size: '7', published: '7' }]);
    },
  );
});

describe('a second history', () => {
  const rewind = (tenant: TenantId, size: number, root: Buffer) =>
    owner('update ledger_trees set size = $2, root = $3, published = $2 where tenant_id = $1', [
      tenant,
      size,
      root,
    ]);

  it('is not begun by a database restored from an older copy, nor when entries were added to it since', async () => {
    const log = await newLog();
    await appendMany(app, log.tenant, 10);
    await worker.integrate.execute(log.tenant);
    const old = (await stored(log.tenant)).slice(0, 6);
    await owner('delete from ledger_entries where tenant_id = $1 and number > 6', [log.tenant]);
    await owner('update ledger_counters set revision = 6 where tenant_id = $1', [log.tenant]);
    await rewind(log.tenant, 6, rootOf(old));
    const note = await worker.read.checkpoint(log.tenant);
    const behind = { kind: 'conflict', code: 'ledger.behind_checkpoint' };
    await expect(worker.integrate.execute(log.tenant)).rejects.toMatchObject(behind);
    await appendMany(app, log.tenant, 50);
    await expect(worker.integrate.execute(log.tenant)).rejects.toMatchObject(behind);
    expect(await worker.read.checkpoint(log.tenant)).toBe(note);
    expect(await owner('select size from ledger_trees where tenant_id = $1', [log.tenant])).toEqual([
      { size: '6' },
    ]);
  });

  it.each([
    ['an entry of the last tile was changed', 290],
    ['an entry in the last tile was changed, at its first place', 257],
  ])('is not signed when %s', async (_, number) => {
    const log = await newLog();
    await appendMany(app, log.tenant, 300);
    await worker.integrate.execute(log.tenant);
    const note = await worker.read.checkpoint(log.tenant);
    await owner("update ledger_entries set entry = '\\x7b7d' where tenant_id = $1 and number = $2", [
      log.tenant,
      number,
    ]);
    await appendMany(app, log.tenant, 1);
    await expect(worker.integrate.execute(log.tenant)).rejects.toMatchObject({
      code: 'ledger.history_changed',
    });
    expect(await worker.read.checkpoint(log.tenant)).toBe(note);
  });

  it('is not signed when a tile of the published log was changed or is gone', async () => {
    const tiles = new MemoryTileFolder();
    const { integrate } = worker.over(tiles);
    const log = await newLog();
    await appendMany(app, log.tenant, 600);
    await integrate.execute(log.tenant);
    const path = `${log.tenant}/tile/1/000.p/2`;
    const tile = tiles.files.get(path)!;
    await appendMany(app, log.tenant, 1);
    for (let bit = 0; bit < tile.length * 8; bit += 37) {
      const altered = Buffer.from(tile);
      altered[bit >> 3] = altered[bit >> 3]! ^ (1 << (bit & 7));
      tiles.files.set(path, altered);
      await expect(integrate.execute(log.tenant)).rejects.toMatchObject({ code: 'ledger.history_changed' });
    }
    tiles.files.delete(path);
    await expect(integrate.execute(log.tenant)).rejects.toMatchObject({ code: 'ledger.tile_missing' });
    tiles.files.set(path, tile);
    expect(await integrate.execute(log.tenant)).toEqual({ size: 601 });
    await expectWhole(tiles, log);
  });

  it('is not signed over a checkpoint of the same size with another root, or of a stranger', async () => {
    const [log, stranger] = [await newLog(), await newLog()];
    for (const { tenant } of [log, stranger]) {
      await appendMany(app, tenant, 4);
      await worker.integrate.execute(tenant);
    }
    const tiles = new MemoryTileFolder();
    await tiles.write(
      `${log.tenant}/checkpoint`,
      await readFile(join(folder, stranger.tenant, 'checkpoint')),
    );
    const { integrate } = worker.over(tiles);
    await expect(integrate.execute(log.tenant)).rejects.toMatchObject({ code: 'ledger.foreign_checkpoint' });
    await rewind(log.tenant, 4, Buffer.alloc(32));
    await expect(worker.integrate.execute(log.tenant)).rejects.toMatchObject({
      code: 'ledger.history_changed',
    });
  });

  it.each([1, 2, 4])('is not begun over a gap, at entry %i of 4', async (number) => {
    const log = await newLog();
    await appendMany(app, log.tenant, 4);
    await owner('delete from ledger_entries where tenant_id = $1 and number = $2', [log.tenant, number]);
    await expect(worker.integrate.execute(log.tenant)).rejects.toThrow('gap');
    expect(await worker.read.checkpoint(log.tenant)).toBeUndefined();
  });
});
