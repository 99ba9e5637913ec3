import type { DependencyCode, JsonObject } from '#kernel';
import type { z } from 'zod';

/**
 * How far a store can go, from weakest to strongest: queries no longer see it · gone from the live structure and its
 * indexes · bytes gone (after vacuum, compaction, version removal) · its key destroyed.
 */
export type Level = 'hidden' | 'removed' | 'expunged' | 'shredded';

/** What some stores can and others cannot: tell, row by row, the purposes a signal was collected for. */
export type Capability = 'purposes_by_column';

/** What a store type is, apart from its implementation: the API loads this and never a driver. */
export interface Manifest {
  /** The folder's name and the `type` of a store in a data map. */
  readonly type: string;
  readonly title: string;
  /** The shape of a store's `settings`. */
  readonly settings: z.ZodType<JsonObject>;
  /** Names of the settings that are secrets: sealed at rest, never returned, never logged. */
  readonly secrets: readonly string[];
  readonly capabilities: readonly Capability[];
  /** The highest level this store can reach, `compact` included. */
  readonly level: Level;
  /** What two stores on the same server share; stores with equal endpoints share one lane. Carries no secret. */
  endpoint(settings: JsonObject): string;
}

/** The part of the data map that a connector needs to act on one dataset. */
export interface Dataset {
  /** The name in the data map. */
  readonly name: string;
  /** Table (`schema.table`), folder or collection, in the store's own words. */
  readonly location: string;
  /** The field that names the subject, and its form in the store. */
  readonly subjectKey: { readonly field: string; readonly form: 'text' | 'integer' };
  /** The field that says when a signal was collected, and its form. */
  readonly collectedAt: {
    readonly field: string;
    readonly form: 'timestamp' | 'epoch_seconds' | 'epoch_milliseconds';
  };
  /** Where a row lists the purposes it was collected for (an array of text); absent when the dataset's purposes are constant. */
  readonly purposesField?: string;
  /** Every registered field, the two above included. */
  readonly fields: readonly string[];
  /** A constant condition in every statement, for stores that several tenants share. */
  readonly tenantFilter?: { readonly field: string; readonly value: string };
}

/** One person in one dataset: signals collected up to and including `asOf`. */
export interface Selector {
  /** The subject's key in this store. Integers are given in decimal. */
  readonly subject: string;
  readonly asOf: Date;
}

/** What a connector answers per person; a failure of one fails nobody else. */
export type SubjectResult =
  | { readonly subject: string; readonly rows: number }
  | { readonly subject: string; readonly failure: DependencyCode };

export interface CallOptions {
  /** Aborts the call before the lane's lease ends. */
  readonly signal: AbortSignal;
  /**
   * Only rows whose every purpose is among these. Needs `purposesField` and the capability `purposes_by_column`.
   * A row without purposes matches nothing.
   */
  readonly onlyPurposes?: readonly string[];
}

export interface BeforeOptions {
  readonly signal: AbortSignal;
  /** Where the last call ended; absent at the start. */
  readonly cursor?: string;
  /** At most about this many rows (or one partition) a call. */
  readonly limit: number;
  /**
   * Only rows that list at least one purpose and none but these; the empty list: exactly the rows that list none. Absent:
   * all rows. Needs `purposesField` and the capability `purposes_by_column`.
   */
  readonly onlyPurposes?: readonly string[];
  /**
   * Subject keys whose rows stay, however old. A key that cannot be in the dataset is refused (invalid_config): under another
   * spelling, those rows would go. Rows without a key are nobody's, and go.
   */
  readonly except?: readonly string[];
}

export interface BeforeResult {
  readonly rows: number;
  /** Present while there may be more to do. */
  readonly cursor?: string;
}

/** Rows of a dataset that list the same purposes, by age. */
export interface AgeGroup {
  /**
   * What the rows list, sorted and without repetition; an entry that is null reads as the empty text, which no purpose is.
   * Rows without a list are with those whose list is empty. Null where the dataset's purposes are constant.
   */
  readonly purposes: readonly string[] | null;
  readonly rows: number;
  /** Rows without a moment, which no cut-off ever reaches. */
  readonly undated: number;
  /** For each cut-off that was asked for, in its order, the rows collected strictly before it. */
  readonly before: readonly number[];
}

/** A fault of a dataset's description against the real store: a missing table or field, a key of another type. */
export interface SchemaFault {
  readonly dataset: string;
  readonly message: string;
}

/**
 * A live connection to one store. Every verb takes a batch of people, is idempotent, and may be aborted.
 * Results of `count`, `purge` and `verify` come in the order of the selectors, one each.
 * Throws DependencyError when the store as a whole fails; the message carries no row content and no credential.
 */
export interface Connector {
  /** Compares the datasets with the real store. An empty list means that every verb will find what it needs. */
  check(datasets: readonly Dataset[], signal: AbortSignal): Promise<readonly SchemaFault[]>;
  /** How many rows `purge` would remove, per person. */
  count(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]>;
  /** Removes the selected rows in one set-based pass; answers how many, per person. */
  purge(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]>;
  /** The independent read-back: how many selected rows are still there, found by another query than the one that acted. */
  verify(
    dataset: Dataset,
    selectors: readonly Selector[],
    options: CallOptions,
  ): Promise<readonly SubjectResult[]>;
  /**
   * Counts a dataset by age: exactly what `purgeBefore` would remove with each of the cut-offs. For all of them the dataset
   * is read once. Without rows there are no groups. Throws DependencyError not_supported for more than 10,000 groups.
   * `except` leaves rows out as it does for `purgeBefore`.
   */
  countAges(
    dataset: Dataset,
    cutOffs: readonly Date[],
    signal: AbortSignal,
    except?: readonly string[],
  ): Promise<readonly AgeGroup[]>;
  /** Removes rows collected strictly before the cut-off, a bounded piece a call; resumable from its cursor. */
  purgeBefore(dataset: Dataset, cutOff: Date, options: BeforeOptions): Promise<BeforeResult>;
  /** Streams the distinct subject keys of a dataset, in pages. */
  keys(dataset: Dataset, signal: AbortSignal): AsyncIterable<readonly string[]>;
  /** Brings what was purged to the manifest's level (vacuum, compaction, removal of old versions). */
  compact(datasets: readonly Dataset[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What `connector.ts` of each connector exports under the name `connect`. */
export type Connect = (settings: JsonObject) => Promise<Connector>;
