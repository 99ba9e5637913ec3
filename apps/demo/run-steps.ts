import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from './api.js';
import { Checks, type StepReport } from './report.js';
import type { Signals } from './signals.js';
import { decide } from './steps/decide.js';
import { erase } from './steps/erase.js';
import { follow } from './steps/follow.js';
import { exportFiles } from './steps/export.js';
import { guard } from './steps/guard.js';
import { register } from './steps/register.js';
import { retain } from './steps/retain.js';
import { withdraw } from './steps/withdraw.js';
import { Catalogue } from './stores/catalogue.js';
import { Lake } from './stores/lake.js';
import { Vectors } from './stores/vectors.js';
import { view } from './view.js';
import { chooseCast, type World } from './world.js';

/** How the demonstration reaches the running system. */
export interface SystemAccess {
  readonly url: string;
  /** The host keeps its own schema in the same database server. */
  readonly databaseUrl: string;
  /** The system's data folder; the host's files go into a folder of their own in it. */
  readonly folder: string;
  readonly operatorKey: string;
}

/** What is left for whoever looks afterwards. */
export interface Made {
  readonly tenant: string;
  readonly keyFile: string;
  readonly verifierKey: string;
  readonly files: readonly string[];
}

const steps: readonly (readonly [string, (world: World, checks: Checks) => Promise<void>])[] = [
  ['Policies, the data map and the signals', register],
  ['Consent and decisions', decide],
  ['The same decisions in your process, and in words', follow],
  ['Deletion of one person and of a batch', erase],
  ['Withdrawal of one purpose', withdraw],
  ['Retention, a dry run first', retain],
  ['A late event of an erased person', guard],
];

/** Makes a tenant of its own and does the steps in it, each timed and checked. */
export async function runSteps(
  signals: Signals,
  system: SystemAccess,
  say: (step: StepReport) => void,
): Promise<Made> {
  const slug = `demo-${new Date()
    .toISOString()
    .replaceAll(/[^0-9]/g, '')
    .slice(0, 17)}`;
  const tenant = await new Api(system.url, system.operatorKey).post('/v1/tenants', {
    slug,
    name: 'Demonstration',
  });
  const folder = join(system.folder, 'demo', slug);
  mkdirSync(folder, { recursive: true });
  const key = String(tenant['administratorKey']);
  const keyFile = join(folder, 'administrator.key');
  writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
  const world = await openWorld(signals, system, { slug, folder, key });
  try {
    for (const [index, [title, run]] of steps.entries()) await runStep(index + 1, title, world, run, say);
    const files: string[] = [];
    await runStep(
      steps.length + 1,
      'Export of the audit log and the receipts',
      world,
      async (_, checks) => void files.push(...(await exportFiles(world, checks))),
      say,
    );
    look(world);
    return { tenant: String(tenant['id']), keyFile, verifierKey: String(tenant['verifierKey']), files };
  } finally {
    await Promise.all(world.stores.map((store) => store.close()));
  }
}

async function runStep(
  step: number,
  title: string,
  world: World,
  run: (world: World, checks: Checks) => Promise<void>,
  say: (step: StepReport) => void,
): Promise<void> {
  view.heading(`${step}. ${title}`);
  const started = performance.now();
  const checks = new Checks();
  await run(world, checks);
  view.checks(checks);
  say({
    step,
    title,
    milliseconds: Math.round(performance.now() - started),
    ok: checks.ok,
    checks: checks.list,
  });
}

async function openWorld(
  signals: Signals,
  system: SystemAccess,
  own: { readonly slug: string; readonly folder: string; readonly key: string },
): Promise<World> {
  const places = {
    databaseUrl: system.databaseUrl,
    schema: own.slug.replaceAll('-', '_'),
    lakeFolder: join(own.folder, 'lake'),
    vectorsFolder: join(own.folder, 'vectors'),
  };
  const catalogue = new Catalogue(places.databaseUrl, places.schema);
  const lake = await Lake.open(places.lakeFolder);
  const vectors = await Vectors.open(places.vectorsFolder);
  view.say(
    `Signals: ${signals.ratings.length.toLocaleString('en')} ratings and ${signals.tags.length.toLocaleString('en')} tags, ${signals.origin}`,
  );
  for (const line of signals.skipped) view.say(`  left out as asked: ${line}`);
  return {
    api: new Api(system.url, own.key),
    signals,
    places,
    cast: chooseCast(signals),
    catalogue,
    lake,
    vectors,
    stores: [catalogue, lake, vectors],
    outFolder: join(own.folder, 'exports'),
    requests: [],
  };
}

function look(world: World): void {
  view.heading('Look into the stores yourself:');
  for (const store of world.stores) view.say(`  ${store.name.padEnd(10)} ${store.look}`);
}
