import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenantId } from '#kernel';
import { createTestDatabase, type TestDatabase } from '#testing';
import type { Resource } from './domain/abilities.js';
import { Caller } from './domain/caller.js';
import { roles } from './domain/roles.js';

const tenants = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002'];
const refs = ['6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e11', '6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e12'];
const actors = ['key:1', 'key:2'];
const names = ['a', "b' or true --", 'c'];
const resources: readonly Resource[] = ['Store', 'Request', 'Obligation', 'Consent', 'Disclosure', 'Sweep'];
const columns = {
  tenant: 'r.tenant',
  subjectRef: 'r.subject_ref',
  purpose: 'r.purpose',
  store: 'r.store',
  region: 'r.region',
  actor: 'r.actor',
};

const some = (values: readonly string[]) =>
  fc.option(fc.subarray([...values], { minLength: 1 }), { nil: undefined });
const principals = fc.record({
  tenant: fc.constantFrom(...tenants).map(tenantId),
  tenantState: fc.constantFrom('active' as const, 'offboarding' as const),
  roles: fc.subarray([...roles]),
  actor: fc.constantFrom(...actors),
  scope: fc
    .record({ purposes: some(names), stores: some(names), regions: some(names) })
    .map((scope) => Object.fromEntries(Object.entries(scope).filter(([, value]) => value !== undefined))),
  person: fc.option(
    fc.record({ identifier: fc.constant('email:a'), subjectRef: fc.option(fc.constantFrom(...refs)) }),
  ),
  disclosed: fc.subarray(refs),
});

describe('the filter of a statement', () => {
  let database: TestDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new Client({ connectionString: database.ownerUrl });
    await client.connect();
    await client.query(`create temporary table resources as
      select t as tenant, s as subject_ref, p as purpose, st as store, g as region, a as actor
        from unnest('{${tenants.join()}}'::uuid[]) t,
             (select unnest('{${refs.join()}}'::uuid[]) union all select null) as subjects (s),
             unnest($$${toArray(names)}$$::text[]) p, unnest($$${toArray(names)}$$::text[]) st,
             unnest($$${toArray(names)}$$::text[]) g, unnest('{${actors.join()}}'::text[]) a`);
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('lets through exactly the rows of which the ability says so', async () => {
    const { rows } = await client.query<Record<string, string | null>>('select * from resources');
    expect(rows.length).toBe(2 * 3 * 27 * 2);
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(principals, fc.constantFrom(...resources), async (principal, resource) => {
        const caller = new Caller(principal);
        const values: unknown[] = [];
        const where = caller.filter('read', resource).sql(columns, (value) => `$${values.push(value)}`);
        const found = await client.query(`select r.* from resources r where ${where}`, values);
        const allowed = rows.filter((row) => may(caller, resource, row));
        reached += allowed.length;
        expect(sorted(found.rows)).toEqual(sorted(allowed));
      }),
      { numRuns: 300 },
    );
    expect(reached).toBeGreaterThan(1_000);
  });

  it('is false for a column that the statement does not have', () => {
    const caller = new Caller({
      tenant: tenantId(tenants[0] ?? ''),
      tenantState: 'active',
      roles: ['support'],
      actor: 'key:1',
      scope: {},
      person: null,
      disclosed: refs,
    });
    const text = caller.filter('read', 'Request').sql({ tenant: 't' }, () => '$1');
    expect(text).toBe('(t = $1 and false)');
    expect(caller.filter('delete', 'Request').sql(columns, () => '$1')).toBe('false');
  });
});

/** As a use case asks of a row in its hands; the caller's tenant and actor are its own, so rows of others are none. */
function may(caller: Caller, resource: Resource, row: Record<string, string | null>): boolean {
  const { tenant, actor } = caller.principal;
  const { subject_ref: subjectRef, purpose, store, region } = row;
  if (row['tenant'] !== tenant || (resource === 'Disclosure' && needsActor(caller) && row['actor'] !== actor))
    return false;
  const having = { ...(subjectRef === null ? {} : { subjectRef }), purpose, store, region };
  return caller.may('read', resource, having);
}

function needsActor({ principal }: Caller): boolean {
  const seesAll = ['administrator', 'privacy_officer', 'auditor'] as const;
  const unscoped = Object.keys(principal.scope).length === 0;
  const active = principal.tenantState === 'active';
  const others = seesAll.some(
    (role) => principal.roles.includes(role) && unscoped && (active || role === 'auditor'),
  );
  return !others;
}

function toArray(values: readonly string[]): string {
  return `{${values.map((value) => JSON.stringify(value)).join()}}`;
}

function sorted(rows: readonly object[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}
