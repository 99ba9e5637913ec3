import { storeId, subjectRef, tenantId } from '#kernel';
import { outcomes } from './domain/outcome.js';
import type { CauseKind } from './domain/plan.js';
import { readBackResults } from './domain/read-back.js';
import type { ClaimedObligation, Obligation } from './obligation.js';

/** Rows of the obligations table as the driver answers them: bigint comes as text. */
export interface ClaimedRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly store_id: string;
  readonly dataset: string;
  readonly cause_kind: CauseKind;
  readonly cause_id: string;
  readonly subject_ref: string | null;
  readonly sealed_key: Buffer | null;
  readonly only_purposes: readonly string[] | null;
  readonly moment: string;
  readonly cut_off: Date | null;
  readonly as_of: Date;
  readonly awaits: readonly string[];
  readonly attempts: number;
  readonly progress: string | null;
  readonly rows: string;
  readonly exact: boolean;
  readonly policy_version: number;
  readonly succeeds: string | null;
}

export type ObligationRow = ClaimedRow & {
  readonly deadline: Date;
  readonly error: string | null;
  readonly outcome: string | null;
  readonly basis: string | null;
  readonly hold_id: string | null;
  readonly retained_until: Date | null;
  readonly level: string | null;
  readonly planned_at: Date;
  readonly settled_at: Date | null;
  readonly retried_at: Date | null;
  readonly closed_at: Date | null;
  readonly closed_by: string | null;
  readonly close_reason: string | null;
  readonly read_back_due_at: Date | null;
  readonly read_back: string | null;
  readonly read_back_at: Date | null;
};

export function readClaimed(row: ClaimedRow): ClaimedObligation {
  return {
    tenant: tenantId(row.tenant_id),
    id: row.id,
    storeId: storeId(row.store_id),
    dataset: row.dataset,
    causeKind: row.cause_kind,
    causeId: row.cause_id,
    subjectRef: row.subject_ref === null ? null : subjectRef(row.subject_ref),
    sealedKey: row.sealed_key,
    onlyPurposes: row.only_purposes,
    moment: row.moment,
    cutOff: row.cut_off,
    asOf: row.as_of,
    awaits: row.awaits,
    attempts: row.attempts,
    progress: row.progress,
    rows: Number(row.rows),
    exact: row.exact,
    policyVersion: row.policy_version,
    succeeds: row.succeeds,
  };
}

export function readObligation(row: ObligationRow): Obligation {
  return {
    id: row.id,
    storeId: storeId(row.store_id),
    dataset: row.dataset,
    causeKind: row.cause_kind,
    causeId: row.cause_id,
    subjectRef: row.subject_ref === null ? null : subjectRef(row.subject_ref),
    cutOff: row.cut_off,
    asOf: row.as_of,
    deadline: row.deadline,
    attempts: row.attempts,
    rows: Number(row.rows),
    exact: row.exact,
    error: row.error,
    outcome: outcomes.find((known) => known === row.outcome) ?? null,
    basis: row.basis,
    holdId: row.hold_id,
    retainedUntil: row.retained_until,
    succeeds: row.succeeds,
    level: row.level,
    policyVersion: row.policy_version,
    plannedAt: row.planned_at,
    settledAt: row.settled_at,
    retriedAt: row.retried_at,
    closedAt: row.closed_at,
    closedBy: row.closed_by,
    closeReason: row.close_reason,
    readBackDueAt: row.read_back_due_at,
    readBack: readBackResults.find((known) => known === row.read_back) ?? null,
    readBackAt: row.read_back_at,
  };
}
