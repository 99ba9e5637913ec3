import { DependencyError, type StoreId, type SubjectRef, type TenantId } from '#kernel';
import type { Sealer } from '#platform/crypto';
import type { HeldBy } from './domain/held.js';
import type { CauseKind } from './domain/plan.js';
import type { Outcome } from './domain/outcome.js';
import type { ReadBackResult } from './domain/read-back.js';

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
  /** Until when it is retained, or, while it is open, that it waits for. */
  readonly retainedUntil: Date | null;
  /** The obligation that it continues: held, failed, or of which something came back. */
  readonly succeeds: string | null;
  readonly level: string | null;
  readonly policyVersion: number;
  readonly plannedAt: Date;
  readonly settledAt: Date | null;
  /** When somebody had what failed retried; its successor does it. */
  readonly retriedAt: Date | null;
  /** When somebody gave up what failed, who, and why. */
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
  readonly closeReason: string | null;
  /** When what was erased is read back again; null once that is done, and where nothing is to be read back. */
  readonly readBackDueAt: Date | null;
  /** What the second read-back found, and when. */
  readonly readBack: ReadBackResult | null;
  readonly readBackAt: Date | null;
}

/** A legal basis on which a policy keeps something, and until when; null: as long as the basis lasts. */
export interface KeptBy {
  readonly basis: string;
  readonly until: Date | null;
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
  /** The obligation that it continues. */
  readonly succeeds: string | null;
  /** By which hold it is held, or, with `except`, some of what it is about. */
  readonly heldBy?: HeldBy;
  /** Keys whose rows a sweep leaves out. */
  readonly except?: readonly string[];
  /** How the policy keeps it by now. */
  readonly keptBy?: KeptBy;
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

/** By what an obligation ended without its rows being removed, where it did. */
export function endedBy({ obligation: { heldBy, keptBy }, outcome }: Settlement): {
  readonly holdId: string | null;
  readonly basis: string | null;
  readonly retainedUntil: Date | null;
} {
  if (outcome === 'held' && heldBy !== undefined)
    return { holdId: heldBy.hold, basis: heldBy.basis, retainedUntil: null };
  if (outcome === 'retained' && keptBy !== undefined)
    return { holdId: null, basis: keptBy.basis, retainedUntil: keptBy.until };
  return { holdId: null, basis: null, retainedUntil: null };
}

/** What is sealed with an obligation. */
export function plainKeys(keys: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(keys), 'utf8');
}

/** The keys of a person in the dataset, as they were sealed. Throws where there are none, or they cannot be opened. */
export function openKeys(
  sealer: Sealer,
  { tenant, id, sealedKey }: Pick<ClaimedObligation, 'tenant' | 'id' | 'sealedKey'>,
): readonly string[] {
  if (sealedKey === null) throw new DependencyError('invalid_config', 'an open obligation has no key');
  const opened: unknown = JSON.parse(sealer.open(sealedKey, keyContext(tenant, id)).toString('utf8'));
  if (!Array.isArray(opened)) throw new TypeError('a sealed key is not a list');
  return opened.map((key: unknown) => String(key));
}

/** What a sealed key is bound to. */
export function keyContext(tenant: TenantId, obligationId: string): string {
  return `obligation-key/${tenant}/${obligationId}`;
}
