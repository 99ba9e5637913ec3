import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { keyRoles } from '#access';
import { dataMap, policyOf } from '../e2e/documents.js';
import { createTenant, type Client, type TestSystem } from '../e2e/system.js';
import type { Pool } from './generate.js';
import type { Operation } from './openapi.js';

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** The same people in every tenant. */
export const people = Array.from({ length: 20 }, (_, index) => `canary.${index}@people.example`);

export interface Caller {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A tenant with a policy, a store and a key of every role. */
export interface Inhabited {
  readonly id: string;
  readonly admin: Client;
  readonly callers: readonly Caller[];
}

/** What a run has learned: ids that lead deeper, and secrets that must not be seen again. */
export class Knowledge {
  readonly secrets = new Set<string>();
  private readonly kept = new Set<string>();
  private readonly ids = new Map<string, Set<string>>();
  private readonly tenants: string[] = [];
  private readonly publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    format: 'jwk',
  });

  constructor(private readonly document: () => readonly string[]) {}

  async inhabit(system: TestSystem, slug: string): Promise<Inhabited> {
    const admin = await createTenant(system, slug);
    this.tenants.push(admin.id);
    await admin.applyPolicy(policyOf(slug));
    await admin.put('/v1/data-map', dataMap).expect(200);
    const callers: Caller[] = [];
    for (const role of keyRoles) {
      const scope = role === 'store_agent' ? { scope: { stores: ['rows'] } } : {};
      const { body } = await admin
        .post('/v1/keys', { role, name: `${role} of ${slug}`, ...scope })
        .expect(201);
      this.secrets.add(String(body.key).slice(-43));
      this.kept.add(String(body.id));
      callers.push({ name: `${role} of ${slug}`, headers: { authorization: `Bearer ${String(body.key)}` } });
    }
    // Also the key that came with the tenant.
    const { text } = await admin.get('/v1/keys').expect(200);
    for (const id of uuidsIn(text)) this.kept.add(id);
    return { id: admin.id, admin, callers };
  }

  /** Keys of the run itself are left out, so that it does not revoke them. */
  learn(operation: Operation, body: string): void {
    for (const [, key] of body.matchAll(/"key":"lethe_[0-9a-f]{12}_([A-Za-z0-9_-]{43})"/g))
      if (key !== undefined) this.secrets.add(key);
    const of = operation.path.split('/').findLast((part) => !part.startsWith('{')) ?? '';
    const own = this.ids.get(of) ?? new Set();
    this.ids.set(of, own);
    for (const id of uuidsIn(body)) if (!this.kept.has(id)) own.add(id);
    while (own.size > 40) own.delete([...own][0] ?? '');
  }

  pool(): Pool {
    return {
      ids: [...this.ids.values()].flatMap((own) => [...own]),
      idsOf: new Map([...this.ids].map(([of, own]) => [of, [...own]])),
      bodies: {
        'POST /v1/issuers': () => ({
          kind: 'host',
          issuer: `https://${randomUUID()}.example`,
          audience: 'lethe',
          algorithms: ['ES256'],
          jwks: { keys: [this.publicKey] },
          identifierType: 'email',
        }),
        'POST /v1/holds': () => ({
          basis: 'legal_claims',
          matter: '2026-114',
          reason: 'a court asked for it',
          scope: { subjects: [{ type: 'email', value: people[0] }], stores: ['rows'] },
        }),
      },
      known: {
        type: ['email'],
        value: people,
        purpose: ['ads', 'billing', 'fraud', 'unknown'],
        document: this.document(),
        noticeVersion: ['v1'],
        version: [1],
        channel: ['ui', 'api'],
        name: ['rows', 'somebody'],
        tenant: this.tenants,
        path: ['0/000', 'entries/000', '0/x001/234.p/7'],
        slug: ['acme', 'umbrella', 'initech'],
        scope: [{ purposes: ['ads'] }, { stores: ['rows'] }],
        limit: [1, 2, 100, 1_000],
        ref: ['self'],
        reason: ['the person called about a bill'],
      },
    };
  }
}

export function uuidsIn(text: string): readonly string[] {
  return [...text.matchAll(uuid)].map(([id]) => id);
}
