import { readFile, writeFile } from 'node:fs/promises';
import Table from 'cli-table3';
import { z } from 'zod';
import { DomainError } from '#kernel';
import { composePolicy, diffPolicies, readPacks, type Policy } from '#policy';
import type { Plan } from './answers.js';
import type { Output } from '../output.js';
import type { PolicyApi } from './policy-api.js';
import { readPolicyFiles } from './read-files.js';
import { renderChanges, renderPlan } from './render-plan.js';

/** What is planned: files, or a version of before. */
export interface PlanOptions {
  readonly paths: readonly string[];
  readonly version?: number;
  readonly effectiveAt?: string;
  /** Where what `apply` needs is written. */
  readonly out?: string;
  /** How long to wait for the counts, in seconds. */
  readonly timeout: number;
}

/** A plan's id and digest, between `plan --out` and `apply --plan`. */
const planFile = z.strictObject({ plan: z.string(), digest: z.string() });

/** `lethe policy plan`: exit code 0 when nothing changes, 2 when something does and may be applied, 1 when it may not. */
export async function runPlan(api: PolicyApi, options: PlanOptions, output: Output): Promise<number> {
  const plan = await makePlan(api, options, output);
  show(plan, output);
  if (plan.state === 'refused') return 1;
  if (options.out === undefined) {
    if (plan.changes.length > 0)
      output.say('To apply it, plan again with --out FILE, and then: lethe policy apply --plan FILE');
  } else await writePlan(options.out, plan, output);
  return plan.changes.length > 0 ? 2 : 0;
}

/** `lethe policy apply`: a plan that was written before, or one that is made, shown and asked about now. */
export async function runApply(
  api: PolicyApi,
  options: PlanOptions & { readonly plan?: string; readonly yes?: boolean },
  output: Output,
): Promise<number> {
  if (options.plan !== undefined) {
    const { plan, digest } = await readPlan(options.plan);
    return apply(api, plan, digest, output);
  }
  const plan = await makePlan(api, options, output);
  if (output.json === undefined) show(plan, output);
  const digest = await digestToApply(plan, options, output);
  if (typeof digest === 'number') return digest;
  if (options.yes !== true && !(await isWanted(output))) return 1;
  return apply(api, plan.id, digest, output);
}

/** The digest of a plan that may be applied and changes something; otherwise the exit code. */
async function digestToApply(plan: Plan, options: PlanOptions, output: Output): Promise<string | number> {
  const waits = plan.approval.needed && plan.approval.by === null;
  if (plan.digest === null || waits) {
    output.json?.(plan);
    if (waits) await sayWhoIsNext(plan, options, output);
    return 1;
  }
  if (plan.changes.length > 0) return plan.digest;
  output.json?.({ version: plan.base, effectiveAt: null });
  return 0;
}

async function sayWhoIsNext(plan: Plan, { out }: PlanOptions, output: Output): Promise<void> {
  if (out !== undefined) await writePlan(out, plan, output);
  else
    output.say(
      'Somebody else has to approve it: plan again with --out FILE, and let them run: lethe policy approve --plan FILE --reason ...',
    );
}

/** `lethe policy approve`: by another key than the one that planned. */
export async function runApprove(
  api: PolicyApi,
  file: string,
  reason: string,
  output: Output,
): Promise<number> {
  const { plan } = await readPlan(file);
  const approved = await api.approve(plan, reason);
  if (output.json === undefined) output.say(`Approved. It can be applied: lethe policy apply --plan ${file}`);
  else output.json(approved);
  return 0;
}

