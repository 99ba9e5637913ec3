import { createHash } from 'node:crypto';
import supertest from 'supertest';
import { expect } from 'vitest';
import { verifyFile } from '#ledger';
import { withClient } from '#testing';
import { createTenant, type Client, type TestSystem } from './system.js';

export type Tenant = Client & { readonly id: string; readonly verifierKey: string };

export const people = ['ann@example.org', "o'brien@example.org", 'zoë@example.org'];
const policy = `
purposes: { ads: { title: Ads, legalBasis: consent } }
retention: { old: { keep: P10Y } }
`;
const dataMap = (url: string, tenant: string) => `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:
      clicks:
        location: host.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]
        tenantFilter: { field: tenant, value: ${tenant} }
        fields:
          person: { category: user.contact.email, rule: purge }
          at: { category: user.behavior, rule: purge }
          tenant: { category: system.operations, rule: purge }
`;
export const person = (value: string) => ({ type: 'email', value });

export const ask = async <Row extends object>(system: TestSystem, sql: string, values: unknown[] = []) =>
  withClient(system.database.ownerUrl, async (client) => (await client.query<Row>(sql, values)).rows);

const tenantTables = async (system: TestSystem) =>
  (
    await ask<{ name: string }>(
      system,
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
    )
  ).map(({ name }) => name);

/** Every row of a tenant, to the byte, but for when its keys were used. */
export const rowsOf = async (system: TestSystem, tenant: string) => {
  const rows: string[] = [];
  for (const table of await tenantTables(system)) {
    const found = await ask<{ row: string }>(
      system,
      `select '${table} ' || (to_jsonb(t) - 'last_used_at')::text as row from ${table} t where tenant_id = $1 order by 1`,
      [tenant],
    );
    rows.push(...found.map(({ row }) => row));
  }
  return rows;
};

/** A tenant with something in every corner: the same people, stores and purposes as the other. */
export async function inhabit(system: TestSystem, slug: string): Promise<Tenant> {
  const admin = await createTenant(system, slug);
  await admin.applyPolicy(policy);
  await admin.put('/v1/data-map', dataMap(system.database.ownerUrl, slug)).expect(200);
  await admin.until('/v1/stores', (list: { state: string }[]) =>
    list.every(({ state }) => state === 'ready'),
  );
  for (const value of people) {
    await ask(system, `insert into host.clicks values ($1, now() - interval '1 day', $2)`, [value, slug]);
    const consent = { subject: person(value), purpose: 'ads', action: 'grant' };
    await admin.post('/v1/consents', consent).expect(201);
  }
  return admin;
}

export const deletion = async (admin: Client, value: string) =>
  String(
    (await admin.post('/v1/requests', { kind: 'deletion', subject: person(value) }).expect(202)).body.id,
  );
export const settled = (admin: Client, id: string) =>
  admin.until(`/v1/requests/${id}`, ({ state }: { state: string }) => /completed/.test(state));

/** The export as its lines, and the digest by its own definition. */
export async function takeExport(admin: Client) {
  const { text, headers } = await admin
    .get('/v1/offboarding/export')
    .buffer(true)
    .parse((response, done) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        done(null, text);
      });
    })
    .expect(200)
    .then((response) => ({ text: String(response.body), headers: response.headers }));
  const lines = text.replace(/\n$/, '').split('\n');
  const end = JSON.parse(lines.at(-1) ?? '') as { end: boolean; count: number; sha256: string };
  const before = text.slice(0, text.length - `${lines.at(-1) ?? ''}\n`.length);
  const digest = createHash('sha256').update(before, 'utf8').digest('hex');
  const rows = lines
    .slice(1, -1)
    .map((line) => JSON.parse(line) as { table: string; row: Record<string, unknown> });
  return {
    text,
    headers,
    manifest: JSON.parse(lines[0] ?? '') as Record<string, unknown>,
    rows,
    end,
    digest,
  };
}

/** The public log, from its entry bundles alone. */
export async function publicLog(system: TestSystem, tenant: string) {
  const http = supertest(system.api.getHttpServer());
  const checkpoint = (await http.get(`/ledger/${tenant}/checkpoint`).expect(200)).text;
  const size = Number(checkpoint.split('\n')[1]);
  const { body } = await http.get(`/ledger/${tenant}/tile/entries/000.p/${size}`).buffer(true).expect(200);
  const bundle = body as Buffer;
  const entries: string[] = [];
  for (let at = 0; at < bundle.length;) {
    const length = bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, at + 2 + length).toString('utf8'));
    at += 2 + length;
  }
  return { checkpoint, size, entries };
}

/** Whether these entries are exactly those that a checkpoint signs. */
export async function verifies(verifierKey: string, checkpoint: string, entries: readonly string[]) {
  const manifest = { format: 'lethe-export/v1', verifierKey, size: entries.length, checkpoint };
  const end = { end: true, count: entries.length };
  const lines = [JSON.stringify(manifest), ...entries, JSON.stringify(end)];
  return (await verifyFile(lines.join('\n'), verifierKey)).ok;
}

export const offboarded = (system: TestSystem, tenant: string) =>
  expect
    .poll(
      async () =>
        (await ask<{ state: string }>(system, 'select state from tenants where id = $1', [tenant]))[0],
      {
        timeout: 20_000,
      },
    )
    .toEqual({ state: 'offboarded' });
