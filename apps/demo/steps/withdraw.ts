import { causeAfter, causeSettled } from '../api.js';
import type { Checks } from '../report.js';
import { view } from '../view.js';
import { account, type World } from '../world.js';

/** Step 4: one person withdraws one purpose; only what was collected for that purpose alone goes. */
export async function withdraw(world: World, checks: Checks): Promise<void> {
  const { api, cast, catalogue, stores } = world;
  const person = cast.withdrawer;
  const only = await catalogue.collectedOnlyFor(person, 'training');
  const before = await Promise.all(
    stores.map(async (store) => ({
      rows: await store.rowsOf([person]),
      digest: await store.digestWithout([person]),
    })),
  );
  const event = await api.post('/v1/consents', {
    subject: account(person),
    purpose: 'training',
    action: 'withdraw',
    channel: 'demo',
  });
  const number = Number(String(event['revision']).split('.')[1]);
  // The withdrawal's plan follows it in the feed and names the cause; its obligations settle by themselves.
  await causeSettled(api, await causeAfter(api, number, 'withdrawal'));

  const rows: (string | number)[][] = [];
  for (const [index, store] of stores.entries()) {
    const was = before[index] ?? { rows: Number.NaN, digest: '' };
    const left = await store.rowsOf([person]);
    const due = store === catalogue ? only : 0;
    rows.push([store.name, was.rows, due, left]);
    checks.equal(
      `${store.name}: rows left after what was collected for training alone`,
      was.rows - due,
      left,
    );
    checks.equal(
      `${store.name}: digest of everybody else's rows`,
      was.digest,
      await store.digestWithout([person]),
    );
  }
  view.table(['store', 'rows of the person before', 'for training alone', 'after'], rows);
  checks.equal('something was collected for training alone', true, only > 0);
  checks.equal(
    'nothing collected for training alone is left',
    0,
    await catalogue.collectedOnlyFor(person, 'training'),
  );
  const kept = await api.post('/v1/decisions', { subject: account(person), purpose: 'recommendations' });
  checks.equal('the other purpose still holds', 'allow', String(kept['effect']));
}
