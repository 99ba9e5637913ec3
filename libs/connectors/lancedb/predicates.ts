import { epochAtOrBefore, epochStrictlyBefore, type Dataset, type WantedKey } from '#connector-kit';

/** Keys and alternatives of one predicate: beyond these, its parser slows down more than a further statement costs. */
const largestList = 1_000;
const mostAlternatives = 50;

/** People whose rows one statement can select, and the predicate that does. */
export interface Portion {
  readonly people: readonly WantedKey[];
  readonly predicate: string;
}

/** Splits a call's people into portions, those with the same moment together. */
export function portions(dataset: Dataset, wanted: readonly WantedKey[]): readonly Portion[] {
  const open: { people: WantedKey[]; terms: string[] }[] = [];
  for (const { asOf, people } of byMoment(wanted)) {
    for (let start = 0; start < people.length; start += largestList) {
      const piece = people.slice(start, start + largestList);
      const last = open.at(-1);
      const fits =
        last !== undefined &&
        last.terms.length < mostAlternatives &&
        last.people.length + piece.length <= largestList;
      const portion = fits ? last : { people: [], terms: [] };
      if (!fits) open.push(portion);
      portion.people.push(...piece);
      portion.terms.push(term(dataset, piece, asOf));
    }
  }
  return open.map(({ people, terms }) => ({
    people,
    predicate: `(${terms.join(' or ')})${tenantCondition(dataset)}`,
  }));
}

/** Rows of nobody and of everybody but these people. */
export function others({ subjectKey }: Dataset, except: readonly string[]): string {
  const key = quoteName(subjectKey.field);
  const lists: string[] = [];
  for (let start = 0; start < except.length; start += largestList)
    lists.push(
      `${key} not in (${keyList(subjectKey.form, except.slice(start, start + largestList)).join(', ')})`,
    );
  return lists.length === 0 ? '' : ` and (${key} is null or (${lists.join(' and ')}))`;
}

/** Rows collected strictly before the cut-off. */
export function before(dataset: Dataset, cutOff: Date): string {
  const { field, form } = dataset.collectedAt;
  const bound = form === 'timestamp' ? timestamp(cutOff) : String(epochStrictlyBefore(form, cutOff));
  return `${quoteName(field)} < ${bound}${tenantCondition(dataset)}`;
}

/** Rows that do not say when they were collected. */
export function undatedOnly(dataset: Dataset): string {
  return `${quoteName(dataset.collectedAt.field)} is null${tenantCondition(dataset)}`;
}

export function tenantOnly(dataset: Dataset): string | undefined {
  const { tenantFilter } = dataset;
  return tenantFilter === undefined
    ? undefined
    : `${quoteName(tenantFilter.field)} = ${quoteText(tenantFilter.value)}`;
}

/** A row of unknown age belongs to the person all the same: it goes. */
function term(dataset: Dataset, people: readonly WantedKey[], asOf: Date): string {
  const { subjectKey, collectedAt } = dataset;
  const keys = keyList(
    subjectKey.form,
    people.map(({ key }) => key),
  );
  const { field, form } = collectedAt;
  const bound = form === 'timestamp' ? timestamp(asOf) : String(epochAtOrBefore(form, asOf));
  const moment = quoteName(field);
  return `(${quoteName(subjectKey.field)} in (${keys.join(', ')}) and (${moment} is null or ${moment} <= ${bound}))`;
}

function byMoment(
  wanted: readonly WantedKey[],
): readonly { readonly asOf: Date; readonly people: readonly WantedKey[] }[] {
  const groups = new Map<number, { asOf: Date; people: WantedKey[] }>();
  for (const one of wanted) {
    const group = groups.get(one.asOf.getTime()) ?? { asOf: one.asOf, people: [] };
    group.people.push(one);
    groups.set(one.asOf.getTime(), group);
  }
  return [...groups.values()];
}

function tenantCondition(dataset: Dataset): string {
  const condition = tenantOnly(dataset);
  return condition === undefined ? '' : ` and ${condition}`;
}

function keyList(form: Dataset['subjectKey']['form'], keys: readonly string[]): readonly string[] {
  return keys.map((key) => (form === 'integer' ? integer(key) : quoteText(key)));
}

/** The parser reads a sign and a number, and the number alone would not fit. */
function integer(key: string): string {
  return key === '-9223372036854775808' ? '(-9223372036854775807 - 1)' : key;
}

/** Read as UTC, to the millisecond. */
function timestamp(moment: Date): string {
  return `timestamp '${moment.toISOString().replace('T', ' ').replace('Z', '')}'`;
}

/** A name as LanceDB quotes it; names with a backtick never get past the schema check. */
export function quoteName(name: string): string {
  return `\`${name}\``;
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
