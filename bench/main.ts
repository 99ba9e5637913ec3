import { readFileSync, writeFileSync } from 'node:fs';
import 'reflect-metadata';
import { Command } from 'commander';
import { z } from 'zod';
import { benchAccess } from './access.js';
import { benchConsent } from './consent.js';
import { benchEnforcement } from './enforcement.js';
import { benchPolicies } from './policies.js';
import { fullPace, quickPace, type AreaOptions, type AreaResult, type Row } from './harness.js';
import { describeMachine } from './machine.js';
import { describeRun, renderTable, type Report } from './report.js';

/** Each area measures what one part of Lethe costs; all of them run when none is named. */
const areas: Readonly<Record<string, (options: AreaOptions) => Promise<AreaResult>>> = {
  access: benchAccess,
  policies: benchPolicies,
  consent: benchConsent,
  enforcement: benchEnforcement,
};

interface Options {
  readonly json?: string;
  readonly part: readonly string[];
  readonly quick: boolean;
  readonly strict?: boolean;
}

const program = new Command('bench')
  .description('Measures what parts of Lethe cost, beside a floor that is measured in the same run.')
  .argument('[areas...]', `which of: ${Object.keys(areas).join(', ')}`)
  .option('--json <file>', 'write the figures there as well')
  .option('--part <names...>', 'of enforcement only these: purge, causes, plan, reads', [])
  .option('--quick', 'only show that everything runs: the figures mean nothing', false)
  .option('--strict', 'exit code 1 when a target is missed')
  .showHelpAfterError()
  .action(run);

/** A parent that has gone reads no figures. */
process.once('disconnect', () => process.exit(1));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
await program.parseAsync();
process.removeAllListeners('disconnect');
if (process.connected) process.disconnect();

async function run(named: readonly string[], options: Options): Promise<void> {
  const unknown = named.filter((name) => !Object.hasOwn(areas, name));
  if (unknown.length > 0) {
    program.error(`There is no area ${unknown.join(', ')}. There are: ${Object.keys(areas).join(', ')}.`);
  }
  const { quick, part: parts } = options;
  const began = performance.now();
  const machine = await describeMachine();
  const at = new Date().toISOString();
  const pace = quick ? quickPace : fullPace;
  const measured: Record<string, readonly Row[]> = {};
  const versions: Record<string, string> = { Lethe: version(), 'Node.js': process.version };
  for (const [name, measure] of Object.entries(areas)) {
    if (named.length > 0 && !named.includes(name)) continue;
    const found = await measure({
      pace,
      quick,
      parts,
      say: (line) => process.stderr.write(`${line}\n`),
    });
    Object.assign(versions, found.versions);
    measured[name] = found.rows;
    console.log(`\n${name}\n${renderTable(found.rows)}`);
  }
  const seconds = (performance.now() - began) / 1_000;
  const report: Report = { versions, machine, at, seconds, quick, areas: measured };
  console.log(describeRun(report));
  if (quick) console.log('A quick run: the figures mean nothing.');
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  const missed = Object.values(measured).some((rows) => rows.some(({ ok }) => ok === false));
  if (missed && options.strict === true) process.exitCode = 1;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
