// Sees to it that the packages are the ones asked for and the build is current; quick when both are.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, buildIsCurrent } from './build.mjs';
import { exclusively } from './lock.mjs';
import { fail, root } from './runtime.mjs';

const lockFile = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.lethe-stamp');
const say = (line) => process.stderr.write(`${line}\n`);

export async function prepare() {
  if (packagesAreCurrent() && buildIsCurrent()) return;
  await exclusively(
    root,
    async () => {
      if (!packagesAreCurrent()) installPackages();
      if (!buildIsCurrent()) await build().catch((error) => fail(`The build failed: ${error.message}`));
    },
    () => say('Waiting for another preparation of this folder…'),
  );
}

function wanted() {
  const platform = `${process.platform}-${process.arch}`;
  return createHash('sha256').update(readFileSync(lockFile)).update(platform).digest('hex');
}

function packagesAreCurrent() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return true;
  if (!installedByHand()) return false;
  writeFileSync(stamp, wanted());
  return true;
}

/** Whether somebody ran `npm install`: npm notes what it put into node_modules, once all of it is there. */
function installedByHand() {
  const note = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(note)) return false;
  const { packages: installed } = JSON.parse(readFileSync(note, 'utf8'));
  const { packages: asked } = JSON.parse(readFileSync(lockFile, 'utf8'));
  return Object.entries(asked).every(([path, entry]) => {
    if (path === '' || entry.link) return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true && !isMeantForHere(entry);
    return (
      found.version === entry.version && found.integrity === entry.integrity && existsSync(join(root, path))
    );
  });
}

/** Optional packages without a platform serve another optional package, and are missing with it. */
function isMeantForHere({ os, cpu, libc }) {
  const allows = (list, value) => list === undefined || [list].flat().includes(value);
  if (os === undefined && cpu === undefined) return false;
  return (
    allows(os, process.platform) &&
    allows(cpu, process.arch) &&
    (libc === undefined || allows(libc, systemLibc()))
  );
}

function systemLibc() {
  if (process.platform !== 'linux') return undefined;
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function installPackages() {
  say('Installing packages. This happens once and takes about a minute…');
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund', '--no-progress'];
  const all = ['--include=dev', '--include=optional'];
  let result = runNpm(['ci', ...all, ...quiet]);
  // A lock file made where some platforms' packages could not be had lacks them, and `npm ci` refuses it. The versions
  // that it does hold are kept by `npm install` too.
  if (result.status !== 0 && /EUSAGE/.test(result.stderr))
    result = runNpm(['install', '--no-save', ...all, ...quiet]);
  if (result.status !== 0) {
    const { stdout, stderr, error } = result;
    const words = `${stderr ?? ''}${stdout ?? ''}${error?.message ?? ''}`
      .trim()
      .split('\n')
      .slice(-15)
      .join('\n');
    fail(`The packages could not be installed. npm says:\n${words}`);
  }
  writeFileSync(stamp, wanted());
}

/** The npm that runs us, by the Node that runs it: the Node in node_modules is about to be replaced. */
function runNpm(args) {
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script !== undefined && node !== undefined && /npm-cli\.c?js$/.test(script)) {
    return spawnSync(node, [script, ...args], options);
  }
  return spawnSync(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, options);
}
