import { HUGEINT, INTEGER, LIST, VARCHAR, listValue } from '@duckdb/node-api';
import {
  epochAtOrBefore,
  epochStrictlyBefore,
  keysToLeave,
  type Dataset,
  type WantedKey,
} from '#connector-kit';
import { DependencyError } from '#kernel';
import { quoteName, quoteText, type Bound, type Session } from './duckdb.js';
import { momentOf, type Fields } from './schema.js';

/** Which rows of a dataset a call is about: those of people (table `wanted`), or those before a moment. */
export type Selection =
  | { readonly kind: 'people'; readonly onlyPurposes: readonly string[] | undefined }
  | {
      readonly kind: 'before';
      readonly cutOff: Date;
      readonly onlyPurposes: readonly string[] | undefined;
      /** Whether the rows of the people in table `staying` are left out. */
      readonly except: boolean;
    };

/** Nanoseconds for timestamps (what DuckDB can compare for every precision of them), else the unit of the field. */
const nanoseconds = 1_000_000n;

/** Loads the people of a call into the table `wanted`: place in the call, key, latest moment. */
export async function loadWanted(
  session: Session,
  dataset: Dataset,
  wanted: readonly WantedKey[],
): Promise<void> {
  const { form } = dataset.collectedAt;
  const latest = ({ asOf }: WantedKey) =>
    form === 'timestamp' ? BigInt(asOf.getTime()) * nanoseconds : epochAtOrBefore(form, asOf);
  const bound: Bound = {
    values: [
      listValue(wanted.map(({ index }) => index)),
      listValue(wanted.map(({ key }) => key)),
      listValue(wanted.map(latest)),
    ],
    types: [LIST(INTEGER), LIST(VARCHAR), LIST(HUGEINT)],
  };
  const key = dataset.subjectKey.form === 'integer' ? 'key::bigint' : 'key';
  await session.rows(
    `create temp table wanted as select place, ${key} as key, latest from (select unnest($1) as place, unnest($2) as key, unnest($3) as latest)`,
    bound,
  );
}

/** Loads the keys of people whose rows stay into the table `staying`; false when there are none. */
export async function loadStaying(
  session: Session,
  { subjectKey }: Dataset,
  except: readonly string[] | undefined,
): Promise<boolean> {
  const keys = keysToLeave(subjectKey.form, except);
  if (keys.length === 0) return false;
  const key = subjectKey.form === 'integer' ? 'key::bigint' : 'key';
  const bound = { values: [listValue([...keys])], types: [LIST(VARCHAR)] };
  await session.rows(
    `create temp table staying as select ${key} as key from (select unnest($1) as key)`,
    bound,
  );
  return true;
}

/** Rows of nobody, and of everybody but the people in table `staying`. */
export function othersCondition({ subjectKey }: Dataset, except: boolean): string {
  if (!except) return '';
  const key = `t.${quoteName(subjectKey.field)}`;
  return ` and (${key} is null or ${key} not in (select key from staying))`;
}

/** `from ... where ...` of the selected rows of some files; `w.place` tells whose each is. */
export function selected(source: string, dataset: Dataset, fields: Fields, selection: Selection): string {
  const moment = momentOf(dataset, fields);
  const tenant = tenantCondition(dataset);
  if (selection.kind === 'before') {
    const { cutOff, onlyPurposes, except } = selection;
    const listing = `${listingCondition(dataset, onlyPurposes)}${othersCondition(dataset, except)}`;
    return `from ${source} t, (select 0 as place) w where ${moment} < ${boundOf(dataset, cutOff)}${tenant}${listing}`;
  }
  const purposes = purposesCondition(dataset, selection.onlyPurposes);
  // A row of unknown age belongs to the person all the same: it goes.
  const aged = `(${moment} is null or ${moment} <= w.latest)`;
  return `from ${source} t join wanted w on t.${quoteName(dataset.subjectKey.field)} = w.key where ${aged}${tenant}${purposes}`;
}

/** A cut-off in the unit that moments are compared in. */
export function boundOf({ collectedAt: { form } }: Dataset, cutOff: Date): string {
  const bound =
    form === 'timestamp' ? BigInt(cutOff.getTime()) * nanoseconds : epochStrictlyBefore(form, cutOff);
  return `${String(bound)}::hugeint`;
}

/** As a sweep has it: the empty list is for rows that list nothing. */
export function listingCondition(dataset: Dataset, only: readonly string[] | undefined): string {
  const { purposesField } = dataset;
  if (only?.length !== 0 || purposesField === undefined) return purposesCondition(dataset, only);
  return ` and coalesce(len(t.${quoteName(purposesField)}), 0) = 0`;
}

export function tenantCondition({ tenantFilter }: Dataset): string {
  if (tenantFilter === undefined) return '';
  return ` and t.${quoteName(tenantFilter.field)}::varchar = ${quoteText(tenantFilter.value)}`;
}

/** Every purpose of the row is among the given ones; a row without purposes, or with an unknown one, matches nothing. */
export function purposesCondition({ purposesField }: Dataset, only: readonly string[] | undefined): string {
  if (only === undefined) return '';
  if (purposesField === undefined) {
    throw new DependencyError('not_supported', 'the dataset has no field that lists purposes');
  }
  const column = `t.${quoteName(purposesField)}`;
  const among = `[${only.map(quoteText).join(', ')}]::varchar[]`;
  const other = `list_filter(${column}, lambda one: one is null or not list_contains(${among}, one))`;
  return ` and len(${column}) > 0 and len(${other}) = 0`;
}
