// Where things are and how to run them. Plain Node 20.19, no dependency: this runs before anything is installed.
import { fork, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));

/** The oldest runtime that the built code runs on. */
const oldest = [22, 12];

/** Prints one sentence for a person and ends. */
export function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** The Node that the packages brought along, or the current one when that is new enough. */
export function runtime() {
  const pinned = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(pinned)) {
    // The file itself: a wrapper would stand between us and its signals.
    const file = realpathSync(pinned);
    if (file === realpathSync(process.execPath) || works(file)) return file;
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return process.execPath;
  return fail(
    `Lethe runs on Node.js ${oldest.join('.')} or newer; this is ${process.versions.node}, and the packages bring none that runs on ${process.platform}-${process.arch}.`,
  );
}

function works(file) {
  return spawnSync(file, ['--version'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/** The script behind a package's command, to be run by the runtime of our choice. */
export function toolScript(name, command = name) {
  const folder = join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/** Runs a script on the runtime at this terminal; answers its exit code. */
export function runScript(script, args, options = {}) {
  return exitCode(spawn(runtime(), [script, ...args], { stdio: 'inherit', ...options }));
}

/** Runs a program of ours; it sees through its channel when we are killed, and then ends as well. */
export function runProgram(script, args) {
  const child = fork(script, args, {
    execPath: runtime(),
    execArgv: ['--enable-source-maps'],
    stdio: 'inherit',
  });
  return exitCode(child);
}

function exitCode(child) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
