import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RecordConsent } from '#consent';
import { alone, alternate, compare, Series, type AreaOptions, type Row } from '../harness.js';
import { randomFrom } from '../random.js';
import { purposeCount, purposeName, type FullTenant } from './world.js';

const callers = 64;

/** For as long as a round lasts, each caller writes its next when its last is durable; answers writes per second. */
async function writeFor(
  record: RecordConsent,
  { administrator, people }: FullTenant,
  random: () => number,
  seconds: number,
): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1_000;
  let done = 0;
  const caller = async () => {
    while (performance.now() < end) {
      await record.execute(administrator, {
        subject: { type: 'account_id', value: `person-${Math.floor(random() * people)}` },
        purpose: purposeName(Math.floor(random() * purposeCount)),
        action: random() < 0.7 ? 'grant' : 'refuse',
        channel: 'ui',
      });
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (done * 1_000) / (performance.now() - began);
}

/** Durable writes of consents through the use case, by as many callers at once as the target names. */
export async function benchWrites(
  api: NestFastifyApplication,
  { few, many }: { readonly few: FullTenant; readonly many: FullTenant },
  { pace, say }: AreaOptions,
): Promise<readonly Row[]> {
  say('Writing consents…');
  const record = api.get(RecordConsent, { strict: false });
  const random = randomFrom(20_260_104);
  const under = (tenant: FullTenant) => new Series(() => writeFor(record, tenant, random, pace.roundSeconds));
  const series = { few: under(few), many: under(many) };
  await alternate(Object.values(series), { ...pace, rounds: Math.min(pace.rounds, 10) });
  const states = (tenant: FullTenant) => `${(tenant.people * purposeCount).toLocaleString('en')} states`;
  const rates = { few: series.few.of((rate) => rate), many: series.many.of((rate) => rate) };
  return [
    alone(
      {
        name: `consent written, ${callers} callers, ${states(few)}`,
        unit: '/s',
        target: { atLeast: 15_000 },
      },
      rates.few,
    ),
    compare(
      {
        name: `consent written, ${states(many)}`,
        unit: '/s',
        target: { atLeast: 0.6 },
        note: `floor: the same with ${states(few)}`,
      },
      rates.many,
      rates.few,
    ),
  ];
}