/** `lethe policy diff`: exit code 0 when equal, 2 when different. A side is paths with commas between them, a version, or `current`. */
export async function runDiff(
  api: () => Promise<PolicyApi>,
  sides: readonly string[],
  output: Output,
): Promise<number> {
  const [first = 'current', second] = sides;
  const [before, after] = second === undefined ? ['current', first] : [first, second];
  const changes = diffPolicies(await policyOf(api, before), await policyOf(api, after));
  if (output.json !== undefined) output.json(changes);
  else if (changes.length === 0) output.say(`${before} and ${after} say the same.`);
  else {
    output.say(output.paint.strong(`From ${before} to ${after}`));
    for (const line of renderChanges(
      changes.map((change) => ({ ...change, members: [...change.members], origin: null })),
      output.paint,
    ))
      output.say(line);
  }
  return changes.length === 0 ? 0 : 2;
}

/** `lethe policy history`. */
export async function runHistory(api: PolicyApi, output: Output): Promise<number> {
  const versions = await api.history();
  if (output.json !== undefined) {
    output.json(versions);
    return 0;
  }
  if (versions.length === 0) {
    output.say('No policy was ever applied.');
    return 0;
  }
  const table = new Table({
    head: ['version', '', 'applied', 'takes effect', 'by', 'digest'],
    style: { head: [], border: [] },
  });
  for (const { version, inForce, appliedAt, effectiveAt, actor, digest } of versions)
    table.push([
      version,
      inForce ? output.paint.added('in force') : '',
      appliedAt,
      effectiveAt ?? 'at once',
      actor,
      digest.slice(0, 12),
    ]);
  output.say(table.toString());
  return 0;
}

async function makePlan(api: PolicyApi, options: PlanOptions, output: Output): Promise<Plan> {
  const { paths, version, effectiveAt, timeout } = options;
  const when = effectiveAt === undefined ? {} : { effectiveAt };
  const made =
    version === undefined
      ? await api.plan({ files: (await readPolicyFiles(paths)).files, ...when })
      : await api.plan({ version, ...when });
  return api.counted(made, timeout, ({ progress }) => {
    output.progress(progress.counted, progress.of);
  });
}

function show(plan: Plan, output: Output): void {
  if (output.json === undefined) for (const line of renderPlan(plan, output.paint)) output.say(line);
  else output.json(plan);
}

async function apply(api: PolicyApi, id: string, digest: string, output: Output): Promise<number> {
  const applied = await api.apply(id, digest);
  const { version, effectiveAt } = applied;
  if (output.json !== undefined) output.json(applied);
  else if (effectiveAt === null) output.say(`Version ${version} is in force.`);
  else output.say(`Version ${version} takes effect on ${effectiveAt}.`);
  return 0;
}

async function isWanted({ ask, say }: Output): Promise<boolean> {
  if (ask === undefined)
    throw new DomainError(
      'invalid',
      'policy.nobody_to_ask',
      'there is nobody at a terminal to ask: look at the plan and give --yes, or plan with --out and apply --plan',
    );
  if ((await ask('\nApply this? Only yes is taken: ')) === 'yes') return true;
  say('Nothing was applied.');
  return false;
}

async function writePlan(file: string, { id, digest, approval }: Plan, output: Output): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify({ plan: id, digest })}\n`);
  } catch {
    throw new DomainError('invalid', 'policy.unwritable', `the plan cannot be written to ${file}`);
  }
  if (approval.needed && approval.by === null)
    output.say(`First, somebody else: lethe policy approve --plan ${file} --reason ...`);
  output.say(`To apply exactly this, within a day: lethe policy apply --plan ${file}`);
}

async function readPlan(file: string): Promise<z.infer<typeof planFile>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new DomainError('invalid', 'policy.unreadable', `there is no plan in ${file}`);
  try {
    return planFile.parse(JSON.parse(text));
  } catch {
    throw new DomainError(
      'invalid',
      'policy.unreadable',
      `${file} is not what lethe policy plan --out wrote`,
    );
  }
}

async function policyOf(api: () => Promise<PolicyApi>, side: string): Promise<Policy> {
  if (side === 'current') return (await api()).policy('current');
  if (/^[1-9]\d*$/.test(side)) return (await api()).policy(Number(side));
  return composePolicy((await readPolicyFiles(side.split(','))).files, readPacks()).policy;
}
