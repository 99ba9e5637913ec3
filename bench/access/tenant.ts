import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Caller, Keys } from '#access';
import { RecordConsent } from '#consent';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { ApplyPolicy, parsePolicy } from '#policy';
import { FileRequests } from '#requests';
import type { Identifier } from '#subjects';
import type { BenchDatabase } from '../database.js';
import { oneOf, randomFrom } from '../random.js';
import { callerOf, createTenant } from '../tenants.js';

/** One tenant with people who have said what may be done, and a key for its personalisation service. */
export interface BenchTenant {
  readonly id: TenantId;
  readonly administrator: Caller;
  /** An API key for decisions about two of the purposes. */
  readonly key: string;
  /** What the service asks, and by which reason the right answer is known. */
  readonly questions: readonly Question[];
}

interface Question {
  readonly body: string;
  readonly expected: string;
}

const policy = `
purposes:
  recommendations: { title: Recommendations, legalBasis: consent, notice: { version: 2026-01, text: We use your ratings. } }
  ranking: { title: Ranking, legalBasis: consent, honoursOptOutSignal: true }
  training: { title: Training of models, legalBasis: consent }
  service: { title: The service itself, legalBasis: contract }
`;
const asked = ['recommendations', 'ranking'] as const;
/** Of ten people, seven allow. Null has never been asked. */
const said: readonly (keyof typeof reasons | null)[] = [
  ...Array.from({ length: 7 }, () => 'grant' as const),
  'refuse',
  'withdraw',
  null,
];
const reasons = {
  grant: 'consent.given',
  refuse: 'consent.refused',
  withdraw: 'consent.withdrawn',
  object: 'consent.objected',
} as const;
const seed = 20_260_101;
const atOnce = 2_000;

/** Fills the tenant through the use cases; the same people say the same at every run. */
export async function makeTenant(
  api: NestFastifyApplication,
  database: BenchDatabase,
  people: number,
): Promise<BenchTenant> {
  const { id, administratorKey } = await createTenant(api, database);
  const administrator = await callerOf(api, administratorKey);
  const given = { policy: parsePolicy(policy), files: [], effectiveAt: null, planDigest: null };
  await api
    .get(Transactions, { strict: false })
    .run(administrator.tenant, (tx) =>
      api.get(ApplyPolicy, { strict: false }).execute(tx, administrator, given),
    );
  const random = randomFrom(seed);
  const questions: Question[] = [];
  const consents: { subject: Identifier; purpose: string; action: keyof typeof reasons; channel: string }[] =
    [];
  for (let person = 0; person < people; person += 1) {
    const subject = { type: 'account_id', value: `person-${person}` };
    consents.push({ subject, purpose: 'training', action: 'grant', channel: 'api' });
    for (const purpose of asked) {
      const action = oneOf(said, random);
      if (action !== null) consents.push({ subject, purpose, action, channel: 'api' });
      const reason = action === null ? 'consent.missing' : reasons[action];
      questions.push({ body: JSON.stringify({ subject, purpose }), expected: `"reason":"${reason}"` });
    }
  }
  const record = api.get(RecordConsent, { strict: false });
  for (let first = 0; first < consents.length; first += atOnce) {
    const batch = consents.slice(first, first + atOnce);
    await Promise.all(batch.map((consent) => record.execute(administrator, consent)));
  }
  const { key } = await api.get(Keys, { strict: false }).issue(administrator, {
    role: 'personalisation',
    name: 'ranker',
    scope: { purposes: [...asked] },
    expiresAt: null,
  });
  return { id, administrator, key, questions: shuffled(questions, random) };
}

/** Deletion requests about people whom no question is about. */
export async function fileRequests(
  api: NestFastifyApplication,
  administrator: Caller,
  count: number,
): Promise<void> {
  const people = Array.from({ length: count }, (_, person) => ({
    type: 'account_id',
    value: `leaver-${person}`,
  }));
  await api.get(FileRequests, { strict: false }).execute(administrator, people, true);
}

/** Fisher and Yates. */
function shuffled<T>(list: readonly T[], random: () => number): readonly T[] {
  const left = [...list];
  return list.map(() => {
    const [taken] = left.splice(Math.floor(random() * left.length), 1);
    if (taken === undefined) throw new RangeError('nothing is left');
    return taken;
  });
}
