import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemIds } from '#kernel';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import type { Caller } from './domain/caller.js';
import type { ProposedIssuer } from './domain/issuer.js';
import { roles } from './domain/roles.js';
import { openAccess, type OpenAccess } from './testing/open-access.js';

const at = new Date('2026-07-01T12:00:00.000Z');
const later = new Date('2026-07-02T12:00:00.000Z');
const provider: ProposedIssuer = {
  kind: 'oidc',
  issuer: 'https://id.example.org',
  audience: 'lethe',
  algorithms: ['RS256', 'ES256'],
  roleClaim: 'groups',
  roleMap: { dpo: 'privacy_officer' },
};
const { publicKey } = generateKeyPairSync('ed25519');
const host: ProposedIssuer = {
  kind: 'host',
  issuer: 'https://shop.example.org',
  audience: 'lethe',
  algorithms: ['EdDSA'],
  jwks: { keys: [publicKey.export({ format: 'jwk' })] },
  identifierType: 'account_id',
};
const everything = { after: undefined, limit: 1_000 };

describe('trusting issuers', () => {
  let database: TestDatabase;
  let access: OpenAccess;
  const owner = (text: string, values: unknown[]) =>
    withClient(database.ownerUrl, async (client) => (await client.query(text, values)).rows);
  beforeAll(async () => {
    database = await createTestDatabase();
    access = await openAccess(database.appUrl, owner);
  });
  afterAll(async () => {
    await access.close();
    await database.drop();
  });

  const trust = (caller: Caller, proposed: ProposedIssuer) =>
    access.issuers.trust(caller, proposed, { id: systemIds.next(), at });

  it('lists what was trusted, as it was trusted, and says so in the ledger', async () => {
    const acme = await access.newTenant();
    const first = await trust(acme, provider);
    const second = await trust(acme, host);
    expect(await access.issuers.list(acme, everything)).toEqual([first, second]);
    expect(first).toMatchObject({
      ...provider,
      algorithms: ['ES256', 'RS256'],
      createdAt: at,
      revokedAt: null,
    });
    expect(second).toMatchObject({ ...host, roleMap: null, createdAt: at, revokedAt: null });
    expect(await access.entries(acme)).toEqual([
      {
        kind: 'issuer.trusted',
        data: {
          id: first.id,
          kind: 'oidc',
          issuer: 'https://id.example.org',
          audience: 'lethe',
          algorithms: ['ES256', 'RS256'],
        },
      },
      {
        kind: 'issuer.trusted',
        data: {
          id: second.id,
          kind: 'host',
          issuer: 'https://shop.example.org',
          audience: 'lethe',
          algorithms: ['EdDSA'],
        },
      },
    ]);
  });

  it('lists them in pages', async () => {
    const acme = await access.newTenant();
    const ids: string[] = [];
    for (const audience of ['a', 'b', 'c']) ids.push((await trust(acme, { ...provider, audience })).id);
    const page = await access.issuers.list(acme, { after: undefined, limit: 2 });
    const rest = await access.issuers.list(acme, { after: page[1]?.id, limit: 2 });
    expect([...page, ...rest].map(({ id }) => id)).toEqual(ids);
    expect(page).toHaveLength(2);
  });

  it('allows one of a URL and audience at a time', async () => {
    const acme = await access.newTenant();
    const { id } = await trust(acme, provider);
    const conflict = expect.objectContaining({ kind: 'conflict', code: 'issuer.exists' });
    await expect(trust(acme, provider)).rejects.toThrow(conflict);
    await expect(trust(acme, { ...host, issuer: provider.issuer })).rejects.toThrow(conflict);
    await trust(acme, { ...provider, audience: 'another' });
    await access.issuers.revoke(acme, id, later);
    await trust(acme, provider);
    expect(await access.entries(acme)).toHaveLength(4);
  });

  it('lets one of many that come at once through', async () => {
    const acme = await access.newTenant();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => trust(acme, provider)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'issuer.exists' });
    expect(await access.entries(acme)).toHaveLength(1);
  });

  it('ends at a hundred in force', async () => {
    const acme = await access.newTenant();
    await owner(
      `insert into issuers (tenant_id, id, kind, issuer, audience, algorithms, role_claim, role_map, created_at)
       select $1, gen_random_uuid(), 'oidc', 'https://id.example.org', 'a' || n, '{RS256}', 'groups', '{}', now()
         from generate_series(1, 100) as n`,
      [acme.tenant],
    );
    await expect(trust(acme, provider)).rejects.toThrow(expect.objectContaining({ code: 'issuer.too_many' }));
    const [one] = await access.issuers.list(acme, { after: undefined, limit: 1 });
    await access.issuers.revoke(acme, one?.id ?? '', later);
    await trust(acme, provider);
  });

  it('writes nothing of what cannot be trusted', async () => {
    const acme = await access.newTenant();
    const secret = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    await expect(trust(acme, { ...host, jwks: { keys: [secret] } })).rejects.toThrow(
      expect.objectContaining({ code: 'issuer.invalid', pointer: '/jwks/keys/0/d' }),
    );
    expect(await access.issuers.list(acme, everything)).toEqual([]);
    expect(await access.entries(acme)).toEqual([]);
  });

  it('ends with a revocation, once', async () => {
    const acme = await access.newTenant();
    const { id } = await trust(acme, host);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => access.issuers.revoke(acme, id, later)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await access.issuers.list(acme, everything)).toMatchObject([{ id, revokedAt: later }]);
    const [, entry, ...more] = await access.entries(acme);
    expect(entry).toMatchObject({ kind: 'issuer.revoked', data: { id, kind: 'host', audience: 'lethe' } });
    expect(more).toEqual([]);
  });

  it.each(['x', '', '01890000-0000-7000-8000-000000000001'])('revokes nothing by the id %j', async (id) => {
    const acme = await access.newTenant();
    await expect(access.issuers.revoke(acme, id, later)).rejects.toThrow(
      expect.objectContaining({ kind: 'not_found', code: 'issuer.unknown' }),
    );
  });

  it('shows and changes nothing of another tenant', async () => {
    const acme = await access.newTenant();
    const umbrella = await access.newTenant();
    const { id } = await trust(acme, provider);
    const own = await trust(umbrella, provider);
    await expect(access.issuers.revoke(umbrella, id, later)).rejects.toThrow(
      expect.objectContaining({ code: 'issuer.unknown' }),
    );
    expect(await access.issuers.list(umbrella, everything)).toEqual([own]);
    expect(await access.issuers.list(acme, everything)).toMatchObject([{ id, revokedAt: null }]);
  });

  it('is for administrators', async () => {
    const acme = await access.newTenant();
    const { id } = await trust(acme, provider);
    const denied = expect.objectContaining({ kind: 'forbidden' });
    for (const role of roles.filter((other) => other !== 'administrator')) {
      const other = access.as(acme, role);
      await expect(trust(other, host), role).rejects.toThrow(denied);
      await expect(access.issuers.list(other, everything), role).rejects.toThrow(denied);
      await expect(access.issuers.revoke(other, id, later), role).rejects.toThrow(denied);
    }
    expect(await access.issuers.list(acme, everything)).toMatchObject([{ id, revokedAt: null }]);
  });

  it('cannot be undone or rewritten by the application, whatever its faults', async () => {
    const acme = await access.newTenant();
    const { id } = await trust(acme, provider);
    for (const statement of [
      'delete from issuers where id = $2 and tenant_id = $1',
      "update issuers set audience = 'x' where id = $2 and tenant_id = $1",
      "update issuers set role_map = '{}' where id = $2 and tenant_id = $1",
    ]) {
      const run = withClient(database.appUrl, async (client) => {
        await client.query("select set_config('app.tenant', $1, false)", [acme.tenant]);
        await client.query(statement, [acme.tenant, id]);
      });
      await expect(run, statement).rejects.toThrow(/permission denied/);
    }
  });
});
