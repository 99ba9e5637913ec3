// `npm run check`: everything that must hold before a commit. All steps run, also after one has failed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root, runtime, toolScript } from './runtime.mjs';

const ours = ['apps', 'libs', 'migrations', 'test', 'bench'].filter((folder) =>
  existsSync(join(root, folder)),
);
const steps = [
  { name: 'format', script: () => toolScript('prettier'), args: ['--check', '.'] },
  { name: 'lint', script: () => toolScript('eslint'), args: ['.'] },
  { name: 'types', script: () => toolScript('typescript', 'tsc'), args: ['--noEmit', '-p', '.'] },
  { name: 'imports', script: () => toolScript('dependency-cruiser', 'depcruise'), args: ours },
  { name: 'unused', script: () => toolScript('knip'), args: ['--tsConfig', 'tsconfig.knip.json'] },
  { name: 'tests', script: () => join(root, 'scripts', 'test.mjs'), args: [] },
];

/** Runs one step; its output is shown only when it fails, but the tests', which a person wants to follow. */
function run({ name, script, args }) {
  return new Promise((resolve) => {
    const began = performance.now();
    const live = name === 'tests';
    const child = spawn(runtime(), [script(), ...args], {
      cwd: root,
      stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => {
      const seconds = (performance.now() - began) / 1_000;
      if (code !== 0) process.stdout.write(output);
      resolve({ name, ok: code === 0, seconds });
    });
  });
}

const unknown = process.argv.slice(2).filter((arg) => arg !== '--no-tests');
if (unknown.length > 0) {
  process.stderr.write(`Unknown option ${unknown.join(' ')}. The only one is --no-tests.\n`);
  process.exit(1);
}
await prepare();
const results = [];
for (const step of steps.filter(({ name }) => name !== 'tests' || !process.argv.includes('--no-tests'))) {
  process.stdout.write(`${step.name}…\n`);
  results.push(await run(step));
}
process.stdout.write('\n');
for (const { name, ok, seconds } of results) {
  process.stdout.write(
    `${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s\n`,
  );
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
