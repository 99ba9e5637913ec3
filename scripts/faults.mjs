// `npm run faults`: breaks a whole Lethe on purpose and checks that it keeps its promises. Runs from the sources.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { root, runScript } from './runtime.mjs';

await prepare();
const loader = pathToFileURL(join(root, 'libs', 'testing', 'load-typescript.mjs')).href;
const flags = ['--conditions=source', '--import', loader];
process.exitCode = await runScript(flags[0], [
  ...flags.slice(1),
  join(root, 'test', 'faults', 'main.ts'),
  ...process.argv.slice(2),
]);
