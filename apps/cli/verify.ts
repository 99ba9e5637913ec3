import { createReadStream } from 'node:fs';
import { readLines, verifyFile, type VerificationReport } from '#ledger';

interface VerifyOptions {
  readonly key?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `lethe verify`: checks receipts and exports offline, one file or many; exit code 0 only if all of them hold. */
export async function runVerify(
  files: readonly string[],
  options: VerifyOptions,
  say: (line: string) => void,
): Promise<number> {
  let verified = 0;
  for (const file of files) {
    const report = await verifyFile(readLines(createReadStream(file)), options.key);
    if (report.ok) verified += 1;
    for (const line of describe(file, report, options)) say(line);
  }
  if (options.json !== true) say(`${verified} of ${files.length} verified`);
  return verified === files.length ? 0 : 1;
}

function describe(file: string, report: VerificationReport, options: VerifyOptions): readonly string[] {
  if (options.json === true) return [JSON.stringify({ file, ...report })];
  if (options.quiet === true && report.ok) return [];
  const title = `${report.ok ? 'verified' : 'NOT VERIFIED'}  ${file}  ${report.subject}`.trimEnd();
  return [
    title,
    ...report.checks.map(({ name, ok, detail }) => `  ${ok ? 'ok    ' : 'NOT OK'}  ${name}: ${detail}`),
  ];
}
