import { causeAfter, causeSettled, object } from '../api.js';
import type { Checks } from '../report.js';
import { view } from '../view.js';
import { account, type World } from '../world.js';

/** Step 6: a late event of an erased person is refused; written behind the guard's back, it is found and erased. */
export async function guard(world: World, checks: Checks): Promise<void> {
  const { api, cast, stores } = world;
  const { allowed } = await api.post('/v1/signals/guard', {
    subjects: [account(cast.leaver), account(cast.stayer)],
  });
  checks.equal('the guard refuses the erased person', 'false,true', String(allowed));

  const digests = await Promise.all(stores.map((store) => store.digestWithout([cast.leaver])));
  for (const store of stores) await store.writeBehindTheGuard(cast.leaver, new Date());
  const written = await Promise.all(stores.map((store) => store.rowsOf([cast.leaver])));
  const rows: (string | number)[][] = [];
  for (const [index, store] of stores.entries()) {
    const { revision } = object(await api.get('/v1/ledger'));
    const { id } = await api.post(`/v1/stores/${store.name}/rescans`, {});
    const scan = object(
      await api.until(`/v1/rescans/${String(id)}`, (answer) => object(answer)['state'] !== 'requested'),
    );
    checks.equal(`${store.name}: the re-scan found the person`, 1, Number(scan['found']));
    await causeSettled(api, await causeAfter(api, Number(String(revision).split('.')[1]), 'reappearance'));
    const left = await store.rowsOf([cast.leaver]);
    rows.push([store.name, written[index] ?? Number.NaN, Number(scan['keys']), Number(scan['found']), left]);
    checks.equal(`${store.name}: it was there`, 1, written[index] ?? Number.NaN);
    checks.equal(`${store.name}: it is gone again`, 0, left);
    checks.equal(
      `${store.name}: digest of everybody else's rows`,
      digests[index] ?? '',
      await store.digestWithout([cast.leaver]),
    );
  }
  view.table(['store', 'written behind the guard', 'keys re-scanned', 'found', 'rows left'], rows);
}
