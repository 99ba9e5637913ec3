import { DomainError, type Fault } from '#kernel';
import { composePolicy, parseCases, policyJsonSchema, readPacks, runCase, type CaseResult } from '#policy';
import type { Output } from '../output.js';
import { readPolicyFiles } from './read-files.js';

/** `lethe policy validate`: every fault with its file, line and path; exit code 1 when there is one. */
export async function runValidate(paths: readonly string[], output: Output): Promise<number> {
  const { files } = await readPolicyFiles(paths);
  try {
    const { policy, origins } = composePolicy(files, readPacks());
    const packs = [...new Set([...origins.values()].flatMap(({ pack }) => pack ?? []))].sort();
    const rules = Object.keys(policy.retention).length + Object.keys(policy.erasure).length;
    if (output.json !== undefined) output.json({ ok: true, files: files.length, rules, packs });
    else
      output.say(
        `valid: ${count(files.length, 'file')}, ${count(rules, 'rule')}${packs.length === 0 ? '' : `, packs ${packs.join(', ')}`}`,
      );
    return 0;
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'policy.invalid') throw error;
    if (output.json !== undefined) output.json({ ok: false, errors: error.faults });
    else for (const line of faultLines(error.faults, output.paint.removed)) output.say(line);
    return 1;
  }
}

/** `lethe policy test`: runs the cases beside the policies; exit code 1 when one fails, or when there is none. */
export async function runTest(paths: readonly string[], output: Output): Promise<number> {
  const { files, cases } = await readPolicyFiles(paths);
  const { policy } = composePolicy(files, readPacks());
  const results = cases.flatMap((file) => parseCases(file)).map((one) => runCase(policy, one));
  const failed = results.filter(({ differences }) => differences.length > 0);
  if (output.json !== undefined)
    output.json({
      passed: results.length - failed.length,
      failed: failed.map(({ case: { name, file, line }, differences }) => ({
        name,
        file,
        line,
        differences,
      })),
    });
  else {
    for (const result of failed) for (const line of caseLines(result, output)) output.say(line);
    if (results.length === 0)
      output.say('there is no case: put some into a file *.test.yaml beside the policy');
    else output.say(`${results.length - failed.length} passed, ${failed.length} failed`);
  }
  return failed.length > 0 || results.length === 0 ? 1 : 0;
}

/** `lethe policy schema`: for editors. */
export function runSchema(output: Output): number {
  output.say(JSON.stringify(policyJsonSchema(), null, 2));
  return 0;
}

function caseLines(
  { case: { name, file, line }, differences }: CaseResult,
  { paint }: Output,
): readonly string[] {
  return [
    `${paint.removed('FAILED')}  ${file}:${line}  ${name}`,
    ...differences.map(({ member, expected, got }) => `        ${member}: expected ${expected}, got ${got}`),
  ];
}

export function faultLines(faults: readonly Fault[], paint: (text: string) => string): readonly string[] {
  const places = faults.map(({ file, line }) => (file === undefined ? '' : `${file}:${line ?? 1}`));
  const width = Math.max(...places.map((place) => place.length));
  const pointers = Math.max(...faults.map(({ pointer }) => pointer.length));
  return [
    ...faults.map(({ pointer, message }, index) =>
      `${(places[index] ?? '').padEnd(width)}  ${pointer.padEnd(pointers)}  ${message}`.trimEnd(),
    ),
    paint(count(faults.length, 'fault')),
  ];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
