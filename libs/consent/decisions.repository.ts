import { Injectable } from '@nestjs/common';
import { subjectRef, tenantId, type SubjectRef, type TenantId } from '#kernel';
import { PreparedStatements } from '#platform/database';
import { ConsentLines } from './domain/consent-lines.js';

/** What is known of one person, and of the tenant, in one snapshot. */
export interface PersonState {
  readonly revision: number;
  readonly epoch: number;
  readonly policyVersion: number | undefined;
  /** Undefined for somebody nobody knows. */
  readonly subjectRef: SubjectRef | undefined;
  readonly suppressed: boolean;
  readonly consents: ConsentLines;
}

/** What became of a tenant since a revision. */
export interface TenantChange {
  readonly tenant: TenantId;
  readonly revision: number;
  readonly epoch: number;
  readonly policyVersion: number | undefined;
  /** Whom the changes are about; undefined when there are too many to tell. */
  readonly subjectRefs: readonly string[] | undefined;
}

interface StatesRow {
  readonly revision: string;
  readonly epoch: number;
  readonly policy_version: number | null;
  readonly subject_ref: string | null;
  readonly suppressed: boolean;
  readonly consents: string | null;
}

interface ChangesRow {
  readonly tenant_id: string;
  readonly revision: string;
  readonly epoch: number;
  readonly policy_version: number | null;
  readonly subject_refs: readonly string[] | null;
}

const states = { name: 'consent.decision_states', text: 'select * from decision_states($1, $2, $3, $4)' };
const changes = { name: 'consent.decision_changes', text: 'select * from decision_changes($1, $2, $3, $4)' };
/** Beyond so many entries at once it is cheaper to read anew than to be told whom they are about. */
const mostChanges = 5_000;

/** The reads of the hot path: prepared, one round trip each, and no transaction. */
@Injectable()
export class DecisionsRepository {
  constructor(private readonly prepared: PreparedStatements) {}

  /** One for each person, in order; none at all for a tenant that is not there. */
  async states(
    tenant: TenantId,
    people: readonly { readonly type: string; readonly hash: Buffer }[],
    at: Date,
  ): Promise<readonly PersonState[]> {
    const rows = await this.prepared.rows<StatesRow>(states, [
      tenant,
      at,
      people.map(({ type }) => type),
      people.map(({ hash }) => hash),
    ]);
    return rows.map((row) => ({
      revision: Number(row.revision),
      epoch: row.epoch,
      policyVersion: row.policy_version ?? undefined,
      subjectRef: row.subject_ref === null ? undefined : subjectRef(row.subject_ref),
      suppressed: row.suppressed,
      consents: new ConsentLines(row.consents ?? ''),
    }));
  }

  async changes(
    since: readonly { readonly tenant: TenantId; readonly revision: number }[],
    at: Date,
  ): Promise<readonly TenantChange[]> {
    const rows = await this.prepared.rows<ChangesRow>(changes, [
      since.map(({ tenant }) => tenant),
      since.map(({ revision }) => revision),
      at,
      mostChanges,
    ]);
    return rows.map((row) => ({
      tenant: tenantId(row.tenant_id),
      revision: Number(row.revision),
      epoch: row.epoch,
      policyVersion: row.policy_version ?? undefined,
      subjectRefs: row.subject_refs ?? undefined,
    }));
  }
}
