import type { StoreId, SubjectRef, TenantId } from '#kernel';
import type { HeldBy } from './domain/held.js';
import type { CauseKind } from './domain/plan.js';
import type { Outcome } from './domain/outcome.js';

/** What anyone may see of an obligation; its sealed key is not among it. */
export interface Obligation {
  readonly id: string;
  readonly storeId: StoreId;
  readonly dataset: string;
  readonly causeKind: CauseKind;
  readonly causeId: string;
  readonly subjectRef: SubjectRef | null;
  readonly cutOff: Date | null;
  readonly asOf: Date;
  readonly deadline: Date;
  readonly attempts: number;
  readonly rows: number;
  readonly exact: boolean;
  readonly error: string | null;
  readonly outcome: Outcome | null;
  /** The legal basis of what is retained or held. */
  readonly basis: string | null;
  /** The hold that held it, or, while it is open, that it waits for. */
  readonly holdId: string | null;
  /** The held obligation that it continues. */
  readonly succeeds: string | null;
  readonly level: string | null;
  readonly policyVersion: number;
  readonly plannedAt: Date;
  readonly settledAt: Date | null;
}

/** An obligation in the hands of the worker that holds the lane. */
export interface ClaimedObligation {
  readonly tenant: TenantId;
  readonly id: string;
  readonly storeId: StoreId;
  readonly dataset: string;
  readonly causeKind: CauseKind;
  readonly causeId: string;
  readonly subjectRef: SubjectRef | null;
  readonly sealedKey: Buffer | null;
  readonly onlyPurposes: readonly string[] | null;
  /** By which moment a sweep judges rows. */
  readonly moment: string;
  readonly cutOff: Date | null;
  readonly asOf: Date;
  readonly awaits: readonly string[];
  /** Counts this attempt: 1 at the first. */
  readonly attempts: number;
  readonly progress: string | null;
  readonly rows: number;
  /** False once an attempt may have removed rows that nobody counted. */
  readonly exact: boolean;
  readonly policyVersion: number;
  /** The held obligation that it continues. */
  readonly succeeds: string | null;
  /** By which hold it is held, or, with `except`, some of what it is about. */
  readonly heldBy?: HeldBy;
  /** Keys whose rows a sweep leaves out. */
  readonly except?: readonly string[];
}

/** What one attempt did to an obligation's row. */
export interface Settlement {
  readonly obligation: ClaimedObligation;
  /** Rows removed by this attempt; added to what earlier ones removed. */
  readonly removed: number;
  readonly exact: boolean;
  readonly outcome: Outcome | null;
  readonly level: string | null;
  readonly error: string | null;
  /** When to try again; null when settled, or when it waits for a source. */
  readonly dueAt: Date | null;
  /** A sweep's cursor within its dataset. */
  readonly progress: string | null;
  /** It does not count as an attempt: the store was out of reach, for everybody. */
  readonly spared?: true;
}

/** What a sealed key is bound to. */
export function keyContext(tenant: TenantId, obligationId: string): string {
  return `obligation-key/${tenant}/${obligationId}`;
}
