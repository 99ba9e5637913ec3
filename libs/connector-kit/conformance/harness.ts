import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { JsonObject } from '#kernel';
import { rowsBefore } from '../domain/ages.js';
import type { Connect, Connector, Dataset, Manifest, Selector, SubjectResult } from '../contract.js';

/** A row as the suite writes it; `body` stands for everything else that a row holds. */
export interface TestRow {
  readonly key: string | null;
  readonly at: Date | null;
  readonly body: string;
  readonly tenant?: string;
  readonly purposes?: readonly (string | null)[] | null;
}

/** A store of a test's own, reached without the connector. */
export interface TestStore {
  readonly settings: JsonObject;
  /** Makes an empty dataset with the fields of `datasetOf`. */
  create(dataset: Dataset): Promise<void>;
  insert(dataset: Dataset, rows: readonly TestRow[]): Promise<void>;
  /** Every row as one text that shows all its fields, in any order. */
  read(dataset: Dataset): Promise<readonly string[]>;
  /** Removes a field, or the whole dataset, behind the connector's back. */
  drop(dataset: Dataset, field?: string): Promise<void>;
  /** Whether the marker is anywhere in the live files of the store. */
  holdsBytes(marker: string): Promise<boolean>;
  destroy(): Promise<void>;
}

export interface Harness {
  readonly manifest: Manifest;
  readonly connect: Connect;
  open(): Promise<TestStore>;
  /** Settings of a store that does not exist. */
  missing(): JsonObject;
}

/** How many rows a sweep would remove. */
export async function countBefore(connector: Connector, dataset: Dataset, cutOff: Date): Promise<number> {
  return rowsBefore(await connector.countAges(dataset, [cutOff], options.signal), null);
}

/** Runs a test with a fresh store and a connector to it, and takes both down. */
export type WithStore = (work: (store: TestStore, connector: Connector) => Promise<void>) => Promise<void>;

export function withStoreOf(harness: Harness): WithStore {
  return async (work) => {
    const store = await harness.open();
    try {
      const connector = await harness.connect(store.settings);
      try {
        await work(store, connector);
      } finally {
        await connector.close();
      }
    } finally {
      await store.destroy();
    }
  };
}

export const noon = new Date('2026-05-01T12:00:00.000Z');

export function after(moment: Date, milliseconds: number): Date {
  return new Date(moment.getTime() + milliseconds);
}

/** Fields: subject, at, body, tenant, and purposes where the store can tell them by row. */
export function datasetOf(
  harness: Pick<Harness, 'manifest'>,
  given: Partial<Pick<Dataset, 'name' | 'location' | 'tenantFilter'>> & {
    readonly form?: 'text' | 'integer';
    readonly moments?: Dataset['collectedAt']['form'];
  } = {},
): Dataset {
  const byColumn = harness.manifest.capabilities.includes('purposes_by_column');
  return {
    name: given.name ?? 'signals',
    location: given.location ?? 'signals',
    subjectKey: { field: 'subject', form: given.form ?? 'text' },
    collectedAt: { field: 'at', form: given.moments ?? 'timestamp' },
    fields: ['subject', 'at', 'body', 'tenant', ...(byColumn ? ['purposes'] : [])],
    ...(byColumn ? { purposesField: 'purposes' } : {}),
    ...(given.tenantFilter === undefined ? {} : { tenantFilter: given.tenantFilter }),
  };
}

export function rowsOf(key: string | null, count: number, at: Date | null = noon): readonly TestRow[] {
  return Array.from({ length: count }, (_, index) => ({
    key,
    at,
    body: `row ${index} of ${key ?? 'nobody'}`,
  }));
}

export function select(subjects: readonly string[], asOf: Date = noon): readonly Selector[] {
  return subjects.map((subject) => ({ subject, asOf }));
}

export const options = { signal: new AbortController().signal };

export async function sorted(store: TestStore, dataset: Dataset): Promise<readonly string[]> {
  return [...(await store.read(dataset))].sort();
}

export function counts(results: readonly SubjectResult[]): readonly (number | string)[] {
  return results.map((result) => ('failure' in result ? result.failure : result.rows));
}

export async function allKeys(connector: Connector, dataset: Dataset): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const page of connector.keys(dataset, options.signal)) keys.push(...page);
  return keys.sort();
}

/** The work fails with one of these codes, and nothing that the error shows contains the secret. */
export async function expectFailure(
  work: () => Promise<unknown>,
  codes: readonly string[],
  secret = '\u0000',
): Promise<void> {
  const error: unknown = await work().then(
    () => 'nothing was thrown',
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'DependencyError' });
  expect(codes).toContain(error instanceof Error && 'code' in error ? error.code : undefined);
  expect(inspect(error, { depth: 8, showHidden: true })).not.toContain(secret);
}
