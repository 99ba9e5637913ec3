import { fork } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { runSteps, type Made, type SystemAccess } from './run-steps.js';
import { generateSignals, readSignals, UnusableSignals, type Signals } from './signals.js';
import { Checks, type Report, type StepReport } from './report.js';
import { view } from './view.js';

/** The demonstration: a host application with three stores, and Lethe beside it. */
interface Options {
  readonly signals?: string;
  readonly skipMalformed?: boolean;
  readonly once?: boolean;
  readonly report?: string;
}

const options: Options = new Command('lethe demo')
  .description('do the main job on real signals: consent, decide, erase, retain, guard, prove')
  .option('--signals <folder>', 'MovieLens-shaped ratings.csv and tags.csv; generated when absent')
  .option('--skip-malformed', 'leave out lines that are not what the header says, and list them')
  .option('--once', 'end when done instead of serving until Ctrl-C')
  .option('--report <file>', 'write what was expected and found as JSON')
  .allowExcessArguments(false)
  .parse()
  .opts();

const startedAt = new Date();
const signals = await prepare(options);
process.send?.({ ready: true });
const access = await receive('system');
const { report, made } = await demonstrate(signals, readAccess(access));
if (options.report !== undefined) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
// The report first: whoever hears the news may end us.
if (made !== undefined) {
  const { tenant, keyFile } = made;
  process.send?.({ ended: { ok: report.ok, once: options.once === true, tenant, keyFile } });
}
process.exitCode = report.ok ? 0 : 1;
if (process.connected) process.disconnect();

/** Checks everything that can be checked before anything starts; a fault is one sentence and exit code 1. */
async function prepare({ signals: folder, report: file, skipMalformed }: Options): Promise<Signals> {
  try {
    if (file !== undefined) accessSync(dirname(resolve(file)), constants.W_OK);
  } catch {
    return refuse(`the report cannot be written to ${file ?? ''}`);
  }
  try {
    return folder === undefined
      ? generateSignals()
      : await readSignals(resolve(folder), skipMalformed === true);
  } catch (error) {
    if (error instanceof UnusableSignals) return refuse(error.message);
    throw error;
  }
}

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

async function demonstrate(
  read: Signals,
  system: SystemAccess,
): Promise<{ readonly report: Report; readonly made?: Made }> {
  const steps: StepReport[] = [];
  const say = (step: StepReport) => void steps.push(step);
  try {
    const made = await runSteps(read, system, say);
    process.send?.({ exported: true });
    await receive('stopped');
    await verifyOffline(made.files, made.verifierKey, say);
    const ok = steps.every((step) => step.ok);
    finish(steps, ok);
    return { report: reportOf(read, steps, ok), made };
  } catch (error) {
    const sentence = error instanceof Error ? error.message : 'the demonstration failed';
    console.error(`\nThe demonstration stopped: ${sentence}`);
    return { report: { ...reportOf(read, steps, false), error: sentence } };
  }
}

function reportOf(read: Signals, steps: readonly StepReport[], ok: boolean): Report {
  return {
    ok,
    signals: read.origin,
    skippedLines: read.skipped,
    startedAt: startedAt.toISOString(),
    milliseconds: Date.now() - startedAt.getTime(),
    steps,
  };
}

/** Step 7, second half: the product's own command, with everything stopped. */
async function verifyOffline(
  files: readonly string[],
  verifierKey: string,
  say: (step: StepReport) => void,
): Promise<void> {
  view.heading('9. Everything is stopped; the exported files are verified offline');
  const started = performance.now();
  const cli = join(import.meta.dirname, '..', 'cli', 'main.js');
  const child = fork(cli, ['verify', '--quiet', '--key', verifierKey, ...files], { stdio: 'inherit' });
  const code = await new Promise<number>((resolve) => {
    child.once('exit', (status) => {
      resolve(status ?? 1);
    });
  });
  const checks = new Checks();
  checks.equal(`lethe verify accepts the audit log and ${files.length - 1} receipts`, 0, code);
  view.checks(checks);
  view.say(`  try it: npm run lethe -- verify '${files.at(-1) ?? ''}'`);
  say({
    step: 9,
    title: 'verify',
    milliseconds: Math.round(performance.now() - started),
    ok: checks.ok,
    checks: checks.list,
  });
}

function finish(steps: readonly StepReport[], ok: boolean): void {
  const checks = steps.flatMap((step) => step.checks);
  const seconds = (Date.now() - startedAt.getTime()) / 1_000;
  view.heading(
    ok
      ? `All ${checks.length} checks held, in ${seconds.toFixed(1)} s.`
      : `${checks.filter((check) => !check.ok).length} of ${checks.length} checks did NOT hold.`,
  );
}

/** Whoever started us is gone: nobody is left to demonstrate to. */
function endAlone(): void {
  process.exit(1);
}

/** Waits for a go-ahead of whoever started us. */
async function receive(name: string): Promise<unknown> {
  return new Promise((resolve) => {
    const listen = (message: unknown) => {
      if (typeof message !== 'object' || message === null || !(name in message)) return;
      process.off('message', listen);
      process.off('disconnect', endAlone);
      resolve(Reflect.get(message, name));
    };
    process.on('message', listen);
    process.once('disconnect', endAlone);
  });
}

function readAccess(value: unknown): SystemAccess {
  if (typeof value !== 'object' || value === null) throw new TypeError('no access to the system was given');
  const text = (name: string) => String(Reflect.get(value, name));
  return {
    url: text('url'),
    databaseUrl: text('databaseUrl'),
    folder: text('folder'),
    operatorKey: text('operatorKey'),
  };
}
