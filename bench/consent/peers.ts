import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { escapeIdentifier } from 'pg';
import { z } from 'zod';
import type { BenchDatabase } from '../database.js';
import { alone, type AreaOptions } from '../harness.js';
import { installPeers, peersFolder, peerVersions } from './peers-install.js';
import { questions, type PeerFigure } from './peers-rows.js';

export { ratioRows, type OurFigures, type PeerFigure } from './peers-rows.js';

const printed = z.object({
  figures: z.array(
    z.object({
      question: z.enum(questions),
      name: z.string(),
      unit: z.string(),
      rounds: z.array(z.number()).nonempty(),
      note: z.string(),
    }),
  ),
  remarks: z.array(z.string()),
});
type Printed = z.infer<typeof printed>;

/** One run of a script of `bench/peers`. */
interface Run {
  readonly package: string;
  readonly script: string;
  readonly subjects: number;
  /** Seconds; then it is killed, and has no figures. */
  readonly within: number;
  readonly databaseUrl?: string;
}

const subjects = 10_000;
const quickSubjects = 200;
const manySubjects = 1_000_000;
/** Of fewer rounds than the areas' own: these are other people's figures, and take minutes as it is. */
const mostRounds = 7;

/**
 * What other software needs for the same: `@c15t/backend` on the same PostgreSQL, in an empty database of its own, and
 * `casbin` and `@cedar-policy/cedar-wasm` in process. Each runs in a process of its own, one after the other. What
 * can't be installed, fails or takes too long is left out: a line says so and why, and the benchmark goes on.
 */
export async function benchPeers(
  options: AreaOptions,
  database: Pick<BenchDatabase, 'owner' | 'ownerUrl'>,
): Promise<readonly PeerFigure[]> {
  const missing = await installPeers(options.say);
  if (missing !== null) {
    options.say(`The peers are left out: ${missing}.`);
    return [];
  }
  const few = options.quick ? quickSubjects : subjects;
  const c15t = await inOwnDatabase(database, (databaseUrl) =>
    measure([{ package: '@c15t/backend', script: 'c15t', subjects: few, within: 300, databaseUrl }], options),
  );
  const sizes = options.quick ? [few] : [few, manySubjects];
  const inProcess = (name: string, script: string) =>
    measure(
      sizes.map((size) => ({ package: name, script, subjects: size, within: 120 })),
      options,
    );
  const casbin = await inProcess('casbin', 'casbin');
  const cedar = await inProcess('@cedar-policy/cedar-wasm', 'cedar');
  return [...c15t, ...casbin, ...cedar];
}

/** All runs of one peer. What has no figure is told in the note of the peer's first. */
async function measure(runs: readonly Run[], options: AreaOptions): Promise<readonly PeerFigure[]> {
  const figures: PeerFigure[] = [];
  const remarks: string[] = [];
  for (const run of runs) {
    const peer = `${run.package} ${peerVersions()[run.package] ?? ''}`;
    options.say(`Measuring ${peer} with ${run.subjects} subjects…`);
    const found = await runScript(run, options);
    for (const remark of found.remarks) options.say(`${peer}: ${remark}.`);
    remarks.push(...found.remarks);
    for (const { question, rounds, ...named } of found.figures) {
      const { name, value, unit, spread, note } = alone(named, rounds);
      figures.push({ peer, question, name, value, unit, spread, note });
    }
  }
  const [first, ...others] = figures;
  if (first === undefined) return [];
  return [{ ...first, note: [first.note, ...remarks].join('; ') }, ...others];
}

async function runScript(run: Run, { pace, quick }: AreaOptions): Promise<Printed> {
  const settings = {
    subjects: run.subjects,
    rounds: Math.min(pace.rounds, mostRounds),
    milliseconds: quick ? 100 : 1_000,
  };
  const child = fork(
    join(peersFolder, `${run.script}.mjs`),
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value.toString()]),
    {
      cwd: peersFolder,
      env: { ...process.env, ...(run.databaseUrl === undefined ? {} : { DATABASE_URL: run.databaseUrl }) },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      timeout: run.within * 1_000,
      killSignal: 'SIGKILL',
    },
  );
  const ended = once(child, 'close');
  const [output, complaints] = await Promise.all([child.stdout, child.stderr].map(readAll));
  await ended;
  if (child.exitCode === 0) {
    const line = output?.trim().split('\n').at(-1) ?? '';
    return printed.parse(JSON.parse(line));
  }
  const reason =
    child.signalCode === 'SIGKILL'
      ? `it took longer than ${run.within} s or was killed`
      : lastWords(complaints ?? '');
  return { figures: [], remarks: [`no figure with ${run.subjects} subjects: ${reason}`] };
}

async function readAll(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? '' : text(stream);
}

/** The line that names the error, of all that a dying process of Node.js prints. */
function lastWords(complaints: string): string {
  const lines = complaints.split('\n').filter((line) => line.trim() !== '');
  const error = lines.find((line) => /^\w*Error\b|^FATAL ERROR/.test(line)) ?? lines.at(-1);
  return error?.slice(0, 300) ?? 'it ended without a word';
}

async function inOwnDatabase<Result>(
  { owner, ownerUrl }: Pick<BenchDatabase, 'owner' | 'ownerUrl'>,
  work: (url: string) => Promise<Result>,
): Promise<Result> {
  const name = 'bench_peer';
  await owner.query(`create database ${escapeIdentifier(name)}`);
  try {
    return await work(ownerUrl.replace(/[^/]+$/, name));
  } finally {
    await owner.query(`drop database ${escapeIdentifier(name)} with (force)`);
  }
}
