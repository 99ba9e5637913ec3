// `npm start`, `npm run demo`: one command of the `lethe` program, on whatever machine this is.
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root, runProgram } from './runtime.mjs';

await prepare();
process.exitCode = await runProgram(join(root, 'dist', 'apps', 'cli', 'main.js'), process.argv.slice(2));
