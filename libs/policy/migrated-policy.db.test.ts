import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '#testing';
import { migrations } from '../../migrations/index.js';
import { policySchema } from './domain/policy.js';

const tenant = '0190f5d8-8f7a-7c3e-8b1a-0123456789ab';
const before = {
  purposes: { ads: { title: 'Ads', legalBasis: 'consent', honoursOptOutSignal: false } },
  retention: { old: { store: 'shop', dataset: 'ratings', keep: 'P3Y', from: 'collected', source: 'Art. 5' } },
  erasure: { deadline: 'P45D' },
};

describe('a database of before policies had files', () => {
  let database: TestDatabase;
  let owner: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    owner = new Client({ connectionString: database.ownerUrl });
    await owner.connect();
    // The template has every step; this test begins before the fifth.
    await owner.query(
      'drop schema public cascade; create schema public; grant usage on schema public to public',
    );
    await migrate(owner, migrations.slice(0, 4));
    await owner.query(`insert into tenants (id, slug, name, created_at) values ($1, 'acme', 'Acme', now())`, [
      tenant,
    ]);
    const applied =
      'insert into policies (tenant_id, version, document, digest, applied_at) values ($1, $2, $3, $4, now())';
    await owner.query(applied, [
      tenant,
      1,
      { ...before, retention: {}, erasure: { deadline: 'P1M', source: 'Art. 12(3)' } },
      'a',
    ]);
    await owner.query(applied, [tenant, 2, before, 'b']);
    await migrate(owner, migrations);
  });
  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  it('has its policies in the form of today, with what they said', async () => {
    const { rows } = await owner.query<{
      document: unknown;
      files: unknown;
      effective_at: unknown;
      digest: string;
    }>('select document, files, effective_at, digest from policies order by version');
    const [first, second] = rows.map(({ document }) => policySchema.parse(document));
    expect(first?.clocks).toEqual({ deletion: { within: 'P1M', source: 'Art. 12(3)' } });
    expect(first?.retention).toEqual({});
    expect(second).toMatchObject({
      purposes: before.purposes,
      retention: {
        old: {
          match: { store: ['shop'], dataset: ['ratings'] },
          keep: 'P3Y',
          from: 'collected',
          then: 'purge',
          source: 'Art. 5',
        },
      },
      erasure: { everything: { match: {}, then: 'purge' } },
      clocks: { deletion: { within: 'P45D' } },
    });
    expect(rows).toMatchObject([
      { files: [], effective_at: null, digest: 'a' },
      { files: [], effective_at: null, digest: 'b' },
    ]);
  });
});
