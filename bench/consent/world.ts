import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Caller, Keys } from '#access';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { ApplyPolicy, parsePolicy } from '#policy';
import { ResolveSubjects } from '#subjects';
import type { BenchDatabase } from '../database.js';
import { callerOf, createTenant } from '../tenants.js';

const purposes = Array.from({ length: 10 }, (_, index) => `purpose-${index}`);
const atOnce = 5_000;

/** A tenant full of people who have all answered ten purposes. */
export interface FullTenant {
  readonly id: TenantId;
  readonly administrator: Caller;
  /** Of its personalisation service. */
  readonly key: string;
  readonly people: number;
}

/** `person-0`, `person-1`, ...: nine of ten allow a purpose, and which tenth does not differs from purpose to purpose. */
export function allows(person: number, purpose: number): boolean {
  return (person + purpose) % 10 !== 0;
}

export function purposeName(purpose: number): string {
  return purposes[purpose] ?? '';
}

export const purposeCount = purposes.length;

/** Registers people through the library, and has the database answer for them: ten million events would take an hour. */
export async function fillTenant(
  api: NestFastifyApplication,
  database: BenchDatabase,
  slug: string,
  people: number,
): Promise<FullTenant> {
  const { id, administratorKey } = await createTenant(api, database, slug);
  const administrator = await callerOf(api, administratorKey);
  const policy = parsePolicy(
    `purposes:\n${purposes.map((name) => `  ${name}: { title: Purpose, legalBasis: consent, validity: P2Y }`).join('\n')}`,
  );
  const transactions = api.get(Transactions, { strict: false });
  await transactions.run(id, (tx) =>
    api
      .get(ApplyPolicy, { strict: false })
      .execute(tx, administrator, { policy, files: [], effectiveAt: null, planDigest: null }),
  );
  const resolve = api.get(ResolveSubjects, { strict: false });
  for (let first = 0; first < people; first += atOnce) {
    const count = Math.min(atOnce, people - first);
    const identifiers = Array.from({ length: count }, (_, offset) => ({
      type: 'account_id',
      value: `person-${first + offset}`,
    }));
    const refs = await transactions.run(id, (tx) => resolve.register(tx, id, identifiers));
    await database.owner.query(
      `insert into consent_states (tenant_id, subject_ref, purpose, action, since, expires_at, notice_version, number, denied_at)
       select $1, p.ref, 'purpose-' || g, case when (p.place + g) % 10 = 0 then 'refuse' else 'grant' end, now(),
              date_trunc('second', now()) + interval '1 year', null, 1, case when (p.place + g) % 10 = 0 then now() end
         from (select ref, $3::bigint + ord - 1 as place from unnest($2::uuid[]) with ordinality as u (ref, ord)) p,
              generate_series(0, 9) g`,
      [id, refs, first],
    );
  }
  const { key } = await api.get(Keys, { strict: false }).issue(administrator, {
    role: 'personalisation',
    name: 'ranker',
    scope: {},
    expiresAt: null,
  });
  return { id, administrator, key, people };
}
