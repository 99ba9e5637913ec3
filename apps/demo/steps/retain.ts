import { list } from '../api.js';
import type { Checks } from '../report.js';
import { view } from '../view.js';
import type { World } from '../world.js';

/** Step 5: the retention rules, a dry run first; what it previews is what the sweep removes. */
export async function retain(world: World, checks: Checks): Promise<void> {
  const { catalogue, lake, vectors } = world;
  const dry = await run(world, true);
  const cutOff = new Date(String(dry[0]?.['cutOff']));
  const due: Readonly<Record<string, number>> = {
    ratings: await catalogue.ratedBefore(cutOff),
    events: await lake.collectedBefore(cutOff),
  };
  const kept = {
    catalogue: await catalogue.digestWithout([], cutOff),
    lake: await lake.digestWithout([], cutOff),
    vectors: await vectors.digestWithout([]),
  };
  checks.equal(
    'the dry run touched nothing in the catalogue',
    due['ratings'] ?? 0,
    await catalogue.ratedBefore(cutOff),
  );
  const total = Object.values(due).reduce((sum, rows) => sum + rows, 0);
  const bar = view.progress('rows swept', total);
  const swept = await run(world, false, bar.add);
  bar.end();

  const rows: (string | number)[][] = [];
  for (const sweep of swept) {
    const dataset = String(sweep['dataset']);
    const previewed = Number(dry.find((one) => one['dataset'] === dataset)?.['expected']);
    const effected = Number(sweep['effected']);
    rows.push([
      dataset,
      String(sweep['cutOff']).slice(0, 10),
      due[dataset] ?? Number.NaN,
      previewed,
      effected,
    ]);
    checks.equal(`${dataset}: there was something due`, true, (due[dataset] ?? 0) > 0);
    checks.equal(`${dataset}: previewed equals counted by the host`, due[dataset] ?? Number.NaN, previewed);
    checks.equal(`${dataset}: effected equals previewed`, previewed, effected);
  }
  view.table(['dataset', 'collected before', 'due (host counts)', 'previewed', 'effected'], rows);
  const sweptTo = new Date(String(swept[0]?.['cutOff']));
  checks.equal('catalogue: nothing older is left', 0, await catalogue.ratedBefore(sweptTo));
  checks.equal('lake: nothing older is left', 0, await lake.collectedBefore(sweptTo));
  checks.equal('catalogue: digest of what is kept', kept.catalogue, await catalogue.digestWithout([]));
  checks.equal('lake: digest of what is kept', kept.lake, await lake.digestWithout([]));
  checks.equal('vectors: no rule, no change', kept.vectors, await vectors.digestWithout([]));
}

/** Starts a run and waits for its end; progress hears of rows as sweeps finish. */
async function run(world: World, dryRun: boolean, progress: (rows: number) => void = () => undefined) {
  const { runId } = await world.api.post('/v1/retention/sweeps', { dryRun });
  let known = 0;
  const answer = await world.api.until(`/v1/retention/sweeps/${String(runId)}`, (sweeps) => {
    const finished = list(sweeps).filter(({ state }) => state === 'finished' || state === 'failed');
    const rows = finished.reduce((sum, { effected }) => sum + Number(effected ?? 0), 0);
    progress(rows - known);
    known = rows;
    return finished.length === list(sweeps).length;
  });
  return list(answer);
}
