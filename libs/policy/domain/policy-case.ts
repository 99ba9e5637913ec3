import { z } from 'zod';
import { DomainError, parseYaml } from '#kernel';
import { dueFrom } from './calendar.js';
import { deadlineOf } from './clocks.js';
import { compilePolicy, type CompiledPolicy, type FieldQuestion } from './compiled-policy.js';
import type { PolicyFile } from './compose-policy.js';
import { isExcepted } from './row-period.js';
import type { Policy, RetentionRule } from './policy.js';
import type { Place } from './rule-index.js';

const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })]).transform((text) => new Date(text));

const given = z.strictObject({
  /** With it the case asks what becomes of a field when a person asks for it, and by when; without, how long it is kept. */
  request: z.literal('deletion').optional(),
  store: z.string().optional(),
  dataset: z.string().optional(),
  field: z.string().optional(),
  category: z.string().optional(),
  purposes: z.array(z.string()).max(100).default([]),
  jurisdiction: z.string().optional(),
  consent: z.string().optional(),
  /** By moment (`collected`, `last_used`, ...), when it was. */
  from: z.record(z.string(), moment).default({}),
  /** The moment of the question. */
  on: moment.optional(),
});

const expectation = z.strictObject({
  then: z.enum(['keep', 'purge', 'redact', 'retain', 'aggregate', 'ask', 'nothing']).optional(),
  rule: z.string().optional(),
  /** From when on it is due. */
  until: moment.optional(),
  basis: z.string().optional(),
  deadline: moment.optional(),
  clock: z.string().optional(),
});

const caseFile = z.strictObject({
  cases: z.record(z.string().max(300), z.strictObject({ given, expect: expectation })),
});

/** A question to a policy with the answer that its author expects. */
export interface PolicyCase {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly given: z.infer<typeof given>;
  readonly expect: z.infer<typeof expectation>;
}

/** What a policy says to a case; members that do not apply are absent. */
export interface CaseAnswer {
  readonly then: string;
  readonly rule?: string;
  readonly until?: Date;
  readonly basis?: string;
  readonly deadline?: Date;
  readonly clock?: string;
}

/** How a case went: the members that came out otherwise than expected. */
export interface CaseResult {
  readonly case: PolicyCase;
  readonly differences: readonly {
    readonly member: string;
    readonly expected: string;
    readonly got: string;
  }[];
}

/** Reads a file of cases. Throws DomainError invalid `policy.invalid_cases` with file, line and path of each fault. */
export function parseCases(file: PolicyFile): readonly PolicyCase[] {
  const parsed = parseYaml(file.text);
  if (!parsed.ok) throw refusal(file, parsed.faults);
  const shaped = caseFile.safeParse(parsed.value ?? {});
  if (!shaped.success)
    throw refusal(
      file,
      shaped.error.issues.map(({ path, message }) => ({
        pointer: `/${path.join('/')}`,
        message,
        line: parsed.locate(path).line,
      })),
    );
  return Object.entries(shaped.data.cases).map(([name, one]) => ({
    name,
    file: file.name,
    line: parsed.locate(['cases', name]).line,
    ...one,
  }));
}

function refusal(
  file: PolicyFile,
  found: readonly { readonly pointer: string; readonly message: string; readonly line?: number }[],
): DomainError {
  const faults = found.map((fault) => ({ ...fault, file: file.name, line: fault.line ?? 1 }));
  const [first] = faults;
  const sentence = `${file.name}:${first?.line ?? 1}: ${first?.pointer ?? ''} ${first?.message ?? ''}`;
  return new DomainError('invalid', 'policy.invalid_cases', sentence, { faults });
}

/** Puts a case to a policy. Pure: the same case and policy give the same answer. */
export function runCase(policy: Policy, one: PolicyCase): CaseResult {
  const answer = answerCase(compilePolicy(policy), one.given);
  const shown = new Map<string, string | Date | undefined>(Object.entries(answer));
  const differences = Object.entries(one.expect).flatMap(([member, expected]) => {
    const [wanted, got] = [describe(expected), describe(shown.get(member))];
    return wanted === got ? [] : [{ member, expected: wanted, got }];
  });
  return { case: one, differences };
}

