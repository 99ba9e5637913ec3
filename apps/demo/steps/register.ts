import { list, object } from '../api.js';
import { dataMapDocument, policyDocument } from '../documents.js';
import type { Checks } from '../report.js';
import { view } from '../view.js';
import type { World } from '../world.js';

/** Step 1: policies and data map, and the signals into the stores. */
export async function register(world: World, checks: Checks): Promise<void> {
  const { api, signals, catalogue, lake, vectors } = world;
  const total = signals.ratings.length * 2 + signals.tags.length * 2;
  const bar = view.progress('signals loaded', total);
  await Promise.all([
    catalogue.load(signals, bar.add),
    lake.load(signals, bar.add),
    vectors.load(signals, bar.add),
  ]);
  bar.end();
  await api.putDocument('/v1/data-map', dataMapDocument(world.places));
  const registered = list(
    await api.until('/v1/stores', (answer) => list(answer).every(({ state }) => state !== 'unchecked')),
  );
  await applyPolicy(world);
  const rows = await Promise.all(
    world.stores.map(async (store) => {
      const found = registered.find(({ name }) => name === store.name);
      const faults = found === undefined ? [] : list(found['faults']);
      return [
        store.name,
        store.title,
        await store.rows(),
        String(found?.['state']),
        faults.map(({ message }) => String(message)).join('; '),
      ];
    }),
  );
  view.table(['store', 'kind', 'rows', 'checked', 'faults'], rows);
  checks.equal(
    'catalogue holds every rating and tag',
    signals.ratings.length + signals.tags.length,
    await catalogue.rows(),
  );
  checks.equal('lake holds every rating', signals.ratings.length, await lake.rows());
  checks.equal('vectors hold every tag', signals.tags.length, await vectors.rows());
  checks.equal(
    'every store fits its data map',
    3,
    registered.filter(({ state }) => state === 'ready').length,
  );
}

/** Plans the policy, waits until its effect is counted in the stores, and applies exactly what was planned. */
async function applyPolicy({ api }: World): Promise<void> {
  const { id } = await api.post('/v1/policy/plans', { document: policyDocument() });
  const path = `/v1/policy/plans/${String(id)}`;
  const plan = object(await api.until(path, (answer) => object(answer)['state'] !== 'counting'));
  if (plan['state'] !== 'ready')
    throw new Error(`the policy does not apply: ${JSON.stringify(plan['conflicts'])}`);
  const newlyDue = list(plan['impact']).reduce((sum, { due }) => sum + Number(due), 0);
  view.say(
    `policy planned: ${String(list(plan['changes']).length)} changes, ${newlyDue} rows due in the stores`,
  );
  await api.post(`${path}/application`, { digest: plan['digest'] });
}
