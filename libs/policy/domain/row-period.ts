import { neverBelow } from './calendar.js';
import { broader } from './compiled-policy.js';
import {
  finding,
  type Collected,
  type GovernedDataset,
  type GovernedField,
  type Period,
} from './governed.js';
import { dimensions, type Dimension } from './match.js';

/** The period of a whole row from those of its fields; undefined when it is never removed. */
export function rowPeriod(
  dataset: GovernedDataset,
  periods: readonly (Period & { readonly field: string })[],
  on: Date,
  { conflicts, unenforced }: Collected,
): Period | undefined {
  const excepted = periods.filter(({ rule, field }) =>
    isExcepted(dataset, categorised(dataset, field), rule, on),
  );
  const redacting = periods.filter(({ rule }) => rule.keep !== 'indefinitely' && rule.then !== 'purge');
  const kept = periods.filter((period) => !redacting.includes(period));
  for (const group of grouped(redacting))
    unenforced.push({
      ...finding(
        dataset,
        group.map(({ field }) => field),
        group.map(({ name }) => name),
      ),
      message: `${describeThen(group)} is not carried out yet: signals stay as they are`,
    });
  const groups = grouped(kept);
  const [first] = groups;
  if (groups.length > 1) {
    conflicts.push({
      ...finding(
        dataset,
        kept.map(({ field }) => field),
        kept.map(({ name }) => name),
      ),
      message: `a row is removed as a whole, and its fields are kept for different periods: ${groups.map(describePeriod).join('; ')}. Give the dataset one rule, or redact the fields that go first`,
    });
    return undefined;
  }
  const period = first?.[0];
  if (period === undefined || period.rule.keep === 'indefinitely' || excepted.length > 0) return undefined;
  const outlived = redacting.filter((other) => !isLonger(period, other));
  if (outlived.length === 0) return period;
  conflicts.push({
    ...finding(
      dataset,
      outlived.map(({ field }) => field),
      [period, ...outlived].map(({ name }) => name),
    ),
    message: `the row is removed after ${period.rule.keep ?? ''} from ${period.rule.from}, before these fields are due for what their own rule does`,
  });
  return undefined;
}

function categorised(dataset: GovernedDataset, name: string): Pick<GovernedField, 'field' | 'category'> {
  return dataset.fields.find(({ field }) => field === name) ?? { field: name, category: '' };
}

/** Whether an exception of a rule holds for a field on a day. Where it is not known whether it does, it does. */
export function isExcepted(
  { store, dataset, purposes }: Pick<GovernedDataset, 'store' | 'dataset' | 'purposes'>,
  { field, category }: Pick<GovernedField, 'field' | 'category'>,
  rule: Period['rule'],
  on: Date,
): boolean {
  const day = on.toISOString().slice(0, 10);
  const known: Readonly<Partial<Record<Dimension, readonly string[]>>> = {
    store: [store],
    dataset: [dataset],
    field: [field],
    category: broader(category),
    ...(purposes === null ? {} : { purpose: purposes }),
  };
  return rule.exceptions.some(
    ({ match, until }) =>
      day <= until &&
      dimensions.every((dimension) => {
        const [wanted, values] = [match[dimension], known[dimension]];
        return wanted === undefined || values === undefined || wanted.some((one) => values.includes(one));
      }),
  );
}

/** Periods that come to the same, whichever rule says so. */
export function grouped<P extends Period>(periods: readonly P[]): readonly (readonly P[])[] {
  const groups = new Map<string, P[]>();
  for (const period of periods) {
    const { keep, from, then } = period.rule;
    const key = JSON.stringify(keep === 'indefinitely' ? [keep] : [keep, from, then]);
    groups.set(key, [...(groups.get(key) ?? []), period]);
  }
  return [...groups.values()];
}

function describePeriod(group: readonly (Period & { readonly field: string })[]): string {
  const { keep, from } = group[0]?.rule ?? {};
  const fields = [...new Set(group.map(({ field }) => field))].join(', ');
  return keep === 'indefinitely'
    ? `${fields} indefinitely`
    : `${fields} for ${keep ?? ''} from ${from ?? ''}`;
}

function describeThen(group: readonly Period[]): string {
  const then = group[0]?.rule.then ?? 'purge';
  return typeof then === 'string' ? `“${then}”` : `redaction (${then.redact})`;
}

export function isLonger(one: Period, other: Period): boolean {
  const [a, b] = [one.rule.keep, other.rule.keep];
  return a !== undefined && b !== undefined && one.rule.from === other.rule.from && neverBelow(a, b);
}
