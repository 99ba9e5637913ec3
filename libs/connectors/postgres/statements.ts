import { escapeIdentifier } from 'pg';
import {
  epochAtOrBefore,
  epochStrictlyBefore,
  type BeforeOptions,
  type Dataset,
  type WantedKey,
} from '#connector-kit';
import { DependencyError } from '#kernel';
import type { Table } from './schema.js';

/** A statement and its parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The people of one call as a relation `w(key, latest, place)` over the first three parameters, in the table's own types. */
interface People {
  readonly relation: string;
  readonly values: readonly unknown[];
}

/**
 * Every moment is converted on the side of the parameters, so that an index on the column serves. Columns without a time
 * zone are read as UTC.
 */
function peopleOf(dataset: Dataset, table: Table, wanted: readonly WantedKey[]): People {
  const { subjectKey, collectedAt } = dataset;
  const { form } = collectedAt;
  const keyType = subjectKey.form === 'integer' ? 'int8' : typeOf(table, subjectKey.field);
  const timed = form === 'timestamp';
  const latest = wanted.map(({ asOf }) => momentOf(dataset, asOf));
  const places = wanted.map(({ index }) => index);
  const moment = timed ? inTypeOf(table, collectedAt.field, 'p.latest') : 'p.latest';
  const relation = `(select p.key, ${moment} as latest, p.place
    from unnest($1::${keyType}[], $2::${timed ? 'timestamptz' : 'int8'}[], $3::int4[]) as p(key, latest, place))`;
  return { relation, values: [wanted.map(({ key }) => key), latest, places] };
}

/** How many rows there are to remove, by place. */
export function countStatement(
  dataset: Dataset,
  table: Table,
  wanted: readonly WantedKey[],
  only?: readonly string[],
): Statement {
  const people = peopleOf(dataset, table, wanted);
  const conditions = new Conditions(dataset, people.values);
  const where = `t.${key(dataset)} = w.key and ${aged(dataset)}${conditions.tenant()}${conditions.purposes(only)}`;
  const text = `select w.place, count(*) from ${table.name} t, ${people.relation} w where ${where} group by w.place`;
  return { text, values: conditions.values };
}

/**
 * Removes the rows of all people in one statement, and tells how many were whose. The people are a condition, not a join: so
 * the table is visited in its own order, each page once, however the rows of people are scattered over it. Only a row that is
 * younger than the earliest of their moments needs its person's own.
 */
export function purgeStatement(
  dataset: Dataset,
  table: Table,
  wanted: readonly WantedKey[],
  only?: readonly string[],
): Statement {
  const { subjectKey, collectedAt } = dataset;
  const sorted = wanted.toSorted((a, b) => a.asOf.getTime() - b.asOf.getTime());
  const moments = sorted.map((one) => momentOf(dataset, one.asOf));
  const byKey = JSON.stringify(Object.fromEntries(sorted.map((one, place) => [one.key, moments[place]])));
  const keys = sorted.map((one) => one.key);
  const places = sorted.map(({ index }) => index);
  const conditions = new Conditions(dataset, [keys, places, moments[0], byKey]);
  const keyType = subjectKey.form === 'integer' ? 'int8' : typeOf(table, subjectKey.field);
  const own = `t.${key(dataset)}`;
  const column = `t.${moment(dataset)}`;
  const momentType = collectedAt.form === 'timestamp' ? 'timestamptz' : 'int8';
  const bound = (text: string) => inTypeOf(table, collectedAt.field, `${text}::${momentType}`);
  const aged = `(${column} is null or ${column} <= ${bound('$3')} or ${column} <= ${bound(`($4::jsonb ->> ${own}::text)`)})`;
  const where = `${own} = any($1::${keyType}[]) and ${aged}${conditions.tenant()}${conditions.purposes(only)}`;
  const text = `with gone as (delete from ${table.name} t where ${where} returning ${own} as key)
    select p.place, g.rows from (select key, count(*) as rows from gone group by key) g
      join unnest($1::${keyType}[], $2::int4[]) as p(key, place) on p.key = g.key`;
  return { text, values: conditions.values };
}

/** The read-back, phrased the other way round: all rows of the people, less those that are younger. */
export function verifyStatement(
  dataset: Dataset,
  table: Table,
  wanted: readonly WantedKey[],
  only?: readonly string[],
): Statement {
  const people = peopleOf(dataset, table, wanted);
  const conditions = new Conditions(dataset, people.values);
  const keyType = dataset.subjectKey.form === 'integer' ? 'int8' : typeOf(table, dataset.subjectKey.field);
  const rest = `${conditions.tenant()}${conditions.purposes(only)}`;
  const text = `with found as materialized (
      select t.${key(dataset)} as key, t.${moment(dataset)} as moment from ${table.name} t
      where t.${key(dataset)} = any($1::${keyType}[])${rest})
    select w.place, count(found.key) from ${people.relation} w join found on found.key = w.key
    where (found.moment > w.latest) is not true group by w.place`;
  return { text, values: conditions.values };
}

/**
 * Rows by what they list (as JSON) and by how many of the cut-offs, which are sorted, their moment has reached: one scan,
 * however many cut-offs. Null for rows without a moment.
 */
export function agesStatement(
  dataset: Dataset,
  table: Table,
  {
    cutOffs,
    most,
    except,
  }: { readonly cutOffs: readonly Date[]; readonly most: number; readonly except?: readonly string[] },
): Statement {
  const bounds = cutOffs.map((cutOff) => boundOf(dataset, cutOff));
  const conditions = new Conditions(dataset, [bounds, most]);
  const where = `true${conditions.tenant()}${conditions.except(table, except)}`;
  const listed = dataset.purposesField === undefined ? 'null::text[]' : purposesOf(dataset.purposesField);
  const text = `select array_to_json(listed)::text, reached, count(*)
    from (select ${listed} as listed, width_bucket(${comparable(dataset)}, ${boundsIn(dataset, table)}) as reached
            from ${table.name} t where ${where}) ages
    group by listed, reached limit $2`;
  return { text, values: conditions.values };
}

