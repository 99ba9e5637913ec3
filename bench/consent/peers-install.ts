import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/** For the packages to come over a slow line; they are 100 MB on disk. */
const installWithin = 300_000;

const manifest = z.object({ dependencies: z.record(z.string(), z.string()) });
/** What npm leaves in the folder when it is done. */
const installed = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) });

/** `bench/peers` of the sources: seen from `dist/bench/consent`, where this runs. */
export const peersFolder = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));

/** The peers' packages and their exact versions. */
export function peerVersions(): Readonly<Record<string, string>> {
  return manifest.parse(readJson('package.json')).dependencies;
}

/**
 * Installs the peers unless they are there: too heavy to be dependencies of the project, they come when the benchmark
 * wants them. None of their own scripts runs. Answers why it can't be done, or null when they are there.
 */
export async function installPeers(say: (line: string) => void): Promise<string | null> {
  if (areInstalled()) return null;
  say('Installing the peers into bench/peers/node_modules…');
  const args = ['ci', '--prefix', peersFolder, '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await run('npm', [...args, '--fetch-retries', '1', '--loglevel', 'error'], { timeout: installWithin });
  } catch (error) {
    return `npm could not install them: ${reasonOf(error)}`;
  }
  return areInstalled() ? null : 'npm did not install the versions asked for';
}

function areInstalled(): boolean {
  const lock = join('node_modules', '.package-lock.json');
  if (!existsSync(join(peersFolder, lock))) return false;
  const { packages } = installed.parse(readJson(lock));
  return Object.entries(peerVersions()).every(
    ([name, version]) => packages[`node_modules/${name}`]?.version === version,
  );
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(peersFolder, file), 'utf8'));
}

/** What npm wrote last, or that it is not there, in one line. */
function reasonOf(error: unknown): string {
  const failure = z.object({ code: z.unknown(), killed: z.boolean(), stderr: z.string() }).partial();
  const { code, killed, stderr } = failure.safeParse(error).data ?? {};
  if (killed === true) return `it took longer than ${installWithin / 1_000} s`;
  if (code === 'ENOENT') return 'there is no npm here';
  const said = stderr?.split('\n').find((line) => /^npm error (?!code |syscall |errno )/.test(line));
  return said?.replace('npm error ', '') ?? String(error);
}