function describe(value: string | Date | undefined): string {
  return value instanceof Date ? value.toISOString() : (value ?? 'nothing');
}

function answerCase(policy: CompiledPolicy, asked: PolicyCase['given']): CaseAnswer {
  return asked.request === undefined ? retentionAnswer(policy, asked) : requestAnswer(policy, asked);
}

function requestAnswer(policy: CompiledPolicy, asked: PolicyCase['given']): CaseAnswer {
  const { at, clock } = deadlineOf(policy.policy, asked.on ?? new Date(0), asked.jurisdiction);
  const deadline = asked.on === undefined ? {} : { deadline: at, ...(clock === null ? {} : { clock }) };
  const found = policy.erasure(policy.place(questionOf(asked, asked.purposes[0])));
  if (found === undefined) return { then: 'nothing', ...deadline };
  const { then } = found.rule;
  if (then === 'purge') return { then, rule: found.name, ...deadline };
  return 'retain' in then
    ? { then: 'retain', basis: then.retain.basis, rule: found.name, ...deadline }
    : { then: 'redact', rule: found.name, ...deadline };
}

/** Signals with several purposes are kept as long as the longest of them. */
function retentionAnswer(policy: CompiledPolicy, asked: PolicyCase['given']): CaseAnswer {
  const purposes = asked.purposes.length === 0 ? [undefined] : asked.purposes;
  const places = purposes.map((purpose) => policy.place(questionOf(asked, purpose)));
  const maximums = places.flatMap((place) => policy.maximum(place) ?? []);
  const ends = maximums.map(({ name, rule }) => ({ name, rule, until: endOf(rule, rule.keep, asked.from) }));
  const last = latest(ends);
  if (last === undefined || maximums.length < places.length) return minimumAnswer(policy, places, asked);
  const { name, rule, until } = last;
  const kept = { then: 'keep', rule: name, ...(until === undefined ? {} : { until }) };
  const isDue = until !== undefined && asked.on !== undefined && asked.on >= until;
  if (!isDue || isExceptedIn(asked, rule)) return kept;
  return { then: typeof rule.then === 'string' ? rule.then : 'redact', rule: name, until };
}

function isExceptedIn(
  { store = '', dataset = '', field = '', category = '', purposes, on }: PolicyCase['given'],
  rule: RetentionRule,
): boolean {
  return on !== undefined && isExcepted({ store, dataset, purposes }, { field, category }, rule, on);
}

/** Without a maximum, what the longest minimum says. */
function minimumAnswer(
  policy: CompiledPolicy,
  places: readonly Place[],
  { from }: PolicyCase['given'],
): CaseAnswer {
  const minimums = places.flatMap((place) => policy.minimums(place));
  const least = latest(minimums.map(({ name, rule }) => ({ name, until: endOf(rule, rule.atLeast, from) })));
  return least?.until === undefined
    ? { then: 'nothing' }
    : { then: 'keep', rule: least.name, until: least.until };
}

/** The end of a period; undefined when there is none, or when the case does not tell the moment it counts from. */
function endOf(
  rule: RetentionRule,
  period: string | undefined,
  from: Readonly<Record<string, Date>>,
): Date | undefined {
  const at = from[rule.from];
  return period === undefined || period === 'indefinitely' || at === undefined
    ? undefined
    : dueFrom(at, period);
}

/** What ends last; what has no end ends after everything. */
function latest<T extends { readonly until: Date | undefined }>(ends: readonly T[]): T | undefined {
  const time = ({ until }: T) => until?.getTime() ?? Number.POSITIVE_INFINITY;
  return ends.toSorted((a, b) => time(b) - time(a))[0];
}

function questionOf(asked: PolicyCase['given'], purpose: string | undefined): FieldQuestion {
  const { store = '', dataset = '', field = '', category = '', jurisdiction, consent } = asked;
  return {
    store,
    dataset,
    field,
    category,
    ...(purpose === undefined ? {} : { purpose }),
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(consent === undefined ? {} : { consent }),
  };
}