/**
 * Removes up to so many rows by their physical place. The condition stands inside and outside: a place is not unique
 * across partitions, and may be taken by another row meanwhile.
 */
export function purgeBeforeStatement(
  dataset: Dataset,
  table: Table,
  cutOff: Date,
  { limit, onlyPurposes, except }: Pick<BeforeOptions, 'limit' | 'onlyPurposes' | 'except'>,
): Statement {
  const conditions = new Conditions(dataset, [boundOf(dataset, cutOff), limit]);
  const where = `${older(dataset, table)}${conditions.tenant()}${conditions.listing(onlyPurposes)}${conditions.except(table, except)}`;
  const text = `delete from ${table.name} t
    where t.ctid = any(array(select t.ctid from ${table.name} t where ${where} limit $2)) and ${where}`;
  return { text, values: conditions.values };
}

/** The distinct keys after the last one, in the order of the column. */
export function keysStatement(
  dataset: Dataset,
  table: Table,
  after: string | undefined,
  limit: number,
): Statement {
  const conditions = new Conditions(dataset, after === undefined ? [limit] : [limit, after]);
  const column = `t.${key(dataset)}`;
  const start = after === undefined ? '' : ` and ${column} > $2::${typeOf(table, dataset.subjectKey.field)}`;
  const text = `select distinct ${column}, ${column}::text from ${table.name} t
    where ${column} is not null${start}${conditions.tenant()} order by ${column} limit $1`;
  return { text, values: conditions.values };
}

/** Adds conditions on constants of the call, and the parameters they need. */
class Conditions {
  readonly values: unknown[];

  constructor(
    private readonly dataset: Dataset,
    values: readonly unknown[],
  ) {
    this.values = [...values];
  }

  tenant(): string {
    const { tenantFilter } = this.dataset;
    if (tenantFilter === undefined) return '';
    // Without a type, the parameter takes the column's.
    return ` and t.${escapeIdentifier(tenantFilter.field)} = $${this.add(tenantFilter.value)}`;
  }

  purposes(only: readonly string[] | undefined): string {
    if (only === undefined) return '';
    const { purposesField } = this.dataset;
    if (purposesField === undefined) {
      throw new DependencyError('not_supported', 'the dataset has no column that lists purposes');
    }
    const column = purposesOf(purposesField);
    return ` and ${column} <@ $${this.add(only)}::text[] and ${column} <> '{}'`;
  }

  /** As a sweep has it: the empty list is for rows that list nothing. */
  listing(only: readonly string[] | undefined): string {
    const { purposesField } = this.dataset;
    if (only?.length !== 0 || purposesField === undefined) return this.purposes(only);
    return ` and coalesce(${purposesOf(purposesField)}, '{}') = '{}'`;
  }

  /** Rows of these people stay; those of nobody do not. */
  except(table: Table, keys: readonly string[] = []): string {
    if (keys.length === 0) return '';
    const { field, form } = this.dataset.subjectKey;
    const type = form === 'integer' ? 'int8' : typeOf(table, field);
    const column = `t.${escapeIdentifier(field)}`;
    return ` and (${column} is null or ${column} <> all($${this.add(keys)}::${type}[]))`;
  }

  private add(value: unknown): number {
    return this.values.push(value);
  }
}

/** A row of unknown age belongs to the person all the same: it goes. */
function aged(dataset: Dataset): string {
  return `(t.${moment(dataset)} is null or t.${moment(dataset)} <= w.latest)`;
}

function older(dataset: Dataset, table: Table): string {
  const { field, form } = dataset.collectedAt;
  const bound = form === 'timestamp' ? inTypeOf(table, field, '$1::timestamptz') : '$1::int8';
  return `t.${moment(dataset)} < ${bound}`;
}

function purposesOf(field: string): string {
  return `t.${escapeIdentifier(field)}::text[]`;
}

/** A moment in the type that its bounds have. */
function comparable(dataset: Dataset): string {
  const { form } = dataset.collectedAt;
  return form === 'timestamp' ? `t.${moment(dataset)}` : `t.${moment(dataset)}::int8`;
}

function boundsIn(dataset: Dataset, table: Table): string {
  const { field, form } = dataset.collectedAt;
  if (form !== 'timestamp') return '$1::int8[]';
  if (typeOf(table, field) !== 'timestamp') return '$1::timestamptz[]';
  return `array(select one at time zone 'UTC' from unnest($1::timestamptz[]) with ordinality as each (one, place) order by place)`;
}

function boundOf({ collectedAt: { form } }: Dataset, cutOff: Date): string {
  return form === 'timestamp' ? cutOff.toISOString() : epochStrictlyBefore(form, cutOff).toString();
}

/** The latest moment, in the dataset's form, that is not after this one. */
function momentOf({ collectedAt: { form } }: Dataset, asOf: Date): string {
  return form === 'timestamp' ? asOf.toISOString() : epochAtOrBefore(form, asOf).toString();
}

function inTypeOf(table: Table, field: string, moment: string): string {
  return typeOf(table, field) === 'timestamp' ? `(${moment} at time zone 'UTC')` : moment;
}

function typeOf(table: Table, field: string): string {
  return table.columns.get(field)?.type ?? 'text';
}

function key({ subjectKey }: Dataset): string {
  return escapeIdentifier(subjectKey.field);
}

function moment({ collectedAt }: Dataset): string {
  return escapeIdentifier(collectedAt.field);
}
