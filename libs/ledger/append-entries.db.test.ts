import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntityManager } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, subjectRef, tenantId, type TenantId } from '#kernel';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { commitment, type NewEntry } from './domain/entry.js';
import { LedgerRepository } from './ledger.repository.js';
import { openLedger, startLog, type OpenLedger } from './testing/open-ledger.js';

let database: TestDatabase;
let folder: string;
let ledger: OpenLedger;
const repository = new LedgerRepository();

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'lethe-ledger-'));
  ledger = await openLedger(database.appUrl, folder);
});
afterAll(async () => {
  await ledger.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const owner = (text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (client) => (await client.query(text, values)).rows);
const addTenant = async (tenant: TenantId) => {
  await owner("insert into tenants values ($1, $2, 'Test', now())", [tenant, `t-${tenant}`]);
};
const newTenant = async () => (await startLog(ledger, addTenant)).tenant;
const appendTo = (tenant: TenantId, entries: readonly NewEntry[]) =>
  ledger.transactions.run(tenant, (tx) => ledger.append.execute(tx, tenant, entries));
const asApp = <T>(tenant: TenantId, work: (tx: EntityManager) => Promise<T>) =>
  ledger.transactions.run(tenant, work);
const plain = (count: number): NewEntry[] =>
  Array.from({ length: count }, (_, place) => ({ kind: 'obligation.settled', data: { place } }));

describe('appending', () => {
  it('numbers the entries of a call in a row, and calls after one another', async () => {
    const tenant = await newTenant();
    expect(await appendTo(tenant, plain(1))).toEqual({ first: 1, last: 1, epoch: 1 });
    expect(await appendTo(tenant, plain(3))).toEqual({ first: 2, last: 4, epoch: 1 });
    expect(await appendTo(tenant, [])).toEqual({ first: 5, last: 4, epoch: 1 });
    expect(await asApp(tenant, (tx) => ledger.read.revision(tx, tenant))).toEqual({ revision: 4, epoch: 1 });
  });

  it('stores the bytes that the leaf will cover, with a commitment that only its opening links to the person', async () => {
    const tenant = await newTenant();
    const person = subjectRef(randomUUID());
    const entry: NewEntry = { kind: 'consent.recorded', subjectRef: person, data: { purpose: 'ads' } };
    await appendTo(tenant, [...plain(1), entry, entry]);
    const stored = await asApp(tenant, async (tx) => ({
      bytes: [await repository.entry(tx, tenant, 2), await repository.entry(tx, tenant, 3)],
      openings: [await repository.opening(tx, tenant, 2), await repository.opening(tx, tenant, 3)],
      none: await repository.opening(tx, tenant, 1),
    }));
    expect(stored.none).toBeUndefined();
    for (const [index, bytes] of stored.bytes.entries()) {
      const opening = stored.openings[index]!;
      expect(opening.subjectRef).toBe(person);
      expect(opening.salt).toHaveLength(16);
      const document = JSON.parse(bytes!.toString('utf8')) as { subject: string };
      expect(document).toMatchObject({
        v: 1,
        n: index + 2,
        kind: 'consent.recorded',
        data: { purpose: 'ads' },
      });
      expect(document.subject).toBe(commitment(opening.salt, person));
      expect(canonicalJson(document)).toEqual(bytes);
      expect(bytes!.toString('utf8')).not.toContain(person);
    }
    expect(stored.openings[0]!.salt).not.toEqual(stored.openings[1]!.salt);
  });

  it('rings one bell for the integrator, in the same transaction', async () => {
    const tenant = await newTenant();
    const bells = () => owner("select kind from outbox where payload->>'tenantId' = $1", [tenant]);
    await appendTo(tenant, plain(50));
    expect(await bells()).toEqual([{ kind: 'integrate-ledger' }]);
    await expect(
      asApp(tenant, async (tx) => {
        await ledger.append.execute(tx, tenant, plain(2));
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await bells()).toHaveLength(1);
  });

  it('gives the numbers of a transaction that failed to the next one', async () => {
    const tenant = await newTenant();
    await appendTo(tenant, plain(2));
    const failing = asApp(tenant, async (tx) => {
      expect(await ledger.append.execute(tx, tenant, plain(5))).toMatchObject({ first: 3 });
      await tx.query('select 1 / 0');
    });
    await expect(failing).rejects.toThrow('division by zero');
    expect(await appendTo(tenant, plain(1))).toMatchObject({ first: 3, last: 3 });
  });

  it('takes no number for an entry that is too large, even when its caller goes on and commits', async () => {
    const tenant = await newTenant();
    await asApp(tenant, async (tx) => {
      const large: NewEntry = { kind: 'policy.applied', data: { text: 'x'.repeat(65_536) } };
      await expect(ledger.append.execute(tx, tenant, [...plain(1), large])).rejects.toMatchObject({
        kind: 'invalid',
        code: 'ledger.entry_too_large',
      });
    });
    expect(await asApp(tenant, (tx) => ledger.read.revision(tx, tenant))).toMatchObject({ revision: 0 });
    expect(await appendTo(tenant, plain(1))).toMatchObject({ first: 1 });
  });

  it('makes a gapless feed that no reader ever sees out of order, however many append and fail at once', async () => {
    const tenant = await newTenant();
    const appenders = Array.from({ length: 50 }, async (_, appender) => {
      for (let round = 0; round < 5; round++) {
        const fails = (appender + round) % 4 === 0;
        await asApp(tenant, async (tx) => {
          await ledger.append.execute(tx, tenant, plain(1 + ((appender * round) % 7)));
          if (fails) throw new Error('rolled back');
        }).catch((error: unknown) => {
          if (!fails) throw error;
        });
      }
    });
    const progress = { done: false };
    const appended = Promise.all(appenders).finally(() => (progress.done = true));
    const seen: number[] = [];
    // The last look begins after the last commit.
    for (let last = false; !last;) {
      last = progress.done;
      const after = seen.at(-1) ?? 0;
      const page = await asApp(tenant, (tx) => ledger.read.entries(tx, tenant, after, 10_000));
      for (const { number, document } of page) {
        expect(document['n']).toBe(number);
        seen.push(number);
      }
    }
    await appended;
    const { revision } = await asApp(tenant, (tx) => ledger.read.revision(tx, tenant));
    expect(revision).toBeGreaterThan(300);
    expect(seen).toEqual(Array.from({ length: revision }, (_, index) => index + 1));
  });

  it('fails for a tenant that has no log', async () => {
    const tenant = tenantId(randomUUID());
    await addTenant(tenant);
    await expect(appendTo(tenant, plain(1))).rejects.toThrow('no ledger');
  });
});

describe('the change feed', () => {
  it('answers what came after a number, in pages', async () => {
    const tenant = await newTenant();
    await appendTo(tenant, plain(25));
    const numbers = async (after: number, limit: number) =>
      (await asApp(tenant, (tx) => ledger.read.entries(tx, tenant, after, limit))).map(
        ({ number }) => number,
      );
    expect(await numbers(0, 3)).toEqual([1, 2, 3]);
    expect(await numbers(23, 10)).toEqual([24, 25]);
    expect(await numbers(25, 10)).toEqual([]);
  });
});

describe('the row classes', () => {
  it('describe the tables as the migrations make them', async () => {
    const tenant = await newTenant();
    const statements = await asApp(tenant, (tx) => tx.dataSource.driver.createSchemaBuilder().log());
    // Tenants are of a library above this one, so no row class can name the foreign key to them.
    const drift = statements.upQueries.filter(
      ({ query }) => !/DROP CONSTRAINT "ledger_\w+_tenant_fk"$/.test(query),
    );
    expect(drift).toEqual([]);
  });
});

describe('what the database forbids', () => {
  const tables = [
    'ledger_entries',
    'ledger_entries_p0',
    'ledger_openings',
    'ledger_counters',
    'ledger_trees',
  ];
  const statements = [
    "update ledger_entries set entry = ''",
    "update ledger_entries set kind = 'policy.applied' where number = 1",
    'delete from ledger_entries',
    'truncate ledger_entries',
    'delete from ledger_counters',
    'delete from ledger_trees',
    'update ledger_openings set subject_ref = gen_random_uuid()',
    'drop table ledger_entries',
    'alter table ledger_entries disable row level security',
    ...tables.map((table) => `truncate ${table}`),
  ];

  it.each(['app', 'system'] as const)('the %s role cannot change or remove an entry', async (role) => {
    const tenant = await newTenant();
    await appendTo(tenant, plain(3));
    const before = await owner('select * from ledger_entries where tenant_id = $1 order by number', [tenant]);
    await withClient(role === 'app' ? database.appUrl : database.systemUrl, async (client) => {
      await client.query("select set_config('app.tenant', $1, false)", [tenant]);
      for (const statement of statements) {
        // insufficient_privilege
        await expect(client.query(statement), statement).rejects.toMatchObject({ code: '42501' });
      }
      if (role === 'app') {
        await expect(client.query('update ledger_trees set size = 0')).rejects.toThrow('permission denied');
      }
    });
    expect(
      await owner('select * from ledger_entries where tenant_id = $1 order by number', [tenant]),
    ).toEqual(before);
  });

  it('one tenant neither reads nor writes the log of another', async () => {
    const [mine, theirs] = [await newTenant(), await newTenant()];
    await appendTo(theirs, [{ kind: 'consent.recorded', subjectRef: subjectRef(randomUUID()), data: {} }]);
    await asApp(mine, async (tx) => {
      for (const table of ['ledger_entries', 'ledger_openings', 'ledger_counters', 'ledger_trees']) {
        const rows = await tx.query<unknown[]>(`select * from ${table} where tenant_id = $1`, [theirs]);
        expect(rows, table).toEqual([]);
      }
      expect(await ledger.read.entries(tx, theirs, 0, 10)).toEqual([]);
      await expect(ledger.append.execute(tx, theirs, plain(1))).rejects.toThrow('no ledger');
    });
    const insertion = asApp(mine, (tx) =>
      tx.query("insert into ledger_entries values ($1, 2, 'policy.applied', now(), '')", [theirs]),
    );
    await expect(insertion).rejects.toThrow('row-level security');
    expect(await appendTo(theirs, plain(1))).toMatchObject({ first: 2 });
  });

  it('without a tenant the app role sees no log at all', async () => {
    await newTenant();
    await withClient(database.appUrl, async (client) => {
      for (const table of ['ledger_entries', 'ledger_openings', 'ledger_counters', 'ledger_trees'])
        expect((await client.query(`select * from ${table}`)).rowCount).toBe(0);
    });
  });

  it('a number is used once', async () => {
    const tenant = await newTenant();
    await appendTo(tenant, plain(1));
    const again = asApp(tenant, (tx) =>
      tx.query("insert into ledger_entries values ($1, 1, 'policy.applied', now(), '')", [tenant]),
    );
    await expect(again).rejects.toThrow('duplicate key');
  });

  it('the signing key is stored sealed', async () => {
    const tenant = await newTenant();
    const [row] = (await owner('select sealed_key from ledger_trees where tenant_id = $1', [tenant])) as {
      sealed_key: Buffer;
    }[];
    // The head of an Ed25519 private key in PKCS #8 (RFC 8410).
    expect(row!.sealed_key.includes(Buffer.from('302e020100300506032b6570', 'hex'))).toBe(false);
  });
});
