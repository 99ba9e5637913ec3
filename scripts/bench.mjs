// `npm run bench`: the benchmarks of bench/, built like everything else, on the pinned runtime.
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root, runProgram } from './runtime.mjs';

await prepare();
process.exitCode = await runProgram(join(root, 'dist', 'bench', 'main.js'), process.argv.slice(2));
