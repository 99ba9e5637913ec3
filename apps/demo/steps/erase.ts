import { list, object, type Api } from '../api.js';
import type { Checks } from '../report.js';
import { view } from '../view.js';
import { account, type World } from '../world.js';

/** What a store held before: rows of the people leaving, and a digest of everybody else's. */
interface Before {
  readonly rows: number;
  readonly digest: string;
}

/** Step 3: one person and then a hundred ask to be forgotten; everybody else's rows must not change by a byte. */
export async function erase(world: World, checks: Checks): Promise<void> {
  const { cast, stores } = world;
  const leaving = [cast.leaver, ...cast.batch];
  const before = await Promise.all(
    stores.map(async (store) => ({
      rows: await store.rowsOf(leaving),
      digest: await store.digestWithout(leaving),
    })),
  );
  const one = await timed(() => eraseOne(world, checks));
  const many = await timed(() => eraseBatch(world, checks));
  await compare(world, leaving, before, checks);
  view.say(`  one person in ${one} ms, ${cast.batch.length} people in ${many} ms, request to settled`);
  const denied = await world.api.post('/v1/decisions', {
    subject: account(cast.leaver),
    purpose: 'recommendations',
  });
  checks.equal(
    'an erased person is denied',
    'deny subject.suppressed',
    `${String(denied['effect'])} ${String(denied['reason'])}`,
  );
}

async function eraseOne({ api, cast, requests }: World, checks: Checks): Promise<void> {
  const filed = await api.post('/v1/requests', { kind: 'deletion', subject: account(cast.leaver) });
  const id = String(filed['id']);
  requests.push(id);
  const request = object(
    await api.until(`/v1/requests/${id}`, (answer) => isSettled(object(answer)['state'])),
  );
  checks.equal('the first request is completed', 'completed', String(request['state']));
}

async function eraseBatch({ api, cast, requests }: World, checks: Checks): Promise<void> {
  const filed = await api.post('/v1/requests/batch', { kind: 'deletion', subjects: cast.batch.map(account) });
  requests.push(...list(filed['requests']).map(({ id }) => String(id)));
  const states = await settledBatch(api, String(filed['batchId']), cast.batch.length);
  const completed = states.filter((state) => state === 'completed').length;
  checks.equal('every request of the batch is completed', cast.batch.length, completed);
}

async function compare(
  world: World,
  leaving: readonly number[],
  before: readonly Before[],
  checks: Checks,
): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const [index, store] of world.stores.entries()) {
    const was = before[index] ?? { rows: Number.NaN, digest: '' };
    const left = await store.rowsOf(leaving);
    const digest = await store.digestWithout(leaving);
    rows.push([
      store.name,
      was.rows,
      left,
      digest.slice(0, 16),
      digest === was.digest ? 'unchanged' : 'CHANGED',
    ]);
    checks.equal(`${store.name}: it held signals of the people leaving`, true, was.rows > 0);
    checks.equal(`${store.name}: nothing of the erased is left`, 0, left);
    checks.equal(`${store.name}: digest of everybody else's rows`, was.digest, digest);
  }
  view.table(['store', 'rows of the erased before', 'after', "digest of the others' rows", ''], rows);
}

function isSettled(state: unknown): boolean {
  return state !== 'received' && state !== 'running';
}

async function settledBatch(api: Api, batchId: string, size: number): Promise<readonly string[]> {
  const bar = view.progress('requests settled', size);
  let known = 0;
  const answer = await api.until(`/v1/requests?batch=${batchId}&limit=1000`, (page) => {
    const done = list(page).filter(({ state }) => isSettled(state)).length;
    bar.add(done - known);
    known = done;
    return done === size;
  });
  bar.end();
  return list(answer).map(({ state }) => String(state));
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round(performance.now() - started);
}
