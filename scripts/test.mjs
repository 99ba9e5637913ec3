// `npm test`: Vitest with its arguments; the last line says how many tests ran and how they ended.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { root, runScript, toolScript } from './runtime.mjs';

/** Answers the exit code. */
export async function test(args) {
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), 'lethe-report-'));
  const report = join(folder, 'report.json');
  const reporters = args.some((arg) => arg.startsWith('--reporter')) ? [] : ['--reporter=default'];
  const vitest = ['run', ...reporters, '--reporter=json', `--outputFile.json=${report}`, ...args];
  const code = await runScript(toolScript('vitest'), vitest, { cwd: root });
  process.stdout.write(`${summary(report)}\n`);
  rmSync(folder, { recursive: true, force: true });
  return code;
}

function summary(report) {
  try {
    const { numTotalTests, numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } =
      JSON.parse(readFileSync(report, 'utf8'));
    const broken = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    );
    const files = `${testResults.length} files${broken.length > 0 ? ` (${broken.length} could not be run)` : ''}`;
    const skipped = numPendingTests + numTodoTests;
    return `${numTotalTests} tests in ${files}: ${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped.`;
  } catch {
    return 'The tests did not run to their end: 0 counted.';
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await test(process.argv.slice(2));
}
